// IEEE 754 half precision, a storage type; arithmetic is done in float.
#pragma once

#include <bit>
#include <cstdint>
#include <intarsia/core/config.hpp>

namespace intarsia::inline v0 {

struct f16 {
  std::uint16_t bits{};

  constexpr f16() = default;
  // Rounds to nearest, ties to even; what is too large becomes infinite, NaN stays NaN.
  INTARSIA_FN constexpr explicit f16(float x) {
    auto const word = std::bit_cast<std::uint32_t>(x);
    std::uint32_t const sign = (word >> 16) & 0x8000u;
    std::uint32_t const size = word & 0x7FFFFFFFu;
    std::uint32_t out = 0;
    if (size > 0x7F800000u) {  // NaN
      out = 0x7E00u | ((size >> 13) & 0x3FFu);
    } else if (size >= 0x477FF000u) {  // 65520 and above
      out = 0x7C00u;
    } else if (size >= 0x38800000u) {  // normal, at least 2^-14
      std::uint32_t const kept = size - 0x38000000u;
      out = (kept + 0xFFFu + ((kept >> 13) & 1u)) >> 13;
    } else if (size >= 0x33000000u) {                   // subnormal, at least 2^-25
      std::uint32_t const shift = 126u - (size >> 23);  // 14 .. 24
      std::uint32_t const digits = (size & 0x7FFFFFu) | 0x800000u;
      out = (digits + ((std::uint32_t{1} << (shift - 1u)) - 1u) + ((digits >> shift) & 1u)) >> shift;
    }
    bits = static_cast<std::uint16_t>(sign | out);
  }
  INTARSIA_FN constexpr explicit operator float() const {
    std::uint32_t const sign = static_cast<std::uint32_t>(bits & 0x8000u) << 16;
    std::uint32_t const exponent = (bits >> 10) & 0x1Fu;
    std::uint32_t const digits = bits & 0x3FFu;
    if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000u | (digits << 13));
    if (exponent != 0) return std::bit_cast<float>(sign | ((exponent + 112u) << 23) | (digits << 13));
    float const tiny = static_cast<float>(digits) * 0x1p-24f;
    return sign ? -tiny : tiny;
  }
};

static_assert(sizeof(f16) == 2);

}  // namespace intarsia::inline v0
