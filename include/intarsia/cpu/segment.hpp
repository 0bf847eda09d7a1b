// The largest number over a row's neighbors, channel by channel, and who had it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <intarsia/cpu/context.hpp>
#include <intarsia/cpu/map.hpp>
#include <intarsia/cpu/spmm.hpp>

namespace intarsia::inline v0::cpu {

namespace detail {
// One row of segment_max.
template <class X, class T>
inline void max_row(csr_view<> a, std::size_t row, dense<X const> x, T* best, std::uint32_t* who, std::size_t cols) {
  if (a.degree(row) == 0) {
    std::fill_n(best, cols, T{0});
    std::fill_n(who, cols, no_entry);
    return;
  }
  for (std::size_t e = a.offsets[row]; e < a.offsets[row + 1]; ++e) {
    X const* const from = x.data + a.columns[e] * x.stride;
    auto const entry = a.positions ? a.positions[e] : static_cast<std::uint32_t>(e);
    if (e == a.offsets[row]) {
      for (std::size_t c = 0; c < cols; ++c) best[c] = as_number<T>(from[c]);
      std::fill_n(who, cols, entry);
      continue;
    }
    for (std::size_t c = 0; c < cols; ++c) {
      T const number = as_number<T>(from[c]);
      bool const better = best[c] < number;
      best[c] = better ? number : best[c];
      who[c] = better ? entry : who[c];
    }
  }
}

// One row of segment_max_pull.
template <class T>
inline void max_row_pull(csr_view<> transposed, std::size_t row, row_choice<> cols, dense<std::uint32_t const> argmax,
                         dense<T const> dy, T* to) {
  for (std::size_t e = 0; e < transposed.degree(row); ++e) {
    std::size_t const place = transposed.offsets[row] + e;
    std::size_t const target = transposed.columns[place];
    if (!cols.has(target)) continue;
    auto const entry = transposed.positions ? transposed.positions[place] : static_cast<std::uint32_t>(place);
    T const* const from = dy.data + target * dy.stride;
    std::uint32_t const* const who = argmax.data + target * argmax.stride;
    for (std::size_t c = 0; c < dy.cols; ++c) to[c] += who[c] == entry ? from[c] : T{0};
  }
}
}  // namespace detail

// y[i, c] = max over entries of row i of x[column, c] and argmax[i, c] that entry (forward numbering); an empty row
// gives 0 and no_entry; of equal numbers the first entry counts. Rows left out keep what they hold. x may be stored as
// bf16 or f16 where y is float.
template <class X, class T>
void segment_max(context& ctx, csr_view<> a, row_choice<> rows, dense<X> x, dense<T> y, dense<std::uint32_t> argmax) {
  detail::pieces(ctx, a.rows, detail::rows_per_piece_of(a, 2 * y.cols), [=](std::size_t row) {
    if (!rows.has(row)) return;
    detail::max_row<std::remove_const_t<X>, T>(a, row, x, y.data + row * y.stride, argmax.data + row * argmax.stride,
                                               y.cols);
  });
}

// dx[j, c] += dy[i, c] where argmax[i, c] is an entry of row j of the transpose; `cols` chooses among the i.
template <class T>
void segment_max_pull(context& ctx, csr_view<> transposed, row_choice<> cols,
                      std::type_identity_t<dense<std::uint32_t const>> argmax, std::type_identity_t<dense<T const>> dy,
                      dense<T> dx) {
  detail::pieces(ctx, transposed.rows, detail::rows_per_piece_of(transposed, 2 * dx.cols), [=](std::size_t row) {
    detail::max_row_pull<T>(transposed, row, cols, argmax, dy, dx.data + row * dx.stride);
  });
}

}  // namespace intarsia::inline v0::cpu
