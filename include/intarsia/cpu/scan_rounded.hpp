// Products of many rows with some queries, of which only the large ones are wanted, found by a copy of the rows in
// bf16. With x' and q' the rounded row and query, and |.| the Euclidean norm,
//   |q.x - q'.x'| <= |q| |x - x'| + |q - q'| |x'|,
// so that a product which reaches a bar in float reaches in bf16 the bar less that much and what float sums lose. All
// that do are computed again from the table: the answers are those of float.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <intarsia/cpu/bf16_pairs.hpp>
#include <intarsia/cpu/scan_products.hpp>
#include <intarsia/tensor/rounded_rows.hpp>
#include <span>

namespace intarsia::inline v0::cpu {

namespace detail {

// How far products of a query may lie below their true values: by_length |x| + by_loss |x - x'| + least.
struct slack {
  float by_length = 0, by_loss = 0, least = 0;

  // `rounds`: whether the query's numbers are rounded as well.
  slack(std::span<float const> query, bool rounds) {
    double squares = 0, lost = 0;
    for (float const x : query) {
      double const rest = rounds ? double{x} - double{static_cast<float>(rounded_rows::rounded(x))} : 0;
      squares += double{x} * double{x};
      lost += rest * rest;
    }
    auto const width = static_cast<float>(query.size());
    // Two sums of `width` terms, each addition and product rounded to 24 bits; below, some terms may count as zero.
    float const length = rounded_rows::norm_above(squares), off = rounded_rows::norm_above(lost),
                sums = 2 * (width + 4) * 0x1p-23f * (length + off);
    by_length = 1.001f * (off + sums);
    by_loss = 1.001f * (length + off + sums);
    least = (width + 1) * 0x1p-124f;
  }
  slack() = default;

  [[nodiscard]] float of(float longest, float rounded_off) const {
    return by_length * longest + by_loss * rounded_off + least;
  }
};

// scores[j] = query . row j of a panel, j < 32; query (2 pairs), the last one zero where the width is odd.
struct dot_panel {
  std::uint32_t const* words;
  std::size_t pairs;
  float const* query;
  float* scores;
  instruction_set set;

  [[gnu::always_inline]] void operator()(std::size_t i) const { run_by_lanes<float>(set, *this, i); }
  template <class V>
  [[gnu::always_inline]] void run(std::size_t) const {
    constexpr std::size_t lane = sizeof(V) / sizeof(float), parts = rounded_rows::panel / lane;
    V even[parts] = {}, odd[parts] = {};
    for (std::size_t k = 0; k < pairs; ++k) {
      unrolled<parts>([&](std::size_t part) {
        lanes<std::uint32_t, sizeof(V)> word;
        load_lanes(word, words + k * rounded_rows::panel + part * lane);
        even[part] += __builtin_bit_cast(V, word << 16) * query[2 * k];
        odd[part] += __builtin_bit_cast(V, word & 0xFFFF0000u) * query[2 * k + 1];
      });
    }
    unrolled<parts>([&](std::size_t part) {
      even[part] += odd[part];
      store_lanes(even[part], scores + part * lane);
    });
  }
};

// Which of 32 scores are not below a bar: bit j for score j. What is no number is not below.
struct not_below {
  float const* scores;
  float bar;
  std::uint32_t* found;

