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

namespace {
// Loss and gradients in double from plain loops over all pairs; queries, then items.
std::vector<double> plainly(auto const& q, auto const& v, in_batch_options const& o, auto masked) {
  std::size_t const n = q.rows(), width = q.cols();
  std::vector<double> out(1 + 2 * n * width, 0.0), scores(n);
  double weights = 0;
  for (std::size_t i = 0; i < n; ++i) weights += o.weight.empty() ? 1 : static_cast<double>(o.weight[i]);
  double const sharp = 1 / static_cast<double>(o.temperature);
  for (std::size_t i = 0; i < n; ++i) {
    double peak = -1e300, sum = 0;
    for (std::size_t j = 0; j < n; ++j) {
      scores[j] = o.log_q.empty() ? 0 : -static_cast<double>(o.log_q[j]);
      for (std::size_t c = 0; c < width; ++c) scores[j] += sharp * double{q[i][c]} * double{v[j][c]};
      if (i != j && masked(i, j)) scores[j] = -1e300;
      peak = std::max(peak, scores[j]);
    }
    for (double const s : scores) sum += std::exp(s - peak);
    double const w = (o.weight.empty() ? 1 : static_cast<double>(o.weight[i])) / weights;
    out[0] += w * (std::log(sum) + peak - scores[i]);
    for (std::size_t j = 0; j < n; ++j) {
      double const slope = w * sharp * (std::exp(scores[j] - peak) / sum - (i == j ? 1 : 0));
      for (std::size_t c = 0; c < width; ++c) {
        out[1 + i * width + c] += slope * double{v[j][c]};
        out[1 + (n + j) * width + c] += slope * double{q[i][c]};
      }
    }
  }
  return out;
}

template <class T>
std::vector<T> by_kernel(cpu::context& ctx, auto const& q, auto const& v, in_batch_options const& o, auto masked) {
  tape on{ctx};
  auto const a = on.input(q), b = on.input(v);
  auto const loss = in_batch_softmax(on, a, b, o, masked);
  static_cast<void>(on.backward(loss));
  std::vector<T> out{loss.value[0][0]};
  out.insert(out.end(), a.grad.data, a.grad.data + q.size());
  out.insert(out.end(), b.grad.data, b.grad.data + v.size());
  return out;
}

template <class T>
void agrees(std::size_t n, std::size_t width, float sharp, double tolerance) {
  auto const q = noise<batch_rows, dyn, T>(n, width, 1), v = noise<batch_rows, dyn, T>(n, width, 2);
  std::vector<float> log_q(n), weight(n);
  for (std::size_t i = 0; i < n; ++i) {
    log_q[i] = -static_cast<float>(i * 7 % 11);
    weight[i] = static_cast<float>(i % 3);
  }
  weight[0] = 1;
  in_batch_options const options{.temperature = 1 / sharp, .log_q = log_q, .weight = weight};
  // Runs of masked items, so that a query has tiles without a score.
  auto const masked = [](std::size_t i, std::size_t j) { return (i % 5 == 0 && j < 300) || (i + 3 * j) % 17 == 0; };
  auto const expected = plainly(q, v, options, masked);
  double size = 0;
  for (std::size_t k = 1; k < expected.size(); ++k) size += expected[k] * expected[k];
  for (auto const set : {instruction_set::portable, instruction_set::avx2, instruction_set::avx512}) {
    INFO("n " << n << ", width " << width << ", set " << static_cast<int>(set));
    cpu::context ctx{inline_executor{}, {}, set};
    auto const one = by_kernel<T>(ctx, q, v, options, masked);
    CHECK(static_cast<double>(one[0]) == Approx(expected[0]).epsilon(tolerance).margin(1e-6));
    double gap = 0;
    for (std::size_t k = 1; k < one.size(); ++k) gap += std::pow(static_cast<double>(one[k]) - expected[k], 2);
    CHECK(std::sqrt(gap) <= tolerance * std::max(std::sqrt(size), 0.3));
    for (std::size_t const threads : {2u, 3u, 7u}) {
      cpu::context several{thread_pool{threads}, {}, set};
      CHECK(by_kernel<T>(several, q, v, options, masked) == one);
    }
  }
}
}  // namespace

TEST_CASE("in_batch_softmax: strips and tiles agree with plain loops on every instruction set and thread count") {
  for (std::size_t const width : {1u, 3u, 8u, 17u, 64u, 100u, 128u, 384u}) agrees<float>(230, width, 2, 2e-6);
  for (std::size_t const n : {1u, 2u, 111u, 113u, 224u, 450u}) agrees<float>(n, 17, 5, 2e-6);
  agrees<double>(230, 35, 3, 1e-13);
  agrees<double>(113, 130, 1, 1e-13);
}

