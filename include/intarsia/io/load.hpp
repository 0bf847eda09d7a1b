// A folder of .npy files as a typed graph with features. In it lie
//   audiobook.npy                               the features of a node type, (nodes, width)
//   audiobook.co_listened.podcast.npy           the edges of a relation, (edges, 2): source, target
//   audiobook.co_listened.podcast.weight.npy    a number for each of these edges, (edges); may be left out
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <intarsia/graph/graph.hpp>
#include <intarsia/graph/pairs.hpp>
#include <intarsia/io/npy.hpp>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace intarsia::inline v0 {

// A file of two columns: row i is the pair of a node of type A and a node of type B, counted from 0.
// Throws io_error where the file is not such a table.
template <node_type A, node_type B>
[[nodiscard]] pairs<A, B> load_pairs(std::string const& path) {
  auto const numbers = load_npy<dyn, dim<2>, std::uint32_t>(path);
  pairs<A, B> out;
  out.first.reserve(numbers.rows());
  out.second.reserve(numbers.rows());
  for (std::size_t i = 0; i < numbers.rows(); ++i) {
    out.first.push_back({numbers[i][0]});
    out.second.push_back({numbers[i][1]});
  }
  return out;
}

template <schema_type S>
struct load_graph_options {
  bool missing_is_empty = false;     // a relation without a file has no edges; else that is an error
  per_node<S, std::size_t> nodes{};  // how many nodes a type has; 0: as many as its features or edges show
};

namespace detail {

// The edges of a relation as its file lists them.
struct edge_list {
  std::string file;
  std::size_t source_column = 0;  // 1 where the file is that of the reverse relation
  tensor<dyn, dim<2>, std::uint32_t> ends;
  std::vector<float> weights;  // empty: none are given

  [[nodiscard]] std::uint32_t source(std::size_t edge) const { return ends[edge][source_column]; }
  [[nodiscard]] std::uint32_t target(std::size_t edge) const { return ends[edge][1 - source_column]; }
};

[[nodiscard]] inline bool is_there(std::string const& path) { return ::access(path.c_str(), F_OK) == 0; }

inline void expect_folder(std::string const& folder) {
  struct ::stat about {};
  if (::stat(folder.empty() ? "." : folder.c_str(), &about) != 0)
    io_failure(folder, "", "there is no such folder", "check its path");
  if (!S_ISDIR(about.st_mode)) io_failure(folder, "", "is not a folder", "give the folder that holds the files");
}

// Reads the file of a relation, or of its reverse; of a symmetric relation within one type, the mirrored edges follow.
template <class R>
[[nodiscard]] edge_list read_edges(std::string const& folder, bool missing_is_empty) {
  edge_list edges;
  std::string stem = in_folder(folder, R::name());
  edges.file = stem + ".npy";
  if (!is_there(edges.file)) {
    std::string const reverse_stem = in_folder(folder, reverse<R>::name());
    if (is_there(reverse_stem + ".npy")) {
      stem = reverse_stem;
      edges.file = stem + ".npy";
      edges.source_column = 1;
    } else if (missing_is_empty) {
      return edges;
    } else {
      io_failure(edges.file, "", "the edges of this relation are missing",
                 "write them there in two columns, source and target, or set missing_is_empty");
    }
  }
  edges.ends = load_npy<dyn, dim<2>, std::uint32_t>(edges.file);
  std::size_t const count = edges.ends.rows();
  if (std::string const path = stem + ".weight.npy"; is_there(path)) {
    auto const weights = load_npy<dyn, dim<1>>(path);
    if (weights.rows() != count) {
      io_failure(path, "header field 'shape'",
                 "there are " + std::to_string(weights.rows()) + " weights for " + std::to_string(count) + " edges",
                 "write one weight for each row of " + edges.file);
    }
    edges.weights.assign(weights.data(), weights.data() + count);
  }
  return edges;
}

// The number of nodes of type N that the edges of a relation show: one more than the largest number at its ends.
template <node_type N, class R>
[[nodiscard]] std::size_t nodes_shown(edge_list const& edges) {
  std::size_t count = 0;
  for (std::size_t e = 0; e < edges.ends.rows(); ++e) {
    if constexpr (std::is_same_v<typename R::source_type, N>) count = std::max(count, edges.source(e) + std::size_t{1});
    if constexpr (std::is_same_v<typename R::target_type, N>) count = std::max(count, edges.target(e) + std::size_t{1});
  }
  return count;
}

inline void check_ends(edge_list const& edges, bool sources, std::size_t nodes, std::string_view type) {
  for (std::size_t e = 0; e < edges.ends.rows(); ++e) {
    std::uint32_t const node = sources ? edges.source(e) : edges.target(e);
    if (node < nodes) continue;
    std::size_t const column = sources ? edges.source_column : 1 - edges.source_column;
    io_failure(edges.file, "row " + std::to_string(e) + ", column " + std::to_string(column),
               "the number " + std::to_string(node) + " is no " + std::string{type} + ", of which there are " +
                   std::to_string(nodes),
               "count nodes from 0, in the order of their features");
  }
}

// Rows are targets, sources rise within a row; of edges between the same two nodes the first counts.
[[nodiscard]] inline csr to_csr(edge_list const& edges, std::size_t targets, std::size_t sources, bool mirror) {
  std::size_t const given = edges.ends.rows(), count = mirror ? 2 * given : given;
  auto const from = [&](std::size_t e) { return e < given ? edges.source(e) : edges.target(e - given); };
  auto const to = [&](std::size_t e) { return e < given ? edges.target(e) : edges.source(e - given); };
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::pair{to(a), from(a)} < std::pair{to(b), from(b)};
  });
  csr out;
  out.rows = targets;
  out.cols = sources;
  out.offsets.assign(targets + 1, 0);
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t const e = order[i];
    if (i > 0 && to(e) == to(order[i - 1]) && from(e) == from(order[i - 1])) continue;
    out.columns.push_back(from(e));
    if (!edges.weights.empty()) out.values.push_back(edges.weights[e % given]);
    ++out.offsets[to(e) + 1];
  }
  std::partial_sum(out.offsets.begin(), out.offsets.end(), out.offsets.begin());
  return out;
}

}  // namespace detail

