// The adaptation layer: one network for the user, one for the item, and their inner product as the score
// (arXiv 2403.07478).
#pragma once

#include <intarsia/exec/module.hpp>

namespace intarsia::inline v0 {

// two_tower towers{mlp<64, 256, 64>{ctx}, mlp<128, 256, 64>{ctx}}: a query and an item of equal output width.
template <class Query, class Item>
struct two_tower {
  Query query;
  Item item;

  static auto members(auto& self) { return std::tuple{named("query", self.query), named("item", self.item)}; }
};
template <class Query, class Item>
two_tower(Query, Item) -> two_tower<Query, Item>;

}  // namespace intarsia::inline v0
