#include <intarsia/cpu/cpu.hpp>
#include <intarsia/models/features.hpp>

#include "../catch.hpp"
#include "../graph/sample.hpp"

namespace ia = intarsia;
using numbers = ia::tensor<ia::dyn, ia::dyn>;

namespace {
// Rows from a few directions of different strength, away from zero.
numbers rows_of_rank(std::size_t rows, std::size_t cols, std::size_t rank) {
  numbers x(rows, cols), directions(rank, cols);
  ia::random draw{ia::seed{19}, 3};
  for (std::size_t e = 0; e < directions.size(); ++e) directions.data()[e] = static_cast<float>(draw.normal());
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t r = 0; r < rank; ++r) {
      auto const strength = static_cast<float>(draw.normal()) / static_cast<float>(1 + r);
      for (std::size_t c = 0; c < cols; ++c) x[i][c] += strength * directions[r][c];
    }
    for (std::size_t c = 0; c < cols; ++c) x[i][c] += 3;
  }
  return x;
}
}  // namespace

TEST_CASE("tables are joined with rows of length one") {
  numbers a(2, 2), b(2, 1);
  a[0][0] = 3, a[0][1] = 4, b[0][0] = -2;
  std::vector<ia::dense<float const>> const tables{a.view(), b.view()};
  auto const joined = ia::join_unit_rows(tables);
  REQUIRE(joined.cols() == 3);
  CHECK(joined[0][0] == Approx(0.6));
  CHECK(joined[0][1] == Approx(0.8));
  CHECK(joined[0][2] == -1);
  for (float const x : joined[1]) CHECK(x == 0);
  CHECK(ia::join_unit_rows({}).size() == 0);
  numbers const c(3, 1);
  std::vector<ia::dense<float const>> const uneven{a.view(), c.view()};
  CHECK_THROWS_AS(ia::join_unit_rows(uneven), ia::shape_error);
}

TEST_CASE("whitened rows have unit, uncorrelated columns before their length is set") {
  auto const x = rows_of_rank(400, 8, 8);
  auto ctx = sample::context();
  auto const w = ia::whitening::fit(ctx, x.view(), 5);
  numbers mean(1, 8), projection(8, 5);
  ia::visit(w, [&](std::string const& path, auto const& t) {
    std::copy_n(t.data(), t.size(), path == "mean" ? mean.data() : projection.data());
  });
  std::vector<std::vector<double>> z(400, std::vector<double>(5));
  for (std::size_t i = 0; i < 400; ++i) {
    for (std::size_t c = 0; c < 5; ++c) {
      for (std::size_t k = 0; k < 8; ++k)
        z[i][c] += static_cast<double>(x[i][k] - mean[0][k]) * static_cast<double>(projection[k][c]);
    }
  }
  for (std::size_t a = 0; a < 5; ++a) {
    for (std::size_t b = 0; b < 5; ++b) {
      double product = 0;
      for (auto const& row : z) product += row[a] * row[b] / 400;
      CHECK(product == Approx(a == b ? 1 : 0).margin(2e-3));
    }
  }
  auto const y = w(ctx, x.view());
  for (std::size_t i = 0; i < 400; ++i) {
    double length = 0, square = 0;
    for (std::size_t c = 0; c < 5; ++c)
      length += z[i][c] * z[i][c], square += static_cast<double>(y[i][c]) * static_cast<double>(y[i][c]);
    CHECK(square == Approx(5));
    for (std::size_t c = 0; c < 5; ++c) CHECK(y[i][c] == Approx(z[i][c] * std::sqrt(5 / length)).margin(2e-3));
  }
}

TEST_CASE("whitening leads with the strongest directions and pads with zeros") {
  auto const x = rows_of_rank(100, 7, 3);
  auto ctx = sample::context();
  auto const y = ia::whitening::fit(ctx, x.view(), 6)(ctx, x.view());
  REQUIRE(y.cols() == 6);
  for (std::size_t i = 0; i < 100; ++i) {
    CHECK(y[i][0] != 0);
    CHECK(y[i][2] != 0);
    for (std::size_t c = 3; c < 6; ++c) CHECK(y[i][c] == 0);
  }
  auto const wide = ia::whitening::fit(ctx, x.view(), 12);
  CHECK(wide.width() == 12);
  CHECK(wide(ctx, x.view())[0][11] == 0);
}

TEST_CASE("whitening of new rows, of none, of one, and of the wrong width; the same bits for any number of threads") {
  auto const x = rows_of_rank(300, 6, 6);
  auto ctx = sample::context();
  auto const w = ia::whitening::fit(ctx, x.view(), 4);
  auto const all = w(ctx, x.view()), one = w(ctx, x.view().row_range(17, 1));
  for (std::size_t c = 0; c < 4; ++c) CHECK(one[0][c] == Approx(all[17][c]));
  CHECK(w(ctx, numbers(0, 6).view()).rows() == 0);
  CHECK_THROWS_AS(w(ctx, numbers(2, 5).view()), ia::shape_error);
  auto const single = ia::whitening::fit(ctx, x.view().row_range(0, 1), 4);
  auto const lonely = single(ctx, x.view().row_range(0, 1));
  for (float const v : lonely[0]) CHECK(v == 0);
  CHECK(ia::whitening::fit(ctx, numbers(0, 6).view(), 4).inputs() == 6);
  for (std::size_t const threads : {2u, 3u, 7u}) {
    auto many = sample::context(threads);
    auto const again = ia::whitening::fit(many, x.view(), 4)(many, x.view());
    CHECK(std::equal(again.data(), again.data() + again.size(), all.data()));
  }
  CHECK(ia::parameter_count(w) == 6 + 24);
  CHECK(ia::parameter_count(ia::whitening{6, 4}) == 6 + 24);
}

namespace {
struct Book : ia::node<"book", 2> {};
struct User : ia::node<"user"> {};
struct Near : ia::verb<"near"> {};
struct Wide : ia::node<"wide", 3> {};
struct Catalogue : ia::schema<ia::nodes<Book, User>, ia::relations<ia::relation<Book, Near, Book>>> {};
struct Uneven : ia::schema<ia::nodes<Book, Wide>, ia::relations<ia::relation<Book, Near, Book>>> {};
}  // namespace

TEST_CASE("a table of all rows is dealt out by type") {
  numbers x(3, 2);
  for (std::size_t e = 0; e < 6; ++e) x.data()[e] = static_cast<float>(e);
  auto const tables = ia::tables_by_type<Catalogue>(x.view(), ia::node_numbering{2, {0, 1, 0}});
  REQUIRE(tables[Book{}].rows() == 2);
  CHECK(tables[Book{}][1][0] == 4);
  CHECK(tables[User{}].rows() == 1);
  CHECK(tables[User{}].cols() == 0);
  CHECK_THROWS_AS(ia::tables_by_type<Uneven>(x.view(), ia::node_numbering{2, {0, 1, 0}}), ia::shape_error);
  CHECK_THROWS_AS(ia::tables_by_type<Catalogue>(x.view(), ia::node_numbering{2, {0, 1}}), ia::shape_error);
}
