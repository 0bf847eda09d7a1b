// Products of dense matrices: B is packed into panels once, A a panel at a time on the stack, and each tile of C is
// summed along the depth in one order, so that its bits depend on the sizes alone.
#pragma once

#include <algorithm>
#include <intarsia/cpu/context.hpp>
#include <intarsia/cpu/gemm_deep.hpp>
#include <intarsia/cpu/gemv.hpp>
#include <intarsia/cpu/grain.hpp>
#include <intarsia/cpu/map.hpp>
#include <intarsia/cpu/memory.hpp>
#include <intarsia/cpu/operands.hpp>
#include <intarsia/cpu/tile.hpp>
#include <intarsia/exec/backend.hpp>
#include <intarsia/exec/scope.hpp>
#include <limits>

namespace intarsia::inline v0::cpu {

namespace detail {

// C (m, n) += (or =) op(A) op(B) by tiles.
template <class Operands, class T>
void gemm_tiles(context& ctx, product form, dense<T const> a, dense<T const> b, dense<T> c, std::size_t depth,
                bool accumulate) {
  scope const keep{ctx};
  using W = typename Operands::word;
  instruction_set const set = ctx.instructions();
  tile_set<W> const tile = Operands::tiles(set);
  constexpr std::size_t step = Operands::step, enough = std::size_t{1} << 20;  // operations worth a piece
  std::size_t const wide = (std::min<std::size_t>(c.cols, 2048) + tile.cols - 1) / tile.cols;  // panels of B a round
  std::size_t const deep =
      std::min(depth, std::max<std::size_t>(1, (std::size_t{1} << 20) / (wide * tile.cols * step)) * step);
  W* const packed = ctx.scratch().template take<W>(wide * tile.cols * Operands::words(deep));  // (panels, deep, cols)
  std::size_t const heights = (c.rows + tile.rows - 1) / tile.rows;                            // panels of A

  for (std::size_t column = 0; column < c.cols; column += wide * tile.cols) {
    std::size_t const cols = std::min(c.cols - column, wide * tile.cols);
    std::size_t const widths = (cols + tile.cols - 1) / tile.cols;
    for (std::size_t k = 0; k < depth; k += deep) {
      std::size_t const steps = std::min(deep, depth - k), words = Operands::words(steps);
      ctx.threads().bulk(widths, rows_per_piece(steps * tile.cols / 2), [&](std::size_t begin, std::size_t end) {
        for (std::size_t q = begin; q < end; ++q) {
          std::size_t const j = q * tile.cols;
          Operands::columns(set, b, form == product::transposed_right, k, steps, column + j,
                            std::min(tile.cols, cols - j), packed + q * words * tile.cols, tile.cols);
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
            alignas(64) W panels[panel_group * panel_size<W>];
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
                  W* panel = panels;
                  if (form == product::transposed_left) {
                    std::size_t const in_group = (p - top) % panel_group;
                    if (in_group == 0) {
                      Operands::panels(set, a, k + s, some, i,
                                       std::min(c.rows, std::min(bottom, p + panel_group) * tile.rows), tile.rows,
                                       panels);
                    }
                    panel += in_group * panel_size<W>;
                  } else {
                    Operands::panel(set, a, k + s, some, i, rows, tile.heights[height], panel);
                    fetch_panel(a, k + s, some, i + tile.rows, std::min(tile.rows, c.rows - i - rows));
                  }
                  auto const run = form == product::transposed_left ? tile.transposed[height] : tile.plain[height];
                  for (std::size_t q = first; q < last; ++q) {
                    std::size_t const j = q * tile.cols;
                    // The tile of C is asked for while it is summed.
                    for (std::size_t row = 0; row < rows; ++row) {
                      T const* const to = c.data + (i + row) * c.stride + column + j;
                      __builtin_prefetch(to, 1);
                      __builtin_prefetch(to + tile.cols / 2, 1);
                    }
                    run(Operands::words(some), panel, packed + (q * words + Operands::words(s)) * tile.cols, tile.cols,
                        c.data + i * c.stride + column + j, c.stride, rows, std::min(tile.cols, cols - j), add);
                  }
                }
              }
            }
          });
    }
  }
}
// The same in the way that suits the shape.
template <class Operands, class T>
void gemm_of(context& ctx, product form, dense<T const> a, dense<T const> b, dense<T> c, bool accumulate) {
  std::size_t const depth = form == product::transposed_left ? a.rows : a.cols;
  if (c.rows == 0 || c.cols == 0) return;
  if (depth == 0) {
    if (!accumulate) fill(ctx, c, T{0});
  } else if (c.rows == 1 || c.cols == 1) {
    gemv<Operands::rounds, T>(ctx, form, a, b, c, accumulate);
  } else if (form == product::transposed_left && is_deep(c.rows, c.cols, depth)) {
    gemm_deep<Operands, T>(ctx, a, b, c, accumulate);
  } else {
    gemm_tiles<Operands, T>(ctx, form, a, b, c, depth, accumulate);
  }
}

// f(operands) with the operands that a context's products of T take; Turn: see rounded_operands.
template <class T, bool Turn, class F>
void with_operands(context const& ctx, F const& f) {
  if constexpr (std::is_same_v<T, float>) {
    if (ctx.products() == precision::bf16) {
#if INTARSIA_X86
      if (ctx.multiplies_bf16()) return f(paired_operands{});
#endif
      return f(rounded_operands<Turn>{});
    }
  }
  f(full_operands<T>{});
}
}  // namespace detail

// C += (or =) op(A) op(B); see `product` for the shapes. C does not overlap A or B. ctx.products() may ask for operands
// rounded to bf16, where T is float.
template <class T>
void gemm(context& ctx, product form, std::type_identity_t<dense<T const>> a, std::type_identity_t<dense<T const>> b,
          dense<T> c, bool accumulate) {
  detail::with_operands<T, true>(
      ctx, [&]<class Operands>(Operands) { detail::gemm_of<Operands, T>(ctx, form, a, b, c, accumulate); });
}

// C = A B + bias in each row, and where `relu` not below 0.
template <class T>
void gemm_bias(context& ctx, std::type_identity_t<dense<T const>> a, std::type_identity_t<dense<T const>> b,
               std::type_identity_t<dense<T const>> bias, bool relu, dense<T> c) {
  gemm(ctx, product::plain, a, b, c, false);
  T const least = relu ? T{0} : -std::numeric_limits<T>::infinity();
  each_row(ctx, c.rows, 2 * c.cols, [=](std::size_t i) {
    T* const row = c.data + i * c.stride;
    for (std::size_t j = 0; j < c.cols; ++j) {
      T const x = row[j] + bias.data[j];
      row[j] = x < least ? least : x;
    }
  });
}

}  // namespace intarsia::inline v0::cpu
