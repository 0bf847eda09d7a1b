#include <intarsia/sampling/link_sampler.hpp>
#include <map>
#include <set>

#include "../catch.hpp"
#include "graphs.hpp"

namespace ia = intarsia;
using namespace sampling_test;

namespace {

using pair = std::pair<std::uint32_t, std::uint32_t>;

// Links of a batch by relation, as ids.
template <class Batch, class R>
std::vector<pair> ids_of(Batch const& batch, R r) {
  auto const links = batch.links[r];
  std::vector<pair> out;
  for (std::size_t i = 0; i < links.size(); ++i) {
    out.emplace_back(batch.graph.ids(r.source)[links.anchors[i].value].value,
                     batch.graph.ids(r.target)[links.positives[i].value].value);
  }
  return out;
}

template <class R>
bool joined(ia::graph<Catalogue> const& g, R r, std::uint32_t source, std::uint32_t target) {
  auto const row = g[r].forward[target];
  return std::find(row.begin(), row.end(), source) != row.end();
}

// How many links a pair of relations has when each edge and its mirror count once: half of the entries that are no
// loops within a type, one of the two directions between types.
std::uint64_t half_without_loops(ia::csr_view<> rows) {
  std::uint64_t count = 0;
  for (std::uint32_t t = 0; t < rows.rows; ++t) {
    for (std::uint32_t const s : rows[t]) count += s != t ? 1 : 0;
  }
  return count / 2;
}

// Links of an epoch by pair of relations: book-book, book-show, show-show, user-book.
template <class Batch>
void count_groups(Batch const& batch, std::array<std::uint64_t, 4>& counts) {
  counts[0] += batch.links[BookBook{}].size();
  counts[1] += batch.links[BookShow{}].size() + batch.links[ShowBook{}].size();
  counts[2] += batch.links[ShowShow{}].size();
  counts[3] += batch.links[UserBook{}].size() + batch.links[BookUser{}].size();
}

}  // namespace

TEST_CASE("as it is, every link comes once an epoch, and never in both directions") {
  ia::cpu::context ctx;
  auto const g = make_graph();
  auto links =
      ia::sample_links(ctx, g, {.batch = 64, .fanout = {2}, .balance = ia::balance::as_is, .either_end = false});
  std::uint64_t const book_book = half_without_loops(g[BookBook{}].forward),
                      show_show = half_without_loops(g[ShowShow{}].forward);
  CHECK(links.links() == book_book + 400 + show_show + 200);
  std::array<std::uint64_t, 4> counts{};
  std::map<pair, std::size_t> met;
  std::size_t batches = 0;
  for (auto& batch : links) {
    ++batches;
    count_groups(batch, counts);
    CHECK(batch.links[ShowBook{}].size() == 0);
    CHECK(batch.links[BookUser{}].size() == 0);
    for (auto const& [a, b] : ids_of(batch, ShowShow{})) {
      REQUIRE(joined(g, ShowShow{}, a, b));
      REQUIRE(a != b);
      ++met[std::minmax(a, b)];
    }
  }
  CHECK(batches == links.steps());
  CHECK(counts == std::array<std::uint64_t, 4>{book_book, 400, show_show, 200});
  // Each unordered pair as often as it has parallel edges.
  for (auto const& [ends, count] : met) {
    auto const row = g[ShowShow{}].forward[ends.second];
    CHECK(count == static_cast<std::size_t>(std::count(row.begin(), row.end(), ends.first)));
  }
}

TEST_CASE("a link of a symmetric verb is read from either end by a fair coin") {
  ia::cpu::context ctx;
  auto const g = make_graph();
  auto links = ia::sample_links(ctx, g, {.batch = 128, .fanout = {1}, .balance = ia::balance::as_is, .epochs = 5});
  double forward = 0, backward = 0;
  for (auto& batch : links) {
    forward += static_cast<double>(batch.links[BookShow{}].size());
    backward += static_cast<double>(batch.links[ShowBook{}].size());
    CHECK(batch.links[BookUser{}].size() == 0);
    for (auto const& [a, b] : ids_of(batch, ShowBook{})) REQUIRE(joined(g, ShowBook{}, a, b));
  }
  CHECK(forward + backward == 2000);
  CHECK(std::abs(forward - backward) < 5 * std::sqrt(2000.0));
}

