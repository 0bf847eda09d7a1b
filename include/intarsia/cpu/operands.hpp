// What a product reads: the numbers as they are, or rounded to bf16. Each kind says what a word of its panels is and
// copies operands into them; the loops over panels are the same for all. Floats that are multiplied row by row (all of
// A, and B beside A') may be stored as bf16: X is how they are.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <intarsia/cpu/bf16_pairs.hpp>
#include <intarsia/cpu/gemv.hpp>
#include <intarsia/cpu/map.hpp>
#include <intarsia/cpu/pack.hpp>
#include <intarsia/cpu/tile.hpp>

namespace intarsia::inline v0::cpu::detail {

// The numbers as they are.
template <class T>
struct full_operands {
  using word = T;
  static constexpr bool rounds = false;
  static constexpr std::size_t step = panel_depth<T>;  // steps along the depth that a panel holds

  // Words that hold `steps` steps.
  [[nodiscard]] static constexpr std::size_t words(std::size_t steps) { return steps; }
  template <class Ask = ask_nothing>
  [[nodiscard]] static tile_set<T, Ask> tiles(instruction_set set) {
    return tiles_for<T, Ask>(set);
  }

  // Whether a tile may read rows of a where they lie, `depth` steps of each: words in order, and rows that do not all
  // fall on the same lines of the nearest cache.
  template <class X>
  [[nodiscard]] static bool lies_ready(dense<X const> a, std::size_t /*depth*/) {
    return std::is_same_v<X, T> && a.stride * sizeof(T) % 2048 != 0;
  }
  // The same of steps of A', one row each.
  template <class X>
  [[nodiscard]] static bool steps_lie_ready(dense<X const>) {
    return std::is_same_v<X, T>;
  }
  // Those words, which are nobody's where they do not lie ready.
  template <class X>
  [[nodiscard]] static T const* lying(X const* a) {
    if constexpr (std::is_same_v<X, T>) return a;
    return nullptr;
  }

  // See pack_columns, pack_panel, pack_panels.
  static void columns(instruction_set, dense<T const> b, bool transposed, std::size_t k, std::size_t depth,
                      std::size_t j, std::size_t width, T* to, std::size_t to_width) {
    pack_columns(b, transposed, k, depth, j, width, to, to_width);
  }
  template <class X>
  static void panel(instruction_set, dense<X const> a, std::size_t k, std::size_t depth, std::size_t i,
                    std::size_t rows, std::size_t height, T* to) {
    pack_panel(a, k, depth, i, rows, height, to);
  }
  template <class X>
  static void panels(instruction_set, dense<X const> a, std::size_t k, std::size_t depth, std::size_t i,
                     std::size_t end, std::size_t height, T* to) {
    pack_panels(a, k, depth, i, end, height, to);
  }
  // Rows of x, a step each, to panels `width` wide that are `panel` words apart; `readable` numbers of a row can be
  // read.
  template <class X>
  static void rows(instruction_set set, dense<X const> x, std::size_t readable, T* to, std::size_t width,
                   std::size_t panel) {
    run_on(set, 0, x.rows, [=](std::size_t s) {
      panel_row<T>::put(x.data + s * x.stride, x.cols, readable, to + s * width, width, panel);
    });
  }
  // scale * from[0, depth) as a row of a panel.
  static void scaled(T const* from, std::size_t depth, T scale, T* to) {
    for (std::size_t k = 0; k < depth; ++k) to[k] = scale * from[k];
  }
  // scale[s] * row s of x, a step each, in one panel that is not narrower.
  static void scaled_rows(instruction_set set, dense<T const> x, T const* scale, T* to, std::size_t to_width) {
    run_on(set, 0, x.rows, [=](std::size_t s) {
      constexpr std::size_t block = 32 / sizeof(T);  // divides the width of every tile
      T const* const from = x.data + s * x.stride;
      T* const step = to + s * to_width;
      T const factor = scale[s];
      std::size_t c = 0;
      for (; c + block <= x.cols; c += block) {
        for (std::size_t i = 0; i < block; ++i) step[c + i] = factor * from[c + i];
      }
      for (; c < x.cols; ++c) step[c] = factor * from[c];
      for (; c < to_width; ++c) step[c] = T{0};
    });
  }
};

// Numbers of `steps` steps, `across` of a step, rounded to bf16 where they lie. With Turn the steps of a pair change
// places, so that sums are added in the order of AVX-512 BF16: of steps 2k and 2k + 1 the later one first.
template <bool Turn>
struct round_in_pairs {
  float* x;
  std::size_t steps, step_stride, across, stride;

