// The softmax of each query over the items of its batch, in strips of queries: a strip's scores against all items are
// made tile by tile, turned into weights by an online log-sum-exp and used for both gradients at once, so that the
// scores of all pairs never exist together and none is computed twice.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <intarsia/cpu/context.hpp>
#include <intarsia/cpu/gemm.hpp>
#include <intarsia/cpu/lanes.hpp>
#include <intarsia/cpu/map.hpp>
#include <intarsia/cpu/operands.hpp>
#include <intarsia/cpu/softmax_strip.hpp>
#include <intarsia/cpu/tile.hpp>
#include <intarsia/exec/backend.hpp>
#include <intarsia/exec/scope.hpp>
#include <limits>
#include <numbers>
#include <type_traits>
#include <utility>

namespace intarsia::inline v0::cpu {

namespace detail {

// Runs a kernel over C (rows, cols) with A's panels `a_step` numbers a row of C apart and B's panels `b_step` apart;
// a_stride: see tile_kernel.
template <class W, class T>
void run_tiles(tile_set<W> const& tile, std::array<tile_kernel<W>, 3> const& kernels, std::size_t depth, W const* a,
               std::size_t a_step, std::size_t a_stride, W const* b, std::size_t b_step, dense<T> c, bool add) {
  for (std::size_t j = 0; j < c.cols; j += tile.cols, b += b_step) {
    std::size_t const cols = std::min(tile.cols, c.cols - j);
    for (std::size_t i = 0; i < c.rows; i += tile.rows) {
      std::size_t const rows = std::min(tile.rows, c.rows - i);
      std::size_t height = 0;
      while (height + 1 < tile.heights.size() && tile.heights[height + 1] >= rows) ++height;
      T* const to = c.data + i * c.stride + j;
      W const* const panel = a + i * a_step;
      kernels[height](depth, panel, a_stride, b, tile.cols, to, c.stride, rows, cols, add, {});
    }
  }
}

// What all strips share.
template <class Operands, class T, class Masked>
struct pair_softmax_work {
  using W = typename Operands::word;
  static constexpr bool by_pairs = !std::is_same_v<W, T>;
  static constexpr std::size_t strip_size = strip_rows<W>, apart = panel_stride<T>;
  // The most queries whose scores with a tile of items are at work at once: pairs go through a buffer in the nearest
  // cache.
  static constexpr std::size_t most_block = tallest_tile;

  dense<T const> query, item;
  pair_terms<T> terms;
  Masked masked;
  dense<T> losses, dquery, ditem;

  instruction_set set;
  tile_set<W> tile;
  std::size_t tiles, chunks;  // of items, and of the width in steps that a panel holds
  T* log_q;                   // (tiles * score_cols)
  W* columns;                 // the items as panels of columns: (chunks, panels, words of chunk, tile.cols)
  W* rows;                    // the items as panels of rows: (panels of the width, words of items, tile.cols)
  T longest = 0;              // length of an item
  T least_log_q = 0, most_log_q = 0;

  [[nodiscard]] std::size_t chunk_depth(std::size_t chunk) const {
    return std::min(Operands::step, query.cols - chunk * Operands::step);
  }
  [[nodiscard]] std::size_t panels() const { return (item.rows + tile.cols - 1) / tile.cols; }
  // As many as whole tiles have rows.
  [[nodiscard]] std::size_t block() const { return most_block / tile.rows * tile.rows; }
  [[nodiscard]] T weight(std::size_t i) const {
    return terms.share_of(i);
  }

  // What no score of a query exceeds, or lowest() where that says too little; not a number says nothing. The peak of
  // one tile is soon found, and below it a query alone has no gradient at all, not one of rounding.
  [[nodiscard]] T bound_of(std::size_t i) const {
    if (tiles == 1) return std::numeric_limits<T>::lowest();
    T const squares = sum_of_squares(query.data + i * query.stride, query.cols);
    // The operands may be rounded, and sums are.
    T const most = T(1.01) * std::sqrt(squares) * longest * terms.sharpness * std::numbers::log2e_v<T>;
    bool const near = 2 * most + (most_log_q - least_log_q) <= T{widest_spread};
    return near ? most - least_log_q : std::numeric_limits<T>::lowest();
  }

