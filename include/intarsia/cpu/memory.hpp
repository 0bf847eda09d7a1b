// Setting and copying numbers.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <intarsia/core/bf16.hpp>
#include <intarsia/cpu/context.hpp>
#include <intarsia/cpu/grain.hpp>
#include <intarsia/cpu/map.hpp>
#include <intarsia/tensor/view.hpp>

namespace intarsia::inline v0::cpu {

// x[i, c] = value.
template <class T>
void fill(context& ctx, dense<T> x, std::type_identity_t<T> value) {
  constexpr std::size_t piece = std::size_t{1} << 17;
  if (x.contiguous() && value == T{0} && !std::signbit(static_cast<double>(value))) {
    // Zeros by the system's routine, which does not read what it overwrites where that is much.
    ctx.threads().bulk(x.rows * x.cols, 32 * piece, [=](std::size_t begin, std::size_t end) {
      std::memset(static_cast<void*>(x.data + begin), 0, (end - begin) * sizeof(T));
    });
    return;
  }
  if (x.contiguous()) x = {x.data, 1, x.rows * x.cols, x.rows * x.cols};
  if (x.rows == 1) {
    ctx.threads().bulk(x.cols, piece,
                       [=](std::size_t begin, std::size_t end) { std::fill(x.data + begin, x.data + end, value); });
  } else {
    ctx.threads().bulk(x.rows, 4 * rows_per_piece(x.cols), [=](std::size_t begin, std::size_t end) {
      for (std::size_t row = begin; row < end; ++row) std::fill_n(x.data + row * x.stride, x.cols, value);
    });
  }
}

// to[i, c] = from[i, c]; equal sizes, no overlap. Floats may be copied to bf16.
template <class T>
void copy(context& ctx, std::type_identity_t<dense<T const>> from, dense<T> to) {
  ctx.threads().bulk(to.rows, 4 * rows_per_piece(to.cols), [=](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      std::copy_n(from.data + row * from.stride, to.cols, to.data + row * to.stride);
    }
  });
}
inline void copy(context& ctx, dense<float const> from, dense<bf16> to) {
  each_row(ctx, to.rows, to.cols, [=](std::size_t row) {
    float const* const x = from.data + row * from.stride;
    bf16* const y = to.data + row * to.stride;
    for (std::size_t c = 0; c < to.cols; ++c) y[c] = bf16{x[c]};
  });
}

}  // namespace intarsia::inline v0::cpu