TEST_CASE("in_batch_softmax: products of operands rounded to bf16 on every instruction set and thread count") {
  auto const masked = [](std::size_t i, std::size_t j) { return (i % 5 == 0 && j < 300) || (i + 3 * j) % 17 == 0; };
  auto const apart = [](std::vector<float> const& a, auto const& b) {
    double gap = 0, size = 0;
    for (std::size_t k = 1; k < b.size(); ++k) {
      gap += std::pow(static_cast<double>(a[k]) - static_cast<double>(b[k]), 2);
      size += std::pow(static_cast<double>(b[k]), 2);
    }
    return std::sqrt(gap / std::max(size, 1e-3));
  };
  for (auto const& [n, width] : {std::pair{230u, 1u}, {230u, 3u}, {230u, 8u}, {230u, 17u}, {230u, 64u}, {230u, 100u},
                                {230u, 128u}, {230u, 384u}, {3u, 17u}, {113u, 17u}, {225u, 33u}, {449u, 16u},
                                {451u, 520u}}) {
    auto const q = noise<batch_rows, dyn, float>(n, width, 1), v = noise<batch_rows, dyn, float>(n, width, 2);
    std::vector<float> log_q(n), weight(n);
    for (std::size_t i = 0; i < n; ++i) {
      log_q[i] = -static_cast<float>(i * 7 % 11);
      weight[i] = static_cast<float>(1 + i % 3);
    }
    in_batch_options const options{
        .temperature = 0.5f * std::sqrt(static_cast<float>(width)), .log_q = log_q, .weight = weight};
    auto const expected = plainly(q, v, options, masked);
    std::vector<float> portable;
    for (auto const set : {instruction_set::portable, instruction_set::avx2, instruction_set::avx512}) {
      INFO("n " << n << ", width " << width << ", set " << static_cast<int>(set));
      cpu::context full{inline_executor{}, {}, set}, ctx{inline_executor{}, {}, set};
      ctx.products(precision::bf16);
      auto const one = by_kernel<float>(ctx, q, v, options, masked);
      CHECK(static_cast<double>(one[0]) == Approx(expected[0]).epsilon(1e-2).margin(1e-3));
      CHECK(apart(one, expected) < 1e-2);
      CHECK(one != by_kernel<float>(full, q, v, options, masked));
      if (set == instruction_set::portable) portable = one;
      CHECK(one[0] == Approx(portable[0]).epsilon(1e-5));
      CHECK(apart(one, portable) < 2e-4);
      for (std::size_t const threads : {2u, 3u, 7u}) {
        cpu::context several{thread_pool{threads}, {}, set};
        several.products(precision::bf16);
        CHECK(by_kernel<float>(several, q, v, options, masked) == one);
      }
    }
  }
}

TEST_CASE("in_batch_softmax: queries of all lengths, those with a bound on their scores and those without") {
  std::size_t const n = 230, width = 17;
  auto q = noise<batch_rows, dyn, float>(n, width, 1);
  auto const v = noise<batch_rows, dyn, float>(n, width, 2);
  std::vector<float> log_q(n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t c = 0; c < width; ++c) q[i][c] *= std::exp2(static_cast<float>(i % 23) - 15);
    log_q[i] = -static_cast<float>(i * 7 % 11);
  }
  // The score of item 5 is as low as a bound allows, and that of 28 lower; all others are masked for them.
  for (std::size_t c = 0; c < width; ++c) {
    q[5][c] = -6 * v[5][c], q[28][c] = -4000 * v[28][c];
  }
  auto const masked = [](std::size_t i, std::size_t j) { return i % 23 == 5 || (i + 3 * j) % 17 == 0; };
  auto const expected = plainly(q, v, {.log_q = log_q}, masked);
  double size = 0;
  for (std::size_t k = 1; k < expected.size(); ++k) size += expected[k] * expected[k];
  for (auto const set : {instruction_set::portable, instruction_set::avx2, instruction_set::avx512}) {
    cpu::context ctx{inline_executor{}, {}, set};
    auto const one = by_kernel<float>(ctx, q, v, {.log_q = log_q}, masked);
    CHECK(static_cast<double>(one[0]) == Approx(expected[0]).epsilon(1e-5));
    double gap = 0;
    for (std::size_t k = 1; k < one.size(); ++k) gap += std::pow(static_cast<double>(one[k]) - expected[k], 2);
    CHECK(std::sqrt(gap) <= 1e-5 * std::sqrt(size));
    for (std::size_t c = 0; c < width; ++c) CHECK(std::abs(one[1 + 5 * width + c]) < 1e-6f);
    ctx.products(precision::bf16);
    auto const rounded = by_kernel<float>(ctx, q, v, {.log_q = log_q}, masked);
    CHECK(static_cast<double>(rounded[0]) == Approx(expected[0]).epsilon(2e-2));
  }
  // What is not a number stays visible.
  q[3][2] = std::numeric_limits<float>::quiet_NaN();
  cpu::context ctx;
  CHECK(std::isnan(by_kernel<float>(ctx, q, v, {}, no_mask{})[0]));
}

TEST_CASE("in_batch_softmax: memory grows with the batch, not with its square") {
  std::size_t const n = 3000;
  auto const q = noise<batch_rows, dim<16>, float>(n, 1), v = noise<batch_rows, dim<16>, float>(n, 2);
  cpu::context ctx;
  static_cast<void>(by_kernel<float>(ctx, q, v, {}, no_mask{}));
  CHECK(ctx.scratch().capacity() < n * n * sizeof(float) / 4);
}

TEST_CASE("in_batch_softmax: what does not fit") {
  cpu::context ctx;
  auto const q = noise<batch_rows, dim<3>>(3, 1), v = noise<batch_rows, dim<3>>(2, 2);
  std::vector<float> const two{0, 0};
  CHECK_THROWS_AS(in_batch_softmax(ctx, ctx.constant(q), ctx.constant(v)), shape_error);
  CHECK_THROWS_AS(in_batch_softmax(ctx, ctx.constant(q), ctx.constant(q), {.log_q = two}), shape_error);
  CHECK_THROWS_AS(in_batch_softmax(ctx, ctx.constant(q), ctx.constant(q), {.temperature = 0}), shape_error);
}
