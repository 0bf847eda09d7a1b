// An axis is a type: the rows of a node type, a width known to the compiler, or a width known at run time.
#pragma once

#include <concepts>
#include <cstddef>
#include <intarsia/core/because.hpp>
#include <limits>
#include <type_traits>

namespace intarsia::inline v0 {

// The extent of an axis whose length is only known at run time.
inline constexpr std::size_t dynamic = std::numeric_limits<std::size_t>::max();

// A width of N columns (or N rows of a weight matrix).
template <std::size_t N>
struct dim {
  static constexpr std::size_t extent = N;
};

// A length known at run time only, with no other meaning.
struct dyn {
  static constexpr std::size_t extent = dynamic;
};

// One row for each node of a type: of the whole graph, or of a sampled block.
template <class Node>
struct rows_of {
  using node = Node;
  static constexpr std::size_t extent = dynamic;
};

// One row for each edge of a relation, in the order of the targets that hear them.
template <class Source, class Target>
struct rows_of_edges {
  static constexpr std::size_t extent = dynamic;
};

// One row for each element of a batch: pairs of a user and an item, links, queries.
struct batch_rows {
  static constexpr std::size_t extent = dynamic;
};

template <class A>
concept axis = requires {
  { A::extent } -> std::convertible_to<std::size_t>;
};

// Two axes that an operation contracts over or adds along; dyn meets any width.
template <class A, class B>
concept same_axis =
    std::same_as<A, B> || std::same_as<A, dyn> || std::same_as<B, dyn> ||
    because<"axes differ: the columns given are not the axis this operation contracts over">();

}  // namespace intarsia::inline v0
