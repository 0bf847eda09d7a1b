// Sums of whole columns and of all numbers, in an order that the sizes alone decide.
#pragma once

#include <intarsia/cuda/map.cuh>
#include <intarsia/exec/scope.hpp>
#include <intarsia/tensor/view.hpp>

namespace intarsia::inline v0::cuda {

namespace detail {
// Rows are cut into pieces, a thread for each column of each piece.
struct row_cut {
  std::size_t rows, grain, pieces;
  [[nodiscard]] static constexpr row_cut of(std::size_t rows) {
    std::size_t const grain = std::max<std::size_t>(32, (rows + 1023) / 1024);
    return {rows, grain, (rows + grain - 1) / grain};
  }
};
template <class T>
struct column_pieces {
  dense<T const, device> x;
  row_cut cut;
  T* partial;  // (pieces, cols)
  INTARSIA_FN void operator()(std::size_t piece, std::size_t c) const {
    std::size_t const begin = piece * cut.grain, last = begin + cut.grain, end = last < cut.rows ? last : cut.rows;
    T sum{0};
    for (std::size_t row = begin; row < end; ++row) sum += x.data[row * x.stride + c];
    partial[piece * x.cols + c] = sum;
  }
};
template <class T>
struct join_columns {
  T const* partial;
  std::size_t pieces, cols;
  T* out;
  bool accumulate;
  INTARSIA_FN void operator()(std::size_t c) const {
    T sum{0};
    for (std::size_t piece = 0; piece < pieces; ++piece) sum += partial[piece * cols + c];
    out[c] = accumulate ? out[c] + sum : sum;
  }
};

inline constexpr unsigned total_threads = 256;
// One number for each block, then one block for those.
template <class T, class Out>
__global__ void total_kernel(dense<T const, device> x, Out* out, bool accumulate) {
  __shared__ double part[total_threads / warp_size];
  double sum = 0;
  std::size_t const count = x.rows * x.cols;
  for (std::size_t i = thread_number(); i < count; i += thread_count()) {
    sum += static_cast<double>(x.data[i / x.cols * x.stride + i % x.cols]);
  }
  sum = warp_sum(sum);
  if (lane_number() == 0) part[threadIdx.x / warp_size] = sum;
  __syncthreads();
  if (threadIdx.x != 0) return;
  double all = accumulate ? static_cast<double>(out[blockIdx.x]) : 0.0;
  for (unsigned w = 0; w < total_threads / warp_size; ++w) all += part[w];
  out[blockIdx.x] = static_cast<Out>(all);
}
}  // namespace detail

// out[0, c] += (or =) sum over rows of x[row, c]. Does not block.
template <class T>
void column_sum(context& ctx, std::type_identity_t<dense<T const, device>> x, dense<T, device> out, bool accumulate) {
  scope const keep{ctx};
  auto const cut = detail::row_cut::of(x.rows);
  T* const partial = ctx.scratch().template take<T>(cut.pieces * x.cols);
  each_number(ctx, cut.pieces, x.cols, detail::column_pieces<T>{x, cut, partial});
  map(ctx, x.cols, detail::join_columns<T>{partial, cut.pieces, x.cols, out.data, accumulate});
}

// out[0, 0] += (or =) sum of all numbers of x, added up in double. Does not block.
template <class T>
void total(context& ctx, std::type_identity_t<dense<T const, device>> x, dense<T, device> out, bool accumulate) {
  scope const keep{ctx};
  std::size_t const blocks = std::clamp<std::size_t>(x.rows * x.cols / 4096, 1, 256);
  double* const partial = ctx.scratch().template take<double>(blocks);
  launch(ctx, detail::total_kernel<T, double>, grid{blocks, detail::total_threads}, x, partial, false);
  dense<double const, device> const parts{partial, 1, blocks, blocks};
  launch(ctx, detail::total_kernel<double, T>, grid{1, detail::total_threads}, parts, out.data, accumulate);
}

}  // namespace intarsia::inline v0::cuda
