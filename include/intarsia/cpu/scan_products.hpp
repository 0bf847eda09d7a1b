// Products of many rows with some queries, of which only the large ones are wanted: they are compared with what each
// query asks for while they are in registers, and few go further.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <intarsia/cpu/context.hpp>
#include <intarsia/cpu/gemv.hpp>
#include <intarsia/cpu/map.hpp>
#include <intarsia/cpu/pack.hpp>
#include <intarsia/cpu/scan_tile.hpp>
#include <intarsia/exec/scope.hpp>

namespace intarsia::inline v0::cpu {

namespace detail {

// The first row from *row on whose product with a query reaches a bar, and that product; the number of rows where
// there is none.
struct row_above {
  dense<float const> rows;
  float const* query;
  float bar;
  std::size_t* row;
  float* product;
  instruction_set set;

  void operator()(std::size_t) const {
    float score = 0;
    dot_rows<false, float> const dot{rows, query, line<float>{&score, 0}, false, set};
    std::size_t i = *row;
    for (; i < rows.rows; ++i) {
      dot(i);
      if (score >= bar) break;
    }
    *row = i, *product = score;
  }
};

// The scan of a piece of the table for few queries, one after the other: first is the number of its first row.
template <class Offer>
void scan_by_row(instruction_set set, dense<float const> queries, dense<float const> rows, std::size_t first,
                 float const* bars, Offer const& offer) {
  for (std::size_t q = 0; q < queries.rows; ++q) {
    float score = 0;
    for (std::size_t i = 0;; ++i) {
      run_on(set, 0, 1, row_above{rows, queries.data + q * queries.stride, bars[q], &i, &score, set});
      if (i == rows.rows) break;
      offer(q, first + i, score);
    }
  }
}

// Queries as the tiles of a scan read them: (panels, width, cols).
struct scan_queries {
  scan_tile_set tile;
  std::size_t panels, width;
  float* packed;

  scan_queries(context& ctx, dense<float const> queries)
      : tile{scan_tiles_for(ctx.instructions())},
        panels{(queries.rows + tile.cols - 1) / tile.cols},
        width{queries.cols},
        packed{ctx.scratch().template take<float>(panels * tile.cols * width)} {
    for (std::size_t p = 0; p < panels; ++p) {
      pack_columns(queries, true, 0, width, p * tile.cols, std::min(tile.cols, queries.rows - p * tile.cols),
                   packed + p * tile.cols * width, tile.cols);
    }
  }
  // Rows that are read again for each panel of queries: they stay in the second cache.
  [[nodiscard]] std::size_t block() const {
    constexpr std::size_t numbers = std::size_t{1} << 15;
    return tile.rows * std::clamp<std::size_t>(numbers / (tile.rows * std::max<std::size_t>(width, 1)), 1, 32);
  }
  [[nodiscard]] std::size_t copy_stride() const { return width + 16; }

  // The scan of a block of rows; copy: room for the block's rows, copy_stride() apart.
  template <class Offer>
  void scan(dense<float const> rows, std::size_t first, float const* bars, float* copy, Offer const& offer) const {
    // A tile is read at all its rows at once: they are copied where they would share places in the nearest cache, and
    // where they are not enough.
    bool const collide = rows.stride * sizeof(float) % 4096 == 0;
    std::size_t const tiles = (rows.rows + tile.rows - 1) / tile.rows;
    std::size_t whole = collide ? 0 : rows.rows / tile.rows;
    for (std::size_t i = whole * tile.rows; i < tiles * tile.rows; ++i) {
      float* const to = copy + i * copy_stride();
      if (i < rows.rows)
        std::copy_n(rows.data + i * rows.stride, width, to);
      else
        std::fill_n(to, width, 0.0f);
    }
    scan_tile_found found;
    for (std::size_t p = 0; p < panels; ++p) {
      float const* const bar = bars + p * tile.cols;
      for (std::size_t t = 0; t < tiles; ++t) {
        std::size_t const top = t * tile.rows, count = std::min(tile.rows, rows.rows - top);
        float const* const from = t < whole ? rows.data + top * rows.stride : copy + top * copy_stride();
        std::size_t const stride = t < whole ? rows.stride : copy_stride();
        // Where rows lie side by side, the tile after this one does too.
        float const* const next = stride == width ? from + tile.rows * width : from;
        if (!tile.run({width, from, stride, packed + p * tile.cols * width, bar, next}, found)) continue;
        for (std::size_t row = 0; row < count; ++row) {
          for (std::uint32_t some = found.columns[row]; some != 0; some &= some - 1) {
            auto const j = static_cast<std::size_t>(std::countr_zero(some));
            float const score = found.scores[row * tile.cols + j];
            if (score >= bar[j]) offer(p * tile.cols + j, first + top + row, score);
          }
        }
      }
    }
  }
};
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
  std::size_t const many = ctx.threads().threads();
  std::atomic<std::size_t> taken{0};
  // Pieces of `height` rows go to whoever is free: scan(lane, first row, rows).
  auto const share = [&](std::size_t height, auto const& scan) {
    std::size_t const pieces = (items.rows + height - 1) / height;
    ctx.threads().bulk(std::min(pieces, many), 1, [&](std::size_t lane, std::size_t) {
      for (std::size_t p; (p = taken.fetch_add(1)) < pieces;) {
        std::size_t const first = p * height;
        scan(lane, first, items.row_range(first, std::min(height, items.rows - first)));
      }
    });
  };
  auto const offer_of = [&](std::size_t lane) {
    return [&offer, lane](std::size_t q, std::size_t row, float score) { offer(lane, q, row, score); };
  };
  if (queries.rows < 4) {
    share(448, [&](std::size_t lane, std::size_t first, dense<float const> rows) {
      detail::scan_by_row(ctx.instructions(), queries, rows, first, bars + lane * bar_stride, offer_of(lane));
    });
    return;
  }
  detail::scan_queries const asked{ctx, queries};
  std::size_t const block = asked.block(), room = block * asked.copy_stride();
  float* const copies = ctx.scratch().template take<float>(many * room);
  share(block, [&](std::size_t lane, std::size_t first, dense<float const> rows) {
    asked.scan(rows, first, bars + lane * bar_stride, copies + lane * room, offer_of(lane));
  });
}

}  // namespace intarsia::inline v0::cpu
