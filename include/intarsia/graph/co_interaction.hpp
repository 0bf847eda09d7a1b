// Items that share users become neighbors. Pairs of items are never held all at once: each item's row of shared users
// is counted from the lists of its users, its heaviest neighbors are kept, and the rest is forgotten.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <intarsia/graph/count_weighing.hpp>
#include <intarsia/graph/interactions.hpp>
#include <intarsia/graph/neighbor_lists.hpp>
#include <limits>
#include <span>
#include <vector>

namespace intarsia::inline v0 {

// The weight of an edge between items i and j with c_ij shared users, n_i users of i, h_u items of user u, U users:
enum class co_weight {
  count,                   // c_ij
  cosine,                  // c_ij / sqrt(n_i n_j)
  mutual_information,      // log(U c_ij / (n_i n_j)), pointwise; no edge where it is not above 0
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

// A row of numbers over all items, in blocks; blocks that were never touched since they were read are skipped.
template <class Cell>
class item_row {
 public:
  static constexpr std::size_t block = 64;

  item_row() = default;
  explicit item_row(std::size_t items) : cells_((items + block - 1) / block * block), marks_(cells_.size() / block) {}

  // add(cell, user) for each item of each user of `item`.
  template <class Add>
  void count(interactions const& from, std::size_t item, Add const& add) {
    csr_view<> const items = from.by_user();
    std::span<std::uint32_t const> const users = from.by_item()[item];
    Cell* const cells = cells_.data();
    std::size_t touched = 0;
    for (std::uint32_t const user : users) touched += items.degree(user);
    bool const marked = touched >= marks_.size();  // most blocks are touched
    if (marked) std::fill(marks_.begin(), marks_.end(), std::uint8_t{1});
    std::uint8_t* const marks = marks_.data();
    constexpr std::size_t ahead = 6;
    for (std::size_t u = 0; u < users.size(); ++u) {
      if (u + ahead < users.size()) __builtin_prefetch(items.columns + items.offsets[users[u + ahead]]);
      std::uint32_t const user = users[u];
      if (marked) {
        for (std::uint32_t const other : items[user]) add(cells[other], user);
      } else {
        for (std::uint32_t const other : items[user]) {
          add(cells[other], user);
          marks[other / block] = 1;
        }
      }
    }
  }
  // read(first item, cells) for each touched block, whose cells are 0 afterwards. The last block may go beyond the
  // items.
  template <class Read>
  void take(Read const& read) {
    for (std::size_t b = 0; b < marks_.size(); ++b) {
      if (!marks_[b]) continue;
      marks_[b] = 0;
      Cell* const cells = cells_.data() + b * block;
      read(b * block, cells);
      std::fill_n(cells, block, Cell{});
    }
  }

 private:
  std::vector<Cell> cells_;
  std::vector<std::uint8_t> marks_;
};

// Shared users as numbers just wide enough for all users of an item, or with the sum of their weights beside.
class shared_row {
 public:
  static constexpr std::size_t block = 64;

  shared_row(interactions const& from, bool weighted)
      : from_{from},
        small_{weighted ? 0 : from.items()},
        middle_{weighted ? 0 : from.items()},
        large_{weighted ? 0 : from.items()},
        pairs_{weighted ? from.items() : 0} {}

  // read(first item, counts, weights) for each block of items some of which share users with `item`, itself included;
  // `counts` of one of several types; without user weights, `weights` is null.
  template <class Read>
  void each_block(std::size_t item, float const* user_weight, Read const& read) {
    std::size_t const users = from_.by_item().degree(item);
    auto const one = [](auto& cell, std::uint32_t) { ++cell; };
    auto const counts = [&](auto& row) {
      row.count(from_, item, one);
      row.take([&](std::size_t first, auto const* cells) { read(first, cells, static_cast<float const*>(nullptr)); });
    };
    if (!user_weight) return users < 256 ? counts(small_) : users < 65536 ? counts(middle_) : counts(large_);
    pairs_.count(from_, item, [=](both& cell, std::uint32_t user) {
      using pair [[gnu::vector_size(sizeof(both))]] = float;  // one addition
      pair sum;
      std::memcpy(&sum, &cell, sizeof(both));
      sum += pair{1, user_weight[user]};
      std::memcpy(&cell, &sum, sizeof(both));
    });
    pairs_.take([&](std::size_t first, both const* cells) {
      float count[block], weight[block];
      for (std::size_t k = 0; k < block; ++k) count[k] = cells[k].count, weight[k] = cells[k].weight;
      read(first, static_cast<float const*>(count), static_cast<float const*>(weight));
    });
  }

 private:
  struct alignas(8) both {
    float count, weight;  // how many, and the sum of their weights
  };

