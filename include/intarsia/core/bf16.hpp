// A 16-bit storage type with the range of float and 8 bits of precision; arithmetic is done in float.
#pragma once

#include <bit>
#include <cstdint>
#include <intarsia/core/config.hpp>

namespace intarsia::inline v0 {

struct bf16 {
  std::uint16_t bits{};

  constexpr bf16() = default;
  // Rounds to nearest, ties to even; NaN stays NaN.
  INTARSIA_FN constexpr explicit bf16(float x) {
    auto const word = std::bit_cast<std::uint32_t>(x);
    bits = (word & 0x7FFFFFFFu) > 0x7F800000u
               ? static_cast<std::uint16_t>((word >> 16) | 0x40u)
               : static_cast<std::uint16_t>((word + 0x7FFFu + ((word >> 16) & 1u)) >> 16);
  }
  INTARSIA_FN constexpr explicit operator float() const { return std::bit_cast<float>(std::uint32_t{bits} << 16); }
};

static_assert(sizeof(bf16) == 2);

}  // namespace intarsia::inline v0
