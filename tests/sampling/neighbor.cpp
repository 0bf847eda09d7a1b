#include <intarsia/sampling/neighbor.hpp>
#include <set>

#include "../catch.hpp"
#include "graphs.hpp"

namespace ia = intarsia;
using namespace sampling_test;

namespace {

// The multiset of sources of a target in the graph, each with its values.
template <class R>
std::multiset<std::pair<std::uint32_t, float>> row_of(ia::graph<Catalogue> const& g, R r, std::uint32_t target) {
  auto const rows = g[r].forward;
  std::multiset<std::pair<std::uint32_t, float>> out;
  for (std::uint64_t e = rows.offsets[target]; e < rows.offsets[target + 1]; ++e) {
    out.emplace(rows.columns[e], rows.values ? rows.values[e] : 1.0f);
  }
  return out;
}

template <class Sampler>
void add_some(Sampler& sampler, ia::block<Catalogue>& block) {
  sampler.start(block);
  for (std::uint32_t const i : {5u, 3u, 5u, 9u}) static_cast<void>(sampler.add(block, Book{}, ia::id<Book>{i}));
  for (std::uint32_t const i : {0u, 39u}) static_cast<void>(sampler.add(block, Show{}, ia::id<Show>{i}));
}

}  // namespace

TEST_CASE("a block is a part of the graph: targets first, edges and values of the graph") {
  for (bool const sorted : {true, false}) {
    ia::cpu::context ctx{ia::inline_executor{}, ia::seed{3}};
    auto const g = make_graph({}, sorted, true);
    ia::neighbor_sampler sampler{ctx, g, {.fanout = {4, 2, 3}}};
    ia::block<Catalogue> block;
    add_some(sampler, block);
    sampler.fill(block, {0, 0});
    CHECK(block.layers() == 3);
    CHECK_FALSE(block.whole());
    CHECK(block.targets(Book{}) == 3);
    CHECK(block.targets(Show{}) == 2);
    CHECK(block.targets(User{}) == 0);
    CHECK(block.ids(Book{})[0].value == 5);
    CHECK(block.ids(Book{})[2].value == 9);

    Catalogue::each_node([&](auto n) {
      std::set<std::uint32_t> met;
      for (auto const node : block.ids(n)) met.insert(node.value);
      CHECK(met.size() == block.ids(n).size());
      CHECK(block.ids(n).size() == block.hop(0, 3).sources[n]);
      CHECK(block.hop(0, 3).targets[n] == block.hop(1, 3).sources[n]);
      CHECK(block.hop(1, 3).targets[n] == block.hop(2, 3).sources[n]);
    });
    std::size_t const fanouts[] = {3, 2, 4};
    for (std::size_t layer = 0; layer < 3; ++layer) {
      auto const& hop = block.hop(layer, 3);
      Catalogue::each_relation([&](auto r) {
        auto const edges = hop[r];
        REQUIRE(edges.targets() == hop.targets[r.target]);
        REQUIRE(edges.sources() == hop.sources[r.source]);
        for (std::uint32_t t = 0; t < edges.targets(); ++t) {
          auto const whole = row_of(g, r, block.ids(r.target)[t].value);
          CHECK(edges.forward.degree(t) == std::min(whole.size(), fanouts[layer]));
          std::multiset<std::pair<std::uint32_t, float>> drawn;
          for (std::uint64_t e = edges.forward.offsets[t]; e < edges.forward.offsets[t + 1]; ++e) {
            std::uint32_t const s = edges.forward.columns[e];
            REQUIRE(s < edges.sources());
            drawn.emplace(block.ids(r.source)[s].value, edges.forward.values[e]);
          }
          CHECK(std::includes(whole.begin(), whole.end(), drawn.begin(), drawn.end()));
        }
        CHECK(edges.backward.offsets == nullptr);
      });
    }
    CHECK_THROWS_AS(block.hop(0, 2), ia::shape_error);
  }
}

TEST_CASE("rows of features follow the ids of a block") {
  ia::cpu::context ctx;
  auto const g = make_graph();
  auto features = Catalogue::map_nodes([&](auto n) { return ia::table<decltype(n)>(g.nodes(n)); });
  for (std::size_t i = 0; i < 60; ++i) features[Book{}][i][0] = static_cast<float>(i);
  ia::neighbor_sampler sampler{ctx, g, {.fanout = {3}}};
  ia::block<Catalogue> block;
  add_some(sampler, block);
  sampler.fill(block, {});
  auto const rows = block.rows(features);
  REQUIRE(rows[Book{}].ids.size() == block.ids(Book{}).size());
  for (std::size_t i = 0; i < rows[Book{}].ids.size(); ++i) {
    CHECK(rows[Book{}].table[rows[Book{}].ids[i]][0] == static_cast<float>(block.ids(Book{})[i].value));
  }
}

