// Logarithms in whole numbers, so that every compiler and every device gives the same bits.
#pragma once

#include <bit>
#include <cstdint>
#include <intarsia/core/config.hpp>

namespace intarsia::inline v0 {

// -log(m / 2^24) in units of 2^-39, for m of [1, 2^24]; off by less than 256 of them.
// With m / 2^24 = x / 2^k and x between the root of 1/2 and that of 2: k log 2 - 2 artanh((x - 1) / (x + 1)).
INTARSIA_FN constexpr std::uint64_t minus_log(std::uint32_t m) {
  constexpr std::uint32_t root_of_two = 23726566;  // times 2^24
  constexpr std::uint64_t log_of_two = 381061692393;
  int const width = static_cast<int>(std::bit_width(m));
  std::uint32_t const v = m << (25 - width);
  bool const above = v <= root_of_two;  // x is v / 2^24, and not half of it
  std::uint32_t const one = above ? 1u << 24 : 1u << 25;
  std::uint64_t const turns = static_cast<std::uint64_t>((above ? 25 : 24) - width);
  std::uint64_t const z = (std::uint64_t{above ? v - one : one - v} << 39) / (v + one);
  // artanh z = z + z (z^2 / 3 + z^4 / 5 + ...), squares in units of 2^-31.
  std::uint64_t const square = ((z >> 8) * (z >> 8)) >> 31;
  std::uint64_t series = 195225786;
  series = 238609294 + ((series * square) >> 31);
  series = 306783378 + ((series * square) >> 31);
  series = 429496730 + ((series * square) >> 31);
  series = ((715827883 + ((series * square) >> 31)) * square) >> 31;
  std::uint64_t const log_x = 2 * (z + ((z * series) >> 31));
  return above ? turns * log_of_two - log_x : turns * log_of_two + log_x;
}

}  // namespace intarsia::inline v0