// The edges of every relation. A relation may lie in the file of its reverse, whose columns are then exchanged; one
// that is symmetric within a type gets its mirrored edges. An edge given twice counts once. A type has as many nodes as
// its features have rows, or, without a file of features, as its edges name. Throws io_error where a relation is
// missing or an edge names a node that is not there.
template <schema_type S>
[[nodiscard]] graph<S> load_graph(std::string const& folder, load_graph_options<S> const& options = {}) {
  detail::expect_folder(folder);
  per_relation<S, detail::edge_list> edges;
  S::each_relation([&](auto r) { edges[r] = detail::read_edges<decltype(r)>(folder, options.missing_is_empty); });

  per_node<S, std::size_t> nodes = options.nodes;
  S::each_node([&](auto n) {
    if (nodes[n] != 0) return;
    std::string const features = detail::in_folder(folder, std::string{n.name} + ".npy");
    if (n.width > 0 && detail::is_there(features)) {
      nodes[n] = load_npy_header(features).shape[0];
      return;
    }
    S::each_relation(
        [&](auto r) { nodes[n] = std::max(nodes[n], detail::nodes_shown<decltype(n), decltype(r)>(edges[r])); });
  });

  graph<S> out{nodes};
  S::each_relation([&](auto r) {
    using R = decltype(r);
    detail::check_ends(edges[r], true, nodes[r.source], r.source.name);
    detail::check_ends(edges[r], false, nodes[r.target], r.target.name);
    constexpr bool mirror =
        R::verb_type::is_symmetric && std::is_same_v<typename R::source_type, typename R::target_type>;
    out.set(r, detail::to_csr(edges[r], nodes[r.target], nodes[r.source], mirror));
  });
  return out;
}

// The features of every node type, features[Audiobook{}] of shape (nodes, width). A type without features has no file:
// its table has no columns, and as many rows as its edges in the folder name.
// Throws io_error where the file of a type with features is missing, damaged, or of another width.
template <schema_type S>
[[nodiscard]] auto load_features(std::string const& folder) {
  detail::expect_folder(folder);
  return S::map_nodes([&](auto n) {
    using N = decltype(n);
    if constexpr (N::width > 0) {
      return load_table<N>(detail::in_folder(folder, std::string{N::name} + ".npy"));
    } else {
      std::size_t nodes = 0;
      S::each_relation([&](auto r) {
        using R = decltype(r);
        if constexpr (std::is_same_v<typename R::source_type, N> || std::is_same_v<typename R::target_type, N>) {
          nodes = std::max(nodes, detail::nodes_shown<N, R>(detail::read_edges<R>(folder, true)));
        }
      });
      return table<N>{nodes};
    }
  });
}

}  // namespace intarsia::inline v0
