// Item-item edges with regression weights: each item's interactions are predicted from those of its nearest
// neighbors, with the neighbors' own overlap taken out. Signed, typed, sparse; no matrix of the catalogue is inverted.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <intarsia/core/aligned.hpp>
#include <intarsia/graph/ridge_system.hpp>
#include <intarsia/tensor/view.hpp>
#include <span>
#include <utility>
#include <vector>

namespace intarsia::inline v0 {

// For target i with candidates N, b solves
//   (C_jk m_jk + [j = k] (lambda + item_dropout C_jj k_j)) b = C_ji k_j,     j, k in N,
// C_jk the sum of (h_u / mean h)^-user_power over the users that j and k share, h_u the history of user u.
// With r = type_dropout: m_jk = 1 - r if j or k is of the target's type, else 1; k_j = 1 - r if j is, else 1. This is
// least squares in expectation over histories of which a share r lost the target's whole type, and with the noise of
// dropping single items (Steck, "Autoencoders that don't overfit towards the identity", 2020).
struct ridge_options {
  float lambda = 10;
  float item_dropout = 0.3f;
  float type_dropout = 0.1f;
  std::size_t own = 50;    // candidates of the target's type
  std::size_t other = 50;  // candidates of other types
  double user_power = 0.5;
  float shrink = 10;                    // of the weight that ranks candidates: co_interaction_options
  std::uint32_t minimum_support = 1;
  std::size_t memory = std::size_t{1} << 28;  // bytes for the systems of a batch of targets; more means fewer passes
};

namespace detail {

// Fills a (n, n) and b (n, 1) with the system of a target of n candidates, the first `own` of them of its own type.
inline void write_ridge_system(ridge_systems const& systems, std::size_t target, std::size_t own,
                               ridge_options const& options, dense<float> a, dense<float> b) {
  float const* gram = systems.gram(target);
  float const* const right = systems.right(target, a.rows);
  float const same = 1 - options.type_dropout;
  for (std::size_t j = 0; j < a.rows; ++j) {
    float const k = j < own ? same : 1.0f;
    for (std::size_t l = 0; l <= j; ++l) {
      a[j][l] = *gram * (l < own ? same : k);
      a[l][j] = a[j][l];
      if (l == j) a[j][j] += options.lambda + options.item_dropout * *gram * k;
      ++gram;
    }
    b[j][0] = right[j] * k;
  }
}

// The weights of the candidates of the targets of one batch; out has the layout of all.sources.
template <class Context>
void solve_ridge_batch(Context& ctx, ridge_systems const& systems, ridge_candidates const& all, std::size_t begin,
                       std::size_t end, ridge_options const& options, float* out) {
  ctx.threads().bulk(end - begin, 16, [&](std::size_t first, std::size_t last) {
    aligned_buffer<float> memory;
    for (std::size_t i = begin + first; i < begin + last; ++i) {
      std::size_t const n = all[i].size();
      if (n == 0) continue;
      if (memory.size() < n * n) memory = aligned_buffer<float>{n * n};
      dense<float> const a{memory.data(), n, n, n}, b{out + all.offsets[i], n, 1, 1};
      write_ridge_system(systems, i, all.own[i], options, a, b);
      solve_spd(ctx, a, b);
    }
  });
}

// The weights of all candidates for each of several options, which differ in lambda and dropout only: one pass over
// the interactions per batch serves them all.
template <class Context>
[[nodiscard]] std::vector<std::vector<float>> ridge_weights(Context& ctx, interactions const& from,
                                                            ridge_candidates const& all,
                                                            std::span<ridge_options const> options) {
  std::vector<std::vector<float>> weights(options.size(), std::vector<float>(all.sources.size()));
  if (options.empty()) return weights;
  auto const user_weight = user_weights(from, -options[0].user_power, std::max(from.mean_history(), 1e-9));
  for (std::size_t begin = 0; begin < all.targets();) {
    std::size_t const end = ridge_systems::batch_end(all, begin, options[0].memory);
    ridge_systems const systems{ctx, from, all, begin, end, user_weight};
    for (std::size_t o = 0; o < options.size(); ++o) {
      solve_ridge_batch(ctx, systems, all, begin, end, options[o], weights[o].data());
    }
    begin = end;
  }
  return weights;
}

// Row i: the candidates of i by rising row with their weights, zeros left out.
[[nodiscard]] inline csr edges_of(ridge_candidates const& all, std::vector<float> const& weights, std::size_t items) {
  csr out{.rows = all.targets(), .cols = items, .offsets = {}, .columns = {}, .values = {}, .positions = {}};
  out.offsets.assign(1, 0);
  std::vector<scored> row;
  for (std::size_t i = 0; i < all.targets(); ++i) {
    row.clear();
    for (std::uint64_t e = all.offsets[i]; e < all.offsets[i + 1]; ++e) {
      if (weights[e] != 0) row.push_back({weights[e], all.sources[e]});
    }
    append_row(row, out.columns, out.values);
    out.offsets.push_back(out.columns.size());
  }
  return out;
}

}  // namespace detail

// Edges (items x items) in the global numbering: row i lists the sources of target i, columns rising, with signed
// weights b; the score of item i for a user is the sum of b_ij over the history. Time: sum over users of history
// squared, once for the candidates and once per batch, and items * (own + other)^3 / 3. Memory: candidates, edges,
// `memory` bytes for a batch, and a row of all items per thread. Targets without a candidate have no edge.
template <class Context>
[[nodiscard]] csr ridge_edges(Context& ctx, interactions const& from, ridge_options const& options = {}) {
  auto const candidates = find_ridge_candidates(ctx, from, options.own, options.other,
                                                {.shrink = options.shrink, .minimum_support = options.minimum_support});
  auto const weights = detail::ridge_weights(ctx, from, candidates, std::span{&options, 1});
  return detail::edges_of(candidates, weights.front(), from.items());
}

}  // namespace intarsia::inline v0
