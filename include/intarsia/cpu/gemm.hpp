// Products of dense matrices: B is packed into panels once, A a panel at a time on the stack, and each tile of C is
// summed along the depth in one order, so that its bits depend on the sizes alone.
#pragma once

#include <algorithm>
#include <concepts>
#include <intarsia/core/bf16.hpp>
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

// What is done to the rows of C at last: bias is added to each, and where `relu` they are not below 0. Null: nothing.
template <class T>
struct last_touch {
  T const* bias = nullptr;
  bool relu = false;
};
template <class T>
struct touch_row {
  dense<T> c;
  last_touch<T> last;
  void operator()(std::size_t i) const {
    T const least = last.relu ? T{0} : -std::numeric_limits<T>::infinity();
    T* const row = c.data + i * c.stride;
    for (std::size_t j = 0; j < c.cols; ++j) {
      T const x = row[j] + last.bias[j];
      row[j] = x < least ? least : x;
    }
  }
};

// C (m, n) += (or =) op(A) op(B) by tiles; A is stored as X.
template <class Operands, class X, class T>
void gemm_tiles(context& ctx, product form, dense<X const> a, dense<T const> b, dense<T> c, std::size_t depth,
                bool accumulate, last_touch<T> at_last) {
  scope const keep{ctx};
  using W = typename Operands::word;
  instruction_set const set = ctx.instructions();
  auto const tile = Operands::template tiles<panel_asker>(set);
  constexpr std::size_t step = Operands::step, enough = std::size_t{1} << 20;  // operations worth a piece
  std::size_t const wide = (std::min<std::size_t>(c.cols, 2048) + tile.cols - 1) / tile.cols;  // panels of B a round
  std::size_t const deep =
      std::min(depth, std::max<std::size_t>(1, (std::size_t{1} << 20) / (wide * tile.cols * step)) * step);
  W* const packed = ctx.scratch().template take<W>(wide * tile.cols * Operands::words(deep));  // (panels, deep, cols)
  std::size_t const heights = (c.rows + tile.rows - 1) / tile.rows;                            // panels of A
  bool const ready = form != product::transposed_left && Operands::lies_ready(a, depth);

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
                  W const* panel = panels;
                  std::size_t apart = panel_stride<W>;
                  if (form == product::transposed_left) {
                    std::size_t const in_group = (p - top) % panel_group;
                    if (in_group == 0) {
                      Operands::panels(set, a, k + s, some, i,
                                       std::min(c.rows, std::min(bottom, p + panel_group) * tile.rows), tile.rows,
                                       panels);
                    }
                    panel += in_group * panel_size<W>, apart = tile.rows;
                  } else {
                    if (ready && rows == tile.heights[height]) {
                      panel = Operands::lying(a.data + i * a.stride + k + s), apart = Operands::words(a.stride);
                    } else {
                      Operands::panel(set, a, k + s, some, i, rows, tile.heights[height], panels);
                    }
                  }
                  auto const run = form == product::transposed_left ? tile.transposed[height] : tile.plain[height];
                  // The rows of the next panel: below, of the next steps, or of the next piece.
                  bool const ends = p + 1 == bottom, deeper = ends && s + step < steps;
                  std::size_t const below = deeper ? top * tile.rows : i + rows;
                  std::size_t const from = deeper ? s + step : ends ? 0 : s;
                  std::size_t const coming =
                      form == product::transposed_left ? 0 : std::min(tile.rows, c.rows - below);
                  std::size_t const share = (coming + last - first - 1) / (last - first);  // of them with each tile
                  for (std::size_t q = first; q < last; ++q) {
                    std::size_t const j = q * tile.cols, row = std::min(coming, (q - first) * share),
                                      row_end = std::min(coming, row + share);
                    panel_asker next{panel};
                    if (row != row_end) next = {a.data + (below + row) * a.stride + k + from, a.stride * sizeof(X)};
                    fetch_panel(a, k + from, std::min(step, steps - from), below + row + 4,
                                std::max(row_end - row, std::size_t{4}) - 4);
                    run(Operands::words(some), panel, apart, packed + (q * words + Operands::words(s)) * tile.cols,
                        tile.cols, c.data + i * c.stride + column + j, c.stride, rows, std::min(tile.cols, cols - j),
                        add, next);
                  }
                }
              }
              if (!at_last.bias || k + steps < depth) continue;
              std::size_t const j = column + first * tile.cols;
              std::size_t const cols_here = std::min(c.cols, column + last * tile.cols) - j;
              run_on(set, top * tile.rows, std::min(c.rows, bottom * tile.rows),
                     touch_row<T>{c.col_range(j, cols_here), {at_last.bias + j, at_last.relu}});
            }
          });
    }
  }
}