  // The same for the queries [row, row + block()) of a strip and the items of a tile.
  void weigh_tile(strip<T, W> s, std::size_t t, std::size_t row, W const* left, dense<T> gradient) const {
    std::size_t const begin = t * score_cols<T>, cols = std::min(score_cols<T>, item.rows - begin);
    W* const kept = s.kept + ((ditem.data ? t * Operands::words(strip_size) : 0) + Operands::words(row)) * apart;
    T* scores;
    if constexpr (by_pairs) {
      scores = s.scores;
    } else {
      scores = kept;
    }
    s.first += row, s.rows = std::min(block(), s.rows - row);
    s.peaks += row, s.peak += row, s.sum += row * lane_count<T>, s.aim += row, s.bound += row;
    s.out += row * s.bit_words;
    if (gradient.data) gradient = gradient.row_range(row, s.rows);
    for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
      std::size_t const depth = Operands::words(chunk_depth(chunk));
      W const* const b = columns + (chunk * panel_depth<W> * panels() + begin / tile.cols * depth) * tile.cols;
      run_tiles<W, T>(tile, tile.plain, depth, left + (chunk * strip_size + row) * panel_stride<W>, panel_stride<W>,
                      panel_stride<W>, b, depth * tile.cols, {scores, s.rows, cols, apart}, chunk > 0);
    }
    run_on(set, 0, s.rows,
           weigh_row<Operands, T, Masked>{s, scores, t, cols, log_q, masked, gradient,
                                          ditem.data && !by_pairs ? tiles : 0, set});
    W const* weights;
    if constexpr (by_pairs) {
      Operands::weights(scores, apart, log_q + begin, s.peak, s.rows, cols, s.sum, s.words,
                        ditem.data ? kept : nullptr);
      weights = s.words;
    } else {
      weights = scores;
    }
    if (gradient.data) {
      run_tiles<W, T>(tile, tile.plain, Operands::words(cols), weights, panel_stride<W>, panel_stride<W>,
                      rows + Operands::words(begin) * tile.cols, Operands::words(item.rows) * tile.cols, gradient,
                      t > 0);
    }
  }

  // Scores, losses and the gradient by the queries of a strip. `left`: (chunks, strip_rows, panel_stride).
  void weigh(strip<T, W> s, W* left) const {
    T const scale = terms.sharpness * std::numbers::log2e_v<T>;
    for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
      for (std::size_t row = 0; row < s.rows; ++row) {
        Operands::scaled(query.data + (s.first + row) * query.stride + chunk * Operands::step, chunk_depth(chunk),
                         scale, left + (chunk * strip_size + row) * panel_stride<W>);
      }
    }
    if constexpr (lists_masked<Masked>) {
      std::fill_n(s.out, s.rows * s.bit_words, std::uint64_t{0});
      for (std::size_t row = 0; row < s.rows; ++row) {
        std::uint64_t* const out = s.out + row * s.bit_words;
        masked.each(s.first + row, [out](std::size_t j) { out[j / 64] |= std::uint64_t{1} << j % 64; });
        std::size_t const own = s.first + row;
        out[own / 64] &= ~(std::uint64_t{1} << own % 64);
      }
    }
    for (std::size_t row = 0; row < s.rows; ++row) s.peak[row] = s.bound[row] = bound_of(s.first + row);
    std::fill_n(s.sum, s.rows * lane_count<T>, T{0});
    dense<T> const gradient = dquery.data ? dquery.row_range(s.first, s.rows) : dense<T>{};
    for (std::size_t t = 0; t < tiles; ++t) {
      for (std::size_t row = 0; row < s.rows; row += block()) weigh_tile(s, t, row, left, gradient);
    }
    for (std::size_t row = 0; row < s.rows; ++row) {
      std::size_t const i = s.first + row;
      T const w = weight(i);
      bool const bounded = s.bound[row] > std::numeric_limits<T>::lowest();
      T* const lanes_of_sum = s.sum + row * lane_count<T>;
      fold<lane_count<T> / 2>(lanes_of_sum);
      T const sum = *lanes_of_sum;
      losses.data[i * losses.stride] =
          w * std::numbers::ln2_v<T> *
          (bounded ? std::log2(sum / s.aim[row]) : std::log2(sum) + (s.peak[row] - s.aim[row]));
      if (!gradient.data) continue;
      T const pull = w * terms.sharpness, factor = pull / sum;
      T* const to = gradient.data + row * gradient.stride;
      T const* const own = item.data + i * item.stride;
      for (std::size_t c = 0; c < gradient.cols; ++c) to[c] = factor * to[c] - pull * own[c];
    }
  }