  void operator()(std::size_t pair) const {
    float* const one = x + 2 * pair * step_stride;
    bool const both = 2 * pair + 1 < steps;
    float* const other = both ? one + step_stride : one;
    for (std::size_t i = 0; i < across; ++i) {
      float const first = operand<true>(one[i * stride]), second = operand<true>(other[i * stride]);
      one[i * stride] = Turn ? second : first;
      if (both) other[i * stride] = Turn ? first : second;
    }
  }
  static void run(instruction_set set, round_in_pairs const& f) { run_on(set, 0, (f.steps + 1) / 2, f); }
};

// Numbers rounded to bf16, for processors that do not multiply these: as floats.
template <bool Turn>
struct rounded_operands {
  using word = float;
  using full = full_operands<float>;
  static constexpr bool rounds = true;
  static constexpr std::size_t step = full::step;

  [[nodiscard]] static constexpr std::size_t words(std::size_t steps) { return steps; }
  template <class Ask = ask_nothing>
  [[nodiscard]] static tile_set<float, Ask> tiles(instruction_set set) {
    return tiles_for<float, Ask>(set);
  }
  template <class X>
  [[nodiscard]] static bool lies_ready(dense<X const>, std::size_t) {
    return false;
  }
  template <class X>
  [[nodiscard]] static bool steps_lie_ready(dense<X const>) {
    return false;
  }
  template <class X>
  [[nodiscard]] static float const* lying(X const*) {
    return nullptr;
  }

  static void columns(instruction_set set, dense<float const> b, bool transposed, std::size_t k, std::size_t depth,
                      std::size_t j, std::size_t width, float* to, std::size_t to_width) {
    pack_columns(b, transposed, k, depth, j, width, to, to_width);
    round_in_pairs<Turn>::run(set, {to, depth, to_width, to_width, 1});
  }
  template <class X>
  static void panel(instruction_set set, dense<X const> a, std::size_t k, std::size_t depth, std::size_t i,
                    std::size_t rows, std::size_t height, float* to) {
    pack_panel(a, k, depth, i, rows, height, to);
    round_in_pairs<Turn>::run(set, {to, depth, 1, height, panel_stride<float>});
  }
  template <class X>
  static void panels(instruction_set set, dense<X const> a, std::size_t k, std::size_t depth, std::size_t i,
                     std::size_t end, std::size_t height, float* to) {
    pack_panels(a, k, depth, i, end, height, to);
    for (; i < end; i += height, to += panel_size<float>) {
      round_in_pairs<Turn>::run(set, {to, depth, height, height, 1});
    }
  }
  template <class X>
  static void rows(instruction_set set, dense<X const> x, std::size_t readable, float* to, std::size_t width,
                   std::size_t panel) {
    full::rows(set, x, readable, to, width, panel);
    for (std::size_t i = 0; i < x.cols; i += width, to += panel) {
      round_in_pairs<Turn>::run(set, {to, x.rows, width, width, 1});
    }
  }
  static void scaled(float const* from, std::size_t depth, float scale, float* to) {
    full::scaled(from, depth, scale, to);
    round_in_pairs<Turn>::run(instruction_set::portable, {to, depth, 1, 1, 1});
  }
  static void scaled_rows(instruction_set set, dense<float const> x, float const* scale, float* to,
                          std::size_t to_width) {
    full::scaled_rows(set, x, scale, to, to_width);
    round_in_pairs<Turn>::run(set, {to, x.rows, to_width, to_width, 1});
  }
};

#if INTARSIA_X86
// Numbers rounded to bf16, two steps to a word.
struct paired_operands {
  using word = bf16_pair;
  static constexpr bool rounds = true;
  static constexpr std::size_t step = 2 * panel_depth<bf16_pair>;

