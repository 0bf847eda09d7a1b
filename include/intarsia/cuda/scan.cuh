// Where each of many counts begins when they lie one after the other.
#pragma once

#include <intarsia/cuda/launch.cuh>

namespace intarsia::inline v0::cuda {

namespace detail {

inline constexpr unsigned scan_threads = 256, scan_rounds = 8;
inline constexpr std::size_t scan_tile = std::size_t{scan_threads} * scan_rounds;

// The tiles that hold `count` counts and, behind them, the total.
[[nodiscard]] INTARSIA_FN constexpr std::size_t scan_tiles(std::size_t count) {
  return (count + 1 + scan_tile - 1) / scan_tile;
}

template <class T, class In>
struct read_count {
  In const* counts;
  INTARSIA_FN T operator()(std::size_t i) const { return static_cast<T>(counts[i]); }
};

// The sum of x over the threads before the calling one, and over the block.
template <class T>
__device__ T sum_before(T x, T* warps, T& total) {
  unsigned const lane = lane_number(), warp = threadIdx.x / warp_size;
  T sum = x;
  for (unsigned step = 1; step < warp_size; step *= 2) {
    T const other = __shfl_up_sync(0xFFFFFFFFu, sum, step);
    if (lane >= step) sum += other;
  }
  if (lane == warp_size - 1) warps[warp] = sum;
  __syncthreads();
  T before = 0, all = 0;
  for (unsigned w = 0; w < scan_threads / warp_size; ++w) {
    if (w < warp) before += warps[w];
    all += warps[w];
  }
  __syncthreads();
  total = all;
  return before + (sum - x);
}

template <class T, class F>
__global__ void sum_tiles_kernel(std::size_t count, F f, T* sums) {
  __shared__ T warps[scan_threads / warp_size];
  for (std::size_t tile = blockIdx.x; tile < scan_tiles(count); tile += gridDim.x) {
    T x = 0, total = 0;
    for (unsigned round = 0; round < scan_rounds; ++round) {
      std::size_t const i = tile * scan_tile + std::size_t{round} * scan_threads + threadIdx.x;
      if (i < count) x += f(i);
    }
    static_cast<void>(sum_before(x, warps, total));
    if (threadIdx.x == 0) sums[tile] = total;
  }
}
template <class T, class F>
__global__ void scan_tiles_kernel(std::size_t count, F f, T const* sums, T* offsets) {
  __shared__ T warps[scan_threads / warp_size];
  for (std::size_t tile = blockIdx.x; tile < scan_tiles(count); tile += gridDim.x) {
    T before = sums ? sums[tile] : T{0}, total = 0;
    for (unsigned round = 0; round < scan_rounds; ++round) {
      std::size_t const first = tile * scan_tile + std::size_t{round} * scan_threads, i = first + threadIdx.x;
      if (first > count) break;
      T const place = sum_before(i < count ? f(i) : T{0}, warps, total);
      if (i <= count) offsets[i] = before + place;
      before += total;
    }
  }
}

// offsets[i] = f(0) + ... + f(i - 1) for each i of [0, count].
template <class T, class F>
void scan(context& ctx, std::size_t count, F const& f, T* offsets) {
  std::size_t const tiles = scan_tiles(count);
  grid const all{std::min(tiles, grid::most_blocks), scan_threads};
  auto const mark = ctx.scratch().here();
  T* sums = nullptr;
  if (tiles > 1) {
    sums = ctx.scratch().template take<T>(tiles + 1);
    launch(ctx, sum_tiles_kernel<T, F>, all, count, f, sums);
    scan(ctx, tiles, read_count<T, T>{sums}, sums);
  }
  launch(ctx, scan_tiles_kernel<T, F>, all, count, f, sums, offsets);
  ctx.scratch().rewind(mark);
}

}  // namespace detail

// offsets[i] = counts[0] + ... + counts[i - 1] for each i of [0, count]: (count + 1) numbers, the last of them the
// total. T and In: 32 or 64 bits without a sign. `offsets` may be `counts`. Does not block.
template <class T, class In>
void exclusive_sum(context& ctx, In const* counts, std::size_t count, T* offsets) {
  detail::scan(ctx, count, detail::read_count<T, In>{counts}, offsets);
}

}  // namespace intarsia::inline v0::cuda
