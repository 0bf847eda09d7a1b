// Starting a kernel, and how its threads share out the work.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <intarsia/core/config.hpp>
#include <intarsia/cuda/context.cuh>

namespace intarsia::inline v0::cuda {

// Blocks of `threads` threads each; along x alone, so that any number of blocks fits.
struct grid {
  std::size_t blocks;
  unsigned threads;

  static constexpr std::size_t most_blocks = 0x7FFFFFFFu;
  // One thread for each of `count` items, `threads` to a block; at most `most_blocks`, so kernels stride.
  [[nodiscard]] static constexpr grid of_threads(std::size_t count, unsigned threads = 256) {
    return {std::min((count + threads - 1) / threads, most_blocks), threads};
  }
  // One warp of 32 threads for each item.
  [[nodiscard]] static constexpr grid of_warps(std::size_t count, unsigned threads = 256) {
    std::size_t const warps = threads / 32;
    return {std::min((count + warps - 1) / warps, most_blocks), threads};
  }
};

inline constexpr unsigned warp_size = 32;

// Puts kernel(arguments...) on the context's stream; nothing where there is no block to run. Does not block.
template <class... Parameters, class... Arguments>
void launch(context& ctx, void (*kernel)(Parameters...), grid size, Arguments const&... arguments) {
  if (size.blocks == 0) return;
  cudaLaunchConfig_t config{};
  config.gridDim = dim3{static_cast<unsigned>(size.blocks), 1, 1};
  config.blockDim = dim3{size.threads, 1, 1};
  config.stream = ctx.stream();
  check(cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...), "starting a kernel");
}

// For kernels: the number of the calling thread or warp in the whole grid, and how many there are.
__device__ inline std::size_t thread_number() { return std::size_t{blockIdx.x} * blockDim.x + threadIdx.x; }
__device__ inline std::size_t thread_count() { return std::size_t{gridDim.x} * blockDim.x; }
__device__ inline std::size_t warp_number() { return thread_number() / warp_size; }
__device__ inline std::size_t warp_count() { return thread_count() / warp_size; }
__device__ inline unsigned lane_number() { return threadIdx.x % warp_size; }

// The sum of x over the lanes of a warp, in a fixed order; every lane gets it.
template <class T>
__device__ T warp_sum(T x) {
  for (unsigned step = warp_size / 2; step > 0; step /= 2) x += __shfl_xor_sync(0xFFFFFFFFu, x, static_cast<int>(step));
  return x;
}
// The greatest x of the lanes of a warp.
template <class T>
__device__ T warp_max(T x) {
  for (unsigned step = warp_size / 2; step > 0; step /= 2) {
    T const other = __shfl_xor_sync(0xFFFFFFFFu, x, static_cast<int>(step));
    x = other > x ? other : x;
  }
  return x;
}

}  // namespace intarsia::inline v0::cuda
