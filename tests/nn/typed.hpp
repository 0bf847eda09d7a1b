// A typed neighborhood with everything that once made trouble, for layers over a schema.
#pragma once

#include <intarsia/graph/graph.hpp>

#include "../gradient.hpp"
#include "../oracle.hpp"

namespace intarsia::test {

struct Book : node<"book", 3> {};
struct Show : node<"show", 2> {};
struct Person : node<"person"> {};   // without features
struct Ghost : node<"ghost", 2> {};  // without nodes
struct Told : verb<"told"> {};
struct Near : verb<"near", symmetric> {};

using BookBook = relation<Book, Near, Book>;
using BookShow = relation<Book, Told, Show>;
using ShowBook = relation<Show, Told, Book>;
using PersonBook = relation<Person, Told, Book>;
using BookPerson = relation<Book, Told, Person>;
using ShowShow = relation<Show, Near, Show>;  // without edges
using GhostBook = relation<Ghost, Told, Book>;

struct Typed : schema<nodes<Book, Show, Person, Ghost>,
                      relations<BookBook, BookShow, ShowBook, PersonBook, BookPerson, ShowShow, GhostBook>> {};

// Five books, of which three are targets, four shows (three), two persons (two), no ghost.
struct neighborhood {
  per_node<Typed, std::size_t> sources{{5, 4, 2, 0}}, targets{{3, 3, 2, 0}};
  per_relation<Typed, adjacency> edges, others;
  std::vector<std::uint8_t> mark;

  // weighted: edges of books have values; alternative: book 1 reads other edges from books and shows.
  explicit neighborhood(bool weighted = false, bool alternative = false) {
    Typed::each_relation([&](auto r) { set(r, std::vector<std::vector<std::uint32_t>>(targets[r.target])); });
    set(BookBook{}, {{1, 2, 2, 4}, {0}, {2}},
        weighted ? std::vector<float>{.5f, 2, .25f, 1, 3, .75f} : std::vector<float>{});
    set(BookShow{}, {{0, 3}, {}, {4, 4, 1}});
    set(ShowBook{}, {{3}, {1, 2}, {}});
    set(PersonBook{}, {{0, 1}, {}, {1}});
    set(BookPerson{}, {{0, 1, 2}, {}});
    if (!alternative) return;
    others[BookBook{}] = adjacency{rows_to_csr({{}, {3, 4}, {}}, sources[Book{}])};
    others[ShowBook{}] = adjacency{rows_to_csr({{0}, {}, {1}}, sources[Show{}])};
    mark = {0, 1, 0};
  }

  [[nodiscard]] intarsia::hop<Typed> hop() const {
    intarsia::hop<Typed> all;
    all.sources = sources;
    all.targets = targets;
    Typed::each_relation([&](auto r) {
      all.edges[r] = edges[r].view();
      if (mark.empty() || others[r].edges() == 0) return;
      all.edges[r].other_forward = others[r].forward();
      all.edges[r].other_backward = others[r].backward();
      all.edges[r].other = mark.data();
    });
    return all;
  }

 private:
  template <class R>
  void set(R r, std::vector<std::vector<std::uint32_t>> const& rows, std::vector<float> values = {}) {
    edges[r] = adjacency{rows_to_csr(rows, sources[r.source], std::move(values))};
  }
};

// Per type (nodes, Width of the type).
template <class S, class T = double>
[[nodiscard]] auto features_of(per_node<S, std::size_t> const& count) {
  return S::map_nodes([&](auto n) {
    return noise<rows_of<decltype(n)>, dim<n.width>, T>(count[n], 40 + S::template node_index<decltype(n)>);
  });
}

}  // namespace intarsia::test
