// Batches of who chose what: every pair once an epoch, with its share and its mask.
#include <cmath>
#include <intarsia/core/thread_pool.hpp>
#include <intarsia/cpu/cpu.hpp>
#include <intarsia/exec/tape.hpp>
#include <intarsia/loss/in_batch_softmax.hpp>
#include <intarsia/models/pair_batches.hpp>
#include <set>

#include "../catch.hpp"

using namespace intarsia;

namespace {
interactions chosen(std::vector<interaction> const& pairs, std::size_t users = 30, std::size_t items = 20) {
  return {users, node_numbering{1, std::vector<std::uint16_t>(items)}, pairs};
}
// User u has u % 5 items.
interactions many() {
  std::vector<interaction> pairs;
  for (std::uint32_t u = 0; u < 30; ++u) {
    for (std::uint32_t k = 0; k < u % 5; ++k) pairs.push_back({u, (7 * u + 3 * k) % 20});
  }
  return chosen(pairs);
}
}  // namespace

TEST_CASE("pair_batches: every pair whose user has another item once an epoch, in a fresh order") {
  cpu::context ctx{thread_pool{2}, seed{3}};
  auto const all = many();
  pair_batches batches{ctx, all, 6};
  REQUIRE(batches.size() == 6 * (2 + 3 + 4));  // 54 = 9 batches
  std::vector<std::vector<std::uint32_t>> orders;
  for (std::size_t epoch = 0; epoch < 3; ++epoch) {
    std::set<std::pair<std::uint32_t, std::uint32_t>> seen;
    std::vector<std::uint32_t> order;
    for (std::size_t step = 9 * epoch; step < 9 * (epoch + 1); ++step) {
      batches.fill(step);
      for (std::size_t k = 0; k < 6; ++k) {
        CHECK(all.by_user().degree(batches.users[k]) >= 2);
        seen.insert({batches.users[k], batches.items[k]});
        order.push_back(batches.users[k]);
      }
    }
    CHECK(seen.size() == 54);
    orders.push_back(order);
  }
  CHECK(orders[0] != orders[1]);
  CHECK(orders[1] != orders[2]);
}

TEST_CASE("pair_batches: the log share and the mask of a batch") {
  cpu::context ctx{thread_pool{2}, seed{3}};
  auto const all = many();
  pair_batches batches{ctx, all, 25};
  std::size_t others = 0;
  for (std::size_t step = 0; step < 6; ++step) {
    batches.fill(step);
    auto const known = batches.known();
    for (std::size_t i = 0; i < 25; ++i) {
      auto const count = static_cast<double>(all.by_item().degree(batches.items[i]));
      CHECK(static_cast<double>(batches.log_q[i]) == Approx(std::log(count / static_cast<double>(all.size()))));
      auto const mine = all.by_user()[batches.users[i]];
      for (std::size_t j = 0; j < 25; ++j) {
        bool const has = std::find(mine.begin(), mine.end(), batches.items[j]) != mine.end();
        CHECK(known(i, j) == has);
        others += i != j && has ? 1 : 0;
      }
    }
  }
  CHECK(others > 0);
}

TEST_CASE("pair_batches: a batch depends on its step alone") {
  auto const all = many();
  auto const batch = [&](std::vector<std::size_t> const& steps) {
    cpu::context ctx{inline_executor{}, seed{3}};
    pair_batches batches{ctx, all, 8};
    for (std::size_t const step : steps) batches.fill(step);
    std::vector<bool> marks;
    for (std::size_t i = 0; i < 64; ++i) marks.push_back(batches.known()(i / 8, i % 8));
    return std::tuple{batches.users, batches.items, marks};
  };
  CHECK(batch({0, 1, 2, 11}) == batch({11}));
  CHECK(batch({11}) != batch({12}));
}

