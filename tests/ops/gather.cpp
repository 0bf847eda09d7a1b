#include "../catch.hpp"
#include "../gradient.hpp"
#include "../oracle.hpp"

#include <array>
#include <intarsia/ops/gather.hpp>
#include <intarsia/schema/node.hpp>

using namespace intarsia;
using namespace intarsia::test;

namespace {
struct Book : node<"book", 2> {};
struct Show : node<"show", 2> {};
template <class Ids>
concept chooses_books = ids_of<Ids, Book>;
}  // namespace

TEST_CASE("gather: an example by hand, by id and by slot") {
  cpu::context ctx;
  table<Book> x(3);
  for (std::size_t i = 0; i < 6; ++i) x.data()[i] = static_cast<float>(i);
  std::vector<id<Book>> const ids{{2}, {0}, {2}};
  std::array<slot<Book>, 1> const slots{{{1}}};
  auto const y = gather(ctx, ctx.constant(x), ids);
  static_assert(std::same_as<decltype(y)::row_axis, batch_rows>);
  CHECK(grid_of(y) == grid{{4, 5}, {0, 1}, {4, 5}});
  CHECK(grid_of(gather(ctx, ctx.constant(x), slots)) == grid{{2, 3}});
  CHECK(gather(ctx, ctx.constant(x), std::span<id<Book> const>{}).rows() == 0);
}

TEST_CASE("gather: ids of another type do not fit") {
  STATIC_REQUIRE(chooses_books<std::vector<id<Book>>>);
  STATIC_REQUIRE(chooses_books<std::span<slot<Book> const>>);
  STATIC_REQUIRE_FALSE(chooses_books<std::vector<id<Show>>>);
  STATIC_REQUIRE_FALSE(chooses_books<std::vector<std::uint32_t>>);
}

TEST_CASE("gather: gradients, with ids more than once and a row that nobody asks for") {
  std::vector<id<Book>> const ids{{2}, {0}, {2}, {2}};
  auto const f = [&](auto& on, auto x) { return gather(on, x, ids); };
  CHECK(gradient_error(f, noise<rows_of<Book>, dim<3>>(4, 1)) < 1e-7);
  std::vector<id<Book>> const none;
  CHECK(gradient_error([&](auto& on, auto x) { return gather(on, x, none); }, noise<rows_of<Book>, dim<3>>(4, 1)) == 0);
}

TEST_CASE("gather: an id beyond the table") {
  cpu::context ctx;
  table<Book> const x(3);
  std::vector<id<Book>> const ids{{3}};
  CHECK_THROWS_AS(gather(ctx, ctx.constant(x), ids), shape_error);
}
