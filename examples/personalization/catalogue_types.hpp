// Everything that belongs to one catalogue: its types, its relation, its columns, its rules. To point the program at
// another catalogue, edit this file and nothing else.
#pragma once

#include <array>
#include <intarsia/schema/schema.hpp>
#include <string_view>

namespace personalization {
namespace ia = intarsia;

// One struct per item type; its name is the value of the column `type`, its width that of the whitened text vectors.
struct Tv : ia::node<"tv", 384> {};
struct Movie : ia::node<"movie", 384> {};
struct Ova : ia::node<"ova", 384> {};
struct Special : ia::node<"special", 384> {};
struct Ona : ia::node<"ona", 384> {};
struct Music : ia::node<"music", 384> {};
using item_types = ia::nodes<Tv, Movie, Ova, Special, Ona, Music>;

// Two items are related where one user had both.
struct CoWatched : ia::verb<"co_watched", ia::symmetric> {};
struct Catalogue : ia::schema<item_types, ia::all_relations<CoWatched, item_types>> {};

// The same items with users as nodes, for the rows that compare the two kinds of graph.
struct User : ia::node<"user"> {};
struct Watched : ia::verb<"watched"> {};

// Header names in items.tsv and interactions.tsv. Those of `optional` may be missing; other columns are ignored.
struct columns {
  static constexpr std::string_view item_id = "id", item_type = "type", title = "title", cold = "cold";
  static constexpr std::string_view user = "user", item = "item", rating = "rating", fold = "fold";
  struct optional {
    static constexpr std::string_view genres = "genres", timestamp = "timestamp", event = "event";
  };
};

// A weak signal: the item was met, but without an opinion. The row ablation/no-weak leaves these out of training.
[[nodiscard]] constexpr bool is_weak(float rating, std::string_view /*event*/) { return rating == -1.0F; }

// The type that the network never sees in the row ablation/hidden-TYPE, and the splits of a run without --splits; those
// that a catalogue does not have are left out.
using hidden_type = Movie;
inline constexpr std::array<std::string_view, 4> default_splits = {"warm", "cold", "new-to-movie", "new-to-ona"};

}  // namespace personalization
