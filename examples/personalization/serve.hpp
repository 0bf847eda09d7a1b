// The commands that use the saved model: recommend, similar and embed.
#pragma once

#include "options.hpp"

namespace personalization {

// Prints the best items that the user has not had, each with its score and the three history items without which the
// score would fall most.
void recommend(options const& o);
// Prints the nearest items to an item.
void similar(options const& o);
// Embeds an item that is not in the catalogue, from its type and text vector, and prints its neighbors.
void embed(options const& o);

}  // namespace personalization
