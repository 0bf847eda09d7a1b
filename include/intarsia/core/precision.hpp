// How exactly the operands of dense products are taken.
#pragma once

namespace intarsia::inline v0 {

// full: the numbers as they are. tf32: a device may round both operands of a product of float matrices to 11 bits of
// precision, which its matrix units multiply; the CPU takes the numbers as they are. bf16: both operands of a product
// of float matrices are rounded to bf16 (8 bits of precision, the range of float); products of two such numbers are
// exact in float, and sums stay in float. Nothing else is rounded: sums over neighbors, activations, losses, gradients
// and weights are float either way.
enum class precision { full, tf32, bf16 };

}  // namespace intarsia::inline v0