TEST_CASE("balanced: exact counts, no repeats within an epoch, a fresh subset each epoch, growing coverage") {
  ia::cpu::context ctx;
  auto const g = make_graph();
  std::uint64_t const least = half_without_loops(g[BookBook{}].forward);
  for (auto const how : {ia::balance::by_relation, ia::balance::inverse_degree}) {
    auto links =
        ia::sample_links(ctx, g, {.batch = 50, .fanout = {1}, .balance = how, .epochs = 6, .either_end = false});
    CHECK(links.links() == 4 * least);
    std::set<pair> covered;
    std::map<pair, std::size_t> parallel;
    for (std::uint32_t t = 0; t < 40; ++t) {
      for (std::uint32_t const s : g[BookShow{}].forward[t]) ++parallel[{s, t}];
    }
    std::size_t before = 0;
    std::map<pair, std::size_t> last;
    for (std::uint64_t epoch = 0; epoch < 6; ++epoch) {
      std::array<std::uint64_t, 4> counts{};
      std::map<pair, std::size_t> subset;
      for (std::uint64_t step = 0; step < links.steps(); ++step) {
        REQUIRE(links.advance());
        CHECK(links.current().position == ia::sampler_position{epoch, step});
        count_groups(links.current(), counts);
        for (auto const& ends : ids_of(links.current(), BookShow{})) {
          ++subset[ends];
          covered.insert(ends);
        }
      }
      CHECK(counts == std::array<std::uint64_t, 4>{least, least, least, least});
      for (auto const& [ends, count] : subset) REQUIRE(count <= parallel[ends]);
      CHECK(subset != last);
      if (epoch < 4) CHECK(covered.size() > before);
      before = covered.size();
      last = subset;
    }
    CHECK_FALSE(links.advance());
  }
}

TEST_CASE("balanced subsets are uniform over the links of a majority relation") {
  ia::cpu::context ctx;
  auto const g = make_graph({20, 10, 0, 15, 60, 30, 0});
  std::uint64_t const epochs = 3000;
  auto links = ia::sample_links(ctx, g,
                                {.batch = 512,
                                 .epochs = epochs,
                                 .negatives = {.from = ia::negative_source::none},
                                 .full_graph = true,
                                 .either_end = false});
  std::map<pair, double> counts, parallel;
  for (std::uint32_t t = 0; t < 10; ++t) {
    for (std::uint32_t const s : g[BookShow{}].forward[t]) ++parallel[{s, t}];
  }
  double all = 0;
  for (auto& batch : links) {
    for (auto const& ends : ids_of(batch, BookShow{})) counts[ends] += 1, all += 1;
  }
  std::vector<double> seen, expected;
  for (auto const& [ends, many] : parallel) {
    seen.push_back(counts[ends]);
    expected.push_back(all * many / 60);
  }
  CHECK(chi_square_score(seen, expected, static_cast<double>(seen.size() - 1)) < 5);
}

TEST_CASE("inverse degree gives every node the same weight as an end") {
  ia::cpu::context ctx;
  // Show 0 has 30 books; shows 1 to 10 have one each.
  ia::graph<Catalogue> g{ia::per_node<Catalogue, std::size_t>{{40, 11, 1}}};
  std::vector<entry> entries;
  for (std::uint32_t b = 0; b < 30; ++b) entries.push_back({0, b});
  for (std::uint32_t s = 1; s <= 10; ++s) entries.push_back({s, 29 + s});
  g.set(BookShow{}, rows_of_entries(11, 40, entries));
  g.set(ShowBook{}, rows_of_entries(40, 11, turned(entries)));
  auto links = ia::sample_links(ctx, g,
                                {.batch = 1000,
                                 .balance = ia::balance::inverse_degree,
                                 .steps = 20,
                                 .negatives = {.from = ia::negative_source::none},
                                 .full_graph = true,
                                 .weighted = true,
                                 .either_end = false});
  std::vector<double> seen(2, 0.0);
  for (auto& batch : links) {
    for (auto const& [book, show] : ids_of(batch, BookShow{})) seen[show == 0 ? 0 : 1] += 1;
  }
  // 30 links of weight 1 + 1/30, and 10 of weight 2.
  CHECK(chi_square_score(seen, {20000.0 * 31 / 51, 20000.0 * 20 / 51}, 1) < 5);
}

