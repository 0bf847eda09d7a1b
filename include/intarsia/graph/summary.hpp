// What a graph looks like at a glance: counts and degrees of each relation.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <intarsia/graph/graph.hpp>
#include <string>
#include <utility>
#include <vector>

namespace intarsia::inline v0 {

// How many neighbors the targets of a relation hear.
struct degree_summary {
  std::string relation;
  std::size_t targets = 0, sources = 0, edges = 0;
  std::size_t isolated = 0;                     // targets that hear nobody
  std::size_t least = 0, median = 0, most = 0;  // degrees over all targets; the lower of two medians
  double mean = 0;
};

// How many nodes there are of each type, and the degrees of each relation, in the order of the schema.
struct graph_summary {
  std::vector<std::pair<std::string, std::size_t>> nodes;
  std::vector<degree_summary> relations;
};

[[nodiscard]] inline degree_summary summarize(csr_view<> edges, std::string name = {}) {
  degree_summary out{
      .relation = std::move(name), .targets = edges.rows, .sources = edges.cols, .edges = edges.entries()};
  if (edges.rows == 0) return out;
  std::vector<std::size_t> degrees(edges.rows);
  for (std::size_t i = 0; i < edges.rows; ++i) degrees[i] = edges.degree(i);
  std::sort(degrees.begin(), degrees.end());
  out.isolated =
      static_cast<std::size_t>(std::upper_bound(degrees.begin(), degrees.end(), std::size_t{0}) - degrees.begin());
  out.least = degrees.front();
  out.median = degrees[(degrees.size() - 1) / 2];
  out.most = degrees.back();
  out.mean = static_cast<double>(out.edges) / static_cast<double>(edges.rows);
  return out;
}

template <schema_type S>
[[nodiscard]] graph_summary summarize(graph<S> const& g) {
  graph_summary out;
  S::each_node([&](auto n) { out.nodes.emplace_back(std::string{n.name}, g.nodes(n)); });
  S::each_relation([&](auto r) { out.relations.push_back(summarize(g[r].forward, r.name())); });
  return out;
}

// "1200 edges, 60 targets (3 isolated), 40 sources, degrees 0 to 31, median 20, mean 20.0"
[[nodiscard]] inline std::string to_string(degree_summary const& s) {
  std::string mean = std::to_string(std::round(s.mean * 10) / 10);
  mean.resize(mean.find('.') + 2);
  std::string text = s.relation.empty() ? std::string{} : s.relation + ": ";
  text += std::to_string(s.edges) + " edges, " + std::to_string(s.targets) + " targets (" + std::to_string(s.isolated);
  text += " isolated), " + std::to_string(s.sources) + " sources, degrees " + std::to_string(s.least) + " to ";
  return text += std::to_string(s.most) + ", median " + std::to_string(s.median) + ", mean " + mean;
}

// A line per node type and one per relation.
[[nodiscard]] inline std::string to_string(graph_summary const& s) {
  std::string text;
  for (auto const& [name, count] : s.nodes) text += name + ": " + std::to_string(count) + " nodes\n";
  for (auto const& relation : s.relations) text += to_string(relation) + '\n';
  return text;
}

}  // namespace intarsia::inline v0
