// Item-item edges with regression weights: each item's interactions are predicted from those of its nearest
// neighbors, with the neighbors' own overlap taken out. Signed, typed, sparse; no matrix of the catalogue is inverted.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <intarsia/core/arena.hpp>
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

// Which of a target's ranked candidates a smaller number of neighbors leaves: [0, own) and [own_all, own_all + other).
struct kept_candidates {
  std::size_t own = 0, own_all = 0, other = 0;
  [[nodiscard]] std::size_t size() const { return own + other; }
  [[nodiscard]] std::size_t place(std::size_t a) const { return a < own ? a : own_all + (a - own); }
};

// Fills a (size, size) and b (size, 1) with the system of a target.
inline void write_ridge_system(ridge_systems const& systems, std::size_t target, std::size_t candidates,
                               kept_candidates kept, ridge_options const& options, dense<float> a, dense<float> b) {
  float const* const gram = systems.gram(target);
  float const* const right = systems.right(target, candidates);
  float const same = 1 - options.type_dropout;
  for (std::size_t j = 0; j < kept.size(); ++j) {
    std::size_t const row = kept.place(j);
    float const k = j < kept.own ? same : 1.0f;
    for (std::size_t l = 0; l <= j; ++l) {
      float const m = l < kept.own ? same : k;
      float const number = gram[row * (row + 1) / 2 + kept.place(l)] * m;
      a[j][l] = number;
      a[l][j] = number;
    }
    a[j][j] += options.lambda + options.item_dropout * gram[row * (row + 1) / 2 + row] * k;
    b[j][0] = right[row] * k;
  }
}

// The weights of each candidate of the targets of one batch; out has all.offsets' layout, candidates left out get 0.
template <class Context>
void solve_ridge_batch(Context& ctx, ridge_systems const& systems, ridge_candidates const& all, std::size_t begin,
                       std::size_t end, ridge_options const& options, bool one_type, float* out) {
  ctx.threads().bulk(end - begin, 16, [&](std::size_t first, std::size_t last) {
    aligned_buffer<float> memory;
    for (std::size_t i = begin + first; i < begin + last; ++i) {
      std::size_t const candidates = all[i].size(), own_all = all.own[i];
      std::size_t const own_wanted = one_type ? options.own + options.other : options.own;
      kept_candidates const kept{std::min(own_wanted, own_all), own_all, std::min(options.other, candidates - own_all)};
      std::size_t const size = kept.size();
      float* const weights = out + all.offsets[i];
      std::fill_n(weights, candidates, 0.0f);
      if (size == 0) continue;
      if (memory.size() < size * (size + 1)) memory = aligned_buffer<float>{size * (size + 1)};
      dense<float> const a{memory.data(), size, size, size}, b{memory.data() + size * size, size, 1, 1};
      write_ridge_system(systems, i, candidates, kept, options, a, b);
      solve_spd(ctx, a, b);
      for (std::size_t j = 0; j < size; ++j) weights[kept.place(j)] = b[j][0];
    }
  });
}

[[nodiscard]] inline bool has_one_type(node_numbering const& nodes) {
  std::size_t in_use = 0;
  for (std::size_t t = 0; t < nodes.types(); ++t) in_use += nodes.members(t).empty() ? 0u : 1u;
  return in_use < 2;
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

// (h_u / mean h)^-power for each user, mean over all users of `from`.
[[nodiscard]] inline std::vector<float> ridge_user_weights(interactions const& from, double power) {
  return detail::user_weights(from, -power, std::max(from.mean_history(), 1e-9));
}

// Edges (items x items) in the global numbering: row i lists the sources of target i, columns rising, with signed
// weights b; the score of item i for a user is the sum of b_ij over the history. Time: sum over users of history
// squared, once for the candidates and once per batch, and items * (own + other)^3 / 3. Memory: candidates, edges,
// `memory` bytes for a batch, and a row of all items per thread. Targets without a candidate have no edge.
template <class Context>
[[nodiscard]] csr ridge_edges(Context& ctx, interactions const& from, ridge_options const& options = {}) {
  auto const candidates = find_ridge_candidates(ctx, from, options.own, options.other,
                                                {.shrink = options.shrink, .minimum_support = options.minimum_support});
  auto const user_weight = ridge_user_weights(from, options.user_power);
  std::vector<float> weights(candidates.sources.size());
  bool const one_type = detail::has_one_type(from.numbering());
  for (std::size_t begin = 0; begin < candidates.targets();) {
    std::size_t const end = ridge_systems::batch_end(candidates, begin, options.memory);
    ridge_systems const systems{ctx, from, candidates, begin, end, user_weight};
    detail::solve_ridge_batch(ctx, systems, candidates, begin, end, options, one_type, weights.data());
    begin = end;
  }
  return detail::edges_of(candidates, weights, from.items());
}

}  // namespace intarsia::inline v0
