#include "../catch.hpp"
#include "../gradient.hpp"
#include "../oracle.hpp"

#include <intarsia/core/id.hpp>
#include <intarsia/core/thread_pool.hpp>
#include <intarsia/loss/in_batch_softmax.hpp>

using namespace intarsia;
using namespace intarsia::test;

namespace {
struct Book;

// By the formula, with no care for large numbers.
double by_hand(grid const& q, grid const& v, in_batch_options const& o, auto masked) {
  double loss = 0, weights = 0;
  auto const score = [&](std::size_t i, std::size_t j) {
    double dot = 0;
    for (std::size_t c = 0; c < q[i].size(); ++c) dot += q[i][c] * v[j][c];
    return dot / static_cast<double>(o.temperature) - (o.log_q.empty() ? 0 : static_cast<double>(o.log_q[j]));
  };
  for (std::size_t i = 0; i < q.size(); ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < q.size(); ++j) {
      if (i == j || !masked(i, j)) sum += std::exp(score(i, j));
    }
    double const w = o.weight.empty() ? 1 : static_cast<double>(o.weight[i]);
    loss += w * (std::log(sum) - score(i, i));
    weights += w;
  }
  return loss / weights;
}
}  // namespace

TEST_CASE("in_batch_softmax: known values") {
  cpu::context ctx;
  tensor<batch_rows, dim<1>, double> q(2), v(2);
  q[0][0] = 1, q[1][0] = 2, v[0][0] = 0, v[1][0] = 3;
  // Scores 0 3 / 0 6: losses log(1 + e^3) and log(1 + e^-6).
  double const expected = (std::log1p(std::exp(3.0)) + std::log1p(std::exp(-6.0))) / 2;
  CHECK(in_batch_softmax(ctx, ctx.constant(q), ctx.constant(v)).value[0][0] == Approx(expected));
  // The correction log 2 on item 1: scores 0 3-log 2 / 0 6-log 2.
  std::vector<float> const log_q{0, std::log(2.0f)};
  double const corrected = (std::log1p(std::exp(3.0) / 2) + std::log1p(2 * std::exp(-6.0))) / 2;
  CHECK(in_batch_softmax(ctx, ctx.constant(q), ctx.constant(v), {.log_q = log_q}).value[0][0] == Approx(corrected));
}

TEST_CASE("in_batch_softmax: one pair has loss 0, as has none") {
  cpu::context ctx;
  auto const one = noise<batch_rows, dim<3>>(1, 1), none = noise<batch_rows, dim<3>>(0, 1);
  CHECK(in_batch_softmax(ctx, ctx.constant(one), ctx.constant(one)).value[0][0] == Approx(0).margin(1e-15));
  CHECK(in_batch_softmax(ctx, ctx.constant(none), ctx.constant(none)).value[0][0] == 0);
}

TEST_CASE("in_batch_softmax: all options, values and gradients") {
  std::size_t const n = 6;
  auto const q = noise<batch_rows, dim<3>>(n, 1), v = noise<batch_rows, dim<3>>(n, 2);
  std::vector<float> const log_q{-1, -2, -.5f, -3, -1, -2}, weight{1, 2, .5f, 0, 3, 1};
  std::vector<id<Book>> const items{{4}, {1}, {4}, {2}, {1}, {4}};
  in_batch_options const options{.temperature = 0.3f, .log_q = log_q, .weight = weight};
  auto const hits = same_item{items};
  auto const f = [&](auto& on, auto a, auto b) { return in_batch_softmax(on, a, b, options, hits); };
  cpu::context ctx;
  CHECK(f(ctx, ctx.constant(q), ctx.constant(v)).value[0][0] == Approx(by_hand(grid_of(q), grid_of(v), options, hits)));
  CHECK(gradient_error(f, q, v) < 1e-7);
  CHECK(gradient_error([&](auto& on, auto a) { return in_batch_softmax(on, a, a); }, q) < 1e-7);
  CHECK(gradient_error([&](auto& on, auto a, auto b) { return in_batch_softmax(on, a, b); },
                       noise<batch_rows, dim<3>>(0, 1), noise<batch_rows, dim<3>>(0, 1)) == 0);
}

TEST_CASE("in_batch_softmax: a query whose others are all masked adds nothing") {
  cpu::context ctx;
  auto const q = noise<batch_rows, dim<3>>(3, 1), v = noise<batch_rows, dim<3>>(3, 2);
  auto const all = [](std::size_t, std::size_t) { return true; };
  CHECK(in_batch_softmax(ctx, ctx.constant(q), ctx.constant(v), {}, all).value[0][0] == Approx(0).margin(1e-15));
}

TEST_CASE("in_batch_softmax: far out scores stay finite in float") {
  cpu::context ctx;
  tape on{ctx};
  tensor<batch_rows, dim<1>> q(3), v(3);
  q[0][0] = 100, q[1][0] = -100, q[2][0] = 1;
  v[0][0] = -100, v[1][0] = 100, v[2][0] = 0;
  auto const a = on.input(q), b = on.input(v);
  auto const loss = in_batch_softmax(on, a, b);
  CHECK(loss.value[0][0] == Approx((2e4 + 2e4 + 100) / 3));
  static_cast<void>(on.backward(loss));
  for (std::size_t i = 0; i < 3; ++i) CHECK((std::isfinite(a.grad[i][0]) && std::isfinite(b.grad[i][0])));
}

TEST_CASE("in_batch_softmax: same bits for any number of threads") {
  auto const q = noise<batch_rows, dim<16>, float>(300, 1), v = noise<batch_rows, dim<16>, float>(300, 2);
  auto const run = [&](any_executor threads) {
    cpu::context ctx{std::move(threads)};
    tape on{ctx};
    auto const a = on.input(q), b = on.input(v);
    auto const loss = in_batch_softmax(on, a, b, {.temperature = .1f});
    static_cast<void>(on.backward(loss));
    std::vector<float> numbers{loss.value[0][0]};
    numbers.insert(numbers.end(), a.grad.data, a.grad.data + q.size());
    numbers.insert(numbers.end(), b.grad.data, b.grad.data + v.size());
    return numbers;
  };
  auto const one = run(inline_executor{});
  CHECK(run(thread_pool{2}) == one);
  CHECK(run(thread_pool{3}) == one);
}

TEST_CASE("in_batch_softmax: what does not fit") {
  cpu::context ctx;
  auto const q = noise<batch_rows, dim<3>>(3, 1), v = noise<batch_rows, dim<3>>(2, 2);
  std::vector<float> const two{0, 0};
  CHECK_THROWS_AS(in_batch_softmax(ctx, ctx.constant(q), ctx.constant(v)), shape_error);
  CHECK_THROWS_AS(in_batch_softmax(ctx, ctx.constant(q), ctx.constant(q), {.log_q = two}), shape_error);
  CHECK_THROWS_AS(in_batch_softmax(ctx, ctx.constant(q), ctx.constant(q), {.temperature = 0}), shape_error);
}
