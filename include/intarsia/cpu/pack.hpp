// Copies parts of matrices as the tiles of a product read them.
#pragma once

#include <algorithm>
#include <cstring>
#include <intarsia/cpu/tile.hpp>
#include <intarsia/tensor/view.hpp>
#include <type_traits>

namespace intarsia::inline v0::cpu::detail {

// Steps [k, k + depth) of columns [j, j + width) of op(B), step by step, `to_width` numbers a step, the rest zero.
template <class T>
inline void pack_columns(dense<T const> b, bool transposed, std::size_t k, std::size_t depth, std::size_t j,
                         std::size_t width, T* to, std::size_t to_width) {
  if (!transposed) {
    for (std::size_t s = 0; s < depth; ++s, to += to_width) {
      std::copy_n(b.data + (k + s) * b.stride + j, width, to);
      std::fill(to + width, to + to_width, T{0});
    }
    return;
  }
  constexpr std::size_t block = 64 / sizeof(T);
  for (std::size_t begin = 0; begin < depth; begin += block) {
    std::size_t const end = std::min(depth, begin + block);
    for (std::size_t column = 0; column < width; ++column) {
      T const* const from = b.data + (j + column) * b.stride + k;
      for (std::size_t s = begin; s < end; ++s) to[s * to_width + column] = from[s];
    }
    for (std::size_t s = begin; s < end; ++s) std::fill(to + s * to_width + width, to + (s + 1) * to_width, T{0});
  }
}

// Panels of A that are packed together where A is transposed, so that its rows are read in longer pieces.
inline constexpr std::size_t panel_group = 4;
template <class T>
inline constexpr std::size_t panel_size = tallest_tile* panel_stride<T>;

// Numbers as they are, or bf16 as floats.
template <class X, class T>
inline void take_numbers(X const* from, std::size_t count, T* to) {
  if constexpr (std::is_same_v<X, T>) {
    std::memcpy(to, from, count * sizeof(T));
  } else {
    for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<T>(from[i]);
  }
}

// Steps [k, k + depth) of rows [i, i + rows) of A as a tile reads them; rows up to `height` are zero. Here and below X
// is how A is stored: as T, or as bf16 where T is float.
template <class X, class T>
inline void pack_panel(dense<X const> a, std::size_t k, std::size_t depth, std::size_t i, std::size_t rows,
                       std::size_t height, T* to) {
  for (std::size_t row = 0; row < height; ++row, to += panel_stride<T>) {
    if (row < rows) {
      take_numbers(a.data + (i + row) * a.stride + k, depth, to);
    } else {
      std::fill_n(to, depth, T{0});
    }
  }
}

// Asks for rows [i, i + rows) of A, which are packed next.
template <class X>
inline void fetch_panel(dense<X const> a, std::size_t k, std::size_t depth, std::size_t i, std::size_t rows) {
  for (std::size_t row = 0; row < rows; ++row) {
    X const* const from = a.data + (i + row) * a.stride + k;
    for (std::size_t s = 0; s < depth; s += 64 / sizeof(X)) __builtin_prefetch(from + s, 0, 2);
  }
}

// The same of A', for the panels that rows [i, end) make, each `height` rows.
template <class X, class T>
inline void pack_panels(dense<X const> a, std::size_t k, std::size_t depth, std::size_t i, std::size_t end,
                        std::size_t height, T* to) {
  // Numbers go four at a time, over into the next step (or the panel's slack): faster than the exact count.
  std::size_t const whole = (end - i) / height, rounded = (height + 3) / 4 * 4;
  std::size_t const quick = whole > 0 && i + (whole - 1) * height + rounded > a.cols ? whole - 1 : whole;
  for (std::size_t s = 0; s < depth; ++s, to += height) {
    X const* from = a.data + (k + s) * a.stride + i;
    T* panel = to;
    for (std::size_t p = 0; p < quick; ++p, from += height, panel += panel_size<T>) {
      for (std::size_t row = 0; row < rounded; row += 4) take_numbers(from + row, 4, panel + row);
    }
    for (std::size_t top = i + quick * height; top < end; top += height, from += height, panel += panel_size<T>) {
      std::size_t const rows = std::min(height, end - top);
      take_numbers(from, rows, panel);
      for (std::size_t row = rows; row < height; ++row) panel[row] = T{0};
    }
  }
}

// Copies columns of one row to panels: `count` numbers, `width` to a panel, panels `panel` numbers apart. Rows of a
// panel lie side by side and are written in order, so a whole block may be stored over the beginning of the next one;
// `readable` numbers can be read. Numbers beyond `count` are zero.
template <class T>
struct panel_row {
  static constexpr std::size_t block = 64 / sizeof(T);

  template <class X>
  static void put(X const* from, std::size_t count, std::size_t readable, T* to, std::size_t width, std::size_t panel) {
    for (std::size_t i = 0; i < count; i += width, to += panel) {
      std::size_t const some = std::min(width, count - i);
      if (some == width && width <= block && i + block <= readable) {
        take_numbers(from + i, block, to);
      } else if (some == width && width % block == 0) {
        for (std::size_t c = 0; c < width; c += block) take_numbers(from + i + c, block, to + c);
      } else {
        take_numbers(from + i, some, to);
        for (std::size_t c = some; c < width; ++c) to[c] = T{0};
      }
    }
  }
};

}  // namespace intarsia::inline v0::cpu::detail
