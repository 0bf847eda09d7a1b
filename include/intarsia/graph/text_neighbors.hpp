// Neighbors by likeness of features: for nodes without edges, and for training as if nodes had none.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <intarsia/graph/neighbor_lists.hpp>
#include <intarsia/tensor/product.hpp>
#include <intarsia/tensor/tensor.hpp>
#include <span>
#include <vector>

namespace intarsia::inline v0 {

struct text_neighbor_options {
  std::size_t neighbors = 10;  // kept per target and group
  neighbor_groups groups = neighbor_groups::source_type;
};

namespace detail {
// The rows scaled to length 1; a row of zeros stays one.
[[nodiscard]] inline tensor<dyn, dyn> unit_rows(dense<float const> x) {
  tensor<dyn, dyn> out(x.rows, x.cols);
  for (std::size_t i = 0; i < x.rows; ++i) {
    double square = 0;
    for (float const v : x[i]) square += static_cast<double>(v) * static_cast<double>(v);
    auto const scale = square > 0 ? static_cast<float>(1 / std::sqrt(square)) : 0.0f;
    for (std::size_t c = 0; c < x.cols; ++c) out[i][c] = x[i][c] * scale;
  }
  return out;
}
}  // namespace detail

// Edges (nodes x nodes) in the global numbering: row i lists the nodes j != i of largest positive cosine among those
// with allowed[j] != 0 (empty: all), columns rising, values the cosines, ties to the lower row. features (nodes,
// width). Time nodes * allowed * width, in blocks; memory: the unit rows, the edges and one block.
template <class Context>
[[nodiscard]] csr text_neighbors(Context& ctx, dense<float const> features, node_numbering const& nodes,
                                 std::span<std::uint8_t const> allowed = {},
                                 text_neighbor_options const& options = {}) {
  expects(features.rows == nodes.size(), "text_neighbors: features have one row per node of the numbering");
  expects(allowed.empty() || allowed.size() == nodes.size(), "text_neighbors: allowed has one mark per node");
  constexpr std::size_t row_block = 256, column_block = 2048;
  std::size_t const n = nodes.size(), groups = group_count(options.groups, nodes);
  auto const unit = detail::unit_rows(features);
  dense<float const> const all = unit.view();
  tensor<dyn, dyn> scores(std::min(row_block, n), std::min(column_block, n));
  std::vector<heaviest> best(row_block * groups);

  csr out{.rows = n, .cols = n, .offsets = {}, .columns = {}, .values = {}, .positions = {}};
  out.offsets.assign(1, 0);
  std::vector<scored> row;
  for (std::size_t top = 0; top < n; top += row_block) {
    std::size_t const rows = std::min(row_block, n - top);
    for (auto& b : best) b.reset(options.neighbors);
    for (std::size_t left = 0; left < n; left += column_block) {
      std::size_t const cols = std::min(column_block, n - left);
      dense<float> const block{scores.data(), rows, cols, cols};
      gemm(ctx, product::transposed_right, all.row_range(top, rows), all.row_range(left, cols), block, false);
      ctx.threads().bulk(rows, 8, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
          for (std::size_t j = 0; j < cols; ++j) {
            float const cosine = block[i][j];
            if (!(cosine > 0) || left + j == top + i || (!allowed.empty() && allowed[left + j] == 0)) continue;
            std::size_t const group = group_of(options.groups, nodes, top + i, left + j);
            best[i * groups + group].offer(cosine, static_cast<std::uint32_t>(left + j));
          }
        }
      });
    }
    for (std::size_t i = 0; i < rows; ++i) {
      row.clear();
      for (std::size_t g = 0; g < groups; ++g) {
        for (scored const& x : best[i * groups + g].sorted()) row.push_back(x);
      }
      append_row(row, out.columns, out.values);
      out.offsets.push_back(out.columns.size());
    }
  }
  return out;
}

// The rows of `edges`, and where a row is empty those of `other` instead; same sizes. Values must be there in both or
// in neither.
[[nodiscard]] inline csr filled_up(csr_view<> edges, csr_view<> other) {
  expects(edges.rows == other.rows && edges.cols == other.cols, "filled_up: both lists of edges are equally large");
  csr out{.rows = edges.rows, .cols = edges.cols, .offsets = {}, .columns = {}, .values = {}, .positions = {}};
  out.offsets.assign(1, 0);
  for (std::size_t i = 0; i < edges.rows; ++i) {
    csr_view<> const& from = edges.degree(i) > 0 ? edges : other;
    auto const row = from[i];
    out.columns.insert(out.columns.end(), row.begin(), row.end());
    if (from.values && !row.empty()) {
      out.values.insert(out.values.end(), from.values + from.offsets[i], from.values + from.offsets[i + 1]);
    }
    out.offsets.push_back(out.columns.size());
  }
  return out;
}

}  // namespace intarsia::inline v0
