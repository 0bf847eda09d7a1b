// Which places of a ranked list hold something relevant: what every metric here is made of.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace intarsia::inline v0 {

// f(place) for each place of `ranked` (best first, 0 the best) whose id is in `relevant` (ascending, no id twice).
template <class F>
void each_hit(std::span<std::uint32_t const> ranked, std::span<std::uint32_t const> relevant, F&& f) {
  for (std::size_t place = 0; place < ranked.size(); ++place) {
    if (std::binary_search(relevant.begin(), relevant.end(), ranked[place])) f(place);
  }
}

// How many of the ranked ids are relevant.
[[nodiscard]] inline std::size_t hits(std::span<std::uint32_t const> ranked, std::span<std::uint32_t const> relevant) {
  std::size_t count = 0;
  each_hit(ranked, relevant, [&](std::size_t) { ++count; });
  return count;
}

}  // namespace intarsia::inline v0