TEST_CASE("one fan-out per relation; zero and all") {
  ia::cpu::context ctx;
  auto const g = make_graph();
  ia::per_relation<Catalogue, std::uint32_t> most;
  most.values.fill(0);
  most[BookBook{}] = ia::all_neighbors;
  most[ShowBook{}] = 1;
  ia::neighbor_sampler sampler{ctx, g, {.fanout = {most}}};
  ia::block<Catalogue> block;
  add_some(sampler, block);
  sampler.fill(block, {});
  auto const& hop = block.hop(0, 1);
  for (std::uint32_t t = 0; t < 3; ++t) {
    CHECK(hop[BookBook{}].forward.degree(t) == g[BookBook{}].forward.degree(block.ids(Book{})[t].value));
    CHECK(hop[ShowBook{}].forward.degree(t) == 1);
  }
  CHECK(hop[BookShow{}].forward.entries() == 0);
  CHECK(hop[UserBook{}].forward.entries() == 0);
}

TEST_CASE("draws of a node depend on the seed, the position and the node, not on its company") {
  auto const g = make_graph();
  auto const drawn = [&](std::uint64_t key, std::vector<std::uint32_t> const& nodes, ia::sampler_position at) {
    ia::cpu::context ctx{ia::inline_executor{}, ia::seed{key}};
    ia::neighbor_sampler sampler{ctx, g, {.fanout = {3}}};
    ia::block<Catalogue> block;
    sampler.start(block);
    for (std::uint32_t const i : nodes) static_cast<void>(sampler.add(block, Show{}, ia::id<Show>{i}));
    sampler.fill(block, at);
    std::vector<std::uint32_t> heard;
    for (std::uint32_t const s : block.hop(0, 1)[BookShow{}].forward[nodes.size() - 1])
      heard.push_back(block.ids(Book{})[s].value);
    return heard;
  };
  auto const alone = drawn(1, {7}, {2, 3});
  CHECK(alone.size() == 3);
  CHECK(drawn(1, {1, 30, 7}, {2, 3}) == alone);
  CHECK(drawn(1, {7}, {2, 4}) != alone);
  CHECK(drawn(1, {7}, {3, 3}) != alone);
  CHECK(drawn(2, {7}, {2, 3}) != alone);
}

TEST_CASE("the same block for any number of threads") {
  sizes large{3000, 2000, 1000, 30000, 20000, 20000, 20000};
  auto const g = make_graph(large);
  std::vector<std::uint64_t> digests;
  for (std::size_t const threads : {1u, 2u, 3u, 7u}) {
    ia::cpu::context ctx{ia::thread_pool{threads}, ia::seed{3}};
    ia::neighbor_sampler sampler{ctx, g, {.fanout = {5, 4}}};
    ia::block<Catalogue> block;
    sampler.start(block);
    for (std::uint32_t i = 0; i < 700; ++i) static_cast<void>(sampler.add(block, Book{}, ia::id<Book>{i * 3}));
    sampler.fill(block, {1, 2});
    digest d;
    Catalogue::each_node([&](auto n) { d.add(block.ids(n)); });
    for (std::size_t layer = 0; layer < 2; ++layer) {
      for (auto const& edges : block.hop(layer, 2).edges.values) {
        d.add(edges.forward.columns, edges.forward.entries());
      }
    }
    digests.push_back(d.value());
  }
  CHECK(std::count(digests.begin(), digests.end(), digests[0]) == 4);
}

TEST_CASE("hidden edges and their parallels are absent from every hop, the others are all there") {
  ia::cpu::context ctx;
  auto const g = make_graph();
  ia::neighbor_sampler sampler{ctx, g, {.fanout = {ia::all_neighbors, ia::all_neighbors}}};
  ia::block<Catalogue> block;
  sampler.start(block);
  auto const rows = g[ShowShow{}].forward;
  for (std::uint32_t i = 0; i < 40; ++i) static_cast<void>(sampler.add(block, Show{}, ia::id<Show>{i}));
  // A pair that has parallel edges.
  std::uint32_t target = 0, source = 0;
  for (std::uint32_t t = 0; t < rows.rows; ++t) {
    auto const twice = std::adjacent_find(rows[t].begin(), rows[t].end());
    if (twice != rows[t].end()) target = t, source = *twice;
  }
  std::vector<std::uint64_t> const keys{(std::uint64_t{target} << 32) | source};
  sampler.hide(Catalogue::relation_index<ShowShow>, keys);
  sampler.fill(block, {});
  auto const parallels = static_cast<std::size_t>(std::count(rows[target].begin(), rows[target].end(), source));
  REQUIRE(parallels >= 2);
  for (std::size_t layer = 0; layer < 2; ++layer) {
    CHECK(block.hop(layer, 2)[ShowShow{}].forward.entries() == rows.entries() - parallels);
  }
}

