#include "../catch.hpp"
#include "../gradient.hpp"
#include "../oracle.hpp"

#include <intarsia/nn/linear.hpp>

using namespace intarsia;
using namespace intarsia::test;

namespace {
template <std::size_t Width>
concept takes = requires(linear<3, 2> const& layer, cpu::context& ctx, var<dyn, dim<Width>> x) { layer(ctx, x); };
}  // namespace

TEST_CASE("linear: an example by hand") {
  cpu::context ctx;
  linear<2, 1> layer;
  layer.weight[0][0] = 10, layer.weight[1][0] = 1, layer.bias[0][0] = 0.5;
  tensor<dyn, dim<2>> x(2);
  x[0][0] = 1, x[0][1] = 2, x[1][0] = -1;
  CHECK(grid_of(layer(ctx, ctx.constant(x))) == grid{{12.5}, {-9.5}});
  CHECK(grid_of(layer(ctx, ctx.constant(x), activation::relu)) == grid{{12.5}, {0}});
}

TEST_CASE("linear: begins within 1/sqrt(in), by the seed and the layer's own stream") {
  cpu::context ctx{inline_executor{}, seed{5}}, again{inline_executor{}, seed{5}}, other{inline_executor{}, seed{6}};
  linear<16, 40> const a{ctx}, b{ctx}, c{again}, d{other};
  double largest = 0, sum = 0;
  for (std::size_t i = 0; i < a.weight.size(); ++i) {
    largest = std::max(largest, std::abs(double{a.weight.data()[i]}));
    sum += double{a.weight.data()[i]};
  }
  CHECK(largest <= 0.25);
  CHECK(largest > 0.24);
  CHECK(std::abs(sum / 640) < 4 * 0.25 / std::sqrt(3 * 640.0));  // four deviations of the mean
  CHECK(grid_of(a.weight) != grid_of(b.weight));
  CHECK(grid_of(a.weight) == grid_of(c.weight));
  CHECK(grid_of(a.weight) != grid_of(d.weight));
  CHECK(grid_of(a.bias) != grid{std::vector<double>(40, 0.0)});
}

TEST_CASE("linear: gradients by input and parameters, no rows, one row") {
  cpu::context ctx;
  linear<3, 4, double> layer{ctx};
  for (std::size_t const rows : {0U, 1U, 5U}) {
    auto const x = noise<dyn, dim<3>>(rows, 1);
    CHECK(gradient_error([&](auto& on, auto v) { return layer(on, v, activation::tanh); }, x) < 1e-7);
    CHECK(parameter_gradient_error(ctx, layer, [&](auto& on, auto const& l) { return l(on, on.constant(x)); }) < 1e-7);
  }
}

TEST_CASE("linear: parts, and widths that do not fit") {
  linear<3, 2> layer;
  std::vector<std::string> paths;
  visit(layer, [&](std::string const& path, auto const&) { paths.push_back(path); });
  CHECK(paths == std::vector<std::string>{"weight", "bias"});
  CHECK(parameter_count(layer) == 8);
  STATIC_REQUIRE(takes<3>);
  STATIC_REQUIRE_FALSE(takes<4>);
}

TEST_CASE("init: glorot and he have their spread") {
  cpu::context ctx;
  matrix<60, 90> w;
  init::glorot(ctx, w);
  double largest = 0, squares = 0;
  for (std::size_t i = 0; i < w.size(); ++i) largest = std::max(largest, std::abs(double{w.data()[i]}));
  CHECK(largest == Approx(0.2).epsilon(0.01));
  init::he(ctx, w);
  for (std::size_t i = 0; i < w.size(); ++i) squares += double{w.data()[i]} * double{w.data()[i]};
  CHECK(squares / 5400 == Approx(2.0 / 60).epsilon(0.08));  // four deviations
}
