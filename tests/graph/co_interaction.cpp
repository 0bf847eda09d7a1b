#include <intarsia/graph/co_interaction.hpp>
#include <map>

#include "../catch.hpp"
#include "sample.hpp"

namespace ia = intarsia;

namespace {
double weight(ia::interactions const& x, std::size_t i, std::size_t j, ia::co_interaction_options const& o) {
  double const c = sample::shared(x, i, j, 0);
  if (o.weight == ia::co_weight::count) return c;
  if (o.weight == ia::co_weight::cosine) return c / std::sqrt(sample::shared(x, i, i, 0) * sample::shared(x, j, j, 0));
  if (o.weight == ia::co_weight::mutual_information) {
    double const both = sample::shared(x, i, i, 0) * sample::shared(x, j, j, 0);
    return std::max(0.0, std::log(c * static_cast<double>(x.users()) / both));
  }
  double const shrink = static_cast<double>(o.shrink);
  return c / (c + shrink) * sample::shared(x, i, j, -1) /
         std::sqrt(sample::shared(x, i, i, -1) * sample::shared(x, j, j, -1));
}

// Every neighbor kept is one of the k heaviest of its group by the formula, and none is missing.
void check(ia::interactions const& x, ia::co_interaction_options const& o) {
  auto ctx = sample::context();
  ia::csr const edges = ia::co_interaction(ctx, x, o);
  REQUIRE(edges.rows == x.items());
  REQUIRE(edges.cols == x.items());
  for (std::size_t i = 0; i < x.items(); ++i) {
    std::map<std::size_t, std::vector<double>> possible;
    std::map<std::size_t, std::size_t> kept;
    for (std::size_t j = 0; j < x.items(); ++j) {
      if (j == i || sample::shared(x, i, j, 0) < std::max(1.0, static_cast<double>(o.minimum_support)) ||
          weight(x, i, j, o) == 0) {
        CHECK(sample::at(edges.view(), i, j) == 0);
        continue;
      }
      auto const group = ia::group_of(o.groups, x.numbering(), i, j);
      double const w = weight(x, i, j, o);
      possible[group].push_back(w);
      float const got = sample::at(edges.view(), i, j);
      if (got == 0) continue;
      CHECK(got == Approx(w).epsilon(1e-5));
      ++kept[group];
    }
    for (auto& [group, all] : possible) {
      std::size_t const want = o.neighbors == 0 ? all.size() : std::min(o.neighbors, all.size());
      REQUIRE(kept[group] == want);
      std::sort(all.rbegin(), all.rend());
      for (std::size_t j = 0; j < x.items(); ++j) {
        float const got = sample::at(edges.view(), i, j);
        if (got != 0 && ia::group_of(o.groups, x.numbering(), i, j) == group) {
          CHECK(static_cast<double>(got) >= all[want - 1] * (1 - 1e-5));
        }
      }
    }
    auto const row = edges.view()[i];
    CHECK(std::is_sorted(row.begin(), row.end()));
  }
}
}  // namespace

TEST_CASE("co-interaction edges are those of a plain loop over pairs, for each weight and group") {
  auto const x = sample::catalogue(40, 30, 4, 0.3, 3);
  for (auto const w : {ia::co_weight::count, ia::co_weight::cosine, ia::co_weight::mutual_information,
                       ia::co_weight::user_normalised_shrunk}) {
    for (auto const g :
         {ia::neighbor_groups::all, ia::neighbor_groups::source_type, ia::neighbor_groups::own_and_other}) {
      check(x, {.weight = w, .shrink = 4, .minimum_support = 1, .neighbors = 3, .groups = g});
      check(x, {.weight = w, .shrink = 4, .minimum_support = 3, .neighbors = 0, .groups = g});
    }
  }
}

TEST_CASE("equal weights go to the lower row") {
  // Items 1 to 4 share the one user of item 0.
  std::vector<ia::interaction> const pairs{{0, 0}, {0, 1}, {0, 2}, {0, 3}, {0, 4}};
  ia::interactions const x{1, ia::node_numbering{1, {0, 0, 0, 0, 0}}, pairs};
  auto ctx = sample::context();
  ia::csr const edges = ia::co_interaction(ctx, x, {.neighbors = 2});
  CHECK(edges.columns == std::vector<std::uint32_t>{1, 2, 0, 2, 0, 1, 0, 1, 0, 1});
}

