#include "../catch.hpp"
#include "../gradient.hpp"
#include "../oracle.hpp"

#include <intarsia/ops/matmul.hpp>

using namespace intarsia;
using namespace intarsia::test;

namespace {
auto const times = [](auto& on, auto x, auto w) { return matmul(on, x, w); };
auto const times_transposed = [](auto& on, auto a, auto b) { return matmul_transposed(on, a, b); };
}  // namespace

TEST_CASE("matmul: an example by hand") {
  cpu::context ctx;
  tensor<dyn, dim<2>> x(1);
  matrix<2, 2> w;
  x[0][0] = 2, x[0][1] = 3;
  w[0][0] = 1, w[0][1] = 10, w[1][0] = 100, w[1][1] = 1000;
  auto const y = matmul(ctx, ctx.constant(x), ctx.constant(w));
  CHECK(grid_of(y) == grid{{302, 3020}});
  auto const z = matmul_transposed(ctx, ctx.constant(x), ctx.constant(w));
  CHECK(grid_of(z) == grid{{32, 3200}});
}

TEST_CASE("matmul: values are those of the plain loops") {
  cpu::context ctx;
  auto const x = noise<dyn, dim<37>>(53, 1);
  auto const w = noise<dim<37>, dim<19>>(37, 2);
  auto const b = noise<dyn, dim<37>>(11, 3);
  CHECK(distance(grid_of(matmul(ctx, ctx.constant(x), ctx.constant(w))), product_of(grid_of(x), grid_of(w))) < 1e-13);
  CHECK(distance(grid_of(matmul_transposed(ctx, ctx.constant(x), ctx.constant(b))),
                 product_of(grid_of(x), transposed_of(grid_of(b)))) < 1e-13);
}

TEST_CASE("matmul: gradients") {
  CHECK(gradient_error(times, noise<dyn, dim<3>>(4, 1), noise<dim<3>, dim<2>>(3, 2)) < 1e-7);
  CHECK(gradient_error(times, noise<dyn, dim<3>>(1, 1), noise<dim<3>, dim<1>>(3, 2)) < 1e-7);
  CHECK(gradient_error(times_transposed, noise<dyn, dim<3>>(4, 1), noise<dyn, dim<3>>(5, 2)) < 1e-7);
}

TEST_CASE("matmul: a matrix may be both factors") {
  auto const square = [](auto& on, auto x) { return matmul_transposed(on, x, x); };
  CHECK(gradient_error(square, noise<dyn, dim<3>>(4, 1)) < 1e-7);
}

TEST_CASE("matmul: no rows") {
  CHECK(gradient_error(times, noise<dyn, dim<3>>(0, 1), noise<dim<3>, dim<2>>(3, 2)) == 0);
  cpu::context ctx;
  auto const none = noise<dyn, dim<3>>(0, 1);
  auto const w = noise<dim<3>, dim<2>>(3, 2);
  CHECK(matmul(ctx, ctx.constant(none), ctx.constant(w)).rows() == 0);
}

TEST_CASE("matmul: a result is tracked if an input is") {
  cpu::context ctx;
  tape on{ctx};
  auto const x = noise<dyn, dim<3>>(2, 1);
  auto const w = noise<dim<3>, dim<2>>(3, 2);
  CHECK_FALSE(matmul(on, on.constant(x), on.constant(w)).tracked());
  CHECK(matmul(on, on.constant(x), on.watch(w)).tracked());
  CHECK_FALSE(matmul(ctx, ctx.constant(x), ctx.watch(w)).tracked());
}

TEST_CASE("matmul: widths known at run time are checked") {
  cpu::context ctx;
  auto const x = noise<dyn, dyn>(2, 3, 1);
  auto const w = noise<dyn, dyn>(4, 2, 2);
  CHECK_THROWS_AS(matmul(ctx, ctx.constant(x), ctx.constant(w)), shape_error);
  CHECK_THROWS_AS(matmul_transposed(ctx, ctx.constant(x), ctx.constant(w)), shape_error);
}
