#include "../catch.hpp"
#include "../gradient.hpp"
#include "../oracle.hpp"

#include <intarsia/ops/activation.hpp>
#include <intarsia/ops/matmul.hpp>
#include <limits>

using namespace intarsia;
using namespace intarsia::test;

namespace {
template <class F>
double at(double x, F f) {
  cpu::context ctx;
  tensor<dim<1>, dim<1>, double> one;
  one[0][0] = x;
  return f(ctx, ctx.constant(one)).value[0][0];
}
}  // namespace

TEST_CASE("activation: values by hand") {
  CHECK(at(-2, [](auto& on, auto x) { return relu(on, x); }) == 0);
  CHECK(at(3, [](auto& on, auto x) { return relu(on, x); }) == 3);
  CHECK(at(-2, [](auto& on, auto x) { return leaky_relu(on, x, 0.25); }) == -0.5);
  CHECK(at(0.5, [](auto& on, auto x) { return tanh(on, x); }) == Approx(0.46211715726000975));
  CHECK(at(0, [](auto& on, auto x) { return sigmoid(on, x); }) == 0.5);
  CHECK(at(2, [](auto& on, auto x) { return sigmoid(on, x); }) == Approx(0.8807970779778823));
  CHECK(at(-3, [](auto& on, auto x) { return softsign(on, x); }) == -0.75);
}

TEST_CASE("activation: far out values stay finite, not a number stays visible") {
  for (double const x : {-1e4, 1e4}) {
    CHECK(at(x, [](auto& on, auto v) { return sigmoid(on, v); }) == (x > 0 ? 1.0 : 0.0));
    CHECK(at(x, [](auto& on, auto v) { return tanh(on, v); }) == (x > 0 ? 1.0 : -1.0));
  }
  double const nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(std::isnan(at(nan, [](auto& on, auto v) { return relu(on, v); })));
}

TEST_CASE("activation: gradients") {
  auto const x = noise<dyn, dim<4>>(6, 1);
  CHECK(gradient_error([](auto& on, auto v) { return relu(on, v); }, x) < 1e-7);
  CHECK(gradient_error([](auto& on, auto v) { return leaky_relu(on, v, 0.1); }, x) < 1e-7);
  CHECK(gradient_error([](auto& on, auto v) { return tanh(on, v); }, x) < 1e-7);
  CHECK(gradient_error([](auto& on, auto v) { return sigmoid(on, v); }, x) < 1e-7);
  CHECK(gradient_error([](auto& on, auto v) { return softsign(on, v); }, x) < 1e-7);
  for (auto const kind : {activation::none, activation::relu, activation::tanh, activation::sigmoid}) {
    CHECK(gradient_error([=](auto& on, auto v) { return activate(on, v, kind); }, x) < 1e-7);
  }
  CHECK(gradient_error([](auto& on, auto v) { return tanh(on, v); }, noise<dyn, dim<4>>(0, 1)) == 0);
}

TEST_CASE("activation: the slope of relu at 0 is 0") {
  cpu::context ctx;
  tape on{ctx};
  tensor<dim<1>, dim<1>, double> zero;
  auto const x = on.input(zero);
  static_cast<void>(on.backward(relu(on, x)));
  CHECK(x.grad[0][0] == 0);
}

TEST_CASE("activation: none is the matrix itself") {
  cpu::context ctx;
  auto const numbers = noise<dyn, dim<2>>(3, 1);
  auto const x = ctx.constant(numbers);
  CHECK(activate(ctx, x, activation::none).value.data == x.value.data);
}

TEST_CASE("activation: in place, the values and gradients of the copy") {
  auto const x = noise<dyn, dim<4>>(6, 1);
  auto const w = noise<dim<4>, dim<3>>(4, 2);
  for (auto const kind : {activation::none, activation::relu, activation::tanh, activation::sigmoid}) {
    auto const in_place = [=](auto& on, auto v, auto m) {
      auto const y = matmul(on, v, m);
      activate_in_place(on, y, kind);
      return y;
    };
    CHECK(gradient_error(in_place, x, w) < 1e-7);
    cpu::context ctx;
    auto const y = in_place(ctx, ctx.constant(x), ctx.constant(w));
    auto const copied = activate(ctx, matmul(ctx, ctx.constant(x), ctx.constant(w)), kind);
    for (std::size_t i = 0; i < 6; ++i) {
      for (std::size_t c = 0; c < 3; ++c) CHECK(y.value[i][c] == copied.value[i][c]);
    }
  }
}
