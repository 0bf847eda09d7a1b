// Where each of many counts begins when they lie one after the other.
#pragma once

#include <intarsia/cuda/pieces.cuh>
#include <span>

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

// offsets[i] = f(0) + ... + f(i - 1) for each i of [0, count]; sums: of the tiles, null where there is one.
template <class T, class F>
struct scanned {
  std::size_t count = 0;
  F f;
  T* offsets = nullptr;
  T* sums = nullptr;
};

template <class T, class F>
__global__ void sum_tiles_kernel(pieces<scanned<T, F>> const __grid_constant__ all) {
  __shared__ T warps[scan_threads / warp_size];
  std::size_t const piece = all.piece_of(blockIdx.x), tile = blockIdx.x - all.first_block(piece);
  scanned<T, F> const& w = all.work[piece];
  T x = 0, total = 0;
  for (unsigned round = 0; round < scan_rounds; ++round) {
    std::size_t const i = tile * scan_tile + std::size_t{round} * scan_threads + threadIdx.x;
    if (i < w.count) x += w.f(i);
  }
  static_cast<void>(sum_before(x, warps, total));
  if (threadIdx.x == 0) w.sums[tile] = total;
}
template <class T, class F>
__global__ void scan_tiles_kernel(pieces<scanned<T, F>> const __grid_constant__ all) {
  __shared__ T warps[scan_threads / warp_size];
  std::size_t const piece = all.piece_of(blockIdx.x), tile = blockIdx.x - all.first_block(piece);
  scanned<T, F> const& w = all.work[piece];
  T before = w.sums ? w.sums[tile] : T{0}, total = 0;
  for (unsigned round = 0; round < scan_rounds; ++round) {
    std::size_t const first = tile * scan_tile + std::size_t{round} * scan_threads, i = first + threadIdx.x;
    if (first > w.count) break;
    T const place = sum_before(i < w.count ? w.f(i) : T{0}, warps, total);
    if (i <= w.count) w.offsets[i] = before + place;
    before += total;
  }
}

// Several scans side by side; sets their sums. Does not block.
template <class T, class F>
void scan_pieces(context& ctx, std::span<scanned<T, F>> work) {
  scope const keep{ctx};
  work_list<scanned<T, read_count<T, T>>> of_sums{ctx, work.size()};
  for (auto& w : work) {
    std::size_t const tiles = scan_tiles(w.count);
    if (tiles == 1) continue;
    w.sums = ctx.scratch().template take<T>(tiles + 1);
    of_sums.push({tiles, {w.sums}, w.sums, nullptr});
  }
  std::span<scanned<T, F> const> const all{work};
  if (!of_sums.view().empty()) {
    launch_pieces(ctx, sum_tiles_kernel<T, F>, all, scan_threads,
                  [](auto const& w) { return w.sums ? scan_tiles(w.count) : 0; });
    scan_pieces(ctx, of_sums.view());
  }
  launch_pieces(ctx, scan_tiles_kernel<T, F>, all, scan_threads, [](auto const& w) { return scan_tiles(w.count); });
}

}  // namespace detail

// offsets[i] = counts[0] + ... + counts[i - 1] for each i of [0, count]: (count + 1) numbers, the last of them the
// total. T and In: 32 or 64 bits without a sign. `offsets` may be `counts`. Does not block.
template <class T, class In>
void exclusive_sum(context& ctx, In const* counts, std::size_t count, T* offsets) {
  detail::scanned<T, detail::read_count<T, In>> work{count, {counts}, offsets, nullptr};
  detail::scan_pieces(ctx, std::span{&work, 1});
}

}  // namespace intarsia::inline v0::cuda
