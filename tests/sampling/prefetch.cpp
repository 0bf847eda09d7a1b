#include <intarsia/sampling/link_sampler.hpp>
#include <intarsia/sampling/prefetch.hpp>
#include <stdexcept>

#include "../catch.hpp"
#include "graphs.hpp"

namespace ia = intarsia;
using namespace sampling_test;

namespace {

// Counts up, and fails at the batch `fails_at`, once.
struct counting {
  struct batch_type {
    std::uint64_t number = 0;
  };
  std::uint64_t count = 0, fails_at = ~std::uint64_t{0};
  ia::sampler_position at{};

  [[nodiscard]] batch_type make_batch() const { return {}; }
  [[nodiscard]] ia::sampler_position position() const { return at; }
  void seek(ia::sampler_position to) { at = to; }
  bool next(batch_type& b) {
    if (at.batch == fails_at) {
      fails_at = ~std::uint64_t{0};
      throw std::runtime_error{"no more of it"};
    }
    if (at.batch == count) return false;
    b.number = at.batch++;
    return true;
  }
};

}  // namespace

TEST_CASE("ahead of time gives what in time gives") {
  auto const g = make_graph();
  ia::link_options<Catalogue> const options{.batch = 32, .fanout = {4, 3}, .epochs = 3};
  for (std::size_t const threads : {1u, 2u, 3u}) {
    ia::cpu::context plain{ia::thread_pool{threads}, ia::seed{2}}, ahead{ia::thread_pool{threads}, ia::seed{2}};
    auto links = ia::sample_links(plain, g, options);
    ia::prefetch early{ia::sample_links(ahead, g, options), 3};
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
    ia::prefetch early{counting{100}, 2 + taken % 3};
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

TEST_CASE("an exception arrives with the batch it belongs to, and the loop can go on") {
  ia::prefetch early{counting{10, 4}};
  for (std::uint64_t i = 0; i < 4; ++i) {
    REQUIRE(early.advance());
    REQUIRE(early.current().number == i);
  }
  CHECK_THROWS_AS(early.advance(), std::runtime_error);
  CHECK(early.position().batch == 4);
  std::uint64_t next = 4;
  for (auto& batch : early) CHECK(batch.number == next++);
  CHECK(next == 10);
  CHECK_THROWS_AS(ia::prefetch(counting{10}, 1), ia::shape_error);
}
