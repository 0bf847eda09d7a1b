// Products of dense matrices: B is packed into panels once, A a panel at a time on the stack, and each tile of C is
// summed along the depth in one order, so that its bits depend on the sizes alone.
#pragma once

#include <algorithm>
#include <cstring>
#include <intarsia/cpu/context.hpp>
#include <intarsia/cpu/gemm_deep.hpp>
#include <intarsia/cpu/gemv.hpp>
#include <intarsia/cpu/grain.hpp>
#include <intarsia/cpu/memory.hpp>
#include <intarsia/cpu/tile.hpp>
#include <intarsia/exec/backend.hpp>
#include <intarsia/exec/scope.hpp>

namespace intarsia::inline v0::cpu {

namespace detail {

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

// Steps [k, k + depth) of rows [i, i + rows) of A as a tile reads them; rows up to `height` are zero.
template <class T>
inline void pack_panel(dense<T const> a, std::size_t k, std::size_t depth, std::size_t i, std::size_t rows,
                       std::size_t height, T* to) {
  for (std::size_t row = 0; row < height; ++row, to += panel_stride<T>) {
    if (row < rows) {
      std::memcpy(to, a.data + (i + row) * a.stride + k, depth * sizeof(T));
    } else {
      std::fill_n(to, depth, T{0});
    }
  }
}

// Asks for rows [i, i + rows) of A, which are packed next.
template <class T>
inline void fetch_panel(dense<T const> a, std::size_t k, std::size_t depth, std::size_t i, std::size_t rows) {
  for (std::size_t row = 0; row < rows; ++row) {
    T const* const from = a.data + (i + row) * a.stride + k;
    for (std::size_t s = 0; s < depth; s += 64 / sizeof(T)) __builtin_prefetch(from + s);
  }
}

// The same of A', for the panels that rows [i, end) make, each `height` rows.
template <class T>
inline void pack_panels(dense<T const> a, std::size_t k, std::size_t depth, std::size_t i, std::size_t end,
                        std::size_t height, T* to) {
  // Numbers go four at a time, over into the next step (or the panel's slack): faster than the exact count.
  std::size_t const whole = (end - i) / height, rounded = (height + 3) / 4 * 4;
  std::size_t const quick = whole > 0 && i + (whole - 1) * height + rounded > a.cols ? whole - 1 : whole;
  for (std::size_t s = 0; s < depth; ++s, to += height) {
    T const* from = a.data + (k + s) * a.stride + i;
    T* panel = to;
    for (std::size_t p = 0; p < quick; ++p, from += height, panel += panel_size<T>) {
      for (std::size_t row = 0; row < rounded; row += 4) std::memcpy(panel + row, from + row, 4 * sizeof(T));
    }
    for (std::size_t top = i + quick * height; top < end; top += height, from += height, panel += panel_size<T>) {
      std::size_t const rows = std::min(height, end - top);
      for (std::size_t row = 0; row < rows; ++row) panel[row] = from[row];
      for (std::size_t row = rows; row < height; ++row) panel[row] = T{0};
    }
  }
}

// C (m, n) += (or =) op(A) op(B) by tiles.
template <class T>
void gemm_tiles(context& ctx, product form, dense<T const> a, dense<T const> b, dense<T> c, std::size_t depth,
                bool accumulate) {
  scope const keep{ctx};
  tile_set<T> const tile = tiles_for<T>(ctx.instructions());
  constexpr std::size_t step = panel_depth<T>, enough = std::size_t{1} << 20;  // operations worth a piece
  std::size_t const wide = (std::min<std::size_t>(c.cols, 2048) + tile.cols - 1) / tile.cols;  // panels of B a round
  std::size_t const deep =
      std::min(depth, std::max<std::size_t>(1, (std::size_t{1} << 20) / (wide * tile.cols * step)) * step);
  T* const packed = ctx.scratch().template take<T>(wide * tile.cols * deep);  // (panels, deep, tile.cols)
  std::size_t const heights = (c.rows + tile.rows - 1) / tile.rows;           // panels of A

  for (std::size_t column = 0; column < c.cols; column += wide * tile.cols) {
    std::size_t const cols = std::min(c.cols - column, wide * tile.cols);
    std::size_t const widths = (cols + tile.cols - 1) / tile.cols;
    for (std::size_t k = 0; k < depth; k += deep) {
      std::size_t const steps = std::min(deep, depth - k);
      ctx.threads().bulk(widths, rows_per_piece(steps * tile.cols / 2), [&](std::size_t begin, std::size_t end) {
        for (std::size_t q = begin; q < end; ++q) {
          std::size_t const j = q * tile.cols;
          pack_columns(b, form == product::transposed_right, k, steps, column + j, std::min(tile.cols, cols - j),
                       packed + q * steps * tile.cols, tile.cols);
        }
      });

      // A piece is some panels of A by some panels of B; few panels of A are split along B.
      std::size_t const across = heights < 8 ? std::max<std::size_t>(1, widths * heights / 8) : widths;
      std::size_t const columns = (widths + across - 1) / across;
      std::size_t const operations = tile.rows * tile.cols * across * steps;
      std::size_t const down =
          std::min(heights, std::max({std::size_t{1}, std::min(panel_group, heights / 8), enough / operations}));
      std::size_t const pieces = (heights + down - 1) / down * columns;
      ctx.threads().bulk(
          pieces, std::max<std::size_t>(1, enough / (operations * down)), [&](std::size_t begin, std::size_t end) {
            alignas(64) T panels[panel_group * panel_size<T>];
            for (std::size_t piece = begin; piece < end; ++piece) {
              std::size_t const top = piece / columns * down, bottom = std::min(heights, top + down);
              std::size_t const first = piece % columns * across, last = std::min(widths, first + across);
              for (std::size_t s = 0; s < steps; s += step) {
                std::size_t const some = std::min(step, steps - s);
                bool const add = accumulate || k + s > 0;
                for (std::size_t p = top; p < bottom; ++p) {
                  std::size_t const i = p * tile.rows, rows = std::min(tile.rows, c.rows - i);
                  std::size_t height = 0;
                  while (height + 1 < tile.heights.size() && tile.heights[height + 1] >= rows) ++height;
                  T* panel = panels;
                  if (form == product::transposed_left) {
                    std::size_t const in_group = (p - top) % panel_group;
                    if (in_group == 0) {
                      pack_panels(a, k + s, some, i, std::min(c.rows, std::min(bottom, p + panel_group) * tile.rows),
                                  tile.rows, panels);
                    }
                    panel += in_group * panel_size<T>;
                  } else {
                    pack_panel(a, k + s, some, i, rows, tile.heights[height], panel);
                    fetch_panel(a, k + s, some, i + tile.rows, std::min(tile.rows, c.rows - i - rows));
                  }
                  auto const run = form == product::transposed_left ? tile.transposed[height] : tile.plain[height];
                  for (std::size_t q = first; q < last; ++q) {
                    std::size_t const j = q * tile.cols;
                    run(some, panel, packed + (q * steps + s) * tile.cols, tile.cols,
                        c.data + i * c.stride + column + j, c.stride, rows, std::min(tile.cols, cols - j), add);
                  }
                }
              }
            }
          });
    }
  }
}
}  // namespace detail

// C += (or =) op(A) op(B); see `product` for the shapes. C does not overlap A or B.
template <class T>
void gemm(context& ctx, product form, std::type_identity_t<dense<T const>> a, std::type_identity_t<dense<T const>> b,
          dense<T> c, bool accumulate) {
  std::size_t const depth = form == product::transposed_left ? a.rows : a.cols;
  if (c.rows == 0 || c.cols == 0) return;
  if (depth == 0) {
    if (!accumulate) fill(ctx, c, T{0});
    return;
  }
  if (c.rows == 1 || c.cols == 1) return detail::gemv<T>(ctx, form, a, b, c, accumulate);
  if (form == product::transposed_left && detail::is_deep(c.rows, c.cols, depth)) {
    return detail::gemm_deep<T>(ctx, a, b, c, accumulate);
  }
  detail::gemm_tiles<T>(ctx, form, a, b, c, depth, accumulate);
}

}  // namespace intarsia::inline v0::cpu
