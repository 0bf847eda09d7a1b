#include <intarsia/cpu/context.hpp>
#include <intarsia/cuda/top_k.cuh>
#include <limits>

#include "schedules.hpp"

namespace ia = intarsia;
using numbers = ia::tensor<ia::dyn, ia::dyn>;

namespace {

// Few different values, so that ties are common and products exact.
numbers small_numbers(std::size_t rows, std::size_t cols, std::uint64_t stream) {
  numbers x(rows, cols);
  ia::random draw{ia::seed{17}, stream};
  for (std::size_t e = 0; e < x.size(); ++e) x.data()[e] = static_cast<float>(draw.below(7)) - 3;
  return x;
}

void check(numbers const& q, numbers const& x, std::size_t k, ia::top_k_filter const& filter = {}) {
  CAPTURE(q.rows(), q.cols(), x.rows(), k);
  ia::cpu::context cpu;
  ia::cuda::context ctx;
  numbers scores(q.rows(), x.rows());
  for (std::size_t row = 0; row < q.rows(); ++row) {
    for (std::size_t item = 0; item < x.rows(); ++item) {
      float sum = 0;
      for (std::size_t c = 0; c < q.cols(); ++c) sum += q[row][c] * x[item][c];
      scores[row][item] = sum;
    }
  }
  auto const expected = ia::top_k_of_scores(cpu, scores.view(), k, filter);
  auto const queries = ia::cuda::upload(ctx, q), items = ia::cuda::upload(ctx, x);
  auto const candidates = ia::cuda::upload(ctx, filter.candidates.value_or(std::span<std::uint32_t const>{}));
  auto const mask = ia::cuda::upload(ctx, filter.mask);
  auto const& out = filter.exclude;
  auto const offsets = ia::cuda::upload(ctx, std::span{out.offsets, out.offsets ? out.rows + 1 : 0});
  auto const columns = ia::cuda::upload(ctx, std::span{out.columns, out.entries()});
  ia::cuda::device_top_k_filter same;
  if (filter.candidates) same.candidates = candidates.view();
  same.mask = mask.view();
  if (out.offsets) same.exclude = {out.rows, out.cols, offsets.data(), columns.data(), nullptr, nullptr, out.entries()};
  auto const got = ia::cuda::top_k(ctx, queries.view(), items.view(), k, same);
  CHECK(got.offsets == expected.offsets);
  CHECK(got.entries == expected.entries);
}

}  // namespace

TEST_CASE("the best of all items on the device are those of the CPU, ties to the lower row") {
  cuda_test::in_every_order([] {
    check(small_numbers(3, 4, 2), small_numbers(1500, 4, 1), 10);
    check(small_numbers(66, 19, 2), small_numbers(130, 19, 1), 7);
  });
  check(small_numbers(2, 33, 2), small_numbers(700, 33, 1), 300);
}

TEST_CASE("lists that overflow again and again keep the best") {
  // Every item is better than those before it, so that all of them are kept for a while.
  numbers x(1400, 1), q(2, 1);
  for (std::size_t i = 0; i < x.rows(); ++i) x.data()[i] = static_cast<float>(i);
  q.data()[0] = 1;
  q.data()[1] = -1;
  cuda_test::in_every_order([&] { check(q, x, 3); });
}

TEST_CASE("filters, k of 0, k beyond the items, nothing at all, and scores that are no numbers") {
  auto q = small_numbers(5, 3, 4), x = small_numbers(300, 3, 3);
  std::vector<std::uint32_t> candidates;
  std::vector<std::uint8_t> mask(300, 1);
  ia::csr exclude{.rows = 5, .cols = 300, .offsets = {0}, .columns = {}, .values = {}, .positions = {}};
  for (std::uint32_t i = 0; i < 300; ++i) {
    if (i % 3 != 1) candidates.push_back(i);
    if (i % 7 == 0) mask[i] = 0;
  }
  for (std::uint32_t row = 0; row < 5; ++row) {
    for (std::uint32_t i = row; i < 300; i += row + 2) exclude.columns.push_back(i);
    exclude.offsets.push_back(exclude.columns.size());
  }
  ia::top_k_filter filter;
  filter.candidates = candidates;
  check(q, x, 6, filter);
  filter.mask = mask;
  filter.exclude = exclude.view();
  check(q, x, 6, filter);
  check(q, x, 400, filter);
  filter.candidates = {};
  check(q, x, 6, filter);
  filter.candidates = std::span<std::uint32_t const>{};
  check(q, x, 6, filter);
  check(q, x, 0);
  check(q, numbers(0, 3), 4);
  check(numbers(0, 3), x, 4);
  check(numbers(2, 0), numbers(9, 0), 4);
  float const infinite = std::numeric_limits<float>::infinity();
  x.data()[5 * 3] = std::numeric_limits<float>::quiet_NaN();
  x.data()[6 * 3] = infinite;
  x.data()[7 * 3] = -infinite;
  for (std::size_t row = 0; row < 5; ++row) q.data()[row * 3] = row % 2 == 0 ? 1.0f : -1.0f;
  check(q, x, 300);
}

TEST_CASE("more queries than are answered together") { check(small_numbers(4100, 1, 4), small_numbers(3, 1, 3), 2); }

TEST_CASE("keys rank as scores and rows do") {
  using ia::cuda::detail::ranking_key;
  float const infinite = std::numeric_limits<float>::infinity();
  float const rising[] = {-infinite, -3e38f, -1.0f, -1e-45f, 0.0f, 1e-45f, 2.0f, 3e38f, infinite};
  for (std::size_t i = 0; i + 1 < std::size(rising); ++i) {
    CHECK(ranking_key(rising[i], 3) < ranking_key(rising[i + 1], 3));
    CHECK(ranking_key(rising[i], 3) > ranking_key(rising[i], 4));
    CHECK(ia::cuda::detail::scored_of(ranking_key(rising[i], 9)) == ia::scored{rising[i], 9});
  }
  CHECK(ranking_key(-0.0f, 3) == ranking_key(0.0f, 3));
  CHECK(ranking_key(std::numeric_limits<float>::quiet_NaN(), 0) == 0);
  CHECK(ranking_key(-infinite, 0xFFFFFFFEu) > 0);
}

TEST_CASE("the plan of a search covers every item and leaves room for two tiles in a list") {
  using ia::cuda::detail::top_k_plan;
  for (std::size_t const queries : {1u, 64u, 1000u, 4096u}) {
    for (std::size_t const items : {0u, 1u, 128u, 5000u, 1000000u}) {
      for (std::size_t const k : {1u, 10u, 1000u}) {
        auto const plan = top_k_plan::of(queries, items, k, 132);
        CHECK(plan.splits * plan.share >= items);
        CHECK((plan.splits == 1 || (plan.splits - 1) * plan.share < items));
        CHECK(plan.capacity >= k + 256);
        CHECK(plan.merged >= plan.splits * k);
      }
    }
  }
}
