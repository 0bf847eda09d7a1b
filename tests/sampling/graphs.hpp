// Small graphs to sample from, and the chi-square test.
#pragma once

#include <algorithm>
#include <cmath>
#include <intarsia/core/thread_pool.hpp>
#include <intarsia/cpu/sample.hpp>
#include <intarsia/graph/graph.hpp>
#include <vector>

namespace sampling_test {

namespace ia = intarsia;

struct Book : ia::node<"book", 4> {};
struct Show : ia::node<"show", 2> {};
struct User : ia::node<"user"> {};
struct Co : ia::verb<"co", ia::symmetric> {};
struct Heard : ia::verb<"heard"> {};

using BookBook = ia::relation<Book, Co, Book>;
using BookShow = ia::relation<Book, Co, Show>;
using ShowBook = ia::reverse<BookShow>;
using ShowShow = ia::relation<Show, Co, Show>;
using UserBook = ia::relation<User, Heard, Book>;
using BookUser = ia::reverse<UserBook>;
struct Catalogue : ia::schema<ia::nodes<Book, Show, User>,
                              ia::relations<BookBook, BookShow, ShowBook, ShowShow, UserBook, BookUser>> {};

struct entry {
  std::uint32_t row, column;
  float value = 1;
};

// Rows keep the order of their entries where `sorted` is false.
inline ia::csr rows_of_entries(std::size_t rows, std::size_t columns, std::vector<entry> entries, bool sorted = true,
                               bool values = false) {
  std::stable_sort(entries.begin(), entries.end(), [&](entry const& a, entry const& b) {
    return a.row != b.row ? a.row < b.row : sorted && a.column < b.column;
  });
  ia::csr out;
  out.rows = rows;
  out.cols = columns;
  out.offsets.assign(rows + 1, 0);
  for (auto const& e : entries) {
    ++out.offsets[e.row + 1];
    out.columns.push_back(e.column);
    if (values) out.values.push_back(e.value);
  }
  for (std::size_t i = 0; i < rows; ++i) out.offsets[i + 1] += out.offsets[i];
  return out;
}

// `count` random entries, some of them parallel.
inline std::vector<entry> some(std::size_t rows, std::size_t columns, std::size_t count, std::uint64_t stream) {
  std::vector<entry> entries;
  ia::random dice{ia::seed{99}, stream};
  for (std::size_t i = 0; i < count && rows > 0 && columns > 0; ++i) {
    auto const row = dice.below(static_cast<std::uint32_t>(rows));
    entries.push_back({row, dice.below(static_cast<std::uint32_t>(columns)), 0.5f + dice.uniform()});
  }
  return entries;
}
inline std::vector<entry> turned(std::vector<entry> entries) {
  for (auto& e : entries) std::swap(e.row, e.column);
  return entries;
}
inline std::vector<entry> both(std::vector<entry> entries) {
  auto const against = turned(entries);
  entries.insert(entries.end(), against.begin(), against.end());
  return entries;
}

struct sizes {
  std::size_t books = 60, shows = 40, users = 30;
  std::size_t book_book = 90, book_show = 400, show_show = 250, user_book = 200;
};

// Every edge is stored in both directions; parallel edges and loops occur.
inline ia::graph<Catalogue> make_graph(sizes n = {}, bool sorted = true, bool values = false) {
  ia::graph<Catalogue> g{ia::per_node<Catalogue, std::size_t>{{n.books, n.shows, n.users}}};
  auto const book_show = some(n.shows, n.books, n.book_show, 2), user_book = some(n.books, n.users, n.user_book, 4);
  g.set(BookBook{}, rows_of_entries(n.books, n.books, both(some(n.books, n.books, n.book_book, 1)), sorted, values));
  g.set(BookShow{}, rows_of_entries(n.shows, n.books, book_show, sorted, values));
  g.set(ShowBook{}, rows_of_entries(n.books, n.shows, turned(book_show), sorted, values));
  g.set(ShowShow{}, rows_of_entries(n.shows, n.shows, both(some(n.shows, n.shows, n.show_show, 3)), sorted, values));
  g.set(UserBook{}, rows_of_entries(n.books, n.users, user_book, sorted, values));
  g.set(BookUser{}, rows_of_entries(n.users, n.books, turned(user_book), sorted, values));
  return g;
}

// How many standard deviations the chi-square statistic of counts lies above its mean, for the given number of
// degrees of freedom (Wilson and Hilferty).
inline double chi_square_score(std::vector<double> const& counts, std::vector<double> const& expected, double freedom) {
  double chi = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (expected[i] > 0) chi += (counts[i] - expected[i]) * (counts[i] - expected[i]) / expected[i];
  }
  double const spread = 2.0 / (9.0 * freedom);
  return (std::cbrt(chi / freedom) - (1 - spread)) / std::sqrt(spread);
}

// FNV-1a of plain data, to compare whole batches.
class digest {
 public:
  template <class T>
  void add(T const* data, std::size_t count) {
    auto const* const bytes = static_cast<unsigned char const*>(static_cast<void const*>(data));
    for (std::size_t i = 0; i < count * sizeof(T); ++i) value_ = (value_ ^ bytes[i]) * 0x100000001B3u;
    value_ = (value_ ^ count) * 0x100000001B3u;
  }
  template <class Range>
  void add(Range const& range) {
    add(range.data(), range.size());
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xCBF29CE484222325u;
};

// Everything a batch of links says.
template <class Batch>
std::uint64_t digest_of(Batch const& batch) {
  digest d;
  Catalogue::each_relation([&](auto r) {
    auto const links = batch.links[r];
    d.add(links.anchors);
    d.add(links.positives);
    d.add(links.negatives);
    d.add(links.valid);
    Catalogue::each_node([&](auto n) { d.add(batch.links.negatives(r, n).slots); });
  });
  Catalogue::each_node([&](auto n) { d.add(batch.graph.ids(n)); });
  for (std::size_t layer = 0; layer < batch.graph.layers(); ++layer) {
    auto const& hop = batch.graph.hop(layer, batch.graph.layers());
    for (auto const& edges : hop.edges.values) {
      auto const& rows = edges.forward;
      d.add(rows.offsets, rows.rows + 1);
      d.add(rows.columns, rows.entries());
      if (rows.values) d.add(rows.values, rows.entries());
    }
  }
  return d.value();
}

}  // namespace sampling_test
