// An invented catalogue: every node belongs to a hidden community, which shows faintly in its features and clearly in
// its links. Some links are hidden, to be found again. Everything follows from the seed.
#pragma once

#ifdef __CUDACC__
#include <intarsia/cuda.cuh>
#else
#include <intarsia/intarsia.hpp>
#endif

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

namespace invented {

inline constexpr std::uint32_t communities = 20, nodes_of_a_type = 400, draws = 8;
inline constexpr float hidden_share = 0.2f;
inline constexpr std::size_t shown = 10;

// The community of a node of any type, by its id.
inline std::uint32_t community(std::uint32_t id) { return id % communities; }

// The seed of the program: its first argument, or 7.
inline intarsia::seed seed_of(int count, char** words) {
  return {count > 1 ? std::strtoull(words[1], nullptr, 10) : 7};
}

// (nodes, width): the centre of the community of each and three times as much noise.
template <class Node>
intarsia::table<Node> features(intarsia::seed s, std::uint64_t stream) {
  intarsia::table<Node> rows{nodes_of_a_type};
  for (std::uint32_t i = 0; i < nodes_of_a_type; ++i) {
    intarsia::random centre{s, stream, community(i)}, noise{s, stream + 1, i};
    for (float& x : rows[i]) x = static_cast<float>(centre.normal() + 3 * noise.normal());
  }
  return rows;
}
template <class S>
auto all_features(intarsia::seed s) {
  return S::map_nodes([&](auto n) { return features<decltype(n)>(s, 2 * S::template node_index<decltype(n)>); });
}

// A node that `id` meets: of the same community nine times out of ten.
inline std::uint32_t met(intarsia::random& dice, std::uint32_t id) {
  if (dice.uniform() < 0.1f) return dice.below(nodes_of_a_type);
  return community(id) + communities * dice.below(nodes_of_a_type / communities);
}

// A graph, the features of its nodes, and links that the graph lacks.
template <class S>
struct world {
  intarsia::graph<S> graph;
  decltype(all_features<S>({})) features;
  intarsia::per_relation<S, std::vector<intarsia::edge>> hidden;

  explicit world(intarsia::seed s) : features{all_features<S>(s)} {
    intarsia::per_node<S, std::size_t> sizes;
    sizes.values.fill(nodes_of_a_type);
    intarsia::graph_builder<S> links{sizes};
    S::each_relation([&](auto r) {
      for (std::uint32_t i = 0; i < nodes_of_a_type; ++i) {
        intarsia::random dice{s, 1000 + S::template relation_index<decltype(r)>, i};
        for (std::uint32_t k = 0; k < draws; ++k) links.add(r, {i}, {met(dice, i)});
      }
    });
    graph = links.build();
    S::each_relation([&](auto r) {
      auto split = intarsia::split_links(graph, r, double{hidden_share}, s, 2000);
      graph = std::move(split.train);
      hidden[r] = std::move(split.held_out);
    });
  }
};

// The share of hidden links (a, b) whose b is among the ten of its type closest to a that a is not linked to.
template <class Context, class S, class Vectors>
double recall(Context& ctx, world<S> const& all, Vectors const& z) {
  double found = 0, links = 0;
  S::each_relation([&](auto r) {
    auto const lists =
        intarsia::top_k(ctx, z[r.source].view(), z[r.target].view(), shown, {.exclude = all.graph[r].backward});
    for (auto const& link : all.hidden[r]) {
      links += 1;
      for (auto const& near : lists[link.source]) found += near.row == link.target ? 1 : 0;
    }
  });
  return found / links;
}

// The same by plain loops, where there is no context of the CPU.
template <class S, class Vectors>
double recall(world<S> const& all, Vectors const& z) {
  double found = 0, links = 0;
  S::each_relation([&](auto r) {
    for (auto const& link : all.hidden[r]) {
      auto const from = z[r.source][link.source];
      auto const score = [&](std::size_t i) {
        float sum = 0;
        for (std::size_t c = 0; c < from.size(); ++c) sum += from[c] * z[r.target][i][c];
        return sum;
      };
      auto const linked = all.graph[r].backward[link.source];
      std::size_t closer = 0;
      for (std::uint32_t i = 0; i < nodes_of_a_type; ++i) {
        bool const known = std::binary_search(linked.begin(), linked.end(), i);
        if (!known && i != link.target && score(i) > score(link.target)) ++closer;
      }
      links += 1;
      found += closer < shown ? 1 : 0;
    }
  });
  return found / links;
}

// Links of a relation, drawn anew for each step: sources, and a target of each.
template <class S, class R>
auto some_links(intarsia::graph<S> const& g, R r, std::uint32_t count, intarsia::seed s, std::uint64_t step) {
  std::pair<std::vector<intarsia::id<typename R::source_type>>, std::vector<intarsia::id<typename R::target_type>>> some;
  auto const sources = g[r].forward;
  intarsia::random dice{s, 5000, step};
  while (some.first.size() < count) {
    std::uint32_t const target = dice.below(nodes_of_a_type);
    if (sources.degree(target) == 0) continue;
    auto const row = sources[target];
    some.first.push_back({row[dice.below(static_cast<std::uint32_t>(row.size()))]});
    some.second.push_back({target});
  }
  return some;
}

// Users, the items of one type that they chose, and further ones that were hidden: two of the ten of each.
template <class User, class Item>
struct listeners {
  intarsia::table<User> features;
  intarsia::pairs<User, Item> known, hidden;

  explicit listeners(intarsia::seed s) : features{invented::features<User>(s, 3000)} {
    for (std::uint32_t u = 0; u < nodes_of_a_type; ++u) {
      intarsia::random dice{s, 4000, u};
      for (std::uint32_t k = 0; k < 10; ++k) {
        auto& list = k < 2 ? hidden : known;
        list.first.push_back({u});
        list.second.push_back({met(dice, u)});
      }
    }
  }
};

// The share of hidden pairs (u, i) whose i is among the ten closest to u that u is not known to have chosen.
template <class Context, class User, class Item, class Users, class Items>
double recall(Context& ctx, listeners<User, Item> const& all, Users const& users, Items const& items) {
  std::vector<intarsia::edge> edges;
  for (std::size_t p = 0; p < all.known.size(); ++p) {
    edges.push_back({all.known.second[p].value, all.known.first[p].value});
  }
  auto const known = intarsia::edges_to_csr(nodes_of_a_type, nodes_of_a_type, edges);
  auto const lists = intarsia::top_k(ctx, users.view(), items.view(), shown, {.exclude = known.view()});
  double found = 0;
  for (std::size_t p = 0; p < all.hidden.size(); ++p) {
    for (auto const& near : lists[all.hidden.first[p].value]) found += near.row == all.hidden.second[p].value ? 1 : 0;
  }
  return found / static_cast<double>(all.hidden.size());
}

inline void report(char const* what, double trained, double untrained) {
  std::printf("recall@%zu of hidden %s: trained %.3f, untrained %.3f, random %.3f\n", shown, what, trained, untrained,
              static_cast<double>(shown) / nodes_of_a_type);
}

}  // namespace invented
