#include <atomic>
#include <intarsia/sampling/link_sampler.hpp>
#include <intarsia/sampling/prefetch.hpp>
#include <memory>
#include <optional>
#include <stdexcept>

#include "../catch.hpp"
#include "graphs.hpp"

namespace ia = intarsia;
using namespace sampling_test;

namespace {

// Counts up to an epoch's end, and fails at the batch `fails_at`, once.
struct counting {
  struct batch_type {
    std::uint64_t number = 0;
  };
  std::uint64_t count = 0, fails_at = ~std::uint64_t{0};
  ia::sampler_position at{};
  std::shared_ptr<std::atomic<bool>> failed = std::make_shared<std::atomic<bool>>(false);

  [[nodiscard]] std::uint64_t steps() const { return count; }
  [[nodiscard]] batch_type make_batch() const { return {}; }
  [[nodiscard]] ia::sampler_position position() const { return at; }
  void seek(ia::sampler_position to) { at = to; }
  bool next(batch_type& b) {
    if (at.epoch > 0) return false;
    if (at.batch == fails_at && !failed->exchange(true)) throw std::runtime_error{"no more of it"};
    b.number = at.batch;
    at = ia::next_position(at, count);
    return true;
  }
};

}  // namespace

TEST_CASE("ahead of time gives what in time gives") {
  auto const g = make_graph();
  ia::link_options<Catalogue> options{.batch = 32, .fanout = {4, 3}, .epochs = 3};
  auto const workers = GENERATE(1u, 2u, 5u);
  auto const scope = GENERATE(ia::balance_scope::seeds, ia::balance_scope::graph);
  options.scope = scope;
  for (std::size_t const threads : {1u, 2u, 3u}) {
    ia::cpu::context plain{ia::thread_pool{threads}, ia::seed{2}}, ahead{ia::thread_pool{threads}, ia::seed{2}};
    auto links = ia::sample_links(plain, g, options);
    ia::prefetch early{ia::sample_links(ahead, g, options), {.workers = workers, .ring = workers + threads}};
    std::size_t batches = 0;
    for (auto& batch : early) {
      REQUIRE(links.advance());
      REQUIRE(batch.position == links.current().position);
      REQUIRE(early.position() == links.position());
      REQUIRE(digest_of(batch) == digest_of(links.current()));
      // The reader's own parallel work goes on beside the sampler's.
      std::vector<std::size_t> squares(1000);
      ahead.threads().bulk(1000, 10, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) squares[i] = i * i;
      });
      REQUIRE(squares[999] == 998001);
      ++batches;
    }
    CHECK(batches == 3 * links.steps());
    CHECK_FALSE(links.advance());
    CHECK_FALSE(early.advance());
  }
}

TEST_CASE("a prefetcher is left in mid-epoch, before its start, and goes to a position") {
  for (std::size_t taken = 0; taken < 40; ++taken) {
    std::size_t const workers = 1 + taken % 4;
    ia::prefetch early{counting{100}, {.workers = workers, .ring = workers + 1 + taken % 3}};
    for (std::size_t i = 0; i < taken; ++i) {
      REQUIRE(early.advance());
      REQUIRE(early.current().number == i);
    }
    CHECK(early.position().batch == taken);
    if (taken % 2 == 1) {
      early.seek({0, 7});
      CHECK(early.position().batch == 7);
      REQUIRE(early.advance());
      CHECK(early.current().number == 7);
      CHECK(early.position().batch == 8);
    }
    auto const moved = std::move(early);
  }
}

TEST_CASE("a copy of a sampler in mid-epoch goes on with the same bits, whatever becomes of the original") {
  auto const g = make_graph();
  ia::cpu::context ctx{ia::inline_executor{}, ia::seed{2}};
  std::optional original{ia::sample_links(
      ctx, g,
      {.batch = 32, .fanout = {4, 3}, .scope = ia::balance_scope::graph, .epochs = 3, .outermost_by_id = true})};
  REQUIRE(original->advance());
  auto copy = *original;
  std::vector<std::uint64_t> expected;
  while (original->advance()) expected.push_back(digest_of(original->current()));
  original.reset();
  for (std::uint64_t const digest : expected) {
    REQUIRE(copy.advance());
    REQUIRE(digest_of(copy.current()) == digest);
  }
  CHECK_FALSE(copy.advance());
}

TEST_CASE("an exception arrives with the batch it belongs to, and the loop can go on") {
  ia::prefetch early{counting{10, 4}, {.workers = GENERATE(1u, 3u)}};
  for (std::uint64_t i = 0; i < 4; ++i) {
    REQUIRE(early.advance());
    REQUIRE(early.current().number == i);
  }
  CHECK_THROWS_AS(early.advance(), std::runtime_error);
  CHECK(early.position().batch == 4);
  std::uint64_t next = 4;
  for (auto& batch : early) CHECK(batch.number == next++);
  CHECK(next == 10);
  CHECK_THROWS_AS(ia::prefetch(counting{10}, {.ring = 1}), ia::shape_error);
  CHECK_THROWS_AS(ia::prefetch(counting{10}, {.workers = 3, .ring = 3}), ia::shape_error);
  CHECK_THROWS_AS(ia::prefetch(counting{10}, {.workers = 0}), ia::shape_error);
}
