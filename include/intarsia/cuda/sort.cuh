// Sorting numbers with their places, by CUB, which comes with the CUDA toolkit.
#pragma once

#include <bit>
#include <cstdint>
#include <cub/device/device_radix_sort.cuh>
#include <intarsia/cuda/map.cuh>

namespace intarsia::inline v0::cuda::detail {

// Keys rising; order[i] is where keys[i] stood. Equal keys keep their order. Both in scratch memory.
struct sorted_keys {
  std::uint32_t const* keys;
  std::uint32_t const* order;
};

struct number_places {
  std::uint32_t* order;
  INTARSIA_FN void operator()(std::size_t i) const { order[i] = static_cast<std::uint32_t>(i); }
};

// The keys are below `limit`. Does not block.
[[nodiscard]] inline sorted_keys sort_by_key(context& ctx, std::uint32_t const* keys, std::size_t count,
                                             std::size_t limit) {
  auto* const sorted = ctx.scratch().take<std::uint32_t>(count);
  auto* const places = ctx.scratch().take<std::uint32_t>(count);
  auto* const order = ctx.scratch().take<std::uint32_t>(count);
  map(ctx, count, number_places{places});
  int const bits = std::max(1, static_cast<int>(std::bit_width(limit)));
  std::size_t bytes = 0;
  auto const run = [&](void* work) {
    check(cub::DeviceRadixSort::SortPairs(work, bytes, keys, sorted, places, order, static_cast<int>(count), 0,
                                          std::min(bits, 32), ctx.stream()),
          "sorting");
  };
  run(nullptr);
  run(ctx.scratch().take<std::byte>(std::max<std::size_t>(1, bytes)));
  return {sorted, order};
}

}  // namespace intarsia::inline v0::cuda::detail
