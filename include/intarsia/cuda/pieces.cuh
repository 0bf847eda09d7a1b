// Several pieces of work in one launch: what is small is done side by side, and a step takes few launches whatever the
// number of relations.
#pragma once

#include <algorithm>
#include <intarsia/core/expects.hpp>
#include <intarsia/cuda/launch.cuh>
#include <intarsia/exec/scope.hpp>
#include <span>

namespace intarsia::inline v0::cuda::detail {

// Blocks [end[p - 1], end[p]) work on piece p. As long as a kernel's parameters may be.
template <class Work>
struct pieces {
  static constexpr std::size_t most = std::clamp<std::size_t>(3800 / (sizeof(Work) + 8), 1, 16);

  Work work[most];
  std::size_t end[most];

  [[nodiscard]] INTARSIA_FN constexpr std::size_t piece_of(std::size_t block) const {
    std::size_t piece = 0;
    while (end[piece] <= block) ++piece;
    return piece;
  }
  [[nodiscard]] INTARSIA_FN constexpr std::size_t first_block(std::size_t piece) const {
    return piece == 0 ? 0 : end[piece - 1];
  }
};

// Work to be launched together, listed in the context's notes: no memory of its own. Valid until those are rewound.
template <class Work>
class work_list {
 public:
  work_list(context& ctx, std::size_t most) : work_{ctx.notes().template take<Work>(most)} {}

  void push(Work const& work) { work_[size_++] = work; }
  [[nodiscard]] std::span<Work> view() const { return {work_, size_}; }

 private:
  Work* work_;
  std::size_t size_ = 0;
};

// Launches kernel(pieces) so that piece p has blocks(work[p]) blocks.
template <class Work, class Blocks>
void launch_pieces(context& ctx, void (*kernel)(pieces<Work>), std::span<Work const> work, unsigned threads,
                   Blocks const& blocks) {
  for (std::size_t first = 0; first < work.size(); first += pieces<Work>::most) {
    auto const some = work.subspan(first, std::min(pieces<Work>::most, work.size() - first));
    pieces<Work> all;
    std::size_t end = 0;
    for (std::size_t p = 0; p < pieces<Work>::most; ++p) {
      all.work[p] = some[std::min(p, some.size() - 1)];
      if (p < some.size()) end += blocks(some[p]);
      all.end[p] = end;
    }
    expects(end <= grid::most_blocks, "launch: a step is at most 2^31 blocks of threads, use smaller batches");
    launch(ctx, kernel, {end, threads}, all);
  }
}

// f(i) for each i of [0, count).
template <class F>
struct mapped {
  std::size_t count = 0;
  F f;
};
inline constexpr unsigned map_threads = 256;

template <class F>
__global__ void map_pieces_kernel(pieces<mapped<F>> const __grid_constant__ all) {
  std::size_t const piece = all.piece_of(blockIdx.x), block = blockIdx.x - all.first_block(piece);
  std::size_t const i = block * map_threads + threadIdx.x;
  if (i < all.work[piece].count) all.work[piece].f(i);
}

// The maps of several functors, side by side. Does not block.
template <class F>
void map_pieces(context& ctx, work_list<mapped<F>> const& work) {
  launch_pieces(ctx, map_pieces_kernel<F>, std::span<mapped<F> const>{work.view()}, map_threads,
                [](mapped<F> const& w) { return (w.count + map_threads - 1) / map_threads; });
}

}  // namespace intarsia::inline v0::cuda::detail
