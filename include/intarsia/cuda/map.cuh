// A functor on each index, row or number.
#pragma once

#include <intarsia/cuda/launch.cuh>
#include <type_traits>

namespace intarsia::inline v0::cuda {

namespace detail {
template <class F>
__global__ void map_kernel(std::size_t count, F f) {
  for (std::size_t i = thread_number(); i < count; i += thread_count()) f(i);
}
template <class F>
__global__ void team_kernel(std::size_t rows, unsigned lanes, F f) {
  team const by{threadIdx.x, lanes};
  for (std::size_t row = thread_number() / lanes; row < rows; row += thread_count() / lanes) f(row, by);
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

// f(row) for each row of [0, rows), a thread each, or f(row, team), some neighboring threads each, as many as `work`
// (roughly the operations of a row) keeps busy.
template <class F>
void each_row(context& ctx, std::size_t rows, std::size_t work, F const& f) {
  if constexpr (std::is_invocable_v<F const&, std::size_t, team>) {
    unsigned const lanes = team::lanes_for(work);
    launch(ctx, detail::team_kernel<F>, grid::of_threads(rows * lanes, 128), rows, lanes, f);
  } else {
    launch(ctx, detail::map_kernel<F>, grid::of_threads(rows, 64), rows, f);
  }
}

// f(row, column) for each number of a matrix, neighboring threads on neighboring columns.
template <class F>
void each_number(context& ctx, std::size_t rows, std::size_t cols, F const& f) {
  launch(ctx, detail::number_kernel<F>, grid::of_threads(rows * cols), rows * cols, cols, f);
}

}  // namespace intarsia::inline v0::cuda
