// The types of a graph, in one place: which node types there are and how they relate.
#pragma once

#include <intarsia/schema/relation.hpp>
#include <intarsia/schema/typed_map.hpp>

namespace intarsia::inline v0 {

template <class... Nodes>
struct nodes {};

template <class... Relations>
struct relations {};

namespace detail {
// The relations from one source to every target.
template <class Verb, class Source, class... Targets>
using fan = relations<relation<Source, Verb, Targets>...>;

template <class... Lists>
struct join;
template <class... R>
struct join<relations<R...>> {
  using type = relations<R...>;
};
template <class... A, class... B, class... Rest>
struct join<relations<A...>, relations<B...>, Rest...> : join<relations<A..., B...>, Rest...> {};

template <class Verb, class Nodes>
struct all_relations;
template <class Verb, class... N>
struct all_relations<Verb, nodes<N...>> {
  template <class Source>
  using from = fan<Verb, Source, N...>;
  using type = typename join<relations<>, from<N>...>::type;
};
}  // namespace detail

// Every ordered pair of the listed node types under one verb: k types make k * k relations.
template <class Verb, class Nodes>
using all_relations = typename detail::all_relations<Verb, Nodes>::type;

// struct Catalogue : ia::schema<ia::nodes<Audiobook, Podcast>, ia::relations<BookShow, ia::reverse<BookShow>>> {};
template <class Nodes, class Relations>
struct schema;

template <class... Ns, class... Rs>
struct schema<nodes<Ns...>, relations<Rs...>> {
  using node_keys = keys<Ns...>;
  using relation_keys = keys<Rs...>;
  using first_node = typename keys<Ns...>::first;
  static constexpr std::size_t node_count = sizeof...(Ns);
  static constexpr std::size_t relation_count = sizeof...(Rs);

  static_assert((... && node_type<Ns>), "a node type is a struct that derives from ia::node<\"name\", width>");
  static_assert((... && (node_keys::template has<typename Rs::source_type> &&
                         node_keys::template has<typename Rs::target_type>)),
                "a relation mentions a node type that nodes<...> does not list");

  // The place of a node type, or of a relation, in its list.
  template <key_of<node_keys> N>
  static constexpr std::size_t node_index = node_keys::template index<N>;
  template <key_of<relation_keys> R>
  static constexpr std::size_t relation_index = relation_keys::template index<R>;

  // f(node) or f(relation) for each, in the order of the lists; the argument is an empty object.
  template <class F>
  static constexpr void each_node(F&& f) {
    node_keys::each(f);
  }
  template <class F>
  static constexpr void each_relation(F&& f) {
    relation_keys::each(f);
  }
  // A value of its own type per node type, or per relation.
  template <class F>
  static constexpr auto map_nodes(F&& f) {
    return map_keys(node_keys{}, f);
  }
  template <class F>
  static constexpr auto map_relations(F&& f) {
    return map_keys(relation_keys{}, f);
  }
};

// One value of the same type per node type, or per relation.
template <class S, class Value>
using per_node = uniform_map<typename S::node_keys, Value>;
template <class S, class Value>
using per_relation = uniform_map<typename S::relation_keys, Value>;

template <class S>
concept schema_type = requires {
  typename S::node_keys;
  typename S::relation_keys;
} || because<"a schema is a struct that derives from ia::schema<ia::nodes<...>, ia::relations<...>>">();

}  // namespace intarsia::inline v0