  // Adds a strip's part of the gradient by the items of a tile; `next`: the scores that are read after it.
  void pull(strip<T, W> s, std::size_t t, W const* next) const {
    std::size_t const begin = t * score_cols<T>, cols = std::min(score_cols<T>, item.rows - begin);
    std::size_t const depth = Operands::words(s.rows);
    alignas(64) W right[Operands::words(strip_size) * 128 / sizeof(T)];
    T factor[strip_size];
    for (std::size_t row = 0; row < s.rows; ++row) {
      T const below = s.peaks[t * strip_size + row] - s.peak[row];
      factor[row] =
          (below == T{0} ? T{1} : std::exp2(below)) * weight(s.first + row) * terms.sharpness /
          s.sum[row * lane_count<T>];
    }
    W const* const kept = s.kept + t * Operands::words(strip_size) * apart;
    std::size_t const blocks = (cols + tile.rows - 1) / tile.rows, rounds = (query.cols + tile.cols - 1) / tile.cols;
    std::size_t fetched = 0, round = 0;
    for (std::size_t j = 0; j < query.cols; j += tile.cols, ++round) {
      std::size_t const width = std::min(tile.cols, query.cols - j);
      Operands::scaled_rows(set, query.row_range(s.first, s.rows).col_range(j, width), factor, right, tile.cols);
      for (std::size_t block_of_items = 0; block_of_items < blocks; ++block_of_items) {
        std::size_t const i = block_of_items * tile.rows, some = std::min(tile.rows, cols - i);
        dense<T> const to = ditem.row_range(begin + i, some).col_range(j, width);
        // What is added to now and a part of what is read next are asked for while this is summed.
        for (std::size_t row = 0; row < some; ++row) {
          __builtin_prefetch(to.data + row * to.stride, 1);
          __builtin_prefetch(to.data + row * to.stride + width / 2, 1);
        }
        std::size_t const until = depth * (round * blocks + block_of_items + 1) / (rounds * blocks);
        for (; fetched < until; ++fetched) {
          for (std::size_t c = 0; c < score_cols<T>; c += lane_count<T>) {
            __builtin_prefetch(next + fetched * apart + c, 0, 2);
          }
        }
        run_tiles<W, T>(tile, tile.transposed, depth, kept + i, 1, apart, right, 0, to, true);
      }
    }
  }
};