  interactions const& from_;
  item_row<std::uint8_t> small_;
  item_row<std::uint16_t> middle_;
  item_row<std::uint32_t> large_;
  item_row<both> pairs_;
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

// The factor of each end of an edge: 1 / sqrt(n_i), 1 / sqrt(G_ii), sqrt(U) / n_i, or 1; zeros to a whole block.
[[nodiscard]] inline std::vector<float> end_factors(interactions const& from, co_weight kind,
                                                    std::span<float const> user_weight) {
  std::vector<float> factor(from.items() + shared_row::block);
  double const all = std::sqrt(static_cast<double>(from.users()));
  for (std::size_t i = 0; i < from.items(); ++i) {
    double sum = static_cast<double>(from.by_item().degree(i));
    if (kind == co_weight::user_normalised_shrunk) {
      sum = 0;
      for (std::uint32_t const u : from.by_item()[i]) sum += static_cast<double>(user_weight[u]);
    }
    double const of = kind == co_weight::count                ? 1
                      : sum == 0                              ? 0
                      : kind == co_weight::mutual_information ? all / sum
                                                              : 1 / std::sqrt(sum);
    factor[i] = static_cast<float>(of);
  }
  return factor;
}

// Rows of a piece: fixed by the number of rows alone, few enough that a piece's own row of all items is worth its
// zeros.
[[nodiscard]] inline std::size_t co_interaction_grain(std::size_t rows) {
  return std::max<std::size_t>(16, rows / 512);
}

// A csr whose row i is made by row(state, i, each, columns, values), where each(bar, offer) calls offer(j, weight) for
// neighbors j of i with enough support, j rising, and may leave out those below bar(); make() makes the state of a
// piece. Mutual information is ranked by what its logarithm is of. Time: sum over users of history squared.
template <class Context, class Make, class Row>
[[nodiscard]] csr co_interaction_rows(Context& ctx, interactions const& from, co_interaction_options const& options,
                                      Make&& make, Row&& row) {
  bool const shrunk = options.weight == co_weight::user_normalised_shrunk;
  auto const weight = shrunk ? user_weights(from, -1.0, 1.0) : std::vector<float>{};
  auto const factor = end_factors(from, options.weight, weight);
  float const support = static_cast<float>(std::max<std::uint32_t>(1, options.minimum_support));
  bool const above_one = options.weight == co_weight::mutual_information;
  float const least = above_one ? std::nextafter(1.0f, 2.0f) : std::numeric_limits<float>::lowest();
  using made = decltype(make());
  struct state {
    shared_row shared;
    made mine;
  };
  return csr_by_rows(
      ctx, from.items(), from.items(), co_interaction_grain(from.items()),
      [&] { return state{shared_row{from, shrunk}, make()}; },
      [&](state& s, std::size_t i, std::vector<std::uint32_t>& columns, std::vector<float>& values) {
        auto const each = [&](auto&& bar, auto&& offer) {
          s.shared.each_block(i, shrunk ? weight.data() : nullptr, [&](std::size_t first, auto const* counts,
                                                                       float const* weights) {
            constexpr std::size_t block = shared_row::block;
            float found[block];
            float const lowest = std::max(least, bar());
            std::uint8_t of_interest[block];
            weigh_counts(ctx, {factor[i], options.shrink, support, lowest}, block, counts, weights,
                         factor.data() + first, found, of_interest);
            if (i - first < block) of_interest[i - first] = 0;
            for (std::size_t k = 0; k < block; k += sizeof(std::uint64_t)) {
              std::uint64_t some;
              std::memcpy(&some, of_interest + k, sizeof some);
              if (some == 0) continue;
              for (std::size_t j = k; j < k + sizeof some; ++j) {
                if (of_interest[j]) offer(static_cast<std::uint32_t>(first + j), found[j]);
              }
            }
          });
        };
        row(s.mine, i, each, columns, values);
      });
}

}  // namespace detail

// Edges (items x items) in the global numbering: row i lists the neighbors that item i hears, columns rising, values
// the weights. Ties go to the lower row. The weights are symmetric, the choice of neighbors need not be.
// Memory: the edges kept, twice (8 bytes for each), and per thread a row of all items, 7 bytes for each, or 8 with
// user weights; no pairs of items. A million items with a hundred million interactions of ten million users: 0.9 GB for
// the interactions, 2 GB more while they are sorted (pairs and keys of 8 bytes), 1.6 GB for a hundred neighbors of each
// item.
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
          each([] { return -std::numeric_limits<float>::infinity(); },
               [&](std::uint32_t j, float w) { s.row.push_back({w, j}); });
        } else {
          for (auto& best : s.best) best.reset(options.neighbors);
          auto const bar = [&] {
            float least = s.best.front().bar();
            for (auto const& best : s.best) least = std::min(least, best.bar());
            return least;
          };
          each(bar, [&](std::uint32_t j, float w) { s.best[group_of(options.groups, nodes, i, j)].offer(w, j); });
          for (auto& best : s.best) {
            for (scored const& x : best.kept()) s.row.push_back(x);
          }
        }
        if (options.weight == co_weight::mutual_information) {
          for (scored& x : s.row) x.score = std::log(x.score);
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
