// Sparse times dense: sums and means over neighbors. Each row of the result has one writer.
#pragma once

#include <algorithm>
#include <cstdint>
#include <intarsia/cpu/context.hpp>
#include <intarsia/cpu/grain.hpp>
#include <intarsia/cpu/row_sum.hpp>
#include <intarsia/exec/backend.hpp>
#include <intarsia/tensor/csr.hpp>

namespace intarsia::inline v0::cpu {

namespace detail {
// Rows to give to a piece where each entry costs `cols` operations.
[[nodiscard]] inline std::size_t rows_per_piece_of(csr_view<> a, std::size_t cols) {
  std::size_t const entries = a.offsets ? a.offsets[a.rows] - a.offsets[0] : 0;  // the rows may be a window of more
  return cpu::rows_per_piece(cols * (1 + entries / std::max<std::size_t>(1, a.rows)));
}

template <class X, class T>
void sum_rows(context& ctx, row_sum_work<X, T> const& work) {
  auto const sum = work.a.values || work.terms.col_scale || work.terms.cols.mark
                       ? row_sum_for<X, T, true>(ctx.instructions())
                       : row_sum_for<X, T, false>(ctx.instructions());
  ctx.threads().bulk(work.a.rows, rows_per_piece_of(work.a, work.x.cols),
                     [&](std::size_t begin, std::size_t end) { sum(work, begin, end); });
}
inline constexpr std::size_t rows_ahead = 32;  // entries whose rows are asked for
}  // namespace detail

// y[i] += (or =) row_scale[i] * sum over entries e of row i of value(e) * col_scale[column(e)] * x[column(e)].
// Rows that `terms.rows` leaves out keep what they hold; an empty row is 0. x may be stored as bf16 or f16.
template <class X, class T>
void spmm(context& ctx, csr_view<> a, std::type_identity_t<spmm_terms<T>> terms, dense<X> x, dense<T> y,
          bool accumulate) {
  if (!a.offsets) {
    for (std::size_t row = 0; !accumulate && row < a.rows; ++row) {
      if (terms.rows.has(row)) std::fill_n(y.data + row * y.stride, y.cols, T{0});
    }
    return;
  }
  using stored = std::remove_const_t<X>;
  detail::sum_rows<stored, T>(ctx, {a, terms, x, y, nullptr, accumulate, a.entries(), detail::rows_ahead,
                                    !accumulate && detail::streams(y)});
}
// The same, rounded to bf16 as it is written.
template <class X>
void spmm(context& ctx, csr_view<> a, spmm_terms<float> terms, dense<X> x, dense<bf16> y) {
  if (!a.offsets) {
    for (std::size_t row = 0; row < a.rows; ++row) {
      if (terms.rows.has(row)) std::fill_n(y.data + row * y.stride, y.cols, bf16{});
    }
    return;
  }
  using stored = std::remove_const_t<X>;
  detail::sum_rows<stored, float>(ctx, {a, terms, x, {nullptr, y.rows, y.cols, y.stride}, y.data, false, a.entries(),
                                        detail::rows_ahead, false});
}

// out[i, 0] = sum of the values of row i; its number of entries where the matrix has no values.
template <class T>
void row_sums(context& ctx, csr_view<> a, dense<T> out) {
  ctx.threads().bulk(a.rows, detail::rows_per_piece_of(a, 1), [=](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      T sum = a.values ? T{0} : static_cast<T>(a.degree(row));
      if (a.values) {
        for (std::size_t e = 0; e < a.degree(row); ++e) sum += detail::entry_value<T>(a, a.offsets[row] + e);
      }
      out.data[row * out.stride] = sum;
    }
  });
}

}  // namespace intarsia::inline v0::cpu