  void operator()(std::size_t) const {
    std::uint32_t bits = 0;
    for (std::uint32_t j = 0; j < rounded_rows::panel; ++j) bits |= static_cast<std::uint32_t>(!(scores[j] < bar)) << j;
    *found = bits;
  }
};

// A product in float that may be wanted.
struct maybe {
  std::uint32_t query, row;
};

#if INTARSIA_X86
[[gnu::target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]] [[nodiscard]] inline std::uint32_t not_below_avx512(
    float const* scores, float bar) {
  __m512 const b = _mm512_set1_ps(bar);
  std::uint32_t const low = _mm512_cmp_ps_mask(_mm512_loadu_ps(scores), b, _CMP_NLT_UQ),
                      high = _mm512_cmp_ps_mask(_mm512_loadu_ps(scores + 16), b, _CMP_NLT_UQ);
  return low | high << 16;
}
#endif

// The queries of a scan, laid out for it, and what their products may lose.
template <class Word>
struct asked {
  Word const* packed;
  slack const* losses;
  std::size_t count;
};

// found(query, row) for each row of a panel that may reach a query's bar, by products of one query at a time.
template <class Found>
void scan_panel(instruction_set set, rounded_rows const& copy, std::size_t p, asked<float> queries, float const* bars,
                Found const& found) {
  alignas(64) float scores[rounded_rows::panel];
  for (std::size_t q = 0; q < queries.count; ++q) {
    run_on(set, 0, 1, dot_panel{copy.words(p), copy.pairs(), queries.packed + q * 2 * copy.pairs(), scores, set});
    float const bar = bars[q] - queries.losses[q].of(copy.longest(p), copy.rounded_off(p));
    std::uint32_t bits = 0;
    run_on(set, 0, 1, not_below{scores, bar, &bits});
    for (; bits != 0; bits &= bits - 1) found(q, p * rounded_rows::panel + std::size_t(std::countr_zero(bits)));
  }
}

#if INTARSIA_X86
// The same by tiles of 14 queries: packed (tiles, pairs, 14).
template <class Found>
void scan_panel(instruction_set, rounded_rows const& copy, std::size_t p, asked<bf16_pair> queries, float const* bars,
                Found const& found) {
  auto const tile = paired_tiles();
  auto const* const words = reinterpret_cast<bf16_pair const*>(copy.words(p));
  alignas(64) float scores[tallest_tile * rounded_rows::panel];
  for (std::size_t first = 0; first < queries.count; first += tile.rows) {
    std::size_t const rows = std::min(tile.rows, queries.count - first);
    std::size_t kernel = tile.heights.size() - 1;
    while (tile.heights[kernel] < rows) --kernel;
    tile.transposed[kernel](copy.pairs(), queries.packed + first * copy.pairs(), tile.rows, words, rounded_rows::panel,
                            scores, rounded_rows::panel, rows, rounded_rows::panel, false, {});
    for (std::size_t i = 0; i < rows; ++i) {
      float const bar = bars[first + i] - queries.losses[first + i].of(copy.longest(p), copy.rounded_off(p));
      for (std::uint32_t bits = not_below_avx512(scores + i * rounded_rows::panel, bar); bits != 0; bits &= bits - 1) {
        found(first + i, p * rounded_rows::panel + std::size_t(std::countr_zero(bits)));
      }
    }
  }
}
#endif

// The scan by all threads: pieces of panels go to whoever is free; what may be wanted in a panel is computed in float.
template <class Word, class Offer>
void scan_panels(context& ctx, dense<float const> queries, dense<float const> items, rounded_rows const& copy,
                 asked<Word> packed, float const* bars, std::size_t bar_stride, Offer const& offer) {
  constexpr std::size_t piece = 14;  // panels
  instruction_set const set = ctx.instructions();
  std::size_t const pieces = (copy.panels() + piece - 1) / piece, lanes = std::min(pieces, ctx.threads().threads());
  std::size_t const most = queries.rows * rounded_rows::panel;
  auto* const maybes = ctx.scratch().template take<maybe>(lanes * most);
  std::atomic<std::size_t> taken{0};
  ctx.threads().bulk(lanes, 1, [&](std::size_t lane, std::size_t) {
    maybe* const list = maybes + lane * most;
    float const* const bar = bars + lane * bar_stride;
    for (std::size_t at; (at = taken.fetch_add(1)) < pieces;) {
      for (std::size_t p = at * piece; p < std::min(copy.panels(), (at + 1) * piece); ++p) {
        std::size_t count = 0;
        scan_panel(set, copy, p, packed, bar, [&](std::size_t q, std::size_t row) {
          if (row >= items.rows) return;
          for (std::size_t c = 0; c < items.cols; c += 16) __builtin_prefetch(items.data + row * items.stride + c);
          list[count++] = {static_cast<std::uint32_t>(q), static_cast<std::uint32_t>(row)};
        });
        for (std::size_t i = 0; i < count; ++i) {
          auto const [q, row] = list[i];
          float score = 0;
          run_on(set, 0, 1,
                 dot_rows<false, float>{items.row_range(row, 1), queries.data + q * queries.stride,
                                        line<float>{&score, 1}, false, set});
          if (score >= bar[q]) offer(lane, q, row, score);
        }
      }
    }
  });
}
}  // namespace detail

// What scan_products does, by way of a copy of the items: copy = rounded_rows{items}. Products are computed one by one;
// they have the same bits for any number of queries and threads. Where the processor multiplies no pairs of bf16, more
// than three queries are scanned in the table itself.
template <class Offer>
void scan_rounded(context& ctx, dense<float const> queries, dense<float const> items, rounded_rows const& copy,
                  float const* bars, std::size_t bar_stride, Offer const& offer) {
  if (queries.rows == 0 || items.rows == 0) return;
  bool const few = queries.rows < 4;
  if (!few && !ctx.multiplies_bf16()) return scan_products(ctx, queries, items, bars, bar_stride, offer);
  scope const keep{ctx};
  std::size_t const width = queries.cols, pairs = copy.pairs();
  auto* const losses = ctx.scratch().template take<detail::slack>(queries.rows);
  for (std::size_t q = 0; q < queries.rows; ++q) losses[q] = detail::slack{queries[q], !few};
  if (few) {
    float* const padded = ctx.scratch().template take<float>(queries.rows * 2 * pairs);
    for (std::size_t q = 0; q < queries.rows; ++q) {
      std::fill_n(padded + q * 2 * pairs, 2 * pairs, 0.0f);
      std::copy_n(queries[q].begin(), width, padded + q * 2 * pairs);
    }
    return detail::scan_panels(ctx, queries, items, copy, detail::asked<float>{padded, losses, queries.rows}, bars,
                               bar_stride, offer);
  }
#if INTARSIA_X86
  constexpr std::size_t tile = detail::tallest_tile;
  auto* const packed = ctx.scratch().template take<detail::bf16_pair>((queries.rows + tile - 1) / tile * tile * pairs);
  for (std::size_t first = 0; first < queries.rows; first += tile) {
    detail::pair_columns(queries.data + first * queries.stride, queries.stride, width,
                         std::min(tile, queries.rows - first), packed + first * pairs, tile);
  }
  detail::scan_panels(ctx, queries, items, copy, detail::asked<detail::bf16_pair>{packed, losses, queries.rows}, bars,
                      bar_stride, offer);
#endif
}

}  // namespace intarsia::inline v0::cpu
