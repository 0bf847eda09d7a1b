// Gradients scaled so that their norm has a bound, without the host knowing the norm.
#pragma once

#include <intarsia/cuda/pieces.cuh>
#include <intarsia/cuda/reduce.cuh>
#include <intarsia/exec/backend.hpp>
#include <intarsia/exec/tape.hpp>

namespace intarsia::inline v0::cuda {

namespace detail {

// The gradient by one parameter, or by the rows of it that took part; rows of no_entry hold nothing.
struct gradient_part {
  void* numbers;
  std::uint32_t const* rows;
  std::size_t count, cols;
  bool wide;     // doubles
  double* sums;  // (blocks)

  static constexpr unsigned threads = 256;
  static constexpr std::size_t most_blocks = 512;
  [[nodiscard]] INTARSIA_FN std::size_t blocks() const {
    std::size_t const all = (count + 8 * threads - 1) / (8 * threads);
    return all < most_blocks ? all : most_blocks;
  }
  [[nodiscard]] INTARSIA_FN bool has(std::size_t i) const { return !rows || rows[i / cols] != no_entry; }
  [[nodiscard]] INTARSIA_FN double number(std::size_t i) const {
    return wide ? static_cast<double const*>(numbers)[i] : double{static_cast<float const*>(numbers)[i]};
  }
};

// The squares that each block meets, added up.
template <class Part>
__global__ void square_sums_kernel(pieces<Part> const __grid_constant__ all) {
  __shared__ double warps[Part::threads / warp_size];
  std::size_t const piece = all.piece_of(blockIdx.x), block = blockIdx.x - all.first_block(piece);
  Part const& part = all.work[piece];
  double sum = 0;
  for (std::size_t i = block * Part::threads + threadIdx.x; i < part.count; i += part.blocks() * Part::threads) {
    if (part.has(i)) sum += part.number(i) * part.number(i);
  }
  sum = warp_sum(sum);
  if (lane_number() == 0) warps[threadIdx.x / warp_size] = sum;
  __syncthreads();
  if (threadIdx.x != 0) return;
  sum = 0;
  for (unsigned w = 0; w < Part::threads / warp_size; ++w) sum += warps[w];
  part.sums[block] = sum;
}

// From the sum of squares to the norm, and to the factor that bounds it.
struct find_clipping {
  double limit;
  double* norm;
  double* factor;
  INTARSIA_FN void operator()(std::size_t) const {
    *norm = std::sqrt(*norm);
    *factor = *norm > limit ? limit / *norm : 1.0;
  }
};
struct scale_part {
  gradient_part part;
  double const* factor;
  INTARSIA_FN void operator()(std::size_t i) const {
    if (*factor == 1.0 || !part.has(i)) return;
    if (part.wide) {
      static_cast<double*>(part.numbers)[i] *= *factor;
    } else {
      static_cast<float*>(part.numbers)[i] *= static_cast<float>(*factor);
    }
  }
};

}  // namespace detail

// Scales all gradients by the same factor so that their norm, taken as one vector, is at most `limit`; the norm before,
// in scratch memory. Sums of fixed parts in double: the same bits on every run. Does not block.
template <class Context>
[[nodiscard]] var<dim<1>, dim<1>, double, device> clip_gradients(Context& ctx, gradients_on<Context> const& slopes,
                                                                 double limit) {
  double* const norm = ctx.scratch().template take<double>(1);
  scope const keep{ctx};
  double* const factor = ctx.scratch().template take<double>(1);
  std::size_t parts = 0, blocks = 0;
  slopes.each([&](gradients::entry const&) { ++parts; });
  detail::work_list<detail::gradient_part> squares{ctx, parts};
  detail::work_list<detail::mapped<detail::scale_part>> scales{ctx, parts};
  slopes.each([&](gradients::entry const& e) {
    detail::gradient_part part{e.gradient, e.rows, e.count, e.cols, e.bytes == sizeof(double), nullptr};
    scales.push({e.count, {part, factor}});
    squares.push(part);
    blocks += part.blocks();
  });
  double* sums = ctx.scratch().template take<double>(blocks);
  dense<double const, device> const all{sums, 1, blocks, blocks};
  for (auto& part : squares.view()) {
    part.sums = sums;
    sums += part.blocks();
  }
  detail::launch_pieces(ctx, detail::square_sums_kernel<detail::gradient_part>,
                        std::span<detail::gradient_part const>{squares.view()}, detail::gradient_part::threads,
                        [](auto const& part) { return part.blocks(); });
  total(ctx, all, dense<double, device>{norm, 1, 1, 1}, false);
  map(ctx, 1, detail::find_clipping{limit, norm, factor});
  detail::map_pieces(ctx, scales);
  return {view<dim<1>, dim<1>, double, device>{dense<double, device>{norm, 1, 1, 1}}, {}};
}

}  // namespace intarsia::inline v0::cuda
