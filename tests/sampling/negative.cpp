#include <intarsia/sampling/link_sampler.hpp>
#include <set>

#include "../catch.hpp"
#include "graphs.hpp"

namespace ia = intarsia;
using namespace sampling_test;

namespace {

// Whether any relation joins the two, by a walk over rows.
template <class A, class B>
bool neighbors(ia::graph<Catalogue> const& g, A, std::uint32_t a, B, std::uint32_t b) {
  bool found = std::is_same_v<A, B> && a == b;
  Catalogue::each_relation([&](auto r) {
    using R = decltype(r);
    if constexpr (std::is_same_v<typename R::source_type, A> && std::is_same_v<typename R::target_type, B>) {
      auto const row = g[r].forward[b];
      found = found || std::find(row.begin(), row.end(), a) != row.end();
    }
    if constexpr (std::is_same_v<typename R::source_type, B> && std::is_same_v<typename R::target_type, A>) {
      auto const row = g[r].forward[a];
      found = found || std::find(row.begin(), row.end(), b) != row.end();
    }
  });
  return found;
}

ia::link_options<Catalogue> with(ia::negative_options negatives) {
  return {.batch = 200, .epochs = 3, .negatives = negatives, .full_graph = true};
}

}  // namespace

TEST_CASE("uniform negatives: each node of the type alike; masked exactly where the graph joins them") {
  ia::cpu::context ctx;
  auto const g = make_graph();
  std::vector<double> counts(40, 0.0);
  double all = 0;
  bool right = true;
  std::size_t masked = 0;
  for (auto& batch : ia::sample_links(ctx, g, with({.each = 20}))) {
    Catalogue::each_relation([&](auto r) {
      auto const links = batch.links[r];
      right = right && links.each == 20 && links.negatives.size() == 20 * links.size();
      right = right && links.valid.size() == 20 * links.size();
      for (std::size_t j = 0; j < links.negatives.size(); ++j) {
        bool const joined = neighbors(g, r.source, links.anchors[j / 20].value, r.target, links.negatives[j].value);
        right = right && (links.valid[j] == 0) == joined;
        masked += joined ? 1 : 0;
        if constexpr (std::is_same_v<typename decltype(r)::target_type, Show>)
          counts[links.negatives[j].value] += 1, all += 1;
      }
    });
  }
  CHECK(right);
  CHECK(masked > 100);
  CHECK(chi_square_score(counts, std::vector<double>(40, all / 40), 39) < 5);
}

TEST_CASE("keep marks nothing; resample leaves no neighbor and is uniform over the others") {
  ia::cpu::context ctx;
  auto const g = make_graph();
  for (auto& batch : ia::sample_links(ctx, g, with({.on_collision = ia::collision::keep}))) {
    auto const valid = batch.links[BookShow{}].valid;
    CHECK(std::count(valid.begin(), valid.end(), 1) == static_cast<std::ptrdiff_t>(valid.size()));
  }
  std::vector<double> seen(40 * 60, 0.0), expected(40 * 60, 0.0);
  auto options = with({.each = 50, .on_collision = ia::collision::resample});
  options.epochs = 10;
  for (auto& batch : ia::sample_links(ctx, g, options)) {
    auto const links = batch.links[BookShow{}];
    for (std::size_t i = 0; i < links.size(); ++i) {
      std::uint32_t const anchor = links.anchors[i].value;
      std::vector<std::uint32_t> free;
      for (std::uint32_t s = 0; s < 40; ++s) {
        if (!neighbors(g, Book{}, anchor, Show{}, s)) free.push_back(s);
      }
      for (std::uint32_t const s : free) expected[anchor * 40 + s] += 50.0 / static_cast<double>(free.size());
      for (std::size_t j = i * 50; j < i * 50 + 50; ++j) {
        REQUIRE(links.valid[j] == 1);
        REQUIRE_FALSE(neighbors(g, Book{}, anchor, Show{}, links.negatives[j].value));
        seen[anchor * 40 + links.negatives[j].value] += 1;
      }
    }
  }
  std::size_t cells = 0, anchors = 0;
  for (std::size_t a = 0; a < 60; ++a) {
    std::size_t const of = static_cast<std::size_t>(
        std::count_if(expected.begin() + static_cast<std::ptrdiff_t>(a * 40),
                      expected.begin() + static_cast<std::ptrdiff_t>(a * 40 + 40), [](double x) { return x > 0; }));
    cells += of;
    anchors += of > 0 ? 1 : 0;
  }
  CHECK(chi_square_score(seen, expected, static_cast<double>(cells - anchors)) < 5);
}

