// A strip of queries of pair_softmax, and how a row of their scores becomes weights.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <intarsia/cpu/lanes.hpp>
#include <intarsia/cpu/operands.hpp>
#include <intarsia/cpu/tile.hpp>
#include <limits>
#include <type_traits>
#include <utility>

namespace intarsia::inline v0::cpu::detail {

// Queries of a strip and items of a tile: multiples of every tile of C. Rows of scores lie as the panels of A do, so
// that a tile of scores is an operand as it is, from the left and transposed; as pairs of bf16 they are copied, which
// takes half the memory for as many queries.
template <class W>
inline constexpr std::size_t strip_rows = 112;
template <>
inline constexpr std::size_t strip_rows<bf16_pair> = 224;
template <class T>
inline constexpr std::size_t score_cols = panel_depth<T> / 8 * 7;

// A mask that lists what it leaves out: masked.each(query, f) calls f(item) for each, in any order and more than once
// if it likes. A strip of queries marks them in bits, so that a mask of all pairs never exists.
template <class Masked>
inline constexpr bool lists_masked = requires(Masked const& m, void (*f)(std::size_t)) {
  m.each(std::size_t{}, f);
};

// f(i - begin) for each bit i of [begin, end) that is set, in order.
template <class F>
inline void each_bit(std::uint64_t const* bits, std::size_t begin, std::size_t end, F const& f) {
  for (std::size_t word = begin / 64; word * 64 < end; ++word) {
    std::uint64_t left = bits[word];
    if (word * 64 < begin) left &= ~std::uint64_t{0} << (begin - word * 64);
    if (end - word * 64 < 64) left &= (std::uint64_t{1} << (end - word * 64)) - 1;
    for (; left != 0; left &= left - 1) f(word * 64 + static_cast<std::size_t>(std::countr_zero(left)) - begin);
  }
}

// The scores of a row that differ by no more than this many units of log 2 are far from underflow below their bound.
inline constexpr int widest_spread = 100;

// A strip of queries at work. Scores are in units of log 2, and each tile of them is kept as exp2(score - peak) with
// the peak of its row up to that tile; or with a bound of the row's scores, from the lengths of the vectors, where the
// scores cannot lie far below it: then no tile is searched for its peak.
template <class T, class W>
struct strip {
  std::size_t first = 0, rows = 0;
  W* kept = nullptr;    // (tiles, words of strip_rows, panel_stride<T>), or one tile where they are not used again
  T* scores = nullptr;  // (most_block, panel_stride) where those kept are pairs
  W* words = nullptr;   // (most_block, panel_stride) the same tile's weights as pairs of neighbors
  T* peaks = nullptr;   // (tiles, strip_rows)
  T* peak = nullptr;    // (strip_rows)
  T* sum = nullptr;     // (strip_rows, lane_count) of exp2(score - peak), in lanes
  T* aim = nullptr;     // (strip_rows) the score of the query's own item; exp2(score - bound) where there is one
  T* bound = nullptr;   // (strip_rows) lowest(): none
  std::uint64_t* out = nullptr;  // (strip_rows, bit_words) a bit for each item left out; null where they are asked for
  std::size_t bit_words = 0;
};

// Turns one row of a tile of scores into weights; where they are to be pairs, all but the exponentials. By vectors of
// 64 bytes with AVX-512, else of 32: each number is computed alike, and added to the same sum.
template <class Operands, class T, class Masked>
struct weigh_row {
  using W = typename Operands::word;
  strip<T, W> s;
  T* scores;               // (strip_rows, panel_stride)
  std::size_t tile, cols;  // items [tile * score_cols, + cols)
  T const* log_q;          // (padded items) in units of log 2
  Masked masked;
  dense<T> gradient;  // by the strip's queries, of the tiles before; no data: not wanted
  std::size_t tiles;  // that the strip keeps
  instruction_set set;

  // Leaves out the items [begin, end).
  static void leave_out(Masked const& out, std::size_t query, std::size_t first, T* x, std::size_t begin,
                        std::size_t end) {
    for (std::size_t j = begin; j < end; ++j) x[j] = out(query, first + j) ? -std::numeric_limits<T>::infinity() : x[j];
  }

