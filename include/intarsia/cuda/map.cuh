// A functor on each index, row or number.
#pragma once

#include <intarsia/cuda/launch.cuh>

namespace intarsia::inline v0::cuda {

namespace detail {
template <class F>
__global__ void map_kernel(std::size_t count, F f) {
  for (std::size_t i = thread_number(); i < count; i += thread_count()) f(i);
}
template <class F>
__global__ void number_kernel(std::size_t count, std::size_t cols, F f) {
  for (std::size_t i = thread_number(); i < count; i += thread_count()) f(i / cols, i % cols);
}
}  // namespace detail

// f(i) for each i of [0, count), a thread each. F is marked INTARSIA_FN and captures by value. Does not block.
template <class F>
void map(context& ctx, std::size_t count, F const& f) {
  launch(ctx, detail::map_kernel<F>, grid::of_threads(count), count, f);
}

// f(row) for each row of [0, rows), a thread each; small blocks, since a row is more work than a number.
template <class F>
void each_row(context& ctx, std::size_t rows, std::size_t /*work*/, F const& f) {
  launch(ctx, detail::map_kernel<F>, grid::of_threads(rows, 64), rows, f);
}

// f(row, column) for each number of a matrix, neighboring threads on neighboring columns.
template <class F>
void each_number(context& ctx, std::size_t rows, std::size_t cols, F const& f) {
  launch(ctx, detail::number_kernel<F>, grid::of_threads(rows * cols), rows * cols, cols, f);
}

}  // namespace intarsia::inline v0::cuda
