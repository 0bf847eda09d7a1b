#include <intarsia/core/random.hpp>
#include <intarsia/core/thread_pool.hpp>
#include <intarsia/graph/builder.hpp>
#include <intarsia/graph/split.hpp>
#include <intarsia/graph/summary.hpp>
#include <set>

#include "../catch.hpp"
#include "sample.hpp"

namespace ia = intarsia;

namespace {
struct Book : ia::node<"book"> {};
struct User : ia::node<"user"> {};
struct Ghost : ia::node<"ghost"> {};
struct Near : ia::verb<"near", ia::symmetric> {};
struct Reads : ia::verb<"reads"> {};
using BookBook = ia::relation<Book, Near, Book>;
using UserBook = ia::relation<User, Reads, Book>;
using BookUser = ia::reverse<UserBook>;
using GhostBook = ia::relation<Ghost, Reads, Book>;
struct Catalogue : ia::schema<ia::nodes<Book, User, Ghost>, ia::relations<BookBook, UserBook, BookUser, GhostBook>> {};

ia::per_node<Catalogue, std::size_t> counts(std::size_t books, std::size_t users) {
  ia::per_node<Catalogue, std::size_t> n{};
  n[Book{}] = books;
  n[User{}] = users;
  return n;
}

ia::graph<Catalogue> random_graph() {
  ia::graph_builder<Catalogue> make{counts(30, 20)};
  ia::random draw{ia::seed{3}, 8};
  for (int e = 0; e < 200; ++e) {
    make.add(BookBook{}, {draw.below(30)}, {draw.below(30)});
    make.add(UserBook{}, {draw.below(20)}, {draw.below(30)});
  }
  return make.build();
}

std::set<std::pair<std::uint32_t, std::uint32_t>> links(ia::csr_view<> a) {
  std::set<std::pair<std::uint32_t, std::uint32_t>> out;
  for (std::uint32_t i = 0; i < a.rows; ++i) {
    for (auto const j : a[i]) out.insert({i, j});
  }
  return out;
}
}  // namespace

TEST_CASE("edges in any order become sorted rows, equal edges summed") {
  std::vector<ia::edge> const edges{{2, 1, 0.5f}, {0, 1, 1}, {2, 1, 0.25f}, {1, 0, 3}};
  ia::csr const a = ia::edges_to_csr(3, 4, edges);
  CHECK(a.offsets == std::vector<std::uint64_t>{0, 1, 3, 3});
  CHECK(a.columns == std::vector<std::uint32_t>{1, 0, 2});
  CHECK(a.values == std::vector<float>{3, 1, 0.75f});
  CHECK(ia::edges_to_csr(2, 0, {}).offsets == std::vector<std::uint64_t>{0, 0, 0});
  CHECK_THROWS_AS(ia::edges_to_csr(1, 9, edges), ia::shape_error);
}

TEST_CASE("a builder mirrors edges into the relation's reverse") {
  ia::graph_builder<Catalogue> make{counts(4, 2)};
  make.add(BookBook{}, {0}, {3}, 2).add(BookBook{}, {1}, {1}).add(UserBook{}, {1}, {2}, 5);
  auto const g = make.build();
  CHECK(links(g[BookBook{}].forward) == std::set<std::pair<std::uint32_t, std::uint32_t>>{{3, 0}, {0, 3}, {1, 1}});
  CHECK(g[BookBook{}].forward.values[0] == 2);
  CHECK(links(g[UserBook{}].forward) == std::set<std::pair<std::uint32_t, std::uint32_t>>{{2, 1}});
  CHECK(links(g[BookUser{}].forward) == std::set<std::pair<std::uint32_t, std::uint32_t>>{{1, 2}});
  CHECK(g[BookUser{}].forward.values[0] == 5);
  CHECK(g[GhostBook{}].forward.entries() == 0);
  CHECK(g[GhostBook{}].forward.cols == 0);
}

namespace {
bool same(ia::csr_view<> a, ia::csr_view<> b) {
  return a.rows == b.rows && a.cols == b.cols && std::equal(a.offsets, a.offsets + a.rows + 1, b.offsets) &&
         std::equal(a.columns, a.columns + a.entries(), b.columns) && !a.values == !b.values &&
         (!a.values || std::equal(a.values, a.values + a.entries(), b.values));
}
// Row, column and value of each entry of the transpose, row by row.
ia::csr turned(ia::csr_view<> a) {
  ia::csr out = ia::transposed(a);
  for (auto const p : out.positions) {
    if (a.values) out.values.push_back(a.values[p]);
  }
  out.positions = {};
  return out;
}
}  // namespace

