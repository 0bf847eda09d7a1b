// What exists: kinds of nodes and verbs between them. Users derive a named struct from each:
//   struct Podcast : ia::node<"podcast", 384> {};      a name for files, the width of its features
//   struct User : ia::node<"user"> {};                 a type without features
//   struct CoListened : ia::verb<"co_listened", ia::symmetric> {};
#pragma once

#include <concepts>
#include <cstddef>
#include <intarsia/core/because.hpp>
#include <string_view>

namespace intarsia::inline v0 {

template <fixed_string Name, std::size_t Width = 0>
struct node {
  static constexpr std::string_view name = Name.view();
  static constexpr std::size_t width = Width;  // 0: the type has no features of its own
};

// Whether a relation reads the same in both directions.
enum class direction { directed, symmetric };
inline constexpr direction directed = direction::directed;
inline constexpr direction symmetric = direction::symmetric;

template <fixed_string Name, direction Direction = directed>
struct verb {
  static constexpr std::string_view name = Name.view();
  static constexpr bool is_symmetric = Direction == symmetric;
};

template <class N>
concept node_type = requires {
  { N::name } -> std::convertible_to<std::string_view>;
  { N::width } -> std::convertible_to<std::size_t>;
} || because<"a node type is a struct that derives from ia::node<\"name\", width>">();

template <class V>
concept verb_type = requires {
  { V::name } -> std::convertible_to<std::string_view>;
  { V::is_symmetric } -> std::convertible_to<bool>;
} || because<"a verb is a struct that derives from ia::verb<\"name\">">();

}  // namespace intarsia::inline v0
