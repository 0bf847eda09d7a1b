// Items that share users become neighbors. Pairs of items are never held all at once: each item's row of shared users
// is counted from the lists of its users, its heaviest neighbors are kept, and the rest is forgotten.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <intarsia/graph/interactions.hpp>
#include <intarsia/graph/neighbor_lists.hpp>
#include <span>
#include <vector>

namespace intarsia::inline v0 {

// The weight of an edge between items i and j with c_ij shared users, n_i users of i, h_u items of user u:
enum class co_weight {
  count,                   // c_ij
  cosine,                  // c_ij / sqrt(n_i n_j)
  user_normalised_shrunk,  // c_ij / (c_ij + shrink) * G_ij / sqrt(G_ii G_jj), G_ij = sum over shared users of 1 / h_u
};

struct co_interaction_options {
  co_weight weight = co_weight::user_normalised_shrunk;
  float shrink = 10;                  // shared users at which a weight is halved
  std::uint32_t minimum_support = 1;  // fewest shared users of an edge
  std::size_t neighbors = 10;         // kept per target and group; 0: all of them
  neighbor_groups groups = neighbor_groups::source_type;
};

namespace detail {

// What an item shares with another: users, and the sum of their weights.
struct shared_users {
  float weight = 0;
  std::uint32_t count = 0;
};

// One row of shared users at a time, over all items; what a piece of rows works with.
class shared_row {
 public:
  explicit shared_row(std::size_t items) : row_(items) {}

  // Counts the row of `item`; user_weight (users).
  void count(interactions const& from, std::size_t item, float const* user_weight) {
    for (std::uint32_t const other : touched_) row_[other] = {};
    touched_.clear();
    for (std::uint32_t const user : from.by_item()[item]) {
      float const w = user_weight[user];
      for (std::uint32_t const other : from.by_user()[user]) {
        auto& cell = row_[other];
        if (cell.count++ == 0) touched_.push_back(other);
        cell.weight += w;
      }
    }
  }
  // The items that share a user with it, itself included, in no order.
  [[nodiscard]] std::span<std::uint32_t const> touched() const { return touched_; }
  [[nodiscard]] shared_users const& operator[](std::size_t other) const { return row_[other]; }

 private:
  std::vector<shared_users> row_;
  std::vector<std::uint32_t> touched_;
};

// (max(1, history) / scale)^power for each user.
[[nodiscard]] inline std::vector<float> user_weights(interactions const& from, double power, double scale) {
  std::vector<float> weight(from.users());
  for (std::size_t u = 0; u < weight.size(); ++u) {
    double const length = std::max(1.0, static_cast<double>(from.by_user().degree(u)));
    weight[u] = static_cast<float>(std::pow(length / scale, power));
  }
  return weight;
}

// The factor of each end of an edge: 1 / sqrt(n_i), 1 / sqrt(G_ii), or 1.
[[nodiscard]] inline std::vector<float> end_factors(interactions const& from, co_weight kind,
                                                    std::span<float const> user_weight) {
  std::vector<float> factor(from.items(), 1.0f);
  if (kind == co_weight::count) return factor;
  for (std::size_t i = 0; i < factor.size(); ++i) {
    double sum = 0;
    for (std::uint32_t const u : from.by_item()[i])
      sum += kind == co_weight::cosine ? 1.0 : static_cast<double>(user_weight[u]);
    factor[i] = sum > 0 ? static_cast<float>(1 / std::sqrt(sum)) : 0.0f;
  }
  return factor;
}

// Rows of a piece: fixed by the number of rows alone, few enough that a piece's own row of all items is worth its
// zeros.
[[nodiscard]] inline std::size_t co_interaction_grain(std::size_t rows) {
  return std::max<std::size_t>(16, rows / 512);
}

// A csr whose row i is made by row(state, i, each, columns, values), where each(offer) calls offer(j, weight) for every
// neighbor j of i with enough support; make() makes the state of a piece. Time: sum over users of history squared.
template <class Context, class Make, class Row>
[[nodiscard]] csr co_interaction_rows(Context& ctx, interactions const& from, co_interaction_options const& options,
                                      Make&& make, Row&& row) {
  auto const weight = user_weights(from, -1.0, 1.0);
  auto const factor = end_factors(from, options.weight, weight);
  using made = decltype(make());
  struct state {
    shared_row shared;
    made mine;
  };
  return csr_by_rows(
      ctx, from.items(), from.items(), co_interaction_grain(from.items()),
      [&] { return state{shared_row{from.items()}, make()}; },
      [&](state& s, std::size_t i, std::vector<std::uint32_t>& columns, std::vector<float>& values) {
        s.shared.count(from, i, weight.data());
        auto const each = [&](auto&& offer) {
          for (std::uint32_t const j : s.shared.touched()) {
            auto const& cell = s.shared[j];
            if (j == i || cell.count < options.minimum_support) continue;
            auto const count = static_cast<float>(cell.count);
            bool const shrunk = options.weight == co_weight::user_normalised_shrunk;
            offer(j, factor[i] * factor[j] * (shrunk ? cell.weight * (count / (count + options.shrink)) : count));
          }
        };
        row(s.mine, i, each, columns, values);
      });
}

}  // namespace detail

// Edges (items x items) in the global numbering: row i lists the neighbors that item i hears, columns rising, values
// the weights. Ties go to the lower row. Memory: the edges kept, and one row of all items per thread. The weights are
// symmetric, the choice of neighbors need not be.
template <class Context>
[[nodiscard]] csr co_interaction(Context& ctx, interactions const& from, co_interaction_options const& options = {}) {
  auto const& nodes = from.numbering();
  std::size_t const groups = group_count(options.groups, nodes);
  struct state {
    std::vector<heaviest> best;
    std::vector<scored> row;
  };
  return detail::co_interaction_rows(
      ctx, from, options, [&] { return state{std::vector<heaviest>(groups), {}}; },
      [&](state& s, std::size_t i, auto&& each, std::vector<std::uint32_t>& columns, std::vector<float>& values) {
        s.row.clear();
        if (options.neighbors == 0) {
          each([&](std::uint32_t j, float w) { s.row.push_back({w, j}); });
        } else {
          for (auto& best : s.best) best.reset(options.neighbors);
          each([&](std::uint32_t j, float w) { s.best[group_of(options.groups, nodes, i, j)].offer(w, j); });
          for (auto& best : s.best) {
            for (scored const& x : best.sorted()) s.row.push_back(x);
          }
        }
        append_row(s.row, columns, values);
      });
}

// The same as a typed graph of its own: relations of `Verb` between every pair of types that the schema lists.
template <schema_type S, class Verb, class Context>
[[nodiscard]] graph<S> co_interaction_graph(Context& ctx, interactions const& from,
                                            co_interaction_options const& options = {}) {
  return typed_graph<S, Verb>(co_interaction(ctx, from, options).view(), from.numbering());
}

}  // namespace intarsia::inline v0
