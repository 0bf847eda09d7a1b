// How work is cut into pieces: by the sizes of the data alone, never by the number of threads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace intarsia::inline v0::cpu {

// Rows to give to one piece where a row takes about `work` operations: pieces of some ten microseconds.
[[nodiscard]] constexpr std::size_t rows_per_piece(std::size_t work) {
  return std::max<std::size_t>(1, (std::size_t{1} << 15) / std::max<std::size_t>(1, work));
}

// A cut of [0, count) into `pieces` pieces of `grain`, for sums with a private accumulator per piece.
struct cut {
  std::size_t grain = 1, pieces = 0;
};
// At most `most` pieces, each of at least `least`.
[[nodiscard]] constexpr cut cut_for_sum(std::size_t count, std::size_t least, std::size_t most = 32) {
  if (count == 0) return {};
  std::size_t const grain = std::max({std::size_t{1}, least, (count + most - 1) / most});
  return {grain, (count + grain - 1) / grain};
}

}  // namespace intarsia::inline v0::cpu
