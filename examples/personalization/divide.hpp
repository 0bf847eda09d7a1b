// Writing the columns that a study needs: fold and cold.
#pragma once

#include <string>

#include "options.hpp"

namespace personalization {

// Writes the column fold of interactions.tsv (0 to 9; 0 and 1 are the test, 2 the validation set) and the column cold
// of items.tsv (1 for 15 % of the items of each type), in place of older ones; all other columns stay as they are.
//   random: folds and cold items are drawn by o.seed.
//   time:   the newest tenth of all interactions is fold 0, the next is fold 1, ...; cold are the items met last.
//   user:   the same within each user's own list, by time where there is a column timestamp, else in drawn order; cold
//           items are drawn.
// Both files are written beside their places and then renamed. Gives a sentence that says what was done. Throws
// io_error or user_error.
std::string divide(options const& o);

}  // namespace personalization
