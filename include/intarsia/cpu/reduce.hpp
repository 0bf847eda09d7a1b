// Sums of whole columns and of all numbers: over fixed chunks of rows, then over the chunks in order.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <intarsia/core/bf16.hpp>
#include <intarsia/cpu/context.hpp>
#include <intarsia/cpu/grain.hpp>
#include <intarsia/cpu/map.hpp>
#include <intarsia/exec/scope.hpp>
#include <intarsia/tensor/view.hpp>

namespace intarsia::inline v0::cpu {

// out[0, c] += (or =) sum over rows of x[row, c].
template <class T>
void column_sum(context& ctx, std::type_identity_t<dense<T const>> x, dense<T> out, bool accumulate) {
  scope const keep{ctx};
  cut const rows = cut_for_sum(x.rows, 2 * rows_per_piece(x.cols));
  T* const partial = ctx.scratch().template take<T>(rows.pieces * x.cols);  // (pieces, cols)
  detail::pieces(ctx, rows.pieces, 1, [=](std::size_t piece) {
    std::size_t const begin = piece * rows.grain, end = std::min(x.rows, begin + rows.grain);
    T* const sum = partial + piece * x.cols;
    std::copy_n(x.data + begin * x.stride, x.cols, sum);
    for (std::size_t row = begin + 1; row < end; ++row) {
      T const* const from = x.data + row * x.stride;
      for (std::size_t c = 0; c < x.cols; ++c) sum[c] += from[c];
    }
  });
  if (!accumulate) std::fill_n(out.data, x.cols, T{0});
  for (std::size_t piece = 0; piece < rows.pieces; ++piece) {
    for (std::size_t c = 0; c < x.cols; ++c) out.data[c] += partial[piece * x.cols + c];
  }
}

// rounded[i, c] = bf16 of dy[i, c] * rule.slope(y[i, c]); out[0, c] += the sum over rows of these before they are
// rounded, to the bits of column_sum; an out without data is skipped.
template <class Rule, class T>
  requires std::same_as<T, float>
void round_slopes(context& ctx, Rule rule, dense<T const> y, dense<T const> dy, dense<bf16> rounded, dense<T> out) {
  scope const keep{ctx};
  cut const rows = cut_for_sum(y.rows, 2 * rows_per_piece(y.cols));
  T* const partial = ctx.scratch().template take<T>(rows.pieces * y.cols);  // (pieces, cols)
  detail::pieces(ctx, rows.pieces, 1, [=](std::size_t piece) {
    T* const sum = partial + piece * y.cols;
    for (std::size_t row = piece * rows.grain; row < std::min(y.rows, (piece + 1) * rows.grain); ++row) {
      bool const first = row == piece * rows.grain;
      for (std::size_t c = 0; c < y.cols; ++c) {
        T const slope = dy.data[row * dy.stride + c] * rule.slope(y.data[row * y.stride + c]);
        rounded.data[row * rounded.stride + c] = bf16{slope};
        sum[c] = first ? slope : sum[c] + slope;
      }
    }
  });
  for (std::size_t piece = 0; out.data && piece < rows.pieces; ++piece) {
    for (std::size_t c = 0; c < y.cols; ++c) out.data[c] += partial[piece * y.cols + c];
  }
}

// out[0, 0] += (or =) sum of all numbers of x, added up in double.
template <class T>
void total(context& ctx, std::type_identity_t<dense<T const>> x, dense<T> out, bool accumulate) {
  scope const keep{ctx};
  cut const rows = cut_for_sum(x.rows, 2 * rows_per_piece(x.cols));
  double* const partial = ctx.scratch().template take<double>(rows.pieces);
  detail::pieces(ctx, rows.pieces, 1, [=](std::size_t piece) {
    std::array<double, 8> lane{};
    std::size_t const end = std::min(x.rows, (piece + 1) * rows.grain);
    for (std::size_t row = piece * rows.grain; row < end; ++row) {
      T const* const from = x.data + row * x.stride;
      std::size_t c = 0;
      for (; c + 8 <= x.cols; c += 8) {
        for (std::size_t i = 0; i < 8; ++i) lane[i] += static_cast<double>(from[c + i]);
      }
      for (; c < x.cols; ++c) lane[c % 8] += static_cast<double>(from[c]);
    }
    partial[piece] = ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
  });
  double sum = accumulate ? static_cast<double>(*out.data) : 0.0;
  for (std::size_t piece = 0; piece < rows.pieces; ++piece) sum += partial[piece];
  *out.data = static_cast<T>(sum);
}

}  // namespace intarsia::inline v0::cpu
