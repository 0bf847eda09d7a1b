#include "../catch.hpp"
#include "../gradient.hpp"
#include "../oracle.hpp"

#include <intarsia/ops/add.hpp>
#include <intarsia/ops/affine.hpp>
#include <intarsia/ops/matmul.hpp>

using namespace intarsia;
using namespace intarsia::test;

TEST_CASE("affine: an example by hand") {
  cpu::context ctx;
  tensor<dyn, dim<2>> x(1);
  matrix<2, 2> w;
  channels<2> b;
  x[0][0] = 2, x[0][1] = 3;
  w[0][0] = 1, w[0][1] = -1, w[1][0] = 1, w[1][1] = -1;
  b[0][0] = 0.5, b[0][1] = 0.5;
  auto const [vx, vw, vb] = std::tuple{ctx.constant(x), ctx.constant(w), ctx.constant(b)};
  CHECK(grid_of(affine(ctx, vx, vw, vb)) == grid{{5.5, -4.5}});
  CHECK(grid_of(affine(ctx, vx, vw, vb, activation::relu)) == grid{{5.5, 0}});
}

TEST_CASE("affine: the same as its parts, values and gradients") {
  for (auto const kind : {activation::none, activation::relu, activation::tanh, activation::sigmoid}) {
    auto const fused = [=](auto& on, auto x, auto w, auto b) { return affine(on, x, w, b, kind); };
    auto const x = noise<dyn, dim<3>>(7, 1);
    auto const w = noise<dim<3>, dim<4>>(3, 2);
    auto const b = noise<dim<1>, dim<4>>(1, 3);
    CHECK(gradient_error(fused, x, w, b) < 1e-7);
    cpu::context ctx;
    auto const parts =
        activate(ctx, add_bias(ctx, matmul(ctx, ctx.constant(x), ctx.constant(w)), ctx.constant(b)), kind);
    CHECK(distance(grid_of(fused(ctx, ctx.constant(x), ctx.constant(w), ctx.constant(b))), grid_of(parts)) < 1e-14);
  }
}

TEST_CASE("affine: the result may be used twice") {
  auto const twice = [](auto& on, auto x, auto w, auto b) {
    auto const y = affine(on, x, w, b, activation::tanh);
    return multiply(on, y, add(on, y, y));
  };
  CHECK(gradient_error(twice, noise<dyn, dim<3>>(2, 1), noise<dim<3>, dim<2>>(3, 2), noise<dim<1>, dim<2>>(1, 3)) <
        1e-7);
}

TEST_CASE("affine: no rows") {
  auto const f = [](auto& on, auto x, auto w, auto b) { return affine(on, x, w, b, activation::relu); };
  CHECK(gradient_error(f, noise<dyn, dim<3>>(0, 1), noise<dim<3>, dim<2>>(3, 2), noise<dim<1>, dim<2>>(1, 3)) == 0);
}
