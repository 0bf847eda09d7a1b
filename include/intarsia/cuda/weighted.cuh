// Weighted draws without replacement by a warp for each row: the rows of hubs take as long as reading them does.
#pragma once

#include <array>
#include <intarsia/cuda/found.cuh>
#include <intarsia/cuda/pieces.cuh>
#include <intarsia/cuda/ranking.cuh>
#include <intarsia/exec/row_draws.hpp>

namespace intarsia::inline v0::cuda::detail {

// A warp looks at 128 entries at a time and keeps those that may be among the best; it sorts its list when that is
// more than half full.
struct weighted_warp {
  static constexpr unsigned threads = 256, each = 4, step = warp_size * each, capacity = 2 * step;
  // Draws of a row that a list has room for.
  static constexpr std::size_t most_draws = capacity - step;
};

// The random bits number 4 * block, ..., 4 * block + 3 of a row.
[[nodiscard]] INTARSIA_FN inline std::array<std::uint32_t, 4> bits_of_row(random const& dice, std::uint32_t row,
                                                                          std::uint64_t block) {
  return philox({row, 0, static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32)}, dice.key());
}

// Writes the places of `count` draws, rising: those of draw_weighted.
__device__ inline void draw_weighted_by_warp(neighbor_draws<device> const& q, std::uint64_t stream,
                                             std::uint32_t target, std::uint32_t* out, std::size_t count,
                                             std::uint64_t* list) {
  using warp = weighted_warp;
  intarsia::detail::open_row<device> const row{q, target};
  random const dice{q.key, stream, target};
  std::size_t const open = row.size();
  bool const hides = row.hides();
  std::uint64_t bar = 0;
  unsigned size = 0;
  for (std::size_t first = 0; first < open; first += warp::step) {
    std::size_t const mine = first + lane_number() * warp::each;
    std::array<std::uint32_t, 4> const bits = bits_of_row(dice, target, mine / 4);
    for (unsigned j = 0; j < warp::each; ++j) {
      std::uint64_t key = 0;
      if (mine + j < open) {
        auto const rank = static_cast<std::uint32_t>(mine + j);
        std::uint32_t const place = hides ? row.place(rank) : rank;
        key = ranking_key(intarsia::detail::weighted_key(bits[j], intarsia::detail::weight_of(q, row.first() + place)),
                          place);
      }
      unsigned const kept = __ballot_sync(0xFFFFFFFFu, key > bar ? 1 : 0);
      unsigned const before = static_cast<unsigned>(__popc(kept & ((1u << lane_number()) - 1)));
      if (key > bar) list[size + before] = key;
      size += static_cast<unsigned>(__popc(kept));
    }
    __syncwarp();
    if (size <= warp::most_draws && first + warp::step < open) continue;
    sort_list(list, size);
    if (size > count) size = static_cast<unsigned>(count);
    if (size == count) bar = list[count - 1];
    __syncwarp();
  }
  for (std::size_t i = lane_number(); i < count; i += warp_size) {
    std::uint32_t const place = scored_of(list[i]).row;
    std::size_t lower = 0;
    for (std::size_t j = 0; j < count; ++j) lower += scored_of(list[j]).row < place ? 1 : 0;
    out[lower] = place;
  }
}

// The draws of some targets, a warp each.
struct weighted_rows {
  neighbor_draws<device> q;
};
template <class Work>
__global__ void draw_weighted_kernel(pieces<mapped<Work>> const __grid_constant__ all) {
  constexpr unsigned warps = weighted_warp::threads / warp_size;
  __shared__ std::uint64_t lists[warps][weighted_warp::capacity];
  std::size_t const piece = all.piece_of(blockIdx.x), block = blockIdx.x - all.first_block(piece);
  unsigned const warp = threadIdx.x / warp_size;
  std::size_t const i = block * warps + warp;
  if (i >= all.work[piece].count) return;
  neighbor_draws<device> const& q = all.work[piece].f.q;
  std::uint64_t const begin = q.offsets[i];
  auto const count = static_cast<std::size_t>(q.offsets[i + 1] - begin);
  if (count == 0 || (found_of(q, i) & row_is_whole)) return;
  std::uint64_t const stream = q.stream_at ? *q.stream_at : q.stream;
  draw_weighted_by_warp(q, stream, q.targets.data()[i], q.columns + begin, count, lists[warp]);
}

inline void draw_weighted_rows(context& ctx, work_list<mapped<weighted_rows>> const& work) {
  launch_pieces(ctx, draw_weighted_kernel<weighted_rows>, std::span<mapped<weighted_rows> const>{work.view()},
                weighted_warp::threads,
                [](auto const& w) { return grid::of_warps(w.count, weighted_warp::threads).blocks; });
}

}  // namespace intarsia::inline v0::cuda::detail
