// Which interactions are for training and which are ranked: the splits of the study, and for each a validation twin on
// which settings are chosen. The same protocol for every row.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "catalogue.hpp"

namespace personalization {

// One ranking task of a split: for each user, the candidates but those seen in training.
struct ranking {
  std::string name;                       // the split's name, or "warm/TYPE"
  std::vector<std::uint32_t> candidates;  // item rows, rising
  ia::interactions test;                  // the candidates to be found; users without any are left out
};

struct split {
  std::string name;  // "warm", "cold", "cold-draw-N" or "new-to-TYPE"
  bool validation = false;
  std::vector<std::uint8_t> mask;  // (interactions): 1 where it may be used in training
  ia::interactions train;          // those; a user's are never recommended again
  std::vector<ranking> rankings;   // the split's own first; then one per type for warm
};

// The names of every split of a catalogue: warm, cold, cold-draw-1 to -3, and new-to-TYPE for each type but the
// largest.
[[nodiscard]] std::vector<std::string> split_names(catalogue const& of);

// Whether a split ranks items that nobody has met: cold and its other draws.
[[nodiscard]] bool ranks_cold(std::string_view split);

// warm: train folds 2..9, test folds 0 and 1, all items ranked.
// cold: items with cold = 1 lose all interactions and are ranked alone.
// cold-draw-N: another choice of cold items, for the spread of cold figures over choices. 15 % of the items with cold =
// 0 of each type, drawn by N, are ranked; the items with cold = 1 lose all interactions too. new-to-T: users whose
// number is divisible by 5 lose T, and only T is ranked. Throws user_error for a name that is not in split_names.
[[nodiscard]] split make_split(catalogue const& of, std::string_view name);

// The twin that never touches what make_split tests on.
// warm: train folds 3..9, test fold 2. cold and its draws: cold items and those whose row mod 7 = 3 lose all, the
// latter are ranked. new-to-T: users with number mod 5 = 0 or 1 lose T, those with 1 are ranked.
[[nodiscard]] split make_validation(catalogue const& of, std::string_view name);

// The training interactions without the weak ones.
[[nodiscard]] ia::interactions strong_pairs(catalogue const& of, split const& part);

}  // namespace personalization
