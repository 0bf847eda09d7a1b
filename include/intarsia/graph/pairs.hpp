// Pairs of a node of one type and a node of another: who met what, which link is meant.
#pragma once

#include <cstddef>
#include <intarsia/core/id.hpp>
#include <intarsia/schema/node.hpp>
#include <vector>

namespace intarsia::inline v0 {

// Pair i is (first[i], second[i]); both lists have the same length.
template <node_type A, node_type B>
struct pairs {
  using first_type = A;
  using second_type = B;

  std::vector<id<A>> first;
  std::vector<id<B>> second;

  [[nodiscard]] std::size_t size() const { return first.size(); }
};

}  // namespace intarsia::inline v0
