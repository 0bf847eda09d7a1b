// The check itself: what it must find.
#include "../catch.hpp"
#include "../gradient.hpp"

#include <intarsia/ops/fresh.hpp>

using namespace intarsia;
using namespace intarsia::test;

namespace {
// y = 3 x with a pullback of one's choice.
template <class Pull>
auto triple(Pull pull) {
  return [pull](auto& on, auto x) {
    auto y = fresh_like(on, x, x.tracked());
    for (std::size_t i = 0; i < x.rows(); ++i) {
      for (std::size_t c = 0; c < x.cols(); ++c) y.value[i][c] = 3 * x.value[i][c];
    }
    if (y.tracked()) {
      on.record([=] {
        for (std::size_t i = 0; i < x.rows(); ++i) {
          for (std::size_t c = 0; c < x.cols(); ++c) pull(x.grad[i][c], y.grad[i][c]);
        }
      });
    }
    return y;
  };
}
}  // namespace

TEST_CASE("gradient check: passes what is right, finds a wrong factor, a wrong sign, and setting in place of adding") {
  auto const x = noise<dyn, dim<3>>(4, 1);
  CHECK(gradient_error(triple([](double& dx, double dy) { dx += 3 * dy; }), x) < 1e-9);
  CHECK(gradient_error(triple([](double& dx, double dy) { dx += 3.00001 * dy; }), x) > 1e-6);
  CHECK(gradient_error(triple([](double& dx, double dy) { dx -= 3 * dy; }), x) > 1);
  CHECK(gradient_error(triple([](double& dx, double dy) { dx = 3 * dy; }), x) > 0.01);
  CHECK(gradient_error(triple([](double&, double) {}), x) > 0.9);
}
