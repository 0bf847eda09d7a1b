#include <intarsia/sampling/link_sampler.hpp>
#include <set>

#include "../catch.hpp"
#include "graphs.hpp"

namespace ia = intarsia;
using namespace sampling_test;

TEST_CASE("the same batches for 1, 2, 3 and 7 threads, and from a position as after the way there") {
  auto const g = make_graph({}, true, true);
  for (bool const full : {false, true}) {
    for (auto const from : {ia::negative_source::uniform, ia::negative_source::catalogue, ia::negative_source::in_batch,
                            ia::negative_source::by_degree}) {
      auto const options = ia::link_options<Catalogue>{.batch = 48,
                                                       .fanout = {4, 3},
                                                       .epochs = 2,
                                                       .negatives = {.from = from, .each = 3},
                                                       .full_graph = full,
                                                       .weighted_neighbors = true};
      std::vector<std::uint64_t> expected;
      std::vector<ia::sampler_position> positions;
      for (std::size_t const threads : {1u, 2u, 3u, 7u}) {
        ia::cpu::context ctx{ia::thread_pool{threads}, ia::seed{11}};
        auto links = ia::sample_links(ctx, g, options);
        std::vector<std::uint64_t> digests;
        while (true) {
          auto const at = links.position();
          if (!links.advance()) break;
          digests.push_back(digest_of(links.current()));
          if (threads == 1) positions.push_back(at);
        }
        if (threads == 1) expected = digests;
        REQUIRE(digests == expected);
      }
      REQUIRE(expected.size() > 4);
      CHECK(std::set<std::uint64_t>(expected.begin(), expected.end()).size() == expected.size());
      ia::cpu::context ctx{ia::inline_executor{}, ia::seed{11}};
      auto again = ia::sample_links(ctx, g, options);
      for (std::size_t i = expected.size(); i-- > 0;) {
        again.seek(positions[i]);
        REQUIRE(again.advance());
        REQUIRE(digest_of(again.current()) == expected[i]);
      }
    }
  }
}

TEST_CASE("two samplers of one context draw different batches; the same seed repeats them") {
  auto const g = make_graph();
  ia::cpu::context ctx{ia::inline_executor{}, ia::seed{1}}, same{ia::inline_executor{}, ia::seed{1}},
      other{ia::inline_executor{}, ia::seed{2}};
  auto const first = [&](ia::cpu::context& c) {
    auto links = ia::sample_links(c, g, {.batch = 32, .fanout = {3}});
    REQUIRE(links.advance());
    return digest_of(links.current());
  };
  auto const a = first(ctx), b = first(ctx);
  CHECK(a != b);
  CHECK(first(same) == a);
  CHECK(first(other) != a);
}

TEST_CASE("no links at all, a single link, links between isolated nodes") {
  ia::cpu::context ctx;
  for (bool const full : {false, true}) {
    auto const none = make_graph({5, 0, 3, 0, 0, 0, 0});
    auto links = ia::sample_links(ctx, none, {.full_graph = full});
    CHECK(links.steps() == 0);
    CHECK_FALSE(links.advance());

    // The only edge joins nodes that nothing else reaches: excluded, they hear nothing.
    ia::graph<Catalogue> one{ia::per_node<Catalogue, std::size_t>{{2, 0, 0}}};
    one.set(BookBook{}, rows_of_entries(2, 2, {{0, 1}, {1, 0}}));
    auto single = ia::sample_links(ctx, one, {.fanout = {3, 3}, .negatives = {.each = 2}, .full_graph = full});
    REQUIRE(single.advance());
    auto const& batch = single.current();
    CHECK(batch.links.size() == 1);
    CHECK(batch.links[BookBook{}].negatives.size() == 2);
    // Both books are the anchor or its neighbor.
    CHECK(batch.links[BookBook{}].valid[0] == 0);
    CHECK(batch.links[BookBook{}].valid[1] == 0);
    if (!full) CHECK(batch.graph.hop(0, 2)[BookBook{}].forward.entries() == 0);
    CHECK_FALSE(single.advance());
  }
  auto const g = make_graph();
  CHECK_THROWS_AS(ia::sample_links(ctx, g, {.batch = 0}), ia::shape_error);
  auto links = ia::sample_links(ctx, g, {.batch = 100});
  CHECK_THROWS_AS(links.seek({0, 1000}), ia::shape_error);
}
