// Inputs of the benchmarks as functions of a seed: the same bits in C++ and in generator.py, on every machine. Random
// numbers are a hash of (seed, stream, place); ids come from them by multiplications of doubles alone.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace bench {

inline constexpr std::uint64_t default_seed = 42;

[[nodiscard]] constexpr std::uint64_t finish(std::uint64_t z) {
  z ^= z >> 30;
  z *= 0xBF58476D1CE4E5B9u;
  z ^= z >> 27;
  z *= 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

// 64 bits for place i of a stream.
[[nodiscard]] constexpr std::uint64_t hashed(std::uint64_t stream, std::uint64_t i, std::uint64_t seed = default_seed) {
  return finish(finish(seed * 0x9E3779B97F4A7C15u + stream * 0xD1B54A32D192ED03u + 0x632BE59BD9B4E019u) +
                i * 0x9E3779B97F4A7C15u);
}

// In [0, 1), with 53 bits.
[[nodiscard]] constexpr double unit(std::uint64_t r) { return static_cast<double>(r >> 11) * 0x1p-53; }

// A rank below n whose density falls as rank^(1 / power - 1): power 1 is uniform, higher ones make hubs.
[[nodiscard]] constexpr std::uint64_t ranked(double u, unsigned power, std::uint64_t n) {
  double p = u;
  for (unsigned k = 1; k < power; ++k) p = p * u;
  auto const x = static_cast<std::uint64_t>(p * static_cast<double>(n));
  return std::min(x, n - 1);
}

// Spreads ranks over the ids, so that hubs are not neighbors in memory; n < 2^32 and no multiple of the prime.
[[nodiscard]] constexpr std::uint32_t spread(std::uint64_t rank, std::uint64_t n, std::uint64_t offset) {
  return static_cast<std::uint32_t>((rank * 2654435761u + offset) % n);
}

// The edges of one relation: edge e is a function of e alone.
struct relation_plan {
  std::uint64_t sources = 0, targets = 0, edges = 0;
  unsigned source_power = 2, target_power = 2;
  std::uint64_t stream = 1, source_offset = 0, target_offset = 0;

  [[nodiscard]] constexpr std::uint32_t source(std::uint64_t e) const {
    return spread(ranked(unit(hashed(2 * stream, e)), source_power, sources), sources, source_offset);
  }
  [[nodiscard]] constexpr std::uint32_t target(std::uint64_t e) const {
    return spread(ranked(unit(hashed(2 * stream + 1, e)), target_power, targets), targets, target_offset);
  }
};

struct edge_list {
  std::vector<std::uint32_t> source, target;
};

// All edges of a plan, in order.
[[nodiscard]] inline edge_list edges_of(relation_plan const& plan) {
  edge_list list{std::vector<std::uint32_t>(plan.edges), std::vector<std::uint32_t>(plan.edges)};
  for (std::uint64_t e = 0; e < plan.edges; ++e) {
    list.source[e] = plan.source(e);
    list.target[e] = plan.target(e);
  }
  return list;
}

[[nodiscard]] inline std::uint64_t checksum(edge_list const& list) {
  std::uint64_t sum = 0;
  for (std::uint64_t e = 0; e < list.source.size(); ++e) {
    sum += finish((std::uint64_t{list.target[e]} << 32 | list.source[e]) + e);
  }
  return sum;
}

// Rows by target; the edges of a row keep their order, and multiple ones are kept.
struct compressed {
  std::vector<std::int64_t> offsets;
  std::vector<std::uint32_t> columns;
};
[[nodiscard]] inline compressed by_row(std::span<std::uint32_t const> row, std::span<std::uint32_t const> column,
                                       std::size_t rows) {
  compressed out{std::vector<std::int64_t>(rows + 1), std::vector<std::uint32_t>(row.size())};
  for (std::uint32_t const r : row) ++out.offsets[r + 1];
  for (std::size_t r = 0; r < rows; ++r) out.offsets[r + 1] += out.offsets[r];
  std::vector<std::int64_t> next(out.offsets.begin(), out.offsets.end() - 1);
  for (std::size_t e = 0; e < row.size(); ++e) {
    out.columns[static_cast<std::size_t>(next[row[e]]++)] = column[e];
  }
  return out;
}

// (rows * cols): place p holds float((unit(hashed(stream, p)) - 0.5) * scale).
[[nodiscard]] inline std::vector<float> uniform_table(std::uint64_t stream, std::size_t rows, std::size_t cols,
                                                      double scale = 1.0) {
  std::vector<float> table(rows * cols);
  for (std::size_t p = 0; p < table.size(); ++p) {
    table[p] = static_cast<float>((unit(hashed(stream, p)) - 0.5) * scale);
  }
  return table;
}

// The first `count` distinct numbers among hashed(stream, 0), hashed(stream, 1), ... mod n.
[[nodiscard]] inline std::vector<std::uint32_t> distinct_nodes(std::uint64_t stream, std::uint64_t n,
                                                               std::size_t count) {
  std::vector<std::uint32_t> nodes;
  std::vector<std::uint8_t> seen(n, 0);
  for (std::uint64_t j = 0; nodes.size() < std::min<std::uint64_t>(count, n); ++j) {
    std::uint64_t const node = hashed(stream, j) % n;
    if (seen[node]) continue;
    seen[node] = 1;
    nodes.push_back(static_cast<std::uint32_t>(node));
  }
  return nodes;
}

// A sampled block that both sides are fed with: at most k positions of each node's row, without replacement (Floyd's
// draws on the hash), row by row.
struct drawn_rows {
  std::vector<std::int64_t> offsets = {0};
  std::vector<std::uint32_t> columns;
};
inline void draw_rows(compressed const& graph, std::span<std::uint32_t const> nodes, std::uint64_t k,
                      std::uint64_t stream, drawn_rows& out) {
  std::vector<std::uint64_t> picked;
  for (std::uint32_t const node : nodes) {
    auto const begin = static_cast<std::uint64_t>(graph.offsets[node]);
    std::uint64_t const degree = static_cast<std::uint64_t>(graph.offsets[node + 1]) - begin;
    picked.clear();
    for (std::uint64_t j = 0; j < std::min(k, degree); ++j) {
      if (degree <= k) {
        picked.push_back(j);
        continue;
      }
      std::uint64_t const last = degree - k + j;
      std::uint64_t const place = ((hashed(stream, std::uint64_t{node} * 64 + j) >> 32) * (last + 1)) >> 32;
      bool const again = std::find(picked.begin(), picked.end(), place) != picked.end();
      picked.push_back(again ? last : place);
    }
    for (std::uint64_t const place : picked) out.columns.push_back(graph.columns[begin + place]);
    out.offsets.push_back(static_cast<std::int64_t>(out.columns.size()));
  }
}

// Numbers nodes in the order in which they are first met.
class first_met {
 public:
  explicit first_met(std::size_t nodes) : slot_(nodes, absent) {}

  std::uint32_t add(std::uint32_t node) {
    if (slot_[node] == absent) {
      slot_[node] = static_cast<std::uint32_t>(nodes_.size());
      nodes_.push_back(node);
    }
    return slot_[node];
  }
  [[nodiscard]] std::vector<std::uint32_t> const& nodes() const { return nodes_; }

 private:
  static constexpr std::uint32_t absent = 0xFFFFFFFFu;
  std::vector<std::uint32_t> slot_, nodes_;
};

// Rows of length 1 near a plane of 16 dimensions in 128: what vectors to be searched look like. Each sum is taken in
// the order of its terms, without fused multiplications.
[[nodiscard]] inline std::vector<float> search_rows(std::uint64_t stream, std::size_t rows) {
  constexpr std::size_t width = 128, inner = 16;
  auto const plane = uniform_table(5001, inner, width);
  std::vector<float> out(rows * width);
  double row[width];
  for (std::size_t i = 0; i < rows; ++i) {
    for (double& x : row) x = 0;
    for (std::size_t k = 0; k < inner; ++k) {
      double const z = unit(hashed(stream, i * inner + k)) - 0.5;
      for (std::size_t c = 0; c < width; ++c) {
        double const term = z * static_cast<double>(plane[k * width + c]);
        row[c] = row[c] + term;
      }
    }
    double squares = 0;
    for (std::size_t c = 0; c < width; ++c) {
      double const noise = 0.3 * (unit(hashed(stream + 1, i * width + c)) - 0.5);
      row[c] = row[c] + noise;
      double const square = row[c] * row[c];
      squares = squares + square;
    }
    double const length = std::sqrt(squares);
    for (std::size_t c = 0; c < width; ++c) out[i * width + c] = static_cast<float>(row[c] / length);
  }
  return out;
}

// The graphs of the suite.
namespace plans {
inline constexpr relation_plan small{100'003, 100'003, 1'000'000, 2, 2, 1, 12345, 67890};
inline constexpr relation_plan hubs{1'000'003, 1'000'003, 20'000'000, 3, 3, 1, 12345, 67890};
inline constexpr relation_plan g2m{2'000'003, 2'000'003, 40'000'000, 2, 2, 1, 12345, 67890};
inline constexpr relation_plan g10m{10'000'019, 10'000'019, 200'000'000, 2, 2, 1, 12345, 67890};

// The typed graph: users, items and tags; one offset per type, so that the hubs of a type are the same in all
// relations. `eighth` is the everyday size.
struct typed {
  std::uint64_t users, items, tags;
  relation_plan clicks, co, has;
};
[[nodiscard]] constexpr typed typed_of(std::uint64_t users, std::uint64_t items, std::uint64_t tags,
                                       std::uint64_t clicks, std::uint64_t co, std::uint64_t has) {
  return {users,
          items,
          tags,
          {users, items, clicks, 2, 3, 1, 12345, 67890},
          {items, items, co, 3, 3, 2, 67890, 67890},
          {items, tags, has, 2, 3, 3, 67890, 24680}};
}
inline constexpr typed eighth = typed_of(500'009, 125'003, 12'503, 10'000'000, 5'000'000, 1'250'000);
inline constexpr typed whole = typed_of(4'000'037, 1'000'003, 100'003, 80'000'000, 40'000'000, 10'000'000);
// Pairs of users and items to learn two towers from.
inline constexpr relation_plan pairs{1'000'003, 250'007, 4'000'000, 2, 3, 7, 11, 22};
}  // namespace plans

}  // namespace bench
