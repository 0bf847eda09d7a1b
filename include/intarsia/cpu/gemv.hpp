// Products with a single row or column, which read each number once: no packing, no tiles.
#pragma once

#include <algorithm>
#include <cmath>
#include <intarsia/core/bf16.hpp>
#include <intarsia/cpu/context.hpp>
#include <intarsia/cpu/grain.hpp>
#include <intarsia/cpu/lanes.hpp>
#include <intarsia/cpu/map.hpp>
#include <intarsia/exec/backend.hpp>
#include <intarsia/exec/scope.hpp>
#include <intarsia/tensor/view.hpp>
#include <limits>

namespace intarsia::inline v0::cpu::detail {

// Numbers `stride` apart.
template <class T>
struct line {
  T* data;
  std::size_t stride;
  T& operator[](std::size_t i) const { return data[i * stride]; }
};

// x, or x rounded to bf16; as AVX-512 BF16 does, a number below the least normal one counts as zero.
template <bool Rounds, class T>
[[gnu::always_inline]] inline T operand(T x) {
  if constexpr (Rounds) {
    T const kept = std::abs(x) < std::numeric_limits<T>::min() ? std::copysign(T{0}, x) : x;
    return static_cast<T>(bf16{kept});
  } else {
    return x;
  }
}

// out[row] += (or =) x[row] . v, in 128 bytes of sums.
template <bool Rounds, class T>
struct dot_rows {
  dense<T const> x;
  T const* v;
  line<T> out;
  bool accumulate;
  instruction_set set;

  [[gnu::always_inline]] void operator()(std::size_t row) const { run_by_lanes<T>(set, *this, row); }
  template <class V>
  [[gnu::always_inline]] void run(std::size_t row) const {
    constexpr std::size_t width = 128 / sizeof(T), parts = 128 / sizeof(V);
    T const* const from = x.data + row * x.stride;
    T lane[width] = {};
    std::size_t k = 0;
    if constexpr (Rounds) {
      for (; k + width <= x.cols; k += width) {
        for (std::size_t i = 0; i < width; ++i) lane[i] += operand<Rounds>(from[k + i]) * operand<Rounds>(v[k + i]);
      }
    } else {
      V sums[parts] = {};
      for (; k + 2 * width <= x.cols; k += 2 * width) {
        for (std::size_t i = 0; i < 2 * width; i += width) add_products<V>(sums, from + k + i, v + k + i);
      }
      for (; k + width <= x.cols; k += width) add_products<V>(sums, from + k, v + k);
      if (k == x.cols) {  // most rows: their sums stay in registers
        unrolled<parts / 2>([&](std::size_t part) { sums[part] += sums[part + parts / 2]; });
        if constexpr (parts == 4) sums[0] += sums[1];
        T const sum = sum_of_lanes<T>(sums[0]);
        out[row] = accumulate ? out[row] + sum : sum;
        return;
      }
      unrolled<parts>([&](std::size_t part) { store_lanes(sums[part], lane + part * (width / parts)); });
    }
    for (std::size_t i = 0; k + i < x.cols; ++i) lane[i] += operand<Rounds>(from[k + i]) * operand<Rounds>(v[k + i]);
    fold<width / 2>(lane);
    out[row] = accumulate ? out[row] + lane[0] : lane[0];
  }

 private:
  // 128 bytes of products, each vector to its sum.
  template <class V>
  [[gnu::always_inline]] static void add_products(V* sums, T const* a, T const* b) {
    unrolled<128 / sizeof(V)>([=](std::size_t part) {
      V one, other;
      load_lanes(one, a + part * (sizeof(V) / sizeof(T)));
      load_lanes(other, b + part * (sizeof(V) / sizeof(T)));
      sums[part] += one * other;
    });
  }
};

// out[j] += (or =) sum over k of scale[k] * x[k, j], for one block of columns j.
template <bool Rounds, class T>
struct mix_rows {
  static constexpr std::size_t width = 256;
  dense<T const> x;
  line<T const> scale;
  line<T> out;
  bool accumulate;

  void operator()(std::size_t block) const {
    std::size_t const begin = block * width, count = std::min(width, x.cols - begin);
    T sum[width] = {};
    T const* from = x.data + begin;
    std::size_t k = 0;
    for (; k + 4 <= x.rows; k += 4, from += 4 * x.stride) {
      T const s0 = operand<Rounds>(scale[k]), s1 = operand<Rounds>(scale[k + 1]), s2 = operand<Rounds>(scale[k + 2]),
              s3 = operand<Rounds>(scale[k + 3]);
      for (std::size_t j = 0; j < count; ++j) {
        T const x0 = operand<Rounds>(from[j]), x1 = operand<Rounds>(from[x.stride + j]),
                x2 = operand<Rounds>(from[2 * x.stride + j]), x3 = operand<Rounds>(from[3 * x.stride + j]);
        sum[j] = (((sum[j] + s0 * x0) + s1 * x1) + s2 * x2) + s3 * x3;
      }
    }
    for (; k < x.rows; ++k, from += x.stride) {
      T const s = operand<Rounds>(scale[k]);
      for (std::size_t j = 0; j < count; ++j) sum[j] += s * operand<Rounds>(from[j]);
    }
    for (std::size_t j = 0; j < count; ++j) out[begin + j] = accumulate ? out[begin + j] + sum[j] : sum[j];
  }
};

// The product where C has one row or one column; see `product`. Rounds: of operands rounded to bf16.
template <bool Rounds, class T>
void gemv(context& ctx, product form, dense<T const> a, dense<T const> b, dense<T> c, bool accumulate) {
  bool const row = c.rows == 1;  // else one column
  line<T> const out{c.data, row ? 1 : c.stride};
  auto const mix = [&](dense<T const> x, line<T const> scale) {
    each_row(ctx, (x.cols + mix_rows<Rounds, T>::width - 1) / mix_rows<Rounds, T>::width,
             x.rows * mix_rows<Rounds, T>::width, mix_rows<Rounds, T>{x, scale, out, accumulate});
  };
  auto const dot = [&](dense<T const> x, line<T const> v) {
    scope const keep{ctx};
    T const* dense_v = v.data;
    if (v.stride != 1 && x.cols > 1) {
      T* const copied = ctx.scratch().template take<T>(x.cols);
      for (std::size_t k = 0; k < x.cols; ++k) copied[k] = v[k];
      dense_v = copied;
    }
    each_row(ctx, x.rows, x.cols, dot_rows<Rounds, T>{x, dense_v, out, accumulate, ctx.instructions()});
  };
  if (row) {
    if (form == product::transposed_right) return dot(b, {a.data, 1});
    return mix(b, {a.data, form == product::plain ? 1 : a.stride});
  }
  if (form == product::transposed_left) return mix(a, {b.data, b.stride});
  return dot(a, {b.data, form == product::plain ? b.stride : 1});
}

}  // namespace intarsia::inline v0::cpu::detail
