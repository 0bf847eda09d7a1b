// Kernels on matrices whose rows are found by id or along edges: some neighboring threads share a row, each reads
// pieces of it of up to 16 bytes.
#pragma once

#include <cstdint>
#include <intarsia/core/bf16.hpp>
#include <intarsia/cuda/launch.cuh>
#include <intarsia/cuda/pack.cuh>
#include <intarsia/exec/backend.hpp>
#include <intarsia/exec/entries.hpp>
#include <intarsia/tensor/csr.hpp>
#include <intarsia/tensor/view.hpp>
#include <type_traits>

namespace intarsia::inline v0::cuda::detail {

// How rows of `cols` numbers are shared out: `lanes` threads (a power of 2, at most a warp) to a row.
struct row_plan {
  std::size_t rows, cols;
  unsigned lanes;

  // Item `thread` of the whole grid: its row, and the first column it takes; the next is lanes * pack further.
  [[nodiscard]] INTARSIA_FN std::size_t row_of(std::size_t thread) const { return thread / lanes; }
  [[nodiscard]] INTARSIA_FN std::size_t column_of(std::size_t thread, unsigned pack) const {
    return thread % lanes * pack;
  }
};
[[nodiscard]] INTARSIA_FN constexpr unsigned lanes_for(std::size_t cols, unsigned pack) {
  unsigned lanes = 1;
  while (lanes < warp_size && std::size_t{lanes} * pack < cols) lanes *= 2;
  return lanes;
}
// How rows of a matrix lie in memory, and the bytes of one of their numbers.
struct row_layout {
  std::uintptr_t begin;
  std::size_t stride, bytes;

  template <class T>
  [[nodiscard]] static row_layout of(dense<T, device> x) {
    return {reinterpret_cast<std::uintptr_t>(x.data), x.stride, sizeof(T)};
  }
  // Whether every row begins where a pack of so many numbers may be read.
  [[nodiscard]] constexpr bool fits(unsigned pack) const {
    return stride % pack == 0 && begin % (bytes * pack) == 0;
  }
};
// Numbers that a thread reads at a time, where those read have `bytes` each: 16 bytes of numbers of 2 or 4, and four
// of 8.
[[nodiscard]] constexpr unsigned widest_pack(std::size_t bytes) { return bytes == 2 ? 8 : 4; }

// f(row, column, pack size) for each pack of each row; `Body` holds the matrices, and has rows(), cols().
template <unsigned Pack, class Body>
__global__ void rows_kernel(row_plan plan, Body body) {
  std::size_t const count = plan.rows * plan.lanes;
  for (std::size_t i = thread_number(); i < count; i += thread_count()) {
    std::size_t const row = plan.row_of(i);
    for (std::size_t c = plan.column_of(i, Pack); c < plan.cols; c += std::size_t{plan.lanes} * Pack) {
      body.template run<Pack>(row, c);
    }
  }
}
template <unsigned Pack, class Body>
void launch_packs(context& ctx, std::size_t rows, std::size_t cols, Body const& body) {
  unsigned const lanes = lanes_for(cols, Pack);
  launch(ctx, rows_kernel<Pack, Body>, grid::of_threads(rows * lanes, 128), row_plan{rows, cols, lanes}, body);
}
// Packs of up to Widest numbers, the widest that all the matrices allow; four of them, or one by one.
template <unsigned Widest, class Body, class... Matrices>
void launch_rows(context& ctx, std::size_t rows, std::size_t cols, Body const& body, Matrices const&... matrices) {
  if (cols == 0) return;
  auto const fits = [&](unsigned pack) { return cols % pack == 0 && (row_layout::of(matrices).fits(pack) && ...); };
  if constexpr (Widest > 4) {
    if (fits(Widest)) return launch_packs<Widest>(ctx, rows, cols, body);
  }
  fits(4) ? launch_packs<4>(ctx, rows, cols, body) : launch_packs<1>(ctx, rows, cols, body);
}

template <class T, class X>
[[nodiscard]] INTARSIA_FN T as_number(X x) {
  if constexpr (std::is_same_v<X, T>) {
    return x;
  } else {
    return static_cast<T>(static_cast<float>(x));
  }
}
using intarsia::detail::entries_of, intarsia::detail::entry_value, intarsia::detail::forward_place;

}  // namespace intarsia::inline v0::cuda::detail
