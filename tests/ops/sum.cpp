#include "../catch.hpp"
#include "../gradient.hpp"
#include "../oracle.hpp"

#include <intarsia/ops/sum.hpp>

using namespace intarsia;
using namespace intarsia::test;

TEST_CASE("sum and mean: an example by hand, and of nothing") {
  cpu::context ctx;
  tensor<dyn, dim<2>> x(2);
  x[0][0] = 1, x[0][1] = 2, x[1][0] = 3, x[1][1] = 6;
  CHECK(grid_of(sum(ctx, ctx.constant(x))) == grid{{12}});
  CHECK(grid_of(mean(ctx, ctx.constant(x))) == grid{{3}});
  tensor<dyn, dim<2>> const none(0);
  CHECK(grid_of(sum(ctx, ctx.constant(none))) == grid{{0}});
  CHECK(grid_of(mean(ctx, ctx.constant(none))) == grid{{0}});
}

TEST_CASE("sum and mean: gradients") {
  auto const s = [](auto& on, auto x) { return sum(on, x); };
  auto const m = [](auto& on, auto x) { return mean(on, x); };
  CHECK(gradient_error(s, noise<dyn, dim<3>>(5, 1)) < 1e-7);
  CHECK(gradient_error(m, noise<dyn, dim<3>>(5, 1)) < 1e-7);
  CHECK(gradient_error(m, noise<dyn, dim<3>>(0, 1)) == 0);
}
