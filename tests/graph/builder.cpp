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
