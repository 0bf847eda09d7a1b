// What results should be, by the plainest loops; never shipped.
#pragma once

#include <cmath>
#include <cstdint>
#include <intarsia/graph/adjacency.hpp>
#include <intarsia/tensor/tensor.hpp>
#include <vector>

namespace intarsia::test {

using grid = std::vector<std::vector<double>>;  // [row][column]

template <class X>
[[nodiscard]] grid grid_of(X const& x) {
  auto const v = [&] {
    if constexpr (requires { x.value; }) {
      return x.value;
    } else if constexpr (requires { x.view(); }) {
      return x.view();
    } else {
      return x;
    }
  }();
  grid g(v.rows, std::vector<double>(v.cols));
  for (std::size_t i = 0; i < v.rows; ++i) {
    for (std::size_t c = 0; c < v.cols; ++c) g[i][c] = static_cast<double>(v[i][c]);
  }
  return g;
}

// The largest difference between two grids; 1e300 where their shapes differ or one is not a number.
[[nodiscard]] inline double distance(grid const& a, grid const& b) {
  if (a.size() != b.size()) return 1e300;
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].size() != b[i].size()) return 1e300;
    for (std::size_t c = 0; c < a[i].size(); ++c) {
      double const gap = std::abs(a[i][c] - b[i][c]);
      if (std::isnan(gap)) return 1e300;
      worst = std::max(worst, gap);
    }
  }
  return worst;
}

[[nodiscard]] inline grid product_of(grid const& a, grid const& b) {
  grid c(a.size(), std::vector<double>(b.empty() ? 0 : b[0].size()));
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t k = 0; k < b.size(); ++k) {
      for (std::size_t j = 0; j < c[i].size(); ++j) c[i][j] += a[i][k] * b[k][j];
    }
  }
  return c;
}
[[nodiscard]] inline grid transposed_of(grid const& a) {
  grid t(a.empty() ? 0 : a[0].size(), std::vector<double>(a.size()));
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < t.size(); ++j) t[j][i] = a[i][j];
  }
  return t;
}

struct edge {
  std::uint32_t source;
  double value;
};
// The edges that target i reads.
[[nodiscard]] inline std::vector<edge> edges_of(edges_view<> const& links, std::size_t i) {
  auto const& a = links.other && links.other[i] ? links.other_forward : links.forward;
  std::vector<edge> found;
  for (std::size_t e = 0; e < a.degree(i); ++e) {
    std::size_t const entry = a.offsets[i] + e;
    found.push_back({a.columns[entry], a.values ? static_cast<double>(a.values[entry]) : 1.0});
  }
  return found;
}
enum class pooling { sum, mean, max };
[[nodiscard]] inline grid pooled(edges_view<> const& links, grid const& x, std::size_t cols, pooling how) {
  grid y(links.targets(), std::vector<double>(cols));
  for (std::size_t i = 0; i < y.size(); ++i) {
    auto const edges = edges_of(links, i);
    for (std::size_t c = 0; c < cols; ++c) {
      double sum = 0, weight = 0, best = -1e300;
      for (auto const& e : edges) {
        sum += e.value * x[e.source][c];
        weight += e.value;
        best = std::max(best, x[e.source][c]);
      }
      if (edges.empty()) continue;
      y[i][c] = how == pooling::sum ? sum : how == pooling::mean ? (weight == 0 ? 0 : sum / weight) : best;
    }
  }
  return y;
}

// A sparse matrix from lists of columns, one per row; values are optional and in the same order.
[[nodiscard]] inline csr rows_to_csr(std::vector<std::vector<std::uint32_t>> const& rows, std::size_t cols,
                                     std::vector<float> values = {}) {
  csr a;
  a.rows = rows.size();
  a.cols = cols;
  for (auto const& row : rows) {
    a.columns.insert(a.columns.end(), row.begin(), row.end());
    a.offsets.push_back(a.columns.size());
  }
  a.values = std::move(values);
  return a;
}

}  // namespace intarsia::test
