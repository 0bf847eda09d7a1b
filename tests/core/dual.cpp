#include <intarsia/core/dual.hpp>

#include "../catch.hpp"

namespace ia = intarsia;

namespace {

// The slopes of f at (x, y) by duals against central differences.
template <class F>
void check(F const& f, double x, double y) {
  using number = ia::dual<double, 2>;
  number const found = f(number::variable(x, 0), number::variable(y, 1));
  double const h = 1e-6;
  CHECK(found.value == Approx(f(x, y)).epsilon(1e-14));
  CHECK(found.slope[0] == Approx((f(x + h, y) - f(x - h, y)) / (2 * h)).epsilon(1e-7).margin(1e-9));
  CHECK(found.slope[1] == Approx((f(x, y + h) - f(x, y - h)) / (2 * h)).epsilon(1e-7).margin(1e-9));
}

}  // namespace

TEST_CASE("dual: every function against central differences") {
  for (double x : {-1.3, -0.2, 0.4, 2.5}) {
    for (double y : {0.3, 1.7}) {
      check([](auto a, auto b) { return a + b; }, x, y);
      check([](auto a, auto b) { return a - b; }, x, y);
      check([](auto a, auto b) { return a * b; }, x, y);
      check([](auto a, auto b) { return a / b; }, x, y);
      check([](auto a, auto b) { return -a * b; }, x, y);
      check([](auto a, auto b) { return ia::exp(a * b); }, x, y);
      check([](auto a, auto b) { return ia::log(b) * a; }, x, y);
      check([](auto a, auto b) { return ia::sqrt(b) + a; }, x, y);
      check([](auto a, auto b) { return ia::tanh(a - b); }, x, y);
      check([](auto a, auto b) { return ia::sigmoid(a * b); }, x, y);
      check([](auto a, auto b) { return ia::relu(a) * b; }, x, y);
      check([](auto a, auto b) { return a * ia::sigmoid(b * (a - b)) / (b + ia::exp(a)); }, x, y);
    }
  }
}

TEST_CASE("dual: a plain number has no slope, relu has none at and below zero, comparison is by value") {
  using number = ia::dual<double, 1>;
  number const constant{3.0};
  CHECK(constant.slope[0] == 0);
  CHECK(ia::relu(number::variable(0.0, 0)).slope[0] == 0);
  CHECK(ia::relu(number::variable(-1.0, 0)).value == 0);
  CHECK(ia::relu(number::variable(2.0, 0)).slope[0] == 1);
  CHECK(number::variable(1.0, 0) < constant);
  CHECK_FALSE(constant < number::variable(1.0, 0));
  static_assert((ia::dual<float, 1>::variable(2.0f, 0) * ia::dual<float, 1>{3.0f}).slope[0] == 3.0f);
}