TEST_CASE("negatives of the whole catalogue: every node of every type alike, found by type") {
  ia::cpu::context ctx;
  auto const g = make_graph();
  for (bool const full : {true, false}) {
    std::vector<double> counts(130, 0.0);
    bool right = true;
    double all = 0;
    auto options = with({.from = ia::negative_source::catalogue, .each = 8});
    options.full_graph = full;
    options.fanout = {1};
    for (auto& batch : ia::sample_links(ctx, g, options)) {
      Catalogue::each_relation([&](auto r) {
        auto const links = batch.links[r];
        right = right && links.negatives.empty() && links.each == 8;
        std::set<std::uint32_t> places;
        std::size_t first = 0;
        Catalogue::each_node([&](auto n) {
          auto const negatives = batch.links.negatives(r, n);
          for (std::size_t e = 0; e < negatives.slots.size(); ++e) {
            std::uint32_t const node = batch.graph.ids(n)[negatives.slots[e].value].value;
            std::uint32_t const anchor = batch.graph.ids(r.source)[links.anchors[negatives.links[e]].value].value;
            right = right && negatives.places[e] / 8 == negatives.links[e];
            right = right && (links.valid[negatives.places[e]] == 0) == neighbors(g, r.source, anchor, n, node);
            places.insert(negatives.places[e]);
            counts[first + node] += 1;
            all += 1;
          }
          first += g.nodes(n);
        });
        right = right && places.size() == 8 * links.size();
      });
    }
    CHECK(right);
    CHECK(chi_square_score(counts, std::vector<double>(130, all / 130), 129) < 5);
  }
}

TEST_CASE("negatives by degree follow degree^alpha") {
  ia::cpu::context ctx;
  auto const g = make_graph();
  std::vector<double> counts(40, 0.0), expected(40, 0.0);
  double all = 0, total = 0;
  for (std::uint32_t s = 0; s < 40; ++s) {
    expected[s] = std::sqrt(static_cast<double>(g[BookShow{}].forward.degree(s) + g[ShowShow{}].forward.degree(s)));
    total += expected[s];
  }
  for (auto& batch :
       ia::sample_links(ctx, g, with({.from = ia::negative_source::by_degree, .each = 30, .alpha = 0.5f}))) {
    for (auto const node : batch.links[BookShow{}].negatives) counts[node.value] += 1, all += 1;
  }
  for (double& e : expected) e *= all / total;
  CHECK(chi_square_score(counts, expected, 39) < 5);
}

TEST_CASE("in a batch the other positives are negatives, unless they are neighbors or the same node") {
  ia::cpu::context ctx;
  auto const g = make_graph();
  bool right = true;
  for (auto const policy : {ia::collision::keep, ia::collision::mask}) {
    for (auto& batch :
         ia::sample_links(ctx, g, with({.from = ia::negative_source::in_batch, .on_collision = policy}))) {
      Catalogue::each_relation([&](auto r) {
        auto const links = batch.links[r];
        right = right && links.valid.size() == links.size() * links.size();
        right = right && links.each == links.size() && links.negatives.empty();
        for (std::size_t i = 0; i < links.size(); ++i) {
          for (std::size_t j = 0; j < links.size(); ++j) {
            bool const free = policy == ia::collision::keep ||
                              !neighbors(g, r.source, links.anchors[i].value, r.target, links.positives[j].value);
            bool const expected = i != j && links.positives[i] != links.positives[j] && free;
            right = right && (links.valid[i * links.size() + j] == 1) == expected;
          }
        }
      });
    }
  }
  CHECK(right);
}

TEST_CASE("no negatives") {
  ia::cpu::context ctx;
  auto const g = make_graph();
  for (auto& batch : ia::sample_links(ctx, g, with({.from = ia::negative_source::none}))) {
    CHECK(batch.links[BookShow{}].negatives.empty());
    CHECK(batch.links[BookShow{}].valid.empty());
    CHECK(batch.links[BookShow{}].each == 0);
  }
}
