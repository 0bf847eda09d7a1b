#include <intarsia/graph/pairs.hpp>
#include <intarsia/sampling/pair_sampler.hpp>
#include <set>

#include "../catch.hpp"
#include "graphs.hpp"

namespace ia = intarsia;
using namespace sampling_test;

namespace {
ia::pairs<User, Book> make_pairs(std::uint32_t count) {
  ia::pairs<User, Book> out;
  for (std::uint32_t i = 0; i < count; ++i) {
    out.first.push_back({i / 3});
    out.second.push_back({1000 + i});
  }
  return out;
}
}  // namespace

TEST_CASE("every pair comes once an epoch, its ends together, in another order each epoch") {
  ia::cpu::context ctx;
  auto const listens = make_pairs(1000);
  std::vector<std::vector<std::uint32_t>> orders(3);
  for (auto& batch : ia::sample_pairs(ctx, listens, {.batch = 64, .epochs = 3})) {
    static_assert(std::is_same_v<decltype(batch.first), std::span<ia::id<User> const>>);
    static_assert(std::is_same_v<decltype(batch.second), std::span<ia::id<Book> const>>);
    CHECK(batch.first.size() == (batch.position.batch == 15 ? 40 : 64));
    for (std::size_t i = 0; i < batch.first.size(); ++i) {
      REQUIRE(batch.first[i].value == (batch.second[i].value - 1000) / 3);
      REQUIRE(batch.positions[i] == batch.second[i].value - 1000);
      orders[batch.position.epoch].push_back(batch.second[i].value);
    }
  }
  CHECK(orders[0] != orders[1]);
  CHECK(orders[1] != orders[2]);
  for (auto const& order : orders) CHECK(std::set<std::uint32_t>(order.begin(), order.end()).size() == 1000);
}

TEST_CASE("pairs without order, whole batches, steps, and plain numbers") {
  ia::cpu::context ctx;
  auto const listens = make_pairs(10);
  auto in_order = ia::sample_pairs(ctx, listens, {.batch = 4, .shuffle = false, .whole_batches = true});
  CHECK(in_order.steps() == 2);
  REQUIRE(in_order.advance());
  CHECK(in_order.current().second[3].value == 1003);
  auto two = ia::sample_pairs(ctx, listens, {.batch = 4, .epochs = 2, .steps = 1});
  std::size_t batches = 0;
  for (auto& batch : two) batches += batch.first.size() == 4 ? 1 : 0;
  CHECK(batches == 2);

  struct {
    std::vector<std::uint32_t> first{0, 0, 1}, second{5, 6, 7};
  } const plain;
  std::uint32_t sum = 0;
  for (auto& batch : ia::sample_pairs(ctx, plain, {.batch = 2})) {
    for (std::uint32_t const item : batch.second) sum += item;
  }
  CHECK(sum == 18);
}

TEST_CASE("pairs from a position go on as after the way there") {
  auto const listens = make_pairs(100);
  ia::cpu::context ctx{ia::inline_executor{}, ia::seed{4}}, again{ia::inline_executor{}, ia::seed{4}};
  auto whole = ia::sample_pairs(ctx, listens, {.batch = 7, .epochs = 2});
  auto part = ia::sample_pairs(again, listens, {.batch = 7, .epochs = 2});
  for (int i = 0; i < 20; ++i) REQUIRE(whole.advance());
  auto const at = whole.position();
  part.seek(at);
  while (whole.advance()) {
    REQUIRE(part.advance());
    REQUIRE(std::equal(whole.current().second.begin(), whole.current().second.end(), part.current().second.begin(),
                       part.current().second.end()));
  }
  CHECK_FALSE(part.advance());
  CHECK(part.position() == ia::sampler_position{2, 0});
  CHECK_THROWS_AS(part.seek({0, 15}), ia::shape_error);
}

TEST_CASE("no pairs, one pair, and lists that do not match") {
  ia::cpu::context ctx;
  auto const none = make_pairs(0), one = make_pairs(1);
  auto nothing = ia::sample_pairs(ctx, none);
  CHECK_FALSE(nothing.advance());
  auto single = ia::sample_pairs(ctx, one, {.epochs = 2});
  CHECK(single.advance());
  CHECK(single.current().second[0].value == 1000);
  CHECK(single.advance());
  CHECK_FALSE(single.advance());
  auto uneven = make_pairs(3);
  uneven.second.pop_back();
  CHECK_THROWS_AS(ia::sample_pairs(ctx, uneven), ia::shape_error);
}
