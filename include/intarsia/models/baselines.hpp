// The rows of a comparison that learn nothing by gradient. Each looks at the training interactions, which must outlive
// it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <intarsia/exec/backend.hpp>
#include <intarsia/graph/co_interaction.hpp>
#include <intarsia/graph/ridge.hpp>
#include <intarsia/graph/text_neighbors.hpp>
#include <intarsia/models/edge_scorer.hpp>
#include <span>
#include <vector>

namespace intarsia::inline v0 {

// score(user, i) = how many users i has: the same list for everybody.
class popularity {
 public:
  explicit popularity(interactions const& train) : count_(train.items()) {
    for (std::size_t i = 0; i < count_.size(); ++i) count_[i] = static_cast<float>(train.by_item().degree(i));
  }
  template <class Context>
  void score(Context&, std::span<std::uint32_t const> users, dense<float> out) const {
    for (std::size_t i = 0; i < users.size(); ++i) std::copy(count_.begin(), count_.end(), out[i].begin());
  }

 private:
  std::vector<float> count_;
};

// score(user, i) = sum over the history of the cosine c_ij / sqrt(n_i n_j) of all pairs, none cut off.
template <class Context>
[[nodiscard]] edge_scorer item_knn(Context& ctx, interactions const& train) {
  return {
      co_interaction(ctx, train, {.weight = co_weight::cosine, .neighbors = 0, .groups = neighbor_groups::all}).view(),
      train.by_user()};
}

struct graph_knn_options {
  std::size_t neighbors = 50;  // sources of each target, over all types
  float shrink = 10;
};

// score(user, i) = sum of the weights of the history items that are among the heaviest neighbors of i.
template <class Context>
[[nodiscard]] edge_scorer graph_knn(Context& ctx, interactions const& train, graph_knn_options const& options = {}) {
  return {co_interaction(ctx, train, {.shrink = options.shrink, .neighbors = options.neighbors,
                                      .groups = neighbor_groups::all}).view(),
          train.by_user()};
}

// score(user, i) = sum over the history of the regression weights of ridge_edges.
template <class Context>
[[nodiscard]] edge_scorer ridge_graph(Context& ctx, interactions const& train, ridge_options const& options = {}) {
  return {ridge_edges(ctx, train, options).view(), train.by_user()};
}

// EASE (Steck 2019): B = I - P / diag(P) with P = inverse(X'X + lambda I), X (users, items); score = X B. Dense:
// items^2 numbers and items^3 operations, so for catalogues of some ten thousand items at most.
class ease {
 public:
  template <class Context>
  ease(Context& ctx, interactions const& train, double lambda = 300)
      : histories_{train.by_user()}, weights_(train.items(), train.items()) {
    std::size_t const n = train.items();
    tensor<dyn, dyn, double> p(n, n);
    ctx.threads().bulk(n, 32, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        for (std::uint32_t const user : train.by_item()[i]) {
          for (std::uint32_t const j : train.by_user()[user]) p[i][j] += 1;
        }
        p[i][i] += lambda;
      }
    });
    inverse_spd(ctx, dense<double>{p.view()});
    ctx.threads().bulk(n, 32, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        for (std::size_t j = 0; j < n; ++j) weights_[i][j] = i == j ? 0.0f : static_cast<float>(-p[i][j] / p[j][j]);
      }
    });
  }
  template <class Context>
  void score(Context& ctx, std::span<std::uint32_t const> users, dense<float> out) const {
    csr const rows = rows_of_users(histories_, users);
    spmm(ctx, rows.view(), spmm_terms<float>{}, weights_.view(), out, false);
  }
  // B (items, items): column i holds the weights of target i.
  [[nodiscard]] dense<float const> weights() const { return weights_.view(); }

 private:
  csr_view<> histories_;
  tensor<dyn, dyn> weights_;
};

// score(user, i) = sum over the history of the cosine of the features of i and j; features (items, width).
class text_knn {
 public:
  text_knn(interactions const& train, dense<float const> features)
      : histories_{train.by_user()}, unit_{detail::unit_rows(features)} {
    expects(features.rows == train.items(), "text_knn: features have one row per item");
  }
  template <class Context>
  void score(Context& ctx, std::span<std::uint32_t const> users, dense<float> out) const {
    csr const rows = rows_of_users(histories_, users);
    tensor<dyn, dyn> sums(users.size(), unit_.cols());
    spmm(ctx, rows.view(), spmm_terms<float>{}, unit_.view(), dense<float>{sums.view()}, false);
    gemm(ctx, product::transposed_right, sums.view(), unit_.view(), out, false);
  }

 private:
  csr_view<> histories_;
  tensor<dyn, dyn> unit_;
};

}  // namespace intarsia::inline v0
