// How counts of shared users become weights.
#pragma once

namespace intarsia::inline v0 {

// The weight of a count c from item i to item j, both with a factor, is factor_i factor_j c; where users have weights
// whose sum over the shared users is g, it is factor_i factor_j g c / (c + shrink). Edges of fewer than `support` users
// have none, and weights below `lowest` are of no interest.
struct count_weighing {
  float factor = 1, shrink = 0, support = 1, lowest = 0;
};

}  // namespace intarsia::inline v0