TEST_CASE("empty types, no edges, isolated nodes and a single node are ordinary") {
  ia::cpu::context ctx;
  SECTION("nothing at all") {
    auto const g = make_graph({0, 0, 0, 0, 0, 0, 0});
    ia::neighbor_sampler sampler{ctx, g, {.fanout = {2, 2}}};
    ia::block<Catalogue> block;
    sampler.start(block);
    sampler.fill(block, {});
    CHECK(block.ids(Book{}).empty());
    CHECK(block.hop(0, 2)[BookBook{}].forward.entries() == 0);
  }
  SECTION("one node with a loop") {
    ia::graph<Catalogue> g{ia::per_node<Catalogue, std::size_t>{{1, 0, 0}}};
    g.set(BookBook{}, rows_of_entries(1, 1, {{0, 0}}));
    ia::neighbor_sampler sampler{ctx, g, {.fanout = {2, 2}}};
    ia::block<Catalogue> block;
    sampler.start(block);
    CHECK(sampler.add(block, Book{}, ia::id<Book>{0}).value == 0);
    sampler.fill(block, {});
    CHECK(block.ids(Book{}).size() == 1);
    CHECK(block.hop(1, 2)[BookBook{}].forward.entries() == 1);
  }
  SECTION("isolated") {
    auto const g = make_graph({5, 5, 5, 0, 0, 0, 0});
    for (bool const replace : {false, true}) {
      ia::neighbor_sampler sampler{ctx, g, {.fanout = {2}, .replace = replace}};
      ia::block<Catalogue> block;
      sampler.start(block);
      static_cast<void>(sampler.add(block, Book{}, ia::id<Book>{4}));
      sampler.fill(block, {});
      CHECK(block.ids(Book{}).size() == 1);
      CHECK(block.hop(0, 1)[ShowBook{}].forward.entries() == 0);
      CHECK(block.hop(0, 1)[ShowBook{}].forward.rows == 1);
    }
  }
  auto const g = make_graph();
  CHECK_THROWS_AS((ia::neighbor_sampler<Catalogue, ia::cpu::context>{ctx, g, {.fanout = {}}}), ia::shape_error);
}

TEST_CASE("an outermost hop by id draws the same edges without slots") {
  auto const g = make_graph({}, true, true);
  ia::cpu::context ctx{ia::inline_executor{}, ia::seed{3}};
  ia::block<Catalogue> by_slot, by_id;
  ia::neighbor_sampler slots{ctx, g, {.fanout = {4, 3}}, 5};
  ia::neighbor_sampler ids{ctx, g, {.fanout = {4, 3}, .outermost_by_id = true}, 5};
  add_some(slots, by_slot);
  slots.fill(by_slot, {1, 2});
  add_some(ids, by_id);
  ids.fill(by_id, {1, 2});
  CHECK_FALSE(by_slot.hop(0, 2).by_id);
  CHECK(by_id.hop(0, 2).by_id);
  CHECK_FALSE(by_id.hop(1, 2).by_id);
  Catalogue::each_node([&](auto n) {
    CHECK(by_id.hop(0, 2).sources[n] == g.nodes(n));
    CHECK(by_id.hop(0, 2).targets[n] == by_slot.hop(0, 2).targets[n]);
    REQUIRE(by_id.ids(n).size() == by_id.hop(0, 2).targets[n]);
    for (std::size_t i = 0; i < by_id.ids(n).size(); ++i) CHECK(by_id.ids(n)[i].value == by_slot.ids(n)[i].value);
  });
  Catalogue::each_relation([&](auto r) {
    auto const a = by_slot.hop(0, 2)[r].forward, b = by_id.hop(0, 2)[r].forward;
    REQUIRE(a.entries() == b.entries());
    CHECK(b.cols == g.nodes(r.source));
    for (std::size_t e = 0; e < a.entries(); ++e) {
      CHECK(by_slot.ids(r.source)[a.columns[e]].value == b.columns[e]);
      CHECK(a.values[e] == b.values[e]);
    }
    auto const inner = by_id.hop(1, 2)[r].forward;
    for (std::size_t e = 0; e < inner.entries(); ++e) {
      CHECK(inner.columns[e] == by_slot.hop(1, 2)[r].forward.columns[e]);
    }
  });
}