// pair_softmax with the operands of its products as Operands takes them.
template <class Operands, class T, class Masked>
void pair_softmax_of(context& ctx, dense<T const> query, dense<T const> item, pair_terms<T> terms, Masked masked,
                     dense<T> losses, dense<T> dquery, dense<T> ditem) {
  using W = typename Operands::word;
  using work_type = pair_softmax_work<Operands, T, Masked>;
  std::size_t const n = query.rows, width = query.cols;
  scope const keep{ctx};
  instruction_set const set = ctx.instructions();
  work_type work{query,
                 item,
                 terms,
                 masked,
                 losses,
                 dquery,
                 ditem,
                 set,
                 Operands::tiles(set),
                 (n + score_cols<T> - 1) / score_cols<T>,
                 std::max<std::size_t>(1, (width + Operands::step - 1) / Operands::step),
                 nullptr,
                 nullptr,
                 nullptr};
  tile_set<W> const& tile = work.tile;
  std::size_t const panels = work.panels();
  work.log_q = ctx.scratch().template take<T>(work.tiles * score_cols<T>);
  for (std::size_t j = 0; j < work.tiles * score_cols<T>; ++j) {
    work.log_q[j] = terms.log_q && j < n ? static_cast<T>(terms.log_q[j]) * std::numbers::log2e_v<T> : T{0};
  }
  work.least_log_q = *std::min_element(work.log_q, work.log_q + n);
  work.most_log_q = *std::max_element(work.log_q, work.log_q + n);
  {
    scope const temporary{ctx};
    T* const squares = ctx.scratch().template take<T>(n);
    each_row(ctx, n, 2 * width, [=](std::size_t j) {
      squares[j] = sum_of_squares(item.data + j * item.stride, width);
    });
    T most{0};
    bool numbers = true;
    for (std::size_t j = 0; j < n; ++j) {
      most = std::max(most, squares[j]);
      numbers = numbers && squares[j] == squares[j];
    }
    work.longest = numbers ? std::sqrt(most) : std::numeric_limits<T>::infinity();
  }
  work.columns = ctx.scratch().template take<W>(panels * tile.cols * Operands::words(width));
  ctx.threads().bulk(panels, rows_per_piece(width * tile.cols / 2), [&](std::size_t begin, std::size_t end) {
    for (std::size_t p = begin; p < end; ++p) {
      for (std::size_t chunk = 0; chunk < work.chunks; ++chunk) {
        std::size_t const depth = work.chunk_depth(chunk), k = chunk * Operands::step;
        Operands::columns(set, item, true, k, depth, p * tile.cols, std::min(tile.cols, n - p * tile.cols),
                          work.columns + (Operands::words(k) * panels + p * Operands::words(depth)) * tile.cols,
                          tile.cols);
      }
    }
  });
  if (dquery.data) {
    std::size_t const items = Operands::words(n);
    work.rows = ctx.scratch().template take<W>((width + tile.cols - 1) / tile.cols * items * tile.cols);
    ctx.threads().bulk(n, (rows_per_piece(2 * width) + 1) / 2 * 2, [&](std::size_t begin, std::size_t end) {
      for (std::size_t j = 0; j < width; j += tile.cols) {
        Operands::columns(set, item, false, begin, end - begin, j, std::min(tile.cols, width - j),
                          work.rows + (j / tile.cols * items + Operands::words(begin)) * tile.cols, tile.cols);
      }
    });
  }
  if (ditem.data) {
    each_row(ctx, n, width, [&work](std::size_t i) {
      T const pull = work.weight(i) * work.terms.sharpness;
      for (std::size_t c = 0; c < work.query.cols; ++c) work.ditem[i][c] = -pull * work.query[i][c];
    });
  }

  // Strips go in waves. A wave's size changes no result: each strip's part is added in the order of strips.
  constexpr std::size_t strip_size = work_type::strip_size, scratch = work_type::by_pairs ? work_type::most_block : 0;
  std::size_t const strips = (n + strip_size - 1) / strip_size, threads = ctx.threads().threads();
  std::size_t const kept = ditem.data ? work.tiles : 1;  // tiles of scores that a strip keeps
  std::size_t const size = Operands::words(strip_size) * work_type::apart, left_size = strip_size * panel_stride<W>;
  std::size_t const wave = std::min(
      strips,
      threads == 1 ? 1 : std::clamp<std::size_t>((std::size_t{1} << 29) / (kept * size * sizeof(W)), 1, 2 * threads));
  W* const all_kept = ctx.scratch().template take<W>(wave * kept * size);
  T* const scores = ctx.scratch().template take<T>(wave * scratch * work_type::apart);
  W* const words = ctx.scratch().template take<W>(wave * scratch * panel_stride<W>);
  W* const left = ctx.scratch().template take<W>(wave * work.chunks * left_size);
  constexpr std::size_t kept_of_row = 3 + lane_count<T>;  // peak, sum, aim and bound
  T* const peaks = ctx.scratch().template take<T>(wave * (work.tiles + kept_of_row) * strip_size);
  std::size_t const bit_words = lists_masked<Masked> ? (n + 63) / 64 : 0;
  auto* const out = ctx.scratch().template take<std::uint64_t>(wave * strip_size * bit_words);
  auto const strip_of = [&](std::size_t first, std::size_t slot) {
    T* const place = peaks + slot * (work.tiles + kept_of_row) * strip_size;
    T* const rest = place + (work.tiles + lane_count<T>) * strip_size;
    std::size_t const begin = (first + slot) * strip_size;
    return strip<T, W>{begin,
                       std::min(strip_size, n - begin),
                       all_kept + slot * kept * size,
                       scores + slot * scratch * work_type::apart,
                       words + slot * scratch * panel_stride<W>,
                       place,
                       rest,
                       place + work.tiles * strip_size,
                       rest + strip_size,
                       rest + 2 * strip_size,
                       out + slot * strip_size * bit_words,
                       bit_words};
  };
  for (std::size_t first = 0; first < strips; first += wave) {
    std::size_t const count = std::min(wave, strips - first);
    ctx.threads().bulk(count, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t slot = begin; slot < end; ++slot) {
        work.weigh(strip_of(first, slot), left + slot * work.chunks * left_size);
      }
    });
    if (!ditem.data) continue;
    ctx.threads().bulk(work.tiles, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t t = begin; t < end; ++t) {
        for (std::size_t slot = 0; slot < count; ++slot) {
          W const* const next =
              all_kept + (slot + 1 < count ? (slot + 1) * kept + t : std::min(t + 1, work.tiles - 1)) * size;
          work.pull(strip_of(first, slot), t, next);
        }
      }
    });
  }
}
}  // namespace detail

// Losses and gradients of a softmax over the items of a batch; see backend.hpp. Memory beside the gradients: two copies
// of the items and, for each strip under way, strip_rows * n scores and, where the mask lists what it leaves out, bits.
// ctx.products() may ask for products of operands rounded to bf16, where T is float: those of rows, and
// those of the scores' exponentials with rows.
template <class T, class Masked>
void pair_softmax(context& ctx, std::type_identity_t<dense<T const>> query, std::type_identity_t<dense<T const>> item,
                  std::type_identity_t<pair_terms<T>> terms, Masked masked, dense<T> losses,
                  std::type_identity_t<dense<T>> dquery, std::type_identity_t<dense<T>> ditem) {
  if (query.rows == 0) return;
  detail::with_operands<T, false>(ctx, [&]<class Operands>(Operands) {
    detail::pair_softmax_of<Operands, T, Masked>(ctx, query, item, terms, masked, losses, dquery, ditem);
  });
}

}  // namespace intarsia::inline v0::cpu
