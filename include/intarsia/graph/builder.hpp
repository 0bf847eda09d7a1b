// From edges in any order to a graph: sorted, without duplicates, with their mirror where they have one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <intarsia/core/id.hpp>
#include <intarsia/graph/graph.hpp>
#include <numeric>
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

// One row per target, its sources rising; the values of equal edges are summed in the order they were given. Throws
// shape_error where an end is beyond the numbers given. O(edges log edges).
[[nodiscard]] inline csr edges_to_csr(std::size_t targets, std::size_t sources, std::span<edge const> edges) {
  csr out{.rows = targets, .cols = sources, .offsets = {}, .columns = {}, .values = {}, .positions = {}};
  out.offsets.assign(targets + 1, 0);
  std::vector<std::size_t> order(edges.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::pair{edges[a].target, edges[a].source} < std::pair{edges[b].target, edges[b].source};
  });
  edge const* last = nullptr;
  for (std::size_t const e : order) {
    edge const& x = edges[e];
    expects(x.target < targets && x.source < sources, "edges_to_csr: an edge ends at a node beyond the numbers given");
    if (last && last->target == x.target && last->source == x.source) {
      out.values.back() += x.value;
    } else {
      out.columns.push_back(x.source);
      out.values.push_back(x.value);
      ++out.offsets[x.target + 1];
    }
    last = &x;
  }
  for (std::size_t i = 0; i < targets; ++i) out.offsets[i + 1] += out.offsets[i];
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
