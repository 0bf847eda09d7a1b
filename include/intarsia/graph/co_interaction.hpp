// Items that share users become neighbors. Pairs of items are never held all at once: each item's row of shared users
// is counted from the lists of its users, its heaviest neighbors are kept, and the rest is forgotten.
#pragma once

#include <algorithm>
#include <bit>
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
  static constexpr std::size_t block = 64, longest_run = 16;

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
  // read(first block, blocks, cells) for each run of touched blocks, at most `longest_run` of them, whose cells are 0
  // afterwards. The last block may go beyond the items.
  template <class Read>
  void take(Read const& read) {
    for (std::size_t b = 0; b < marks_.size();) {
      if (!marks_[b]) {
        ++b;
        continue;
      }
      std::size_t end = b;
      while (end < marks_.size() && end - b < longest_run && marks_[end]) marks_[end++] = 0;
      Cell* const cells = cells_.data() + b * block;
      read(b, end - b, cells);
      std::fill_n(cells, (end - b) * block, Cell{});
      b = end;
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

  // `factor`: of each item, to a whole block.
  shared_row(interactions const& from, bool weighted, std::span<float const> factor)
      : from_{from},
        factor_{factor},
        small_{weighted ? 0 : from.items()},
        middle_{weighted ? 0 : from.items()},
        large_{weighted ? 0 : from.items()},
        pairs_{weighted ? from.items() : 0} {
    for (std::size_t i = 0; i + block <= factor.size(); i += block) {
      largest_.push_back(*std::max_element(factor.begin() + static_cast<std::ptrdiff_t>(i),
                                           factor.begin() + static_cast<std::ptrdiff_t>(i + block)));
    }
  }

  // offer(j, weight by `by`) for the neighbors j of `item` with enough support, j rising; those below bar() may be left
  // out. Without user weights, pointers to which may be null, counts alone make the weight.
  template <class Context, class Bar, class Offer>
  void each(Context const& ctx, std::size_t item, float const* user_weight, count_weighing by, Bar const& bar,
            Offer const& offer) {
    float const least = by.lowest;
    if (user_weight) return each_weighted(ctx, item, user_weight, by, bar, offer);
    std::size_t const users = from_.by_item().degree(item);
    auto const counts = [&](auto& row) {
      row.count(from_, item, [](auto& cell, std::uint32_t) { ++cell; });
      row.take([&](std::size_t first, std::size_t blocks, auto const* cells) {
        std::uint64_t found[longest_run];
        by.lowest = std::max(least, bar());
        reaching_counts(ctx, by, blocks, cells, largest_.data() + first, found);
        for (std::size_t b = 0; b < blocks; ++b) {
          for (std::uint64_t left = found[b]; left != 0; left &= left - 1) {
            std::size_t const k = b * block + static_cast<std::size_t>(std::countr_zero(left)), j = first * block + k;
            float const weight = by.factor * factor_[j] * static_cast<float>(cells[k]);
            if (weight >= by.lowest && j != item) offer(static_cast<std::uint32_t>(j), weight);
          }
        }
      });
    };
    return users < 256 ? counts(small_) : users < 65536 ? counts(middle_) : counts(large_);
  }

 private:
  static constexpr std::size_t longest_run = item_row<float>::longest_run;

  struct alignas(8) both {
    float count, weight;  // how many, and the sum of their weights
  };

  template <class Context, class Bar, class Offer>
  void each_weighted(Context const& ctx, std::size_t item, float const* user_weight, count_weighing by, Bar const& bar,
                     Offer const& offer) {
    float const least = by.lowest;
    pairs_.count(from_, item, [=](both& cell, std::uint32_t user) {
      cell = {cell.count + 1, cell.weight + user_weight[user]};
    });
    pairs_.take([&](std::size_t first_block, std::size_t blocks, both const* cells) {
      for (std::size_t b = 0; b < blocks; ++b, cells += block) {
        std::size_t const first = (first_block + b) * block;
        float count[block], weight[block], found[block];
        std::uint8_t of_interest[block];
        for (std::size_t k = 0; k < block; ++k) count[k] = cells[k].count, weight[k] = cells[k].weight;
        by.lowest = std::max(least, bar());
        weigh_counts(ctx, by, block, count, weight, factor_.data() + first, found, of_interest);
        if (item - first < block) of_interest[item - first] = 0;
        for (std::size_t k = 0; k < block; k += sizeof(std::uint64_t)) {
          std::uint64_t some;
          std::memcpy(&some, of_interest + k, sizeof some);
          if (some == 0) continue;
          for (std::size_t j = k; j < k + sizeof some; ++j) {
            if (of_interest[j]) offer(static_cast<std::uint32_t>(first + j), found[j]);
          }
        }
      }
    });
  }

  interactions const& from_;
  std::span<float const> factor_;
  std::vector<float> largest_;  // factor of each block
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
      [&] { return state{shared_row{from, shrunk, factor}, make()}; },
      [&](state& s, std::size_t i, std::vector<std::uint32_t>& columns, std::vector<float>& values) {
        auto const each = [&](auto&& bar, auto&& offer) {
          s.shared.each(ctx, i, shrunk ? weight.data() : nullptr, {factor[i], options.shrink, support, least}, bar,
                        offer);
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
