// Rows of a table by id, and the way back.
#pragma once

#include <algorithm>
#include <cstdint>
#include <intarsia/cpu/context.hpp>
#include <intarsia/cpu/grain.hpp>
#include <intarsia/cpu/map.hpp>
#include <intarsia/cpu/row_sum_work.hpp>
#include <intarsia/tensor/view.hpp>

namespace intarsia::inline v0::cpu {

// out[i] = x[ids[i]]; as many ids as out has rows. x may be stored as bf16 or f16 where out is float, and out as bf16
// where x is one of the three.
template <class X, class T>
void gather_rows(context& ctx, dense<X> x, std::uint32_t const* ids, dense<T> out) {
  ctx.threads().bulk(out.rows, rows_per_piece(2 * out.cols), [&](std::size_t begin, std::size_t end) {
    detail::run_on(ctx.instructions(), begin, end, [=](std::size_t row) {
      constexpr std::size_t ahead = 16, line = 64 / sizeof(X);
      if (row + ahead < end) {
        X* const next = x.data + ids[row + ahead] * x.stride;
        for (std::size_t c = 0; c < out.cols && c < 16 * line; c += line) __builtin_prefetch(next + c, 0, 2);
      }
      X* const from = x.data + ids[row] * x.stride;
      T* const to = out.data + row * out.stride;
      if constexpr (std::is_same_v<std::remove_const_t<X>, T>) {
        std::copy_n(from, out.cols, to);
      } else {
        for (std::size_t c = 0; c < out.cols; ++c) to[c] = detail::as_number<T>(from[c]);
      }
    });
  });
}

// dx[ids[i]] += dy[i], in the order of i; an id may come more than once. A piece owns some columns.
template <class T>
void scatter_rows(context& ctx, std::type_identity_t<dense<T const>> dy, std::uint32_t const* ids, dense<T> dx) {
  std::size_t const grain = dy.rows * dy.cols < (std::size_t{1} << 15) ? dy.cols : 64;
  ctx.threads().bulk(dy.cols, grain, [=](std::size_t begin, std::size_t end) {
    for (std::size_t row = 0; row < dy.rows; ++row) {
      T const* const from = dy.data + row * dy.stride;
      T* const to = dx.data + ids[row] * dx.stride;
      for (std::size_t c = begin; c < end; ++c) to[c] += from[c];
    }
  });
}

}  // namespace intarsia::inline v0::cpu
