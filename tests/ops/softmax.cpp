#include "../catch.hpp"
#include "../gradient.hpp"
#include "../oracle.hpp"

#include <intarsia/ops/softmax.hpp>
#include <limits>

using namespace intarsia;
using namespace intarsia::test;

namespace {
constexpr double infinity = std::numeric_limits<double>::infinity();
using targets = std::vector<std::uint32_t>;

double loss_of(grid const& scores, targets const& right, std::vector<double> const& weights = {}) {
  cpu::context ctx;
  tensor<dyn, dyn, double> x(scores.size(), scores.empty() ? 0 : scores[0].size());
  for (std::size_t i = 0; i < x.rows(); ++i) std::copy_n(scores[i].data(), x.cols(), x[i].data());
  return softmax_cross_entropy(ctx, ctx.constant(x), right, std::span<double const>{weights}).value[0][0];
}
}  // namespace

TEST_CASE("softmax_cross_entropy: known values") {
  CHECK(loss_of({{0, 0, 0, 0}}, {2}) == Approx(std::log(4.0)));
  CHECK(loss_of({{std::log(3.0), 0}, {0, 0}}, {0, 1}) == Approx((std::log(4.0 / 3) + std::log(2.0)) / 2));
  CHECK(loss_of({{std::log(3.0), 0}, {0, 0}}, {0, 1}, {3, 1}) == Approx((3 * std::log(4.0 / 3) + std::log(2.0)) / 4));
  CHECK(loss_of({{5}}, {0}) == 0);
  CHECK(loss_of({}, {}) == 0);
  CHECK(loss_of({{1, 2}}, {0}, {0}) == 0);
}

TEST_CASE("softmax_cross_entropy: absent answers, and a row of nothing else") {
  CHECK(loss_of({{0, -infinity, 0}}, {0}) == Approx(std::log(2.0)));
  CHECK(loss_of({{-infinity, -infinity}, {0, 0}}, {0, 1}) == Approx(std::log(2.0) / 2));
  auto const masked = [](auto& on, auto x) {
    auto y = on.template fresh<dyn, dyn, double>(x.rows(), x.cols(), x.tracked());
    for (std::size_t i = 0; i < x.rows(); ++i) {
      for (std::size_t c = 0; c < x.cols(); ++c) y.value[i][c] = i == 1 || c == i + 2 ? -infinity : x.value[i][c];
    }
    if (y.tracked()) {
      on.record([=] {
        for (std::size_t i = 0; i < x.rows(); ++i) {
          for (std::size_t c = 0; c < x.cols(); ++c) x.grad[i][c] += y.grad[i][c];
        }
      });
    }
    targets const right{0, 1, 2};
    return softmax_cross_entropy(on, y, right);
  };
  CHECK(gradient_error(masked, noise<dyn, dyn>(3, 5, 1)) < 1e-7);
}

TEST_CASE("softmax_cross_entropy: far out scores stay finite in float") {
  cpu::context ctx;
  tape on{ctx};
  tensor<dyn, dim<3>> x(2);
  x[0][0] = 1e4f, x[0][1] = -1e4f, x[0][2] = 9999;
  x[1][0] = 1e4f, x[1][1] = -1e4f;
  targets const right{0, 1};
  auto const v = on.input(x);
  auto const loss = softmax_cross_entropy(on, v, right);
  CHECK(loss.value[0][0] == Approx((std::log1p(std::exp(-1.0)) + 2e4) / 2));
  static_cast<void>(on.backward(loss));
  for (std::size_t i = 0; i < x.size(); ++i) CHECK(std::isfinite(v.grad.data[i]));
  CHECK(v.grad[1][0] == Approx(0.5));
  CHECK(v.grad[1][1] == Approx(-0.5));
}

TEST_CASE("softmax_cross_entropy: a score that is not a number is not hidden") {
  double const nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(std::isnan(loss_of({{nan, 0}}, {1})));
  CHECK(std::isnan(loss_of({{0, nan}}, {0})));
  CHECK(std::isnan(loss_of({{nan, nan}}, {0})));
}

TEST_CASE("softmax_cross_entropy: gradients") {
  targets const right{3, 0, 1, 1};
  std::vector<double> const weights{1, 0.5, 0, 3};
  CHECK(gradient_error([&](auto& on, auto x) { return softmax_cross_entropy(on, x, right); },
                       noise<dyn, dim<4>>(4, 1)) < 1e-7);
  CHECK(gradient_error(
            [&](auto& on, auto x) { return softmax_cross_entropy(on, x, right, std::span<double const>{weights}); },
            noise<dyn, dim<4>>(4, 1)) < 1e-7);
  CHECK(gradient_error([&](auto& on, auto x) { return softmax_cross_entropy(on, x, {}); }, noise<dyn, dim<4>>(0, 1)) ==
        0);
}

TEST_CASE("softmax_cross_entropy: what does not fit") {
  CHECK_THROWS_AS(loss_of({{1, 2}}, {2}), shape_error);
  CHECK_THROWS_AS(loss_of({{1, 2}}, {0, 1}), shape_error);
  CHECK_THROWS_AS(loss_of({{1, 2}}, {0}, {1, 1}), shape_error);
}

TEST_CASE("softmax_cross_entropy: the exponential function of float is that of the standard library") {
  double worst = 0;
  for (float x = 0; x > -87; x -= 0.00037f) {
    double const right = std::exp(static_cast<double>(x));
    worst = std::max(worst, std::abs(static_cast<double>(detail::exp_below_one(x)) - right) / right);
  }
  CHECK(worst < 2.4e-7);
  CHECK(detail::exp_below_one(0.0f) == 1);
  CHECK(detail::exp_below_one(-88.0f) == 0);
  CHECK(detail::exp_below_one(-std::numeric_limits<float>::infinity()) == 0);
  CHECK(std::isnan(detail::exp_below_one(std::numeric_limits<float>::quiet_NaN())));
}

TEST_CASE("softmax_cross_entropy: every width") {
  for (std::size_t cols = 1; cols < 40; ++cols) {
    auto const x = noise<dyn, dyn>(2, cols, cols);
    double expected = 0;
    for (std::size_t i = 0; i < 2; ++i) {
      double sum = 0;
      for (std::size_t c = 0; c < cols; ++c) sum += std::exp(x[i][c]);
      expected += (std::log(sum) - x[i][cols - 1]) / 2;
    }
    auto const last = static_cast<std::uint32_t>(cols - 1);
    CHECK(loss_of(grid_of(x), {last, last}) == Approx(expected).margin(1e-14));
    CHECK(gradient_error([&](auto& on, auto v) { return softmax_cross_entropy(on, v, targets{last, 0}); }, x) < 1e-7);
  }
}