TEST_CASE("no seed edge and no reverse of one is heard, over a full epoch") {
  ia::cpu::context ctx;
  auto const g = make_graph();
  auto links = ia::sample_links(ctx, g, {.batch = 100, .fanout = {20, 20}, .balance = ia::balance::as_is});
  std::size_t heard = 0, batches = 0;
  for (auto& batch : links) {
    ++batches;
    CHECK(batch.leaked_edges() == 0);
    // By brute force: the ends of every link of the batch against every edge of every hop.
    std::map<std::size_t, std::set<pair>> forbidden;
    Catalogue::each_relation([&](auto r) {
      using R = decltype(r);
      for (auto const& [a, b] : ids_of(batch, r)) {
        forbidden[Catalogue::relation_index<R>].insert({a, b});
        forbidden[Catalogue::relation_index<ia::reverse<R>>].insert({b, a});
      }
    });
    for (std::size_t layer = 0; layer < 2; ++layer) {
      Catalogue::each_relation([&](auto r) {
        auto const rows = batch.graph.hop(layer, 2)[r].forward;
        auto const& ends = forbidden[Catalogue::relation_index<decltype(r)>];
        for (std::size_t t = 0; t < rows.rows; ++t) {
          for (std::uint32_t const s : rows[t]) {
            ++heard;
            REQUIRE(ends.count({batch.graph.ids(r.source)[s].value, batch.graph.ids(r.target)[t].value}) == 0);
          }
        }
      });
    }
  }
  CHECK(batches > 5);
  CHECK(heard > 10000);

  // The counter can count: without exclusion there are leaks.
  auto open = ia::sample_links(ctx, g, {.batch = 100, .fanout = {20, 20}, .exclude_seeds = false});
  std::size_t leaked = 0;
  for (auto& batch : open) leaked += batch.leaked_edges();
  CHECK(leaked > 100);
}

TEST_CASE("mirrors are found by their edges, not assumed") {
  ia::cpu::context ctx;
  ia::graph<Catalogue> g{ia::per_node<Catalogue, std::size_t>{{4, 3, 1}}};
  // Book 0 -> 1 in both directions, 3 -> 2 in one; show to book has an edge that book to show lacks.
  g.set(BookBook{}, rows_of_entries(4, 4, {{1, 0}, {0, 1}, {2, 3}, {3, 3}}));
  g.set(BookShow{}, rows_of_entries(3, 4, {{0, 0}}));
  g.set(ShowBook{}, rows_of_entries(4, 3, {{0, 0}, {1, 2}}));
  auto links =
      ia::sample_links(ctx, g, {.batch = 10, .fanout = {5}, .balance = ia::balance::as_is, .either_end = false});
  REQUIRE(links.advance());
  auto const& batch = links.current();
  auto books = ids_of(batch, BookBook{});
  std::sort(books.begin(), books.end());
  CHECK(books == std::vector<pair>{{0, 1}, {3, 2}});
  CHECK(ids_of(batch, BookShow{}) == std::vector<pair>{{0, 0}});
  CHECK(ids_of(batch, ShowBook{}) == std::vector<pair>{{2, 1}});
  CHECK_FALSE(links.advance());
}

TEST_CASE("only chosen relations supervise") {
  ia::cpu::context ctx;
  auto const g = make_graph();
  ia::per_relation<Catalogue, bool> supervise{};
  supervise[ShowBook{}] = true;
  auto links = ia::sample_links(ctx, g, {.batch = 100, .fanout = {3}, .supervise = supervise});
  std::array<std::uint64_t, 4> counts{};
  for (auto& batch : links) count_groups(batch, counts);
  CHECK(counts == std::array<std::uint64_t, 4>{0, 400, 0, 0});
}