TEST_CASE("items of few and of very many users, in a catalogue that is mostly not touched") {
  // Items 0 and 900 share 70,000 users, items 5 and 900 share 300, items 5 and 6 share one.
  std::vector<ia::interaction> pairs{{70'001, 5}, {70'001, 6}};
  for (std::uint32_t u = 0; u < 70'000; ++u) {
    pairs.push_back({u, 0});
    pairs.push_back({u, 900});
    if (u < 300) pairs.push_back({u, 5});
  }
  ia::interactions const x{70'002, ia::node_numbering{1, std::vector<std::uint16_t>(100'000)}, pairs};
  for (std::size_t const threads : {1u, 3u}) {
    auto ctx = sample::context(threads);
    ia::csr const edges = ia::co_interaction(ctx, x, {.weight = ia::co_weight::count, .neighbors = 4});
    CHECK(edges.columns == std::vector<std::uint32_t>{5, 900, 0, 6, 900, 5, 0, 5});
    CHECK(edges.values == std::vector<float>{300, 70'000, 300, 1, 300, 1, 70'000, 300});
    CHECK(edges.offsets[901] == 8);
  }
}

TEST_CASE("one item, no item, no pair: no edge") {
  auto ctx = sample::context();
  CHECK(ia::co_interaction(ctx, ia::interactions{}).columns.empty());
  ia::interactions const one{2, ia::node_numbering{3, {2}}, std::vector<ia::interaction>{{0, 0}, {1, 0}}};
  CHECK(ia::co_interaction(ctx, one).offsets == std::vector<std::uint64_t>{0, 0});
  ia::interactions const quiet{2, ia::node_numbering{3, {2, 0}}, {}};
  CHECK(ia::co_interaction(ctx, quiet).offsets == std::vector<std::uint64_t>{0, 0, 0});
}

TEST_CASE("co-interaction has the same bits for any number of threads") {
  auto const x = sample::catalogue(60, 90, 3, 0.2, 5);
  auto one = sample::context(1);
  ia::csr const expected = ia::co_interaction(one, x);
  REQUIRE_FALSE(expected.columns.empty());
  for (std::size_t const threads : {2u, 3u, 7u}) {
    auto ctx = sample::context(threads);
    CHECK(sample::same(expected, ia::co_interaction(ctx, x)));
  }
}

namespace {
struct Book : ia::node<"book"> {};
struct Show : ia::node<"show"> {};
struct Song : ia::node<"song"> {};
struct Near : ia::verb<"near", ia::symmetric> {};
struct Made : ia::verb<"made"> {};
using Types = ia::nodes<Book, Show, Song>;
struct Catalogue : ia::schema<Types, ia::all_relations<Near, Types>> {};
struct Half : ia::schema<Types, ia::relations<ia::relation<Show, Near, Book>, ia::relation<Book, Made, Show>>> {};
}  // namespace

TEST_CASE("global edges become typed relations with the same values") {
  auto const x = sample::catalogue(40, 30, 3, 0.3, 9);
  auto ctx = sample::context();
  ia::csr const edges = ia::co_interaction(ctx, x, {.neighbors = 4});
  auto const g = ia::co_interaction_graph<Catalogue, Near>(ctx, x, {.neighbors = 4});
  auto const& n = x.numbering();
  std::size_t total = 0;
  Catalogue::each_relation([&](auto r) {
    auto const forward = g[r].forward;
    auto const target = Catalogue::node_index<typename decltype(r)::target_type>;
    auto const source = Catalogue::node_index<typename decltype(r)::source_type>;
    REQUIRE(forward.rows == n.members(target).size());
    REQUIRE(forward.cols == n.members(source).size());
    total += forward.entries();
    for (std::size_t i = 0; i < forward.rows; ++i) {
      CHECK(forward.degree(i) <= 4);
      for (std::size_t e = forward.offsets[i]; e < forward.offsets[i + 1]; ++e) {
        CHECK(forward.values[e] ==
              sample::at(edges.view(), n.members(target)[i], n.members(source)[forward.columns[e]]));
      }
    }
  });
  CHECK(total == edges.columns.size());
  CHECK(g.nodes(Show{}) == 0);

  auto const half = ia::typed_graph<Half, Near>(edges.view(), n);
  CHECK(half[ia::relation<Book, Made, Show>{}].forward.entries() == 0);
}
