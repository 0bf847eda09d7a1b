// Products of many rows with some queries, of which only the large ones are wanted: a tile of products is compared
// with what each query asks for while it is in the nearest cache, and goes no further.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <intarsia/cpu/context.hpp>
#include <intarsia/cpu/gemm.hpp>
#include <intarsia/cpu/gemv.hpp>
#include <intarsia/cpu/lanes.hpp>
#include <intarsia/cpu/map.hpp>
#include <intarsia/cpu/tile.hpp>
#include <intarsia/exec/scope.hpp>
#include <limits>

namespace intarsia::inline v0::cpu {

namespace detail {

// Whether any score of a tile (rows, cols), its rows side by side, reaches the bar of its column; or, where there is
// but one bar, that one. Columns are a multiple of lane_count.
struct any_above {
  float const* scores;
  float const* bars;
  std::size_t rows, cols;
  bool one_bar;
  bool* found;

  void operator()(std::size_t) const {
    using whole [[gnu::vector_size(64)]] = std::int32_t;
    whole any{};
    for (std::size_t c = 0; c < cols; c += lane_count<float>) {
      lanes<float> x, bar = lanes<float>{} + *bars;
      if (!one_bar) load_lanes(bar, bars + c);
      for (std::size_t row = 0; row < rows; ++row) {
        load_lanes(x, scores + row * cols + c);
        any |= x >= bar;
      }
    }
    std::array<std::uint64_t, 8> words;
    std::memcpy(words.data(), &any, sizeof any);
    std::uint64_t all = 0;
    for (std::uint64_t const w : words) all |= w;
    *found = all != 0;
  }
};

[[nodiscard]] inline bool reaches(instruction_set set, float const* scores, float const* bars, std::size_t rows,
                                  std::size_t cols, bool one_bar) {
  bool found = false;
  run_on(set, 0, 1, any_above{scores, bars, rows, cols, one_bar, &found});
  return found;
}
}  // namespace detail

// Calls offer(lane, query, row, product) for each product of a query with a row of items that is not below
// bars[lane * bar_stride + query]; offer may raise that bar. A lane is one of ctx.threads().threads() and offers for
// one row at a time, in no order; bar_stride is at least the number of queries, a multiple of 32, and the bars between
// are infinite. The bits of a product depend on its two rows alone, and on whether there are fewer than four queries.
template <class Offer>
void scan_products(context& ctx, dense<float const> queries, dense<float const> items, float const* bars,
                   std::size_t bar_stride, Offer const& offer) {
  if (queries.rows == 0 || items.rows == 0) return;
  scope const keep{ctx};
  instruction_set const set = ctx.instructions();
  std::size_t const q_count = queries.rows, width = queries.cols, many = ctx.threads().threads();
  constexpr std::size_t piece = 448;  // rows, a multiple of every tile's height and of lane_count
  std::size_t const pieces = (items.rows + piece - 1) / piece, lanes = std::min(pieces, many);
  std::atomic<std::size_t> taken{0};

  if (q_count < 4) {
    ctx.threads().bulk(lanes, 1, [&](std::size_t lane, std::size_t) {
      alignas(64) float scores[piece];
      for (std::size_t p; (p = taken.fetch_add(1)) < pieces;) {
        std::size_t const first = p * piece, count = std::min(piece, items.rows - first);
        for (std::size_t q = 0; q < q_count; ++q) {
          std::fill(scores + count, scores + piece, -std::numeric_limits<float>::infinity());
          detail::run_on(
              set, 0, count,
              detail::dot_rows<false, float>{items.row_range(first, count), queries.data + q * queries.stride,
                                             detail::line<float>{scores, 1}, false});
          float const* const bar = bars + lane * bar_stride + q;
          for (std::size_t i = 0; i < count; i += 64) {
            if (!detail::reaches(set, scores + i, bar, 1, 64, true)) continue;
            for (std::size_t j = i; j < std::min(count, i + 64); ++j) {
              if (scores[j] >= *bar) offer(lane, q, first + j, scores[j]);
            }
          }
        }
      }
    });
    return;
  }

  auto const tile = detail::tiles_for<float>(set);
  constexpr std::size_t step = detail::panel_depth<float>, panel_numbers = detail::panel_size<float>;
  std::size_t const panels = (q_count + tile.cols - 1) / tile.cols,
                    chunks = std::max<std::size_t>(1, (width + step - 1) / step);
  float* const packed =
      ctx.scratch().template take<float>(panels * tile.cols * width);  // (chunks, panels, depth, cols)
  for (std::size_t p = 0; p < panels; ++p) {
    for (std::size_t c = 0; c < chunks; ++c) {
      std::size_t const depth = std::min(step, width - c * step);
      detail::pack_columns(queries, true, c * step, depth, p * tile.cols, std::min(tile.cols, q_count - p * tile.cols),
                           packed + (c * step * panels + p * depth) * tile.cols, tile.cols);
    }
  }
  float* const left = ctx.scratch().template take<float>(lanes * chunks * panel_numbers);
  ctx.threads().bulk(lanes, 1, [&](std::size_t lane, std::size_t) {
    float* const panel = left + lane * chunks * panel_numbers;
    alignas(64) float scores[detail::tallest_tile * 32];
    for (std::size_t piece_at; (piece_at = taken.fetch_add(1)) < pieces;) {
      std::size_t const end = std::min(items.rows, (piece_at + 1) * piece);
      for (std::size_t i = piece_at * piece; i < end; i += tile.rows) {
        std::size_t const rows = std::min(tile.rows, end - i);
        for (std::size_t c = 0; c < chunks; ++c) {
          std::size_t const depth = std::min(step, width - c * step);
          detail::pack_panel(items, c * step, depth, i, rows, tile.rows, panel + c * panel_numbers);
          detail::fetch_panel(items, c * step, depth, i + rows, std::min(tile.rows, items.rows - i - rows));
        }
        for (std::size_t p = 0; p < panels; ++p) {
          for (std::size_t c = 0; c < chunks; ++c) {
            std::size_t const depth = std::min(step, width - c * step);
            tile.plain[0](depth, panel + c * panel_numbers, packed + (c * step * panels + p * depth) * tile.cols,
                          tile.cols, scores, tile.cols, rows, tile.cols, c > 0);
          }
          float const* const bar = bars + lane * bar_stride + p * tile.cols;
          bool const wide = tile.cols >= detail::lane_count<float>;
          if (wide && !detail::reaches(set, scores, bar, rows, tile.cols, false)) continue;
          for (std::size_t row = 0; row < rows; ++row) {
            float const* const x = scores + row * tile.cols;
            if (wide && !detail::reaches(set, x, bar, 1, tile.cols, false)) continue;
            for (std::size_t j = 0; j < tile.cols; ++j) {
              if (x[j] >= bar[j]) offer(lane, p * tile.cols + j, i + row, x[j]);
            }
          }
        }
      }
    }
  });
}

}  // namespace intarsia::inline v0::cpu
