// Text vectors made fit for learning: joined, centred and whitened, the same for rows that come later.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <intarsia/core/expects.hpp>
#include <intarsia/exec/module.hpp>
#include <intarsia/graph/text_neighbors.hpp>
#include <intarsia/tensor/product.hpp>
#include <intarsia/tensor/tensor.hpp>
#include <span>
#include <vector>

namespace intarsia::inline v0 {

// Several tables of the same rows beside each other, each row of each table scaled to length 1 first (a row of zeros
// stays one). (rows, sum of widths). Throws shape_error where the tables have different numbers of rows.
[[nodiscard]] inline tensor<dyn, dyn> join_unit_rows(std::span<dense<float const> const> tables) {
  std::size_t const rows = tables.empty() ? 0 : tables[0].rows;
  std::size_t width = 0;
  for (auto const& table : tables) {
    expects(table.rows == rows, "join_unit_rows: the tables have different numbers of rows");
    width += table.cols;
  }
  tensor<dyn, dyn> out(rows, width);
  std::size_t left = 0;
  for (auto const& table : tables) {
    auto const unit = detail::unit_rows(table);
    for (std::size_t i = 0; i < rows; ++i) std::copy_n(unit[i].data(), table.cols, out[i].data() + left);
    left += table.cols;
  }
  return out;
}

// y = sqrt(W) l2((x - mean) P): P holds the W leading principal directions, each scaled to unit variance over the rows
// it was fitted on. Where those rows span fewer than W directions the last columns of P, and of y, are zero.
// A module: it is saved with the model and applied to new rows.
class whitening {
 public:
  whitening() : whitening{0, 0} {}
  // An empty transform of these sizes, to be loaded into.
  whitening(std::size_t inputs, std::size_t width) : mean_{1, inputs}, projection_{inputs, width} {}

  // Fits to the rows of x (rows, inputs): the eigenvectors of their covariance, found in double. The sign of a
  // direction is such that its largest number is positive. Directions of less than 1e-7 of the largest variance are
  // none.
  template <class Context>
  [[nodiscard]] static whitening fit(Context& ctx, dense<float const> x, std::size_t width) {
    whitening out{x.cols, width};
    if (x.rows == 0 || x.cols == 0) return out;
    auto const n = static_cast<double>(x.rows);
    std::vector<double> sum(x.cols, 0.0);
    for (std::size_t i = 0; i < x.rows; ++i) {
      for (std::size_t c = 0; c < x.cols; ++c) sum[c] += static_cast<double>(x[i][c]);
    }
    for (std::size_t c = 0; c < x.cols; ++c) out.mean_[0][c] = static_cast<float>(sum[c] / n);

    // Products of few rows in float, their sum in double.
    constexpr std::size_t block = 2048;
    tensor<dyn, dyn, double> covariance(x.cols, x.cols), variance(x.cols, 1);
    tensor<dyn, dyn> centred(std::min(block, x.rows), x.cols), part(x.cols, x.cols);
    for (std::size_t top = 0; top < x.rows; top += block) {
      std::size_t const rows = std::min(block, x.rows - top);
      out.centre(ctx, x.row_range(top, rows), centred.view());
      dense<float const> const piece{centred.data(), rows, x.cols, x.cols};
      gemm(ctx, product::transposed_left, piece, piece, dense<float>{part.view()}, false);
      for (std::size_t e = 0; e < part.size(); ++e) covariance.data()[e] += static_cast<double>(part.data()[e]) / n;
    }
    eigen_symmetric(ctx, dense<double>{covariance.view()}, dense<double>{variance.view()});

    // Variances rise, so the leading directions are the last columns.
    double const floor = 1e-7 * std::max(0.0, variance[x.cols - 1][0]);
    for (std::size_t c = 0; c < std::min(width, x.cols); ++c) {
      std::size_t const from = x.cols - 1 - c;
      if (!(variance[from][0] > floor)) break;
      std::size_t largest = 0;
      for (std::size_t r = 1; r < x.cols; ++r) {
        if (std::abs(covariance[r][from]) > std::abs(covariance[largest][from])) largest = r;
      }
      double const scale = (covariance[largest][from] < 0 ? -1 : 1) / std::sqrt(variance[from][0]);
      for (std::size_t r = 0; r < x.cols; ++r) out.projection_[r][c] = static_cast<float>(covariance[r][from] * scale);
    }
    return out;
  }

  // The transform of the rows of x (rows, inputs) -> (rows, width). Throws shape_error for another number of inputs.
  template <class Context>
  [[nodiscard]] tensor<dyn, dyn> operator()(Context& ctx, dense<float const> x) const {
    expects(x.cols == inputs(), "whitening: the rows have another number of columns than those it was fitted on");
    tensor<dyn, dyn> out(x.rows, width());
    if (x.rows == 0 || inputs() == 0 || width() == 0) return out;
    constexpr std::size_t block = 2048;
    tensor<dyn, dyn> centred(std::min(block, x.rows), x.cols);
    auto const length = static_cast<float>(std::sqrt(static_cast<double>(width())));
    for (std::size_t top = 0; top < x.rows; top += block) {
      std::size_t const rows = std::min(block, x.rows - top);
      centre(ctx, x.row_range(top, rows), centred.view());
      dense<float> const piece{out[top].data(), rows, width(), width()};
      gemm(ctx, product::plain, dense<float const>{centred.data(), rows, x.cols, x.cols}, projection_.view(), piece,
           false);
      ctx.threads().bulk(rows, 64, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
          double square = 0;
          for (float const v : piece[i]) square += static_cast<double>(v) * static_cast<double>(v);
          auto const scale = square > 0 ? static_cast<float>(1 / std::sqrt(square)) * length : 0.0f;
          for (float& v : piece[i]) v *= scale;
        }
      });
    }
    return out;
  }

  [[nodiscard]] std::size_t inputs() const { return projection_.rows(); }
  [[nodiscard]] std::size_t width() const { return projection_.cols(); }

  static auto members(auto& self) {
    return std::tuple{named("mean", self.mean_), named("projection", self.projection_)};
  }

 private:
  template <class Context>
  void centre(Context& ctx, dense<float const> x, dense<float> to) const {
    ctx.threads().bulk(x.rows, 64, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        for (std::size_t c = 0; c < x.cols; ++c) to[i][c] = x[i][c] - mean_[0][c];
      }
    });
  }

  tensor<dyn, dyn> mean_, projection_;  // (1, inputs), (inputs, width)
};

// The rows of each node type from a table of all rows in the global numbering: typed tables whose widths the schema
// knows; a type without features gets a table without columns. Throws shape_error where another type's width in the
// schema is not that of the rows.
template <schema_type S>
[[nodiscard]] auto tables_by_type(dense<float const> rows, node_numbering const& nodes) {
  expects(rows.rows == nodes.size() && nodes.types() == S::node_count,
          "tables_by_type: there is one row per node, and one type of the numbering per node type of the schema");
  return S::map_nodes([&]<class N>(N) {
    auto const members = nodes.members(S::template node_index<N>);
    expects(N::width == 0 || N::width == rows.cols,
            "tables_by_type: a node type has another width in the schema than the rows have");
    table<N> out(members.size());
    for (std::size_t i = 0; i < members.size(); ++i) std::copy_n(rows[members[i]].data(), N::width, out[i].data());
    return out;
  });
}

}  // namespace intarsia::inline v0
