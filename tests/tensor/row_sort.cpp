#include <intarsia/core/random.hpp>
#include <intarsia/core/thread_pool.hpp>
#include <intarsia/tensor/row_sort.hpp>

#include "../catch.hpp"

namespace ia = intarsia;
using ia::detail::no_load;
using ia::detail::repeats;

namespace {

struct edge {
  std::uint32_t row, column;
  float value;
};

// Few distinct ends make repeats; half of the edges are in one row.
std::vector<edge> edges(std::size_t rows, std::size_t cols, std::size_t count, std::uint64_t seed) {
  std::vector<edge> out;
  ia::random draw{ia::seed{seed}, 1};
  for (std::size_t e = 0; e < count; ++e) {
    auto const row = draw.below(static_cast<std::uint32_t>(rows)), column = draw.below(static_cast<std::uint32_t>(cols));
    out.push_back({e % 2 == 0 ? static_cast<std::uint32_t>(rows / 2) : row,
                   e % 3 == 0 ? static_cast<std::uint32_t>(cols - 1) : column, draw.uniform()});
  }
  return out;
}

template <class Load>
Load load_of(std::vector<edge> const& from, std::size_t e) {
  if constexpr (std::is_same_v<Load, float>) return from[e].value;
  if constexpr (std::is_same_v<Load, std::uint32_t>) return static_cast<std::uint32_t>(e);
  if constexpr (std::is_same_v<Load, no_load>) return {};
}

// The plain way: a stable sort.
template <class Load>
ia::csr expected(std::size_t rows, std::size_t cols, std::vector<edge> const& from, repeats what) {
  ia::csr out{.rows = rows, .cols = cols, .offsets = {}, .columns = {}, .values = {}, .positions = {}};
  std::vector<std::uint32_t> order(from.size());
  for (std::size_t e = 0; e < order.size(); ++e) order[e] = static_cast<std::uint32_t>(e);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) {
    return std::pair{from[a].row, from[a].column} < std::pair{from[b].row, from[b].column};
  });
  out.offsets.assign(rows + 1, 0);
  std::vector<float> values;
  for (std::size_t k = 0; k < order.size(); ++k) {
    edge const& x = from[order[k]];
    float const value = std::is_same_v<Load, float> ? x.value : 1.0f;
    bool const again = k > 0 && x.row == from[order[k - 1]].row && x.column == from[order[k - 1]].column;
    if (again && what != repeats::keep) {
      if (what != repeats::drop) values.back() += value;
      continue;
    }
    out.columns.push_back(x.column);
    values.push_back(value);
    if (std::is_same_v<Load, std::uint32_t>) out.positions.push_back(order[k]);
    ++out.offsets[x.row + 1];
  }
  for (std::size_t r = 0; r < rows; ++r) out.offsets[r + 1] += out.offsets[r];
  bool const counted = what == repeats::count && values.size() < from.size();
  if (std::is_same_v<Load, float> || counted) out.values = values;
  return out;
}

template <class Load>
void check(std::size_t rows, std::size_t cols, std::size_t count, repeats what) {
  auto from = edges(rows, cols, count, rows + 31 * cols + count);
  for (bool const rise : {false, true}) {
    if (rise) std::stable_sort(from.begin(), from.end(), [](auto& a, auto& b) { return a.column < b.column; });
    ia::csr const right = expected<Load>(rows, cols, from, what);
    for (std::size_t const threads : {1u, 2u, 3u, 7u}) {
      INFO(rows << " x " << cols << ", " << count << " edges, " << threads << " threads, rise " << rise);
      ia::any_executor const pool{ia::thread_pool{threads}};
      std::size_t const chunks = ia::detail::chunks_for(pool);
      auto const ends = [&](std::size_t c, auto const& put) {
        std::size_t const begin = count * c / chunks;
        if (!from.empty()) {
          put(ia::detail::edge_ends{&from[0].row + 3 * begin, &from[0].column + 3 * begin,
                                    count * (c + 1) / chunks - begin, 3});
        }
      };
      auto const each = [&](std::size_t c, auto const& put) {
        for (std::size_t e = count * c / chunks; e < count * (c + 1) / chunks; ++e) {
          put(from[e].row, from[e].column, load_of<Load>(from, e));
        }
      };
      ia::csr const got = ia::detail::sort_rows<Load>(pool, rows, cols, count, rise, what, ends, each);
      CHECK(got.rows == rows);
      CHECK(got.cols == cols);
      CHECK((got.offsets == right.offsets));
      CHECK((got.columns == right.columns));
      CHECK((got.values == right.values));
      CHECK((got.positions == right.positions));
    }
  }
}

ia::csr sorted(std::size_t rows, std::size_t cols, std::vector<edge> const& from, repeats what) {
  ia::any_executor const here{ia::inline_executor{}};
  auto const ends = [&](std::size_t, auto const& put) {
    if (!from.empty()) put(ia::detail::edge_ends{&from[0].row, &from[0].column, from.size(), 3});
  };
  auto const each = [&](std::size_t, auto const& put) {
    for (auto const& x : from) put(x.row, x.column, no_load{});
  };
  return ia::detail::sort_rows<no_load>(here, rows, cols, from.size(), false, what, ends, each);
}

}  // namespace

TEST_CASE("sort_rows: edges in any order, as a stable sort has them, for any number of threads") {
  struct shape {
    std::size_t rows, cols, count;
  };
  // One bucket; many; keys of 64 bits; a bucket a row; no edge.
  for (auto const [rows, cols, count] : {shape{1, 1, 5}, {3, 7, 40}, {1, 5000, 300}, {5000, 1, 300}, {700, 90, 100'000},
                                         {100'000, 3'000'000, 70'000}, {300, 1 << 20, 70'000}, {5, 5, 0}}) {
    check<no_load>(rows, cols, count, repeats::keep);
    check<no_load>(rows, cols, count, repeats::drop);
    check<no_load>(rows, cols, count, repeats::count);
    check<float>(rows, cols, count, repeats::sum);
    check<float>(rows, cols, count, repeats::keep);
    check<std::uint32_t>(rows, cols, count, repeats::keep);
  }
  CHECK(sorted(0, 0, {}, repeats::keep).offsets == std::vector<std::uint64_t>{0});
}

TEST_CASE("sort_rows: numbers that begin with a repeat late, in many buckets") {
  // Distinct edges first: values appear in the middle.
  std::vector<edge> from;
  for (std::uint32_t e = 0; e < 70'000; ++e) from.push_back({e / 100, e % 100, 1});
  from.push_back({650, 3, 1});
  CHECK((sorted(700, 100, from, repeats::count).values == expected<no_load>(700, 100, from, repeats::count).values));
}

TEST_CASE("sort_rows: an edge beyond the numbers given is an error") {
  for (auto const& [row, column] : {std::pair<std::uint32_t, std::uint32_t>{4, 0}, {0, 3}, {4'000'000'000u, 0}}) {
    CHECK_THROWS_AS(sorted(4, 3, {{row, column, 1}}, repeats::keep), ia::shape_error);
    CHECK_THROWS_AS(sorted(4, 3, std::vector<edge>(9, {row, column, 1}), repeats::keep), ia::shape_error);
    CHECK_THROWS_AS(sorted(0, 0, {{row, column, 1}}, repeats::keep), ia::shape_error);
  }
}
