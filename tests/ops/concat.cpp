#include "../catch.hpp"
#include "../gradient.hpp"
#include "../oracle.hpp"

#include <intarsia/ops/concat.hpp>

using namespace intarsia;
using namespace intarsia::test;

TEST_CASE("concat: an example by hand, and the axis of the result") {
  cpu::context ctx;
  tensor<dyn, dim<1>> a(2);
  tensor<dyn, dim<2>> b(2);
  a[0][0] = 1, a[1][0] = 2;
  b[0][0] = 3, b[0][1] = 4, b[1][0] = 5, b[1][1] = 6;
  auto const y = concat(ctx, ctx.constant(a), ctx.constant(b), ctx.constant(a));
  static_assert(decltype(concat(ctx, ctx.constant(a), ctx.constant(b), ctx.constant(a)))::col_axis::extent == 4);
  CHECK(grid_of(y) == grid{{1, 3, 4, 1}, {2, 5, 6, 2}});
  auto const wide = noise<dyn, dyn, float>(2, 3, 1);
  auto const z = concat(ctx, ctx.constant(a), ctx.constant(wide));
  static_assert(decltype(concat(ctx, ctx.constant(a), ctx.constant(wide)))::col_axis::extent == dynamic);
  CHECK(z.cols() == 4);
  auto const other = noise<dyn, dim<2>, float>(3, 1);
  CHECK_THROWS_AS(concat(ctx, ctx.constant(a), ctx.constant(other)), shape_error);
}

TEST_CASE("concat: gradients") {
  auto const f = [](auto& on, auto a, auto b) { return concat(on, a, b); };
  CHECK(gradient_error(f, noise<dyn, dim<3>>(5, 1), noise<dyn, dim<2>>(5, 2)) < 1e-7);
  CHECK(gradient_error(f, noise<dyn, dim<3>>(0, 1), noise<dyn, dim<2>>(0, 2)) == 0);
  CHECK(gradient_error([](auto& on, auto a, auto b) { return concat(on, a, b, a); }, noise<dyn, dim<3>>(5, 1),
                       noise<dyn, dim<2>>(5, 2)) < 1e-7);
}
