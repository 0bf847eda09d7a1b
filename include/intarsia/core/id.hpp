// Numbers that cannot be confused: a node of the whole graph, and a row of a batch.
#pragma once

#include <compare>
#include <cstdint>

namespace intarsia::inline v0 {

// A node of type Node by its number in the whole graph (its row in the feature table).
template <class Node>
struct id {
  using node = Node;
  std::uint32_t value{};
  friend constexpr auto operator<=>(id, id) = default;
};

// A row of type Node within a block; equal to the id where the block is the whole graph.
template <class Node>
struct slot {
  using node = Node;
  std::uint32_t value{};
  friend constexpr auto operator<=>(slot, slot) = default;
};

static_assert(sizeof(id<void>) == 4 && sizeof(slot<void>) == 4);

}  // namespace intarsia::inline v0
