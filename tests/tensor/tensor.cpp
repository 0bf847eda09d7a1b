#include <intarsia/schema/node.hpp>
#include <intarsia/tensor/tensor.hpp>

#include "../catch.hpp"

namespace ia = intarsia;

namespace {
struct Book : ia::node<"book", 5> {};
}  // namespace

TEST_CASE("tensor: zero at first, aligned, sizes from the type where it knows them") {
  ia::matrix<3, 4> const m;
  CHECK(m.rows() == 3);
  CHECK(m.cols() == 4);
  CHECK(m.size() == 12);
  CHECK(std::all_of(m.data(), m.data() + 12, [](float x) { return x == 0; }));
  CHECK(reinterpret_cast<std::uintptr_t>(m.data()) % 64 == 0);
  ia::table<Book> const books(7);
  CHECK(books.rows() == 7);
  CHECK(books.cols() == 5);
  CHECK(ia::table<Book>{}.rows() == 0);
  CHECK(ia::tensor<ia::dyn, ia::dyn, double>(2, 6).cols() == 6);
  CHECK_THROWS_AS((ia::tensor<ia::dyn, ia::dim<4>>(2, 5)), ia::shape_error);
  CHECK_THROWS_AS((ia::tensor<ia::dim<1>, ia::dyn>(2, 5)), ia::shape_error);
}

TEST_CASE("tensor: copies are deep") {
  ia::matrix<2, 2> a;
  a[0][1] = 3;
  auto b = a;
  b[0][1] = 4;
  CHECK(a[0][1] == 3);
}

TEST_CASE("views: rows, ranges of rows and columns, const") {
  ia::tensor<ia::dyn, ia::dyn> t(4, 6);
  for (std::size_t i = 0; i < t.size(); ++i) t.data()[i] = static_cast<float>(i);
  ia::dense<float> const all = t.view();
  CHECK(all.contiguous());
  auto const some = all.row_range(1, 2).col_range(3, 2);
  CHECK(some.rows == 2);
  CHECK(some.cols == 2);
  CHECK_FALSE(some.contiguous());
  CHECK(some[1][0] == 15);
  CHECK(all.row_range(3, 1).col_range(0, 2).contiguous());
  some[0][0] = -1;
  CHECK(t[1][3] == -1);
  ia::dense<float const> const read = all;
  CHECK(read[1][3] == -1);
  static_assert(std::is_convertible_v<ia::dense<float>, ia::dense<float const>>);
  static_assert(!std::is_convertible_v<ia::dense<float const>, ia::dense<float>>);
  static_assert(!std::is_convertible_v<ia::dense<float, ia::host>, ia::dense<float, ia::device>>);
  using books = ia::view<ia::rows_of<Book>, ia::dim<5>>;
  static_assert(!std::is_convertible_v<books, ia::view<ia::rows_of<Book>, ia::dim<6>>>);
  static_assert(std::is_convertible_v<books, ia::view<ia::rows_of<Book>, ia::dim<5>, float const>>);
  static_assert(std::is_trivially_copyable_v<books>);
}