  [[nodiscard]] static constexpr std::size_t words(std::size_t steps) { return (steps + 1) / 2; }
  template <class Ask = ask_nothing>
  [[nodiscard]] static tile_set<bf16_pair, Ask> tiles(instruction_set) {
    return paired_tiles<Ask>();
  }
  template <class X>
  [[nodiscard]] static bool lies_ready(dense<X const> a, std::size_t depth) {
    return std::is_same_v<X, bf16> && depth % 2 == 0 && a.stride % 2 == 0 && a.stride * sizeof(X) % 2048 != 0 &&
           std::bit_cast<std::uintptr_t>(a.data) % sizeof(bf16_pair) == 0;
  }
  template <class X>
  [[nodiscard]] static bool steps_lie_ready(dense<X const>) {
    return false;
  }
  template <class X>
  [[nodiscard]] static bf16_pair const* lying(X const* a) {
    return reinterpret_cast<bf16_pair const*>(a);
  }

  static void columns(instruction_set, dense<float const> b, bool transposed, std::size_t k, std::size_t depth,
                      std::size_t j, std::size_t width, bf16_pair* to, std::size_t to_width) {
    if (transposed) {
      pair_columns(b.data + j * b.stride + k, b.stride, depth, width, to, to_width);
    } else {
      float const* const from = b.data + k * b.stride + j;
      for (std::size_t s = 0; s < depth; s += 2, to += to_width) {
        float const* const even = from + s * b.stride;
        pair_rows(even, s + 1 < depth ? even + b.stride : nullptr, width, to, to_width, to_width);
      }
    }
  }
  template <class X>
  static void panel(instruction_set, dense<X const> a, std::size_t k, std::size_t depth, std::size_t i,
                    std::size_t rows, std::size_t height, bf16_pair* to) {
    for (std::size_t row = 0; row < height; ++row, to += panel_stride<bf16_pair>) {
      if (row < rows) {
        pair_row(a.data + (i + row) * a.stride + k, depth, to);
      } else {
        std::fill_n(to, words(depth), bf16_pair{});
      }
    }
  }
  template <class X>
  static void panels(instruction_set, dense<X const> a, std::size_t k, std::size_t depth, std::size_t i,
                     std::size_t end, std::size_t height, bf16_pair* to) {
    X const* const from = a.data + k * a.stride + i;
    for (std::size_t s = 0; s < depth; s += 2, to += height) {
      X const* const even = from + s * a.stride;
      pair_rows(even, s + 1 < depth ? even + a.stride : nullptr, end - i, to, height, panel_size<bf16_pair>);
    }
  }
  template <class X>
  static void rows(instruction_set, dense<X const> x, std::size_t, bf16_pair* to, std::size_t width,
                   std::size_t panel) {
    for (std::size_t s = 0; s < x.rows; s += 2, to += width) {
      X const* const even = x.data + s * x.stride;
      pair_rows(even, s + 1 < x.rows ? even + x.stride : nullptr, x.cols, to, width, panel);
    }
  }
  static void scaled(float const* from, std::size_t depth, float scale, bf16_pair* to) {
    pair_row(from, depth, scale, to);
  }
  static void scaled_rows(instruction_set, dense<float const> x, float const* scale, bf16_pair* to,
                          std::size_t to_width) {
    for (std::size_t s = 0; s < x.rows; s += 2, to += to_width) {
      float const* const even = x.data + s * x.stride;
      bool const two = s + 1 < x.rows;
      pair_rows(even, two ? even + x.stride : nullptr, x.cols, scale[s], two ? scale[s + 1] : 1, to, to_width,
                to_width);
    }
  }
  // Scores (rows, cols) of a tile, `stride` apart and -inf from cols to the next multiple of 32, become weights
  // exp2(score - correction - peak): as pairs of neighbors, and for `above` (or null) as pairs of one above the other,
  // those `stride` apart too. sums (rows, 16) += the weights of each row, before they are rounded.
  static void weights(float const* scores, std::size_t stride, float const* corrections, float const* peaks,
                      std::size_t rows, std::size_t cols, float* sums, bf16_pair* to, bf16_pair* above) {
    constexpr std::size_t apart = panel_stride<bf16_pair>;
    std::size_t const padded = (cols + 31) / 32 * 32;
    for (std::size_t row = 0; row < rows; row += 2) {
      weigh_two(scores + row * stride, stride, corrections, peaks + row, padded, row + 1 < rows, sums + 16 * row,
                to + row * apart, apart, above ? above + row / 2 * stride : nullptr);
    }
  }
};
#endif

}  // namespace intarsia::inline v0::cpu::detail
