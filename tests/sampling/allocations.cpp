// Counts calls of malloc and its kin; left out where a sanitizer has replaced them.
#include <cstdlib>
#include <intarsia/sampling/link_sampler.hpp>
#include <intarsia/sampling/pair_sampler.hpp>
#include <intarsia/sampling/prefetch.hpp>

#include "../catch.hpp"
#include "../count_malloc.hpp"
#include "graphs.hpp"

#if COUNTS_ALLOCATIONS

namespace ia = intarsia;
using namespace sampling_test;

namespace {
// Allocations of the batches after the first of a sampler, over its whole run.
template <class Sampler>
std::size_t allocations_after_first(Sampler& sampler) {
  REQUIRE(sampler.advance());
  std::size_t const before = calls;
  std::size_t batches = 0;
  while (sampler.advance()) ++batches;
  std::size_t const after = calls;
  REQUIRE(batches > 5);
  return after - before;
}
}  // namespace

TEST_CASE("the counter counts") {
  std::size_t const before = calls;
  std::vector<int> const some(1000);
  ia::detail::buffer<int> other;
  other.reserve(100);
  CHECK(calls >= before + 2);
}

TEST_CASE("no sampler allocates after its first batch") {
  auto const g = make_graph({600, 400, 300, 700, 1500, 900, 900}, true, true);
  for (std::size_t const threads : {1u, 2u}) {
    ia::cpu::context ctx{ia::thread_pool{threads}, ia::seed{2}};
    for (auto const how : {ia::balance::as_is, ia::balance::by_relation, ia::balance::inverse_degree}) {
      auto links = ia::sample_links(ctx, g, {.batch = 128, .fanout = {4, 3}, .balance = how, .epochs = 2});
      CHECK(allocations_after_first(links) == 0);
    }
    for (auto const from :
         {ia::negative_source::catalogue, ia::negative_source::in_batch, ia::negative_source::by_degree}) {
      auto links = ia::sample_links(
          ctx, g, {.batch = 128, .epochs = 2, .negatives = {.from = from, .each = 3}, .full_graph = true});
      CHECK(allocations_after_first(links) == 0);
    }
    auto weighted = ia::sample_links(
        ctx, g,
        {.batch = 128, .fanout = {4, 3}, .epochs = 2, .weighted = true, .weighted_neighbors = true, .replace = true});
    CHECK(allocations_after_first(weighted) == 0);
    auto thinned =
        ia::sample_links(ctx, g, {.batch = 128, .fanout = {4, 3}, .scope = ia::balance_scope::graph, .epochs = 3});
    CHECK(allocations_after_first(thinned) == 0);
    ia::prefetch early{ia::sample_links(ctx, g, {.batch = 128, .fanout = {4, 3}, .epochs = 2})};
    // The thread makes its own batches ready while it starts.
    REQUIRE(early.advance());
    REQUIRE(early.advance());
    std::size_t const before = calls;
    for (int i = 0; i < 10; ++i) REQUIRE(early.advance());
    CHECK(calls == before);
  }
  struct {
    std::vector<std::uint32_t> first = std::vector<std::uint32_t>(5000), second = std::vector<std::uint32_t>(5000);
  } const plain;
  ia::cpu::context ctx;
  auto pairs = ia::sample_pairs(ctx, plain, {.batch = 100, .epochs = 2});
  CHECK(allocations_after_first(pairs) == 0);
}

#endif
