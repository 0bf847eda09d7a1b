#include "../catch.hpp"
#include "../gradient.hpp"
#include "../oracle.hpp"

#include <intarsia/ops/add.hpp>

using namespace intarsia;
using namespace intarsia::test;

TEST_CASE("add and its kin: examples by hand") {
  cpu::context ctx;
  tensor<dyn, dim<2>> a(2), b(2);
  channels<2> bias;
  a[0][0] = 1, a[0][1] = 2, a[1][0] = 3, a[1][1] = 4;
  b[0][0] = 10, b[0][1] = 20, b[1][0] = 30, b[1][1] = 40;
  bias[0][0] = 100, bias[0][1] = 200;
  auto const x = ctx.constant(a), y = ctx.constant(b);
  CHECK(grid_of(add(ctx, x, y)) == grid{{11, 22}, {33, 44}});
  CHECK(grid_of(subtract(ctx, x, y)) == grid{{-9, -18}, {-27, -36}});
  CHECK(grid_of(multiply(ctx, x, y)) == grid{{10, 40}, {90, 160}});
  CHECK(grid_of(scale(ctx, x, -2)) == grid{{-2, -4}, {-6, -8}});
  CHECK(grid_of(add_bias(ctx, x, ctx.constant(bias))) == grid{{101, 202}, {103, 204}});
}

TEST_CASE("add and its kin: gradients") {
  auto const a = noise<dyn, dim<3>>(5, 1), b = noise<dyn, dim<3>>(5, 2);
  CHECK(gradient_error([](auto& on, auto x, auto y) { return add(on, x, y); }, a, b) < 1e-7);
  CHECK(gradient_error([](auto& on, auto x, auto y) { return subtract(on, x, y); }, a, b) < 1e-7);
  CHECK(gradient_error([](auto& on, auto x, auto y) { return multiply(on, x, y); }, a, b) < 1e-7);
  CHECK(gradient_error([](auto& on, auto x) { return scale(on, x, 0.7); }, a) < 1e-7);
  CHECK(gradient_error([](auto& on, auto x, auto y) { return add_bias(on, x, y); }, a, noise<dim<1>, dim<3>>(1, 4)) <
        1e-7);
}

TEST_CASE("add and its kin: one matrix twice") {
  auto const a = noise<dyn, dim<3>>(5, 1);
  CHECK(gradient_error([](auto& on, auto x) { return add(on, x, x); }, a) < 1e-7);
  CHECK(gradient_error([](auto& on, auto x) { return multiply(on, x, x); }, a) < 1e-7);
  CHECK(gradient_error([](auto& on, auto x) { return subtract(on, x, scale(on, x, 3)); }, a) < 1e-7);
}

TEST_CASE("add and its kin: no rows") {
  auto const none = noise<dyn, dim<3>>(0, 1);
  auto const bias = noise<dim<1>, dim<3>>(1, 1);
  CHECK(gradient_error([](auto& on, auto x, auto y) { return multiply(on, add(on, x, y), y); }, none, none) == 0);
  CHECK(gradient_error([](auto& on, auto x, auto y) { return add_bias(on, x, y); }, none, bias) == 0);
}

TEST_CASE("add and its kin: shapes are checked") {
  cpu::context ctx;
  auto const a = noise<dyn, dyn>(2, 3, 1), b = noise<dyn, dyn>(3, 3, 2);
  auto const x = ctx.constant(a), y = ctx.constant(b);
  CHECK_THROWS_AS(add(ctx, x, y), shape_error);
  CHECK_THROWS_AS(subtract(ctx, x, y), shape_error);
  CHECK_THROWS_AS(multiply(ctx, x, y), shape_error);
}