TEST_CASE("lists of edges and single edges make the same graph, both directions, for any number of threads") {
  for (bool const valued : {false, true}) {
    std::vector<std::uint32_t> sources, targets;
    std::vector<float> values;
    ia::random draw{ia::seed{9}, 1};
    for (int e = 0; e < 9000; ++e) {
      sources.push_back(draw.below(20));
      targets.push_back(draw.below(300));
      values.push_back(valued && e > 100 ? draw.uniform() : 1.0f);
    }
    ia::graph_builder<Catalogue> single{counts(300, 20)}, lists{counts(300, 20)};
    std::vector<ia::edge> edges;
    for (std::size_t e = 0; e < sources.size(); ++e) {
      single.add(UserBook{}, {sources[e]}, {targets[e]}, values[e]);
      single.add(BookBook{}, {sources[e]}, {targets[e]}, values[e]);
      edges.push_back({sources[e], targets[e], values[e]});
    }
    std::span const s{sources}, t{targets};
    std::span const v{values};
    std::size_t const first = 4000, second = 1000;
    lists.add(UserBook{}, s.first(first), t.first(first), valued ? v.first(first) : std::span<float const>{});
    for (std::size_t e = first; e < first + second; ++e) {
      lists.add(BookUser{}, {targets[e]}, {sources[e]}, values[e]);
    }
    lists.add(BookUser{}, t.subspan(first + second), s.subspan(first + second),
              valued ? v.subspan(first + second) : std::span<float const>{});
    lists.add(BookBook{}, s, t, valued ? v : std::span<float const>{});
    auto const expected = single.build();
    auto const& plain = ia::edges_to_csr(300, 20, edges);
    CHECK(same(expected[UserBook{}].forward, plain.view()));
    for (std::size_t const threads : {1u, 2u, 3u, 7u}) {
      auto const g = lists.build(ia::thread_pool{threads});
      Catalogue::each_relation([&](auto r) {
        INFO(r.name() << ", " << threads << " threads, valued " << valued);
        CHECK(same(g[r].forward, expected[r].forward));
        CHECK(same(g[r].backward, expected[r].backward));
        CHECK(same(g[r].backward, turned(g[r].forward).view()));
      });
      CHECK(same(ia::edges_to_csr(300, 20, edges, ia::thread_pool{threads}).view(), plain.view()));
    }
    CHECK(expected[UserBook{}].backward.columns == expected[BookUser{}].forward.columns);
  }
  ia::graph_builder<Catalogue> wrong{counts(3, 3)};
  std::vector<std::uint32_t> const one{0}, two{0, 9};
  CHECK_THROWS_AS(wrong.add(UserBook{}, one, two), ia::shape_error);
  CHECK_THROWS_AS(wrong.add(UserBook{}, two, two).build(), ia::shape_error);
}

TEST_CASE("a link split never leaves the reverse of a held-out link in training") {
  auto const g = random_graph();
  auto const within = ia::split_links(g, BookBook{}, 0.3, ia::seed{1});
  auto const before = links(g[BookBook{}].forward), after = links(within.train[BookBook{}].forward);
  std::set<std::pair<std::uint32_t, std::uint32_t>> held;
  for (auto const& e : within.held_out) {
    CHECK(e.source <= e.target);
    held.insert({e.target, e.source});
    held.insert({e.source, e.target});
  }
  for (auto const& link : before) CHECK((after.count(link) == 1) == (held.count(link) == 0));
  CHECK(after.size() + held.size() == before.size());
  CHECK(static_cast<double>(held.size()) / static_cast<double>(before.size()) == Approx(0.3).margin(0.1));
  CHECK(links(within.train[UserBook{}].forward) == links(g[UserBook{}].forward));

  auto const across = ia::split_links(g, UserBook{}, 0.3, ia::seed{1});
  auto const forward = links(across.train[UserBook{}].forward), backward = links(across.train[BookUser{}].forward);
  CHECK(forward.size() + across.held_out.size() == links(g[UserBook{}].forward).size());
  CHECK_FALSE(across.held_out.empty());
  for (auto const& e : across.held_out) {
    CHECK(forward.count({e.target, e.source}) == 0);
    CHECK(backward.count({e.source, e.target}) == 0);
  }
  CHECK(forward.size() == backward.size());

  CHECK(ia::split_links(g, GhostBook{}, 0.5, ia::seed{1}).held_out.empty());
  CHECK(ia::split_links(g, UserBook{}, 0, ia::seed{1}).held_out.empty());
  CHECK(links(ia::split_links(g, UserBook{}, 1, ia::seed{1}).train[BookUser{}].forward).empty());
}

TEST_CASE("interactions held out and kept make up the whole") {
  auto const x = sample::catalogue(60, 40, 2, 0.3, 2);
  auto const parts = ia::hold_out(x, 0.25, ia::seed{5});
  CHECK(parts.train.size() + parts.held_out.size() == x.size());
  CHECK(static_cast<double>(parts.held_out.size()) / static_cast<double>(x.size()) == Approx(0.25).margin(0.06));
  for (auto const& pair : parts.held_out.pairs()) CHECK_FALSE(sample::has(parts.train, pair.user, pair.item));
  CHECK(ia::hold_out(x, 0.25, ia::seed{5}).held_out.pairs() == parts.held_out.pairs());
  CHECK(ia::hold_out(x, 0.25, ia::seed{6}).held_out.pairs() != parts.held_out.pairs());
}

TEST_CASE("a summary counts nodes, edges and degrees") {
  ia::graph_builder<Catalogue> make{counts(4, 2)};
  make.add(UserBook{}, {0}, {0}).add(UserBook{}, {1}, {0}).add(UserBook{}, {1}, {2});
  auto const s = ia::summarize(make.build());
  REQUIRE(s.relations.size() == 4);
  auto const& reads = s.relations[1];
  CHECK(reads.edges == 3);
  CHECK(reads.isolated == 2);
  CHECK(reads.least == 0);
  CHECK(reads.median == 0);
  CHECK(reads.most == 2);
  CHECK(reads.mean == 0.75);
  CHECK(ia::to_string(reads) ==
        "user.reads.book: 3 edges, 4 targets (2 isolated), 2 sources, degrees 0 to 2, median 0, mean 0.8");
  CHECK(ia::to_string(s).find("ghost: 0 nodes") != std::string::npos);
  CHECK(ia::summarize(ia::csr_view<>{}).mean == 0);
}
