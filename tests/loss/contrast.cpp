// max_margin and info_nce: an anchor, its positive and its own negatives.
#include "../catch.hpp"
#include "../gradient.hpp"
#include "../oracle.hpp"

#include <intarsia/loss/info_nce.hpp>
#include <intarsia/loss/max_margin.hpp>
#include <intarsia/ops/rows.hpp>

using namespace intarsia;
using namespace intarsia::test;

namespace {
using marks = std::vector<std::uint8_t>;
using column = tensor<batch_rows, dim<1>, double>;
column of(std::vector<double> const& numbers) {
  column x(numbers.size());
  std::copy(numbers.begin(), numbers.end(), x.data());
  return x;
}
template <class F>
double loss_of(F f, column const& a, column const& p, column const& n) {
  cpu::context ctx;
  return f(ctx, ctx.constant(a), ctx.constant(p), ctx.constant(n)).value[0][0];
}
}  // namespace

TEST_CASE("max_margin: known values") {
  // Anchor 1: positive .5, negatives .2 and -1; anchor 2: positive 2, negatives 1 and 6.
  auto const a = of({1, 2}), p = of({.5, 1}), n = of({.2, -1, .5, 3});
  auto const f = [](auto& on, auto x, auto y, auto z) { return max_margin(on, x, y, z, {.margin = .5f}); };
  CHECK(loss_of(f, a, p, n) == Approx((.2 + 0 + 0 + 4.5) / 4));
  marks const valid{1, 1, 0, 0};
  auto const g = [&](auto& on, auto x, auto y, auto z) {
    return max_margin(on, x, y, z, {.margin = .5f, .valid = valid});
  };
  CHECK(loss_of(g, a, p, n) == Approx(.2 / 2));
  marks const nobody(4, 0);
  auto const h = [&](auto& on, auto x, auto y, auto z) { return max_margin(on, x, y, z, {.valid = nobody}); };
  CHECK(loss_of(h, a, p, n) == 0);
}

TEST_CASE("info_nce: known values") {
  auto const a = of({1, 2}), p = of({0, 1}), n = of({std::log(3.0), 0, 1, 1});
  auto const f = [](auto& on, auto x, auto y, auto z) { return info_nce(on, x, y, z); };
  // Scores 0 | log 3, 0 and 2 | 2, 2.
  CHECK(loss_of(f, a, p, n) == Approx((std::log(5.0) + std::log(3.0)) / 2));
  marks const valid{1, 0, 0, 0};
  auto const g = [&](auto& on, auto x, auto y, auto z) { return info_nce(on, x, y, z, {.valid = valid}); };
  CHECK(loss_of(g, a, p, n) == Approx((std::log(4.0) + 0) / 2));
  auto const half = [](auto& on, auto x, auto y, auto z) { return info_nce(on, x, y, z, {.temperature = .5f}); };
  CHECK(loss_of(half, a, p, n) == Approx((std::log(11.0) + std::log(3.0)) / 2));
}

TEST_CASE("max_margin and info_nce: gradients, masks, no negatives, no anchors") {
  marks const valid{1, 0, 1, 1, 0, 0, 1, 1, 1, 0, 1, 1};
  auto const margin = [&](marks const& m) {
    return [&m](auto& on, auto a, auto p, auto n) { return max_margin(on, a, p, n, {.margin = .3f, .valid = m}); };
  };
  auto const nce = [&](marks const& m) {
    return [&m](auto& on, auto a, auto p, auto n) { return info_nce(on, a, p, n, {.temperature = .4f, .valid = m}); };
  };
  marks const all;
  auto const a = noise<batch_rows, dim<3>>(4, 1), p = noise<batch_rows, dim<3>>(4, 2),
             n = noise<batch_rows, dim<3>>(12, 3);
  auto const none = noise<batch_rows, dim<3>>(0, 1);
  CHECK(gradient_error(margin(all), a, p, n) < 1e-7);
  CHECK(gradient_error(margin(valid), a, p, n) < 1e-7);
  CHECK(gradient_error(nce(all), a, p, n) < 1e-7);
  CHECK(gradient_error(nce(valid), a, p, n) < 1e-7);
  CHECK(gradient_error(margin(all), a, p, none) == 0);
  CHECK(gradient_error(nce(all), a, p, none) == 0);
  CHECK(gradient_error(margin(all), none, none, none) == 0);
  CHECK(gradient_error(nce(all), none, none, none) == 0);
}

TEST_CASE("max_margin and info_nce: anchors, positives and negatives may be windows of one matrix") {
  auto const margin = [](auto& on, auto x) { return max_margin(on, head(on, x, 4), head(on, x, 4), x, {.margin = 2}); };
  auto const nce = [](auto& on, auto x) { return info_nce(on, head(on, x, 4), head(on, x, 4), x); };
  CHECK(gradient_error(margin, noise<batch_rows, dim<3>>(12, 1)) < 1e-7);
  CHECK(gradient_error(nce, noise<batch_rows, dim<3>>(12, 1)) < 1e-7);
}

TEST_CASE("max_margin and info_nce: far out scores stay finite in float") {
  cpu::context ctx;
  tape on{ctx};
  tensor<batch_rows, dim<1>> a(2), p(2), n(2);
  a[0][0] = a[1][0] = 100;
  p[0][0] = 100, p[1][0] = -100;
  n[0][0] = -100, n[1][0] = 100;
  auto const x = on.input(a), y = on.input(p), z = on.input(n);
  CHECK(info_nce(on, x, y, z).value[0][0] == Approx(1e4));
  auto const loss = max_margin(on, x, y, z);
  CHECK(loss.value[0][0] == Approx(20001.0 / 2));
  static_cast<void>(on.backward(loss));
  CHECK(std::isfinite(x.grad[0][0] + x.grad[1][0]));
}

TEST_CASE("max_margin and info_nce: what does not fit") {
  cpu::context ctx;
  auto const a = noise<batch_rows, dim<3>>(4, 1), p = noise<batch_rows, dim<3>>(3, 2),
             n = noise<batch_rows, dim<3>>(6, 3);
  marks const few{1};
  auto const x = ctx.constant(a), y = ctx.constant(p), z = ctx.constant(n);
  CHECK_THROWS_AS(max_margin(ctx, x, y, x), shape_error);
  CHECK_THROWS_AS(max_margin(ctx, x, x, z), shape_error);
  CHECK_THROWS_AS(max_margin(ctx, x, x, x, {.valid = few}), shape_error);
  CHECK_THROWS_AS(info_nce(ctx, x, x, x, {.temperature = 0}), shape_error);
}
