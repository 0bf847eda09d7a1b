// Scores in order, best first, ties to the lower row: as numbers that are compared, and in lists that a warp sorts.
#pragma once

#include <bit>
#include <intarsia/cuda/launch.cuh>
#include <intarsia/graph/heaviest.hpp>

namespace intarsia::inline v0::cuda::detail {

// A score and its row in one number that is larger for what comes first: the greater score, then the lower row. A score
// that is no number gives 0, which is less than any other.
[[nodiscard]] INTARSIA_FN inline std::uint64_t ranking_key(float score, std::uint32_t row) {
  if (!(score == score)) return 0;
  auto const bits = std::bit_cast<std::uint32_t>(score == 0 ? 0.0f : score);
  std::uint32_t const rising = bits >> 31 ? ~bits : bits | 0x80000000u;
  return (std::uint64_t{rising} << 32) | static_cast<std::uint32_t>(~row);
}
[[nodiscard]] INTARSIA_FN inline scored scored_of(std::uint64_t key) {
  auto const rising = static_cast<std::uint32_t>(key >> 32);
  return {std::bit_cast<float>(rising >> 31 ? rising & 0x7FFFFFFFu : ~rising), ~static_cast<std::uint32_t>(key)};
}

// The two numbers that thread `i` of half as many as there are numbers compares in a step of a bitonic sort.
[[nodiscard]] INTARSIA_FN constexpr std::size_t bitonic_first(std::size_t i, std::size_t stride) {
  return 2 * stride * (i / stride) + i % stride;
}
INTARSIA_FN inline void bitonic_order(std::uint64_t* x, std::size_t i, std::size_t size, std::size_t stride) {
  std::size_t const first = bitonic_first(i, stride);
  std::uint64_t const a = x[first], b = x[first + stride];
  if ((a < b) == ((first & size) == 0)) {
    x[first] = b;
    x[first + stride] = a;
  }
}

// Best first, by the lanes of a warp; there is room for a power of two.
__device__ inline void sort_list(std::uint64_t* list, std::size_t count) {
  std::size_t capacity = 1;
  while (capacity < count) capacity *= 2;
  for (std::size_t i = count + lane_number(); i < capacity; i += warp_size) list[i] = 0;
  __syncwarp();
  for (std::size_t size = 2; size <= capacity; size *= 2) {
    for (std::size_t stride = size / 2; stride > 0; stride /= 2) {
      for (std::size_t i = lane_number(); i < capacity / 2; i += warp_size) bitonic_order(list, i, size, stride);
      __syncwarp();
    }
  }
}

}  // namespace intarsia::inline v0::cuda::detail
