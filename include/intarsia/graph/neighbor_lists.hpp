// The heaviest neighbors of each node, and how such lists become edges.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <intarsia/graph/graph.hpp>
#include <intarsia/graph/heaviest.hpp>
#include <intarsia/graph/node_numbering.hpp>
#include <utility>
#include <vector>

namespace intarsia::inline v0 {

// Among which neighbors the k heaviest are taken.
enum class neighbor_groups {
  all,            // k over all types
  source_type,    // k of each type
  own_and_other,  // k of the node's own type and k of all other types together
};

// Which group a source belongs to for a target, and how many groups there are.
[[nodiscard]] inline std::size_t group_count(neighbor_groups groups, node_numbering const& nodes) {
  return groups == neighbor_groups::all ? 1 : groups == neighbor_groups::source_type ? nodes.types() : 2;
}
[[nodiscard]] inline std::size_t group_of(neighbor_groups groups, node_numbering const& nodes, std::size_t target,
                                          std::size_t source) {
  if (groups == neighbor_groups::all) return 0;
  if (groups == neighbor_groups::source_type) return nodes.type(source);
  return nodes.type(source) == nodes.type(target) ? 0 : 1;
}

// Rows made in parallel and put together in order. make() builds what one piece of rows works with; row(state, i,
// columns, values) appends the entries of row i. Pieces have `grain` rows, whatever the number of threads.
template <class Context, class Make, class Row>
[[nodiscard]] csr csr_by_rows(Context& ctx, std::size_t rows, std::size_t cols, std::size_t grain, Make&& make,
                              Row&& row) {
  struct piece {
    std::vector<std::uint32_t> columns;
    std::vector<float> values;
  };
  std::vector<piece> pieces((rows + grain - 1) / grain);
  csr out{.rows = rows, .cols = cols, .offsets = {}, .columns = {}, .values = {}, .positions = {}};
  out.offsets.assign(rows + 1, 0);
  ctx.threads().bulk(rows, grain, [&](std::size_t begin, std::size_t end) {
    auto& mine = pieces[begin / grain];
    auto state = make();
    for (std::size_t i = begin; i < end; ++i) {
      std::size_t const before = mine.columns.size();
      row(state, i, mine.columns, mine.values);
      out.offsets[i + 1] = mine.columns.size() - before;
    }
  });
  for (std::size_t i = 0; i < rows; ++i) out.offsets[i + 1] += out.offsets[i];
  out.columns.reserve(out.offsets.back());
  out.values.reserve(out.offsets.back());
  for (auto& p : pieces) {
    out.columns.insert(out.columns.end(), p.columns.begin(), p.columns.end());
    out.values.insert(out.values.end(), p.values.begin(), p.values.end());
    p = {};
  }
  return out;
}

// Appends scored neighbors as the entries of a row, by rising column.
inline void append_row(std::vector<scored>& row, std::vector<std::uint32_t>& columns, std::vector<float>& values) {
  std::sort(row.begin(), row.end(), [](scored const& a, scored const& b) { return a.row < b.row; });
  for (scored const& x : row) {
    columns.push_back(x.row);
    values.push_back(x.score);
  }
}

// The entries of `edges` (targets x sources, both in the global numbering) between two types, in their own numbering.
[[nodiscard]] inline csr between_types(csr_view<> edges, node_numbering const& nodes, std::size_t target_type,
                                       std::size_t source_type) {
  auto const targets = nodes.members(target_type);
  csr out{.rows = targets.size(), .cols = nodes.members(source_type).size(), .offsets = {}, .columns = {}, .values = {},
          .positions = {}};
  out.offsets.assign(1, 0);
  for (std::uint32_t const target : targets) {
    for (std::size_t e = 0; e < edges.degree(target); ++e) {
      std::uint64_t const entry = edges.offsets[target] + e;
      std::uint32_t const source = edges.columns[entry];
      if (nodes.type(source) != source_type) continue;
      out.columns.push_back(nodes.local(source));
      if (edges.values) out.values.push_back(edges.values[entry]);
    }
    out.offsets.push_back(out.columns.size());
  }
  return out;
}

// Sets every relation of a verb from edges in the global numbering; type t of the numbering is node type t of the
// schema. Throws shape_error where the graph has other numbers of nodes than the numbering.
template <class Verb, schema_type S>
void set_edges(graph<S>& g, csr_view<> edges, node_numbering const& nodes) {
  S::each_relation([&]<class R>(R r) {
    if constexpr (std::is_same_v<typename R::verb_type, Verb>) {
      g.set(r, between_types(edges, nodes, S::template node_index<typename R::target_type>,
                             S::template node_index<typename R::source_type>));
    }
  });
}

// A graph whose nodes are those of the numbering and whose relations of `Verb` hold the edges.
template <schema_type S, class Verb>
[[nodiscard]] graph<S> typed_graph(csr_view<> edges, node_numbering const& nodes) {
  expects(nodes.types() == S::node_count, "typed_graph: the numbering has another number of types than the schema");
  per_node<S, std::size_t> counts{};
  for (std::size_t t = 0; t < nodes.types(); ++t) counts.values[t] = nodes.members(t).size();
  graph<S> g{counts};
  set_edges<Verb>(g, edges, nodes);
  return g;
}

}  // namespace intarsia::inline v0
