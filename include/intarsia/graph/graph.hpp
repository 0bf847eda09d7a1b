// A typed graph: how many nodes of each type, and the edges of each relation.
#pragma once

#include <intarsia/core/expects.hpp>
#include <intarsia/graph/adjacency.hpp>

namespace intarsia::inline v0 {

// What one layer reads: the edges of every relation, and how many of the nodes of a type are targets. The targets of
// a type are the first of its sources; in a whole graph they are all of them.
template <schema_type S, class Space = host>
struct hop {
  per_relation<S, edges_view<Space>> edges;
  per_node<S, std::size_t> sources{}, targets{};
  bool by_id = false;  // sources are nodes of the whole graph by id, targets are slots: rows of features are read by id

  template <key_of<typename S::relation_keys> R>
  [[nodiscard]] auto operator[](R r) const {
    return adjacency_view<typename R::source_type, typename R::target_type, Space>{edges[r]};
  }
};

// Owns its edges. A relation without edges and a type without nodes are ordinary.
template <schema_type S>
class graph {
 public:
  using schema = S;

  graph() : graph{per_node<S, std::size_t>{}} {}
  // Nodes and no edges.
  explicit graph(per_node<S, std::size_t> nodes) : nodes_{nodes} {
    S::each_relation([&](auto r) {
      std::size_t const targets = nodes[r.target], sources = nodes[r.source];
      set(r, adjacency{none(targets, sources), none(sources, targets)});
    });
  }

  // Replaces the edges of a relation; throws shape_error where their sizes are not those of its node types.
  template <key_of<typename S::relation_keys> R>
  void set(R r, csr forward) {
    set(r, adjacency{std::move(forward)});
  }
  template <key_of<typename S::relation_keys> R>
  void set(R r, adjacency edges) {
    expects(edges.forward().rows == nodes_[r.target] && edges.forward().cols == nodes_[r.source],
            "graph: edges of a relation have one row per target node and one column per source node");
    edges_[r] = std::move(edges);
  }

  template <class N>
  [[nodiscard]] std::size_t nodes(N n) const {
    return nodes_[n];
  }
  template <key_of<typename S::relation_keys> R>
  [[nodiscard]] auto operator[](R r) const {
    return adjacency_view<typename R::source_type, typename R::target_type>{edges_[r].view()};
  }
  // The graph as a layer reads it, the same for every layer.
  [[nodiscard]] intarsia::hop<S> hop(std::size_t /*layer*/ = 0, std::size_t /*layers*/ = 1) const {
    intarsia::hop<S> all;
    S::each_relation([&](auto r) { all.edges[r] = edges_[r].view(); });
    all.sources = all.targets = nodes_;
    return all;
  }

 private:
  [[nodiscard]] static csr none(std::size_t rows, std::size_t cols) {
    csr empty{.rows = rows, .cols = cols, .offsets = {}, .columns = {}, .values = {}, .positions = {}};
    empty.offsets.assign(rows + 1, 0);
    return empty;
  }

  per_node<S, std::size_t> nodes_{};
  per_relation<S, adjacency> edges_{};
};

}  // namespace intarsia::inline v0