TEST_CASE("pair_batches: fewer pairs than a batch repeat, repeats are known, and cold items have their share") {
  cpu::context ctx;
  auto const few = chosen({{0, 1}, {0, 2}, {1, 3}});
  pair_batches batches{ctx, few, 5};
  CHECK(batches.size() == 2);  // user 1 has nothing else
  batches.fill(4);
  for (std::size_t k = 0; k < 5; ++k) {
    CHECK(batches.users[k] == 0);
    for (std::size_t j = 0; j < 5; ++j) CHECK(batches.known()(k, j));
  }
  std::size_t cold = 0, never = 0, always = 0;
  for (std::size_t step = 0; step < 100; ++step) {
    for (std::size_t k = 0; k < 100; ++k) {
      cold += batches.cold(step, k, .2f) ? 1 : 0;
      never += batches.cold(step, k, 0) ? 1 : 0;
      always += batches.cold(step, k, 1) ? 1 : 0;
    }
  }
  CHECK(std::abs(static_cast<double>(cold) - 2000) < 5 * std::sqrt(10000 * .2 * .8));
  CHECK(never == 0);
  CHECK(always == 10000);
  CHECK(pair_batches{ctx, chosen({{0, 1}}), 5}.size() == 0);
  CHECK_THROWS_WITH((pair_batches{ctx, few, 0}), Catch::Contains("at least one pair"));
}

TEST_CASE("item_inputs: each item once for either way it is shown, and apart a row for each pair") {
  detail::item_inputs inputs{7, 6};
  std::vector<std::uint32_t> const items{5, 2, 5, 5, 2, 0};
  std::vector<std::uint8_t> const cold{0, 0, 1, 0, 0, 1};
  auto const found = [&] {
    std::vector<std::uint32_t> rows;
    for (auto const row : inputs.of_pairs()) rows.push_back(row.value);
    return rows;
  };
  for (int round = 0; round < 2; ++round) {
    inputs.fill(items, cold);
    CHECK(found() == std::vector<std::uint32_t>{0, 1, 2, 0, 1, 3});
    CHECK(std::vector(inputs.items().begin(), inputs.items().end()) == std::vector<std::uint32_t>{5, 2, 5, 0});
    CHECK(std::vector(inputs.cold(), inputs.cold() + 4) == std::vector<std::uint8_t>{0, 0, 1, 1});
    inputs.fill_apart(items, cold);
    CHECK(found() == std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5});
    CHECK(std::vector(inputs.items().begin(), inputs.items().end()) == items);
  }
}

TEST_CASE("pair_batches: a softmax leaves out the same as by a dense mask, to the bit, on every instruction set") {
  std::vector<interaction> pairs;
  intarsia::random draw{seed{5}, 1};
  for (std::uint32_t u = 0; u < 90; ++u) {
    for (std::size_t k = 0; k < 1 + u % 12; ++k) pairs.push_back({u, static_cast<std::uint32_t>(draw.below(200))});
  }
  auto const all = chosen(pairs, 90, 200);
  auto const check = [&]<class T>(std::size_t n, instruction_set set, precision products, T) {
    cpu::context ctx{thread_pool{3}, seed{3}, set};
    ctx.products(products);
    pair_batches batches{ctx, all, n};
    tensor<batch_rows, dim<17>, T> query(n), item(n);
    for (std::size_t i = 0; i < query.size(); ++i) {
      query.data()[i] = static_cast<T>(draw.uniform()) - T(0.5), item.data()[i] = static_cast<T>(draw.uniform()) - T(0.5);
    }
    for (std::size_t step = 0; step < 2; ++step) {
      batches.fill(step);
      std::vector<std::uint8_t> dense_mask(n * n);
      for (std::size_t i = 0; i < n * n; ++i) dense_mask[i] = batches.known()(i / n, i % n);
      auto const numbers = [&](auto const& masked) {
        tape on{ctx};
        auto const q = on.input(query), v = on.input(item);
        auto const loss = in_batch_softmax(on, q, v, {.temperature = 0.1f, .log_q = batches.log_q}, masked);
        static_cast<void>(on.backward(loss));
        std::vector<T> out{*loss.value.data};
        out.insert(out.end(), q.grad.data, q.grad.data + query.size());
        out.insert(out.end(), v.grad.data, v.grad.data + item.size());
        return out;
      };
      auto const listed = numbers(batches.known());
      CHECK(listed == numbers([&](std::size_t i, std::size_t j) { return dense_mask[i * n + j] != 0; }));
      if (n > 8) CHECK(listed != numbers(no_mask{}));
    }
  };
  for (auto const set : {instruction_set::portable, instruction_set::avx2, instruction_set::avx512}) {
    if (set > widest_instructions()) continue;
    for (std::size_t const n : {1u, 2u, 63u, 64u, 65u, 225u, 460u}) {
      check(n, set, precision::full, float{});
      check(n, set, precision::bf16, float{});
    }
    check(130, set, precision::full, double{});
  }
}