// A matrix stored as bf16, as numbers in scratch memory; another one as it is.
template <class T, class X>
[[nodiscard]] dense<T const> as_numbers(context& ctx, dense<X const> x) {
  if constexpr (std::is_same_v<X, T>) {
    return x;
  } else {
    dense<T> const numbers{ctx.scratch().template take<T>(x.rows * x.cols), x.rows, x.cols, x.cols};
    each_row(ctx, x.rows, x.cols, [=](std::size_t row) {
      take_numbers(x.data + row * x.stride, x.cols, numbers.data + row * numbers.stride);
    });
    return numbers;
  }
}

// The same in the way that suits the shape; A is stored as X, B as Y.
template <class Operands, class X, class Y, class T>
void gemm_of(context& ctx, product form, dense<X const> a, dense<Y const> b, dense<T> c, bool accumulate,
             last_touch<T> at_last = {}) {
  scope const keep{ctx};
  std::size_t const depth = form == product::transposed_left ? a.rows : a.cols;
  if (c.rows == 0 || c.cols == 0) return;
  if (depth == 0) {
    if (!accumulate) fill(ctx, c, T{0});
  } else if (c.rows == 1 || c.cols == 1) {
    gemv<Operands::rounds, T>(ctx, form, as_numbers<T>(ctx, a), as_numbers<T>(ctx, b), c, accumulate);
  } else if (form == product::transposed_left && is_deep(c.rows, c.cols, depth)) {
    gemm_deep<Operands>(ctx, a, b, c, accumulate);
  } else {
    return gemm_tiles<Operands>(ctx, form, a, as_numbers<T>(ctx, b), c, depth, accumulate, at_last);
  }
  if (at_last.bias) each_row(ctx, c.rows, 2 * c.cols, touch_row<T>{c, at_last});
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
      ctx, [&]<class Operands>(Operands) { detail::gemm_of<Operands, T, T, T>(ctx, form, a, b, c, accumulate); });
}
// The same with A, or both, stored as bf16: the bits that their numbers as floats would give.
template <class T>
  requires std::same_as<T, float>
void gemm(context& ctx, product form, dense<bf16 const> a, std::type_identity_t<dense<T const>> b, dense<T> c,
          bool accumulate) {
  detail::with_operands<T, true>(
      ctx, [&]<class Operands>(Operands) { detail::gemm_of<Operands, bf16, T, T>(ctx, form, a, b, c, accumulate); });
}
template <class T>
  requires std::same_as<T, float>
void gemm(context& ctx, product form, dense<bf16 const> a, dense<bf16 const> b, dense<T> c, bool accumulate) {
  detail::with_operands<T, true>(
      ctx, [&]<class Operands>(Operands) { detail::gemm_of<Operands, bf16, bf16, T>(ctx, form, a, b, c, accumulate); });
}

// C = A B + bias in each row, and where `relu` not below 0.
template <class T>
void gemm_bias(context& ctx, std::type_identity_t<dense<T const>> a, std::type_identity_t<dense<T const>> b,
               std::type_identity_t<dense<T const>> bias, bool relu, dense<T> c) {
  detail::with_operands<T, true>(ctx, [&]<class Operands>(Operands) {
    detail::gemm_of<Operands, T, T, T>(ctx, product::plain, a, b, c, false, {bias.data, relu});
  });
}
// The same with A stored as bf16.
template <class T>
  requires std::same_as<T, float>
void gemm_bias(context& ctx, dense<bf16 const> a, std::type_identity_t<dense<T const>> b,
               std::type_identity_t<dense<T const>> bias, bool relu, dense<T> c) {
  detail::with_operands<T, true>(ctx, [&]<class Operands>(Operands) {
    detail::gemm_of<Operands, bf16, T, T>(ctx, product::plain, a, b, c, false, {bias.data, relu});
  });
}

}  // namespace intarsia::inline v0::cpu