  // v = 2^(x - corrections - peak). Near: none of them is below 2^-126.
  template <bool Near, class V>
  [[gnu::always_inline]] static void weight_lanes(V& v, T const* x, T const* corrections, T peak) {
    V correction;
    load_lanes(v, x);
    load_lanes(correction, corrections);
    v = v - correction - peak;
    exp2_lanes<T, Operands::rounds, Near>(v);
  }
  // x = the weights of `padded` scores x; sum (lane_count) += them, before they are rounded.
  template <bool Near, class V>
  [[gnu::always_inline]] static void weigh(T* x, T const* corrections, T peak, std::size_t padded, T* sum) {
    constexpr std::size_t width = sizeof(V) / sizeof(T), parts = lane_count<T> / width;
    V sums[parts];
    unrolled<parts>([&](std::size_t part) { load_lanes(sums[part], sum + part * width); });
    for (std::size_t c = 0; c < padded; c += lane_count<T>) {
      unrolled<parts>([&](std::size_t part) {
        std::size_t const at = c + part * width;
        V v;
        weight_lanes<Near>(v, x + at, corrections + at, peak);
        sums[part] += v;
        store_lanes(v, x + at);
      });
    }
    unrolled<parts>([&](std::size_t part) { store_lanes(sums[part], sum + part * width); });
    if constexpr (Operands::rounds) {
      for (std::size_t c = 0; c < padded; ++c) x[c] = operand<true>(x[c]);
    }
  }

  [[gnu::always_inline]] void operator()(std::size_t row) const { run_by_lanes<T>(set, *this, row); }
  template <class V>
  [[gnu::always_inline]] void run(std::size_t row) const {
    constexpr bool by_pairs = !std::is_same_v<W, T>;
    constexpr std::size_t width = lane_count<T>, all = score_cols<T>, whole = by_pairs ? 2 * width : width;
    constexpr std::size_t step = sizeof(V) / sizeof(T);
    T* const x = scores + row * panel_stride<T>;
    std::size_t const first = tile * all, query = s.first + row, padded = (cols + whole - 1) / whole * whole;
    std::fill(x + cols, x + padded, -std::numeric_limits<T>::infinity());
    bool const own = query >= first && query < first + cols;
    if (own) s.aim[row] = x[query - first] - log_q[query];
    if constexpr (lists_masked<Masked>) {
      each_bit(s.out + row * s.bit_words, first, first + cols,
               [x](std::size_t j) { x[j] = -std::numeric_limits<T>::infinity(); });
    } else if constexpr (!std::is_same_v<Masked, std::nullptr_t>) {
      if (own) {
        leave_out(masked, query, first, x, 0, query - first);
        leave_out(masked, query, first, x, query - first + 1, cols);
      } else if (cols == all) {
        leave_out(masked, query, first, x, 0, all);
      } else {
        leave_out(masked, query, first, x, 0, cols);
      }
    }
    T const* const corrections = log_q + first;
    bool const bounded = s.bound[row] > std::numeric_limits<T>::lowest();
    T peak = s.peak[row];
    if (!bounded) {
      V peaks = V{} + std::numeric_limits<T>::lowest(), other = peaks;  // two, so that each waits less for itself
      auto const look = [&](std::size_t c, V& largest) {
        V v, correction;
        load_lanes(v, x + c);
        load_lanes(correction, corrections + c);
        v -= correction;
        largest = v > largest ? v : largest;
      };
      for (std::size_t c = 0; c < padded; c += 2 * step) {
        look(c, peaks);
        if (c + step < padded) look(c + step, other);
      }
      peak = std::max(peak, largest_lane<T>(peaks > other ? peaks : other));
    }
    if (peak > s.peak[row]) {
      T const factor = std::exp2(s.peak[row] - peak);
      for (std::size_t i = 0; i < width; ++i) s.sum[row * width + i] *= factor;
      s.peak[row] = peak;
      if (gradient.data && tile > 0) {
        T* const to = gradient.data + row * gradient.stride;
        for (std::size_t c = 0; c < gradient.cols; ++c) to[c] *= factor;
      }
    }
    s.peaks[tile * strip_rows<W> + row] = peak;
    if (own && bounded) {
      std::size_t const place = query - first, c = place / step * step;
      V v;
      weight_lanes<false>(v, x + c, corrections + c, peak);
      T lane[step];
      store_lanes(v, lane);
      s.aim[row] = lane[place - c];
    }
    if constexpr (by_pairs) return;
    if (std::is_same_v<Masked, std::nullptr_t> && bounded && cols == all) {
      weigh<true, V>(x, corrections, peak, all, s.sum + row * width);
    } else {
      weigh<false, V>(x, corrections, peak, padded, s.sum + row * width);
    }
    // The next tile's row is written soon; where a strip is larger than the caches, that would wait for memory.
    if (tile + 1 < tiles) {
      for (std::size_t c = 0; c < all; c += width) __builtin_prefetch(x + strip_rows<W> * panel_stride<T> + c, 1);
    }
  }
};

}  // namespace intarsia::inline v0::cpu::detail
