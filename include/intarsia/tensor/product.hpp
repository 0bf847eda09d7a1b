// Which operand of a matrix product is read transposed.
#pragma once

namespace intarsia::inline v0 {

// C (m, n):
enum class product {
  plain,             // A (m, k) * B (k, n)
  transposed_left,   // A' with A (k, m), B (k, n)
  transposed_right,  // A (m, k), B' with B (n, k)
};

}  // namespace intarsia::inline v0
