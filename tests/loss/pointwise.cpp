// logistic and squared_error.
#include "../catch.hpp"
#include "../gradient.hpp"
#include "../oracle.hpp"

#include <intarsia/loss/logistic.hpp>
#include <intarsia/loss/squared_error.hpp>

using namespace intarsia;
using namespace intarsia::test;

TEST_CASE("logistic: known values") {
  cpu::context ctx;
  tensor<batch_rows, dim<1>, double> s(3);
  s[0][0] = 0, s[1][0] = 2, s[2][0] = -1;
  std::vector<float> const labels{1, 0, 0.5f};
  double const expected = (std::log(2.0) + std::log1p(std::exp(2.0)) + std::log1p(std::exp(-1.0)) + 0.5) / 3;
  CHECK(logistic(ctx, ctx.constant(s), labels).value[0][0] == Approx(expected));
  CHECK_THROWS_AS(logistic(ctx, ctx.constant(s), std::span{labels}.first(2)), shape_error);
}

TEST_CASE("logistic: gradients and far out scores") {
  std::vector<float> const labels{1, 0, 1, 0.25f};
  CHECK(gradient_error([&](auto& on, auto s) { return logistic(on, s, labels); }, noise<batch_rows, dim<1>>(4, 1)) <
        1e-7);
  CHECK(gradient_error([&](auto& on, auto s) { return logistic(on, s, {}); }, noise<batch_rows, dim<1>>(0, 1)) == 0);
  cpu::context ctx;
  tape on{ctx};
  tensor<batch_rows, dim<1>> far(4);
  far[0][0] = -1e4f, far[1][0] = 1e4f, far[2][0] = 1e4f, far[3][0] = 0;
  auto const s = on.input(far);
  auto const loss = logistic(on, s, labels);
  CHECK(loss.value[0][0] == Approx((2e4 + 0 + std::log(2.0)) / 4));
  static_cast<void>(on.backward(loss));
  CHECK(s.grad[0][0] == -0.25f);
  CHECK(s.grad[1][0] == 0.25f);
  CHECK(s.grad[2][0] == 0);
}

TEST_CASE("squared_error: a known value, and gradients") {
  cpu::context ctx;
  tensor<dyn, dim<2>> a(1), b(1);
  a[0][0] = 1, a[0][1] = 5, b[0][0] = 3, b[0][1] = 4;
  CHECK(squared_error(ctx, ctx.constant(a), ctx.constant(b)).value[0][0] == 2.5f);
  auto const f = [](auto& on, auto x, auto y) { return squared_error(on, x, y); };
  CHECK(gradient_error(f, noise<dyn, dim<3>>(4, 1), noise<dyn, dim<3>>(4, 2)) < 1e-7);
  CHECK(gradient_error(f, noise<dyn, dim<3>>(0, 1), noise<dyn, dim<3>>(0, 2)) == 0);
}