TEST_CASE("the whole graph, links in proportion to edge values, equal mass per pair of relations") {
  ia::cpu::context ctx;
  auto const g = make_graph({}, true, true);
  auto links = ia::sample_links(
      ctx, g, {.batch = 400, .steps = 200, .negatives = {.each = 4}, .full_graph = true, .weighted = true});
  CHECK(links.steps() == 200);
  std::map<pair, double> seen;
  std::array<std::uint64_t, 4> counts{};
  for (auto& batch : links) {
    CHECK(batch.graph.whole());
    CHECK(batch.graph.hop(1, 2).edges[BookShow{}].forward.columns == g[BookShow{}].forward.columns);
    CHECK(batch.graph.ids(Show{}).size() == 40);
    CHECK(batch.links[BookShow{}].negatives.size() == 4 * batch.links[BookShow{}].size());
    count_groups(batch, counts);
    for (auto const& ends : ids_of(batch, BookShow{})) seen[ends] += 1;
    for (auto const& [show, book] : ids_of(batch, ShowBook{})) seen[{book, show}] += 1;
  }
  CHECK(counts == std::array<std::uint64_t, 4>{20000, 20000, 20000, 20000});
  std::map<pair, double> weight;
  double total = 0;
  auto const rows = g[BookShow{}].forward;
  for (std::uint32_t t = 0; t < 40; ++t) {
    for (std::uint64_t e = rows.offsets[t]; e < rows.offsets[t + 1]; ++e) {
      // The mirror of parallel edges is the first of them.
      auto const back = ia::detail::find_entry(g[ShowBook{}].forward, rows.columns[e], t);
      double const value =
          static_cast<double>(rows.values[e]) + static_cast<double>(g[ShowBook{}].forward.values[back]);
      weight[{rows.columns[e], t}] += value;
      total += value;
    }
  }
  std::vector<double> got, expected;
  for (auto const& [ends, value] : weight) {
    got.push_back(seen[ends]);
    expected.push_back(20000 * value / total);
  }
  CHECK(chi_square_score(got, expected, static_cast<double>(got.size() - 1)) < 5);
}

TEST_CASE("the epoch's graph: messages pass along its links only, and relations that do not supervise stay whole") {
  ia::cpu::context ctx;
  auto const g = make_graph();
  ia::per_relation<Catalogue, bool> supervise{};
  supervise[BookBook{}] = supervise[BookShow{}] = true;
  std::uint64_t const least = half_without_loops(g[BookBook{}].forward);
  auto links = ia::sample_links(ctx, g,
                                {.batch = 1 << 12,
                                 .fanout = {ia::all_neighbors, ia::all_neighbors},
                                 .scope = ia::balance_scope::graph,
                                 .epochs = 3,
                                 .exclude_seeds = false,
                                 .supervise = supervise});
  std::set<pair> all, before;
  for (auto& batch : links) {
    REQUIRE(batch.links.size() == 2 * least);
    auto const rows = batch.graph.hop(0, 2)[BookShow{}].forward;
    std::set<pair> heard, seeds;
    for (auto const& [a, b] : ids_of(batch, BookShow{})) seeds.insert({a, b});
    for (auto const& [b, a] : ids_of(batch, ShowBook{})) seeds.insert({a, b});
    for (std::size_t t = 0; t < rows.rows; ++t) {
      for (std::uint32_t const s : rows[t])
        heard.insert({batch.graph.ids(Book{})[s].value, batch.graph.ids(Show{})[t].value});
    }
    CHECK(heard == seeds);
    CHECK(heard != before);
    before = heard;
    auto const whole = batch.graph.hop(1, 2)[UserBook{}].forward;
    for (std::uint32_t t = 0; t < whole.rows; ++t) {
      CHECK(whole.degree(t) == g[UserBook{}].forward.degree(batch.graph.ids(Book{})[t].value));
    }
  }
  CHECK_THROWS_AS(ia::sample_links(ctx, g, {.scope = ia::balance_scope::graph, .full_graph = true}), ia::shape_error);
}
