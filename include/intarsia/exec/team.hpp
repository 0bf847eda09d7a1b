// The threads that share a row of each_row, from one of them: on the CPU a row has one thread, on a device a part of a
// warp. A loop over what a row holds, written for any backend:
//   each_row(ctx, rows, work, [=] INTARSIA_FN(std::size_t i, team_of<On> by) {
//     T sum{0};
//     for (std::size_t c = by.first(); c < cols; c += by.step()) sum += x[i][c];
//     sum = by.sum(sum);
//   });
// What a thread wrote, only itself may read again: number c of a row belongs to the thread with c % step() == first().
#pragma once

#include <cstddef>
#include <intarsia/core/config.hpp>

namespace intarsia::inline v0 {

// The only thread of a row.
struct alone {
  static constexpr bool shares = false;
  [[nodiscard]] INTARSIA_FN static constexpr std::size_t first() { return 0; }
  [[nodiscard]] INTARSIA_FN static constexpr std::size_t step() { return 1; }
  [[nodiscard]] INTARSIA_FN static constexpr bool owns(std::size_t /*c*/) { return true; }
  // Over the threads of the row; each gets the answer, the same bits on every run.
  template <class T>
  [[nodiscard]] INTARSIA_FN static constexpr T sum(T x) {
    return x;
  }
  template <class T>
  [[nodiscard]] INTARSIA_FN static constexpr T max(T x) {
    return x;
  }
};

// The teams of the context behind a recorder.
template <class On>
using team_of = typename On::context_type::team;

}  // namespace intarsia::inline v0
