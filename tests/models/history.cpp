// Means of histories, with and without an item, against plain loops.
#include <cmath>
#include <intarsia/core/thread_pool.hpp>
#include <intarsia/cpu/cpu.hpp>
#include <intarsia/models/history.hpp>

#include "../catch.hpp"
#include "../gradient.hpp"
#include "../oracle.hpp"

using namespace intarsia;
using namespace intarsia::test;

namespace {
using lists = std::vector<std::vector<std::uint32_t>>;
lists const chosen{{0, 2, 3}, {}, {1}, {0, 1, 2, 3, 4}};

grid expected(lists const& histories, grid const& items, std::vector<std::size_t> const& blocks) {
  grid out;
  for (auto const& list : histories) {
    std::vector<double> row;
    std::size_t begin = 0;
    for (std::size_t const block : blocks) {
      std::vector<double> sum(block);
      double square = 0;
      for (std::uint32_t const i : list) {
        for (std::size_t c = 0; c < block; ++c) sum[c] += items[i][begin + c];
      }
      for (double const v : sum) square += v * v;
      for (double const v : sum) row.push_back(square > 0 ? v * std::sqrt(static_cast<double>(block) / square) : 0);
      begin += block;
    }
    out.push_back(row);
  }
  return out;
}
}  // namespace

TEST_CASE("history_mean: each block of a mean has the length of the root of its width; a mean of nothing is 0") {
  cpu::context ctx{thread_pool{2}};
  auto const items = noise<dyn, dyn, float>(5, 6, 1);
  csr histories = rows_to_csr(chosen, 5, {.1f, 2, 3, 4, 5, 6, 7, 8, 9});  // values do not matter
  for (std::vector<std::size_t> const& blocks : {std::vector<std::size_t>{6}, {4, 2}, {1, 2, 3}}) {
    history_mean const means{ctx, histories.view(), items.view(), blocks};
    CHECK(means.users() == 4);
    CHECK(means.width() == 6);
    tensor<dyn, dyn> out(4, 6);
    std::vector<std::uint32_t> const all{0, 1, 2, 3};
    means.rows(ctx, all, out.view());
    CHECK(distance(grid_of(out), expected(chosen, grid_of(items), blocks)) < 1e-5);
    // In another order, and one twice.
    std::vector<std::uint32_t> const some{3, 0, 3};
    tensor<dyn, dyn> part(3, 6);
    means.rows(ctx, some, part.view());
    CHECK(distance(grid_of(part), expected({chosen[3], chosen[0], chosen[3]}, grid_of(items), blocks)) < 1e-5);
  }
}

TEST_CASE("history_mean: an item left out is as if it had never been chosen, and the last one leaves 0") {
  cpu::context ctx;
  auto const items = noise<dyn, dyn, float>(5, 6, 2);
  csr const histories = rows_to_csr(chosen, 5);
  history_mean const means{ctx, histories.view(), items.view(), {4, 2}};
  std::vector<std::uint32_t> const who{0, 2, 3, 0}, what{2, 1, 4, 0};
  tensor<dyn, dyn> out(4, 6);
  means.rows_without(ctx, who, what, items.view(), out.view());
  lists const left{{0, 3}, {}, {0, 1, 2, 3}, {2, 3}};
  CHECK(distance(grid_of(out), expected(left, grid_of(items), {4, 2})) < 1e-5);
  CHECK(grid_of(out)[1] == std::vector<double>(6));
}

TEST_CASE("history_mean: sizes that do not fit are refused") {
  cpu::context ctx;
  auto const items = noise<dyn, dyn, float>(5, 6, 3), few = noise<dyn, dyn, float>(4, 6, 3);
  csr const histories = rows_to_csr(chosen, 5);
  CHECK_THROWS_WITH((history_mean{ctx, histories.view(), items.view(), {4, 1}}), Catch::Contains("blocks"));
  CHECK_THROWS_AS((history_mean{ctx, histories.view(), few.view(), {6}}), shape_error);
}
