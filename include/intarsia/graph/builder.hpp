// From edges in any order to a graph: sorted, without duplicates, with their mirror where they have one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <intarsia/core/id.hpp>
#include <intarsia/graph/graph.hpp>
#include <span>
#include <utility>
#include <vector>

namespace intarsia::inline v0 {

// A message goes from `source` to `target` and counts `value`.
struct edge {
  std::uint32_t source = 0, target = 0;
  float value = 1;
  friend bool operator==(edge const&, edge const&) = default;
};

namespace detail {
// Where each of `count` groups begins, of a list in which key(i) is the group of element i: (count + 1)
template <class Key>
[[nodiscard]] std::vector<std::uint64_t> group_offsets(std::size_t count, std::size_t size, Key key) {
  std::vector<std::uint64_t> offsets(count + 1, 0);
  for (std::size_t i = 0; i < size; ++i) ++offsets[key(i) + 1];
  for (std::size_t g = 0; g < count; ++g) offsets[g + 1] += offsets[g];
  return offsets;
}
}  // namespace detail

// One row per target, its sources rising; the values of equal edges are summed in the order they were given. Throws
// shape_error where an end is beyond the numbers given. By counting, first sources and then targets: O(edges + nodes);
// 20 bytes for each edge beside the edges themselves.
[[nodiscard]] inline csr edges_to_csr(std::size_t targets, std::size_t sources, std::span<edge const> edges) {
  for (edge const& x : edges) {
    expects(x.target < targets && x.source < sources, "edges_to_csr: an edge ends at a node beyond the numbers given");
  }
  std::vector<edge> by_source(edges.size());
  {
    auto next = detail::group_offsets(sources, edges.size(), [&](std::size_t e) { return edges[e].source; });
    for (edge const& x : edges) by_source[next[x.source]++] = x;
  }
  csr out{.rows = targets, .cols = sources, .offsets = {}, .columns = {}, .values = {}, .positions = {}};
  out.offsets = detail::group_offsets(targets, edges.size(), [&](std::size_t e) { return edges[e].target; });
  out.columns.resize(edges.size());
  out.values.resize(edges.size());
  {
    std::vector<std::uint64_t> next(out.offsets.begin(), out.offsets.end() - 1);
    for (edge const& x : by_source) {
      std::uint64_t const place = next[x.target]++;
      out.columns[place] = x.source;
      out.values[place] = x.value;
    }
  }
  std::size_t kept = 0;
  std::uint64_t begin = 0;
  for (std::size_t row = 0; row < targets; ++row) {
    std::uint64_t const end = out.offsets[row + 1];
    std::size_t const first = kept;
    for (std::uint64_t e = begin; e < end; ++e) {
      if (kept > first && out.columns[kept - 1] == out.columns[e]) {
        out.values[kept - 1] += out.values[e];
        continue;
      }
      out.columns[kept] = out.columns[e];
      out.values[kept++] = out.values[e];
    }
    begin = end;
    out.offsets[row + 1] = kept;
  }
  out.columns.resize(kept);
  out.values.resize(kept);
  return out;
}

// Collects typed edges and makes a graph of them. An edge is mirrored into the reverse of its relation where the schema
// lists it (for a symmetric verb within one type that is the relation itself; an edge from a node to itself has no
// mirror).
template <schema_type S>
class graph_builder {
 public:
  // The number of nodes of each type.
  explicit graph_builder(per_node<S, std::size_t> nodes) : nodes_{nodes} {}

  template <key_of<typename S::relation_keys> R>
  graph_builder& add(R r, id<typename R::source_type> source, id<typename R::target_type> target, float value = 1) {
    edges_[r].push_back({source.value, target.value, value});
    using mirror = reverse<R>;
    if constexpr (S::relation_keys::template has<mirror>) {
      if (!std::is_same_v<R, mirror> || source.value != target.value) {
        edges_[mirror{}].push_back({target.value, source.value, value});
      }
    }
    return *this;
  }

  [[nodiscard]] graph<S> build() const {
    graph<S> g{nodes_};
    S::each_relation([&](auto r) { g.set(r, edges_to_csr(nodes_[r.target], nodes_[r.source], edges_[r])); });
    return g;
  }

 private:
  per_node<S, std::size_t> nodes_;
  per_relation<S, std::vector<edge>> edges_;
};

}  // namespace intarsia::inline v0
