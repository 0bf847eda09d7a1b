// The tripartite graph: the item types of the catalogue, users, and who had what in both directions.
#pragma once

#include "catalogue_types.hpp"

namespace personalization {
namespace detail {
template <class Items>
struct with_users;
template <class... N>
struct with_users<ia::nodes<N...>> {
  using nodes = ia::nodes<N..., User>;
  using relations = ia::relations<ia::relation<User, Watched, N>..., ia::reverse<ia::relation<User, Watched, N>>...>;
};
}  // namespace detail

// Relations user -> item of each type, and back: two for each item type.
struct CatalogueWithUsers
    : ia::schema<detail::with_users<item_types>::nodes, detail::with_users<item_types>::relations> {};

}  // namespace personalization
