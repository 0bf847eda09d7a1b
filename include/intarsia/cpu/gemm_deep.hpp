// A' B where the rows of A and B are many and C is small, as in the gradient of weights: the depth is cut into pieces
// of fixed length, each with a C of its own, and those are added up in order.
#pragma once

#include <algorithm>
#include <atomic>
#include <intarsia/cpu/context.hpp>
#include <intarsia/cpu/grain.hpp>
#include <intarsia/cpu/map.hpp>
#include <intarsia/cpu/operands.hpp>
#include <intarsia/cpu/tile.hpp>
#include <intarsia/exec/scope.hpp>

namespace intarsia::inline v0::cpu::detail {

// Whether A' B (m, n) is worth this way: C is small beside what is read.
[[nodiscard]] constexpr bool is_deep(std::size_t m, std::size_t n, std::size_t depth) {
  return depth >= 512 && m * n <= std::size_t{1} << 17 && m * n <= 64 * depth;
}

// C (m, n) += (or =) A' B with A (depth, m), stored as X, and B (depth, n), stored as Y.
template <class Operands, class X, class Y, class T>
void gemm_deep(context& ctx, dense<X const> a, dense<Y const> b, dense<T> c, bool accumulate) {
  scope const keep{ctx};
  instruction_set const set = ctx.instructions();
  using W = typename Operands::word;
  auto const tile = Operands::template tiles<panel_asker>(set);
  // Steps and those that are asked for meanwhile stay in a core's caches. Rounded panels are summed faster than they
  // are read: fewer steps leave the next rows in the nearest one.
  constexpr std::size_t step = Operands::rounds ? Operands::step / 8 : Operands::step / 2, block = panel_row<T>::block;
  std::size_t const m = c.rows, n = c.cols, depth = a.rows;
  std::size_t const heights = (m + tile.rows - 1) / tile.rows, widths = (n + tile.cols - 1) / tile.cols;
  std::size_t const left_panel = Operands::words(step) * tile.rows + block,
                    right_panel = Operands::words(step) * tile.cols + block;
  // Columns of A that tiles read where they lie: steps that are apart by an odd number of lines share no line of the
  // nearest cache.
  std::size_t const ready =
      Operands::steps_lie_ready(a) && a.stride * sizeof(T) % 128 == 64 ? m / tile.rows * tile.rows : 0;
  // Pieces of whole steps, each with its C; as many lanes as can run at once take them in turn, each with its panels.
  std::size_t const most = 16, grain = ((depth + most - 1) / most + step - 1) / step * step;
  std::size_t const pieces = (depth + grain - 1) / grain;
  std::size_t const sum_size = (m * n + block - 1) / block * block;
  std::size_t const room = heights * left_panel + widths * right_panel;
  std::size_t const lanes = std::min<std::size_t>(pieces, ctx.threads().threads());
  T* const sums = ctx.scratch().template take<T>(pieces * sum_size);
  W* const panels = ctx.scratch().template take<W>(lanes * room);

  std::atomic<std::size_t> taken{0};
  ctx.threads().bulk(lanes, 1, [&](std::size_t lane, std::size_t) {
    W* const left = panels + lane * room;
    W* const right = left + heights * left_panel;
    for (std::size_t piece; (piece = taken.fetch_add(1)) < pieces;) {
      T* const sum = sums + piece * sum_size;
      std::size_t const end = std::min(depth, (piece + 1) * grain);
      for (std::size_t k = piece * grain; k < end; k += step) {
        std::size_t const steps = std::min(step, end - k);
        auto const rest = a.row_range(k, steps).col_range(ready, m - ready);
        Operands::rows(set, rest, rest.cols, left + ready / tile.rows * left_panel, tile.rows, left_panel);
        Operands::rows(set, b.row_range(k, steps), n, right, tile.cols, right_panel);
        // Rows of the next step are asked for a few at a time, while this one is summed.
        std::size_t const next = k + steps, coming = next < end ? std::min(step, end - next) : 0;
        auto const fetch = [&](auto x, std::size_t from, std::size_t to) {
          for (std::size_t s = next + from; s < next + to; ++s) {
            auto const* const row = x.data + s * x.stride;
            for (std::size_t j = 0; j < x.cols; j += 64 / sizeof *x.data) __builtin_prefetch(row + j, 0, 2);
          }
        };
        for (std::size_t p = 0; p < heights; ++p) {
          std::size_t const i = p * tile.rows, rows = std::min(tile.rows, m - i);
          std::size_t height = 0;
          while (height + 1 < tile.heights.size() && tile.heights[height + 1] >= rows) ++height;
          for (std::size_t q = 0; q < widths; ++q) {
            std::size_t const j = q * tile.cols, turn = p * widths + q, turns = heights * widths;
            std::size_t const first = coming * a.stride * turn / turns, until = coming * a.stride * (turn + 1) / turns;
            panel_asker soon{left};
            if (first != until) soon = {a.data + next * a.stride + first, (until - first) * sizeof(X) / soon.parts};
            fetch(b, coming * turn / turns, coming * (turn + 1) / turns);
            W const* const lying = i < ready ? Operands::lying(a.data + k * a.stride + i) : nullptr;
            tile.transposed[height](Operands::words(steps), lying ? lying : left + p * left_panel,
                                    lying ? a.stride : tile.rows, right + q * right_panel, tile.cols, sum + i * n + j,
                                    n, rows, std::min(tile.cols, n - j), k > piece * grain, soon);
          }
        }
      }
    }
  });
  each_row(ctx, m, pieces * n, [=](std::size_t i) {
    T* const to = c.data + i * c.stride;
    for (std::size_t piece = 0; piece < pieces; ++piece) {
      T const* const from = sums + piece * sum_size + i * n;
      if (piece == 0 && !accumulate) {
        std::copy_n(from, n, to);
      } else {
        for (std::size_t j = 0; j < n; ++j) to[j] += from[j];
      }
    }
  });
}

}  // namespace intarsia::inline v0::cpu::detail
