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
#include <intarsia/cpu/tile.hpp>
#include <intarsia/exec/backend.hpp>
#include <intarsia/exec/scope.hpp>
#include <limits>
#include <numbers>
#include <type_traits>
#include <utility>

namespace intarsia::inline v0::cpu {

namespace detail {

// Queries of a strip and items of a tile: multiples of every tile of C. Rows of scores lie as the panels of A do, so
// that a tile of scores is an operand as it is, from the left and transposed.
inline constexpr std::size_t strip_rows = 112;
template <class T>
inline constexpr std::size_t score_cols = panel_depth<T> / 8 * 7;

template <template <class, std::size_t, class> class Tile, class T, std::size_t Panel, std::size_t... Heights>
[[nodiscard]] constexpr std::array<tile_kernel<T>, sizeof...(Heights)> tiles_of() {
  return {Tile<T, Panel, std::make_index_sequence<Heights>>::run...};
}
// The kernels that read A' from rows panel_stride apart.
template <class T>
[[nodiscard]] std::array<tile_kernel<T>, 3> strided_tiles(instruction_set set) {
  constexpr std::size_t apart = panel_stride<T>;
#if INTARSIA_X86
  if (set == instruction_set::avx512) return tiles_of<tile_avx512, T, apart, 14, 8, 4>();
  if (set == instruction_set::avx2) return tiles_of<tile_avx2, T, apart, 6, 4, 2>();
#endif
  static_cast<void>(set);
  return tiles_of<tile_portable, T, apart, 4, 2, 1>();
}

// A strip of queries at work. Scores are in units of log 2, and each tile of them is kept as exp2(score - peak) with
// the peak of its row up to that tile.
template <class T>
struct strip {
  std::size_t first = 0, rows = 0;
  T* scores = nullptr;  // (tiles, strip_rows, panel_stride), or one tile where they are not used again
  T* peaks = nullptr;   // (tiles, strip_rows)
  T* peak = nullptr;    // (strip_rows)
  T* sum = nullptr;     // (strip_rows) of exp2(score - peak)
  T* aim = nullptr;     // (strip_rows) the score of the query's own item
};

// Turns one row of a tile of scores into weights.
template <class T, class Masked>
struct weigh_row {
  strip<T> s;
  T* scores;               // (strip_rows, panel_stride)
  std::size_t tile, cols;  // items [tile * score_cols, + cols)
  T const* log_q;          // (padded items) in units of log 2
  Masked masked;
  dense<T> gradient;  // by the strip's queries, of the tiles before; no data: not wanted
  std::size_t tiles;  // that the strip keeps

  // Leaves out the items [begin, end).
  static void mask(Masked const& out, std::size_t query, std::size_t first, T* x, std::size_t begin, std::size_t end) {
    for (std::size_t j = begin; j < end; ++j) x[j] = out(query, first + j) ? -std::numeric_limits<T>::infinity() : x[j];
  }

  void operator()(std::size_t row) const {
    using vec = lanes<T>;
    constexpr std::size_t width = lane_count<T>, all = score_cols<T>;
    T* const x = scores + row * panel_stride<T>;
    std::size_t const first = tile * all, query = s.first + row, padded = (cols + width - 1) / width * width;
    std::fill(x + cols, x + padded, -std::numeric_limits<T>::infinity());
    bool const own = query >= first && query < first + cols;
    if (own) s.aim[row] = x[query - first] - log_q[query];
    if constexpr (!std::is_same_v<Masked, std::nullptr_t>) {
      if (own) {
        mask(masked, query, first, x, 0, query - first);
        mask(masked, query, first, x, query - first + 1, cols);
      } else if (cols == all) {
        mask(masked, query, first, x, 0, all);
      } else {
        mask(masked, query, first, x, 0, cols);
      }
    }
    vec peaks = vec{} + std::numeric_limits<T>::lowest();
    for (std::size_t c = 0; c < padded; c += width) {
      vec v, correction;
      load_lanes(v, x + c);
      load_lanes(correction, log_q + first + c);
      v -= correction;
      peaks = v > peaks ? v : peaks;
      store_lanes(v, x + c);
    }
    T peak = s.peak[row];
    for (std::size_t i = 0; i < width; ++i) peak = peak < peaks[i] ? peaks[i] : peak;
    if (peak > s.peak[row]) {
      T const factor = std::exp2(s.peak[row] - peak);
      s.sum[row] *= factor;
      s.peak[row] = peak;
      if (gradient.data && tile > 0) {
        T* const to = gradient.data + row * gradient.stride;
        for (std::size_t c = 0; c < gradient.cols; ++c) to[c] *= factor;
      }
    }
    s.peaks[tile * strip_rows + row] = peak;
    vec sums{};
    for (std::size_t c = 0; c < padded; c += width) {
      vec v;
      load_lanes(v, x + c);
      v -= peak;
      exp2_lanes<T>(v);
      sums += v;
      store_lanes(v, x + c);
    }
    T sum{0};
    for (std::size_t i = 0; i < width; ++i) sum += sums[i];
    s.sum[row] += sum;
    // The next tile's row is written soon; where a strip is larger than the caches, that would wait for memory.
    if (tile + 1 < tiles) {
      for (std::size_t c = 0; c < all; c += width) __builtin_prefetch(x + strip_rows * panel_stride<T> + c, 1);
    }
  }
};

// Runs a kernel over C (rows, cols) with A's panels `a_step` numbers a row of C apart and B's panels `b_step` apart.
template <class T>
void run_tiles(tile_set<T> const& tile, std::array<tile_kernel<T>, 3> const& kernels, std::size_t depth, T const* a,
               std::size_t a_step, T const* b, std::size_t b_step, dense<T> c, bool add) {
  for (std::size_t j = 0; j < c.cols; j += tile.cols, b += b_step) {
    std::size_t const cols = std::min(tile.cols, c.cols - j);
    for (std::size_t i = 0; i < c.rows; i += tile.rows) {
      std::size_t const rows = std::min(tile.rows, c.rows - i);
      std::size_t height = 0;
      while (height + 1 < tile.heights.size() && tile.heights[height + 1] >= rows) ++height;
      T* const to = c.data + i * c.stride + j;
      kernels[height](depth, a + i * a_step, b, tile.cols, to, c.stride, rows, cols, add);
    }
  }
}

// What all strips share.
template <class T, class Masked>
struct pair_softmax_work {
  dense<T const> query, item;
  pair_terms<T> terms;
  Masked masked;
  dense<T> losses, dquery, ditem;

  instruction_set set;
  tile_set<T> tile;
  std::array<tile_kernel<T>, 3> strided;
  std::size_t tiles, chunks;  // of items, and of the width in steps of panel_depth
  T* log_q;                   // (tiles * score_cols)
  T* columns;                 // the items as panels of columns: (chunks, panels, depth of chunk, tile.cols)
  T* rows;                    // the items as panels of rows: (panels of the width, items, tile.cols)

  [[nodiscard]] std::size_t chunk_depth(std::size_t chunk) const {
    return std::min(panel_depth<T>, query.cols - chunk * panel_depth<T>);
  }
  [[nodiscard]] std::size_t panels() const { return (item.rows + tile.cols - 1) / tile.cols; }
  [[nodiscard]] T weight(std::size_t i) const {
    return terms.share * (terms.weight ? static_cast<T>(terms.weight[i]) : T{1});
  }

  // Scores, losses and the gradient by the queries of a strip. `left`: (chunks, strip_rows, panel_stride).
  void weigh(strip<T> s, T* left) const {
    T const scale = terms.sharpness * std::numbers::log2e_v<T>;
    for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
      for (std::size_t row = 0; row < s.rows; ++row) {
        T const* const from = query.data + (s.first + row) * query.stride + chunk * panel_depth<T>;
        T* const to = left + (chunk * strip_rows + row) * panel_stride<T>;
        for (std::size_t k = 0; k < chunk_depth(chunk); ++k) to[k] = scale * from[k];
      }
    }
    std::fill_n(s.peak, s.rows, std::numeric_limits<T>::lowest());
    std::fill_n(s.sum, s.rows, T{0});
    dense<T> const gradient = dquery.data ? dquery.row_range(s.first, s.rows) : dense<T>{};
    for (std::size_t t = 0; t < tiles; ++t) {
      std::size_t const begin = t * score_cols<T>, cols = std::min(score_cols<T>, item.rows - begin);
      T* const scores = s.scores + (ditem.data ? t : 0) * strip_rows * panel_stride<T>;
      for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
        std::size_t const depth = chunk_depth(chunk);
        T const* const b = columns + (chunk * panel_depth<T> * panels() + begin / tile.cols * depth) * tile.cols;
        run_tiles<T>(tile, tile.plain, depth, left + chunk * strip_rows * panel_stride<T>, panel_stride<T>, b,
                     depth * tile.cols, {scores, s.rows, cols, panel_stride<T>}, chunk > 0);
      }
      run_on(set, 0, s.rows, weigh_row<T, Masked>{s, scores, t, cols, log_q, masked, gradient, ditem.data ? tiles : 0});
      if (gradient.data) {
        run_tiles<T>(tile, tile.plain, cols, scores, panel_stride<T>, rows + begin * tile.cols, item.rows * tile.cols,
                     gradient, t > 0);
      }
    }
    for (std::size_t row = 0; row < s.rows; ++row) {
      std::size_t const i = s.first + row;
      T const w = weight(i);
      losses.data[i * losses.stride] =
          w * std::numbers::ln2_v<T> * (std::log2(s.sum[row]) + (s.peak[row] - s.aim[row]));
      if (!gradient.data) continue;
      T const pull = w * terms.sharpness, factor = pull / s.sum[row];
      T* const to = gradient.data + row * gradient.stride;
      T const* const own = item.data + i * item.stride;
      for (std::size_t c = 0; c < gradient.cols; ++c) to[c] = factor * to[c] - pull * own[c];
    }
  }

  // Adds a strip's part of the gradient by the items of a tile; `next`: the scores that are read after it.
  void pull(strip<T> s, std::size_t t, T const* next) const {
    std::size_t const begin = t * score_cols<T>, cols = std::min(score_cols<T>, item.rows - begin);
    alignas(64) T right[strip_rows * 128 / sizeof(T)];
    T factor[strip_rows];
    for (std::size_t row = 0; row < s.rows; ++row) {
      factor[row] =
          std::exp2(s.peaks[t * strip_rows + row] - s.peak[row]) * weight(s.first + row) * terms.sharpness / s.sum[row];
    }
    for (std::size_t j = 0; j < query.cols; j += tile.cols) {
      std::size_t const width = std::min(tile.cols, query.cols - j);
      run_on(set, 0, s.rows, [&, to_width = tile.cols](std::size_t row) {
        T const* const from = query.data + (s.first + row) * query.stride + j;
        T* const to = right + row * to_width;
        for (std::size_t c = 0; j == 0 && c < score_cols<T>; c += lane_count<T>) {
          __builtin_prefetch(next + row * panel_stride<T> + c);
        }
        constexpr std::size_t block = 32 / sizeof(T);  // divides the width of every tile
        std::size_t c = 0;
        for (; c + block <= width; c += block) {
          for (std::size_t i = 0; i < block; ++i) to[c + i] = factor[row] * from[c + i];
        }
        for (; c < width; ++c) to[c] = factor[row] * from[c];
        for (; c < to_width; ++c) to[c] = T{0};
      });
      dense<T> const to = ditem.row_range(begin, cols).col_range(j, width);
      run_tiles<T>(tile, strided, s.rows, s.scores + t * strip_rows * panel_stride<T>, 1, right, 0, to, true);
    }
  }
};

}  // namespace detail

// Losses and gradients of a softmax over the items of a batch; see backend.hpp. Memory beside the gradients: two copies
// of the items and, for each strip under way, strip_rows * n scores.
template <class T, class Masked>
void pair_softmax(context& ctx, std::type_identity_t<dense<T const>> query, std::type_identity_t<dense<T const>> item,
                  std::type_identity_t<pair_terms<T>> terms, Masked masked, dense<T> losses,
                  std::type_identity_t<dense<T>> dquery, std::type_identity_t<dense<T>> ditem) {
  std::size_t const n = query.rows, width = query.cols;
  if (n == 0) return;
  scope const keep{ctx};
  instruction_set const set = ctx.instructions();
  detail::pair_softmax_work<T, Masked> work{
      query,
      item,
      terms,
      masked,
      losses,
      dquery,
      ditem,
      set,
      detail::tiles_for<T>(set),
      detail::strided_tiles<T>(set),
      (n + detail::score_cols<T> - 1) / detail::score_cols<T>,
      std::max<std::size_t>(1, (width + detail::panel_depth<T> - 1) / detail::panel_depth<T>),
      nullptr,
      nullptr,
      nullptr};
  detail::tile_set<T> const& tile = work.tile;
  std::size_t const panels = work.panels();
  work.log_q = ctx.scratch().template take<T>(work.tiles * detail::score_cols<T>);
  for (std::size_t j = 0; j < work.tiles * detail::score_cols<T>; ++j) {
    work.log_q[j] = terms.log_q && j < n ? static_cast<T>(terms.log_q[j]) * std::numbers::log2e_v<T> : T{0};
  }
  work.columns = ctx.scratch().template take<T>(panels * tile.cols * width);
  ctx.threads().bulk(panels, rows_per_piece(width * tile.cols / 2), [&](std::size_t begin, std::size_t end) {
    for (std::size_t p = begin; p < end; ++p) {
      for (std::size_t chunk = 0; chunk < work.chunks; ++chunk) {
        std::size_t const depth = work.chunk_depth(chunk), k = chunk * detail::panel_depth<T>;
        detail::pack_columns(item, true, k, depth, p * tile.cols, std::min(tile.cols, n - p * tile.cols),
                             work.columns + (k * panels + p * depth) * tile.cols, tile.cols);
      }
    }
  });
  if (dquery.data) {
    work.rows = ctx.scratch().template take<T>((width + tile.cols - 1) / tile.cols * n * tile.cols);
    ctx.threads().bulk(n, rows_per_piece(2 * width), [&](std::size_t begin, std::size_t end) {
      for (std::size_t j = 0; j < width; j += tile.cols) {
        detail::pack_columns(item, false, begin, end - begin, j, std::min(tile.cols, width - j),
                             work.rows + (j / tile.cols * n + begin) * tile.cols, tile.cols);
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
  std::size_t const strips = (n + detail::strip_rows - 1) / detail::strip_rows, threads = ctx.threads().threads();
  std::size_t const kept = ditem.data ? work.tiles : 1;  // tiles of scores that a strip keeps
  std::size_t const size = detail::strip_rows * detail::panel_stride<T>;
  std::size_t const wave = std::min(
      strips,
      threads == 1 ? 1 : std::clamp<std::size_t>((std::size_t{1} << 29) / (kept * size * sizeof(T)), 1, 2 * threads));
  T* const scores = ctx.scratch().template take<T>(wave * kept * size);
  T* const left = ctx.scratch().template take<T>(wave * work.chunks * size);
  T* const peaks = ctx.scratch().template take<T>(wave * (work.tiles + 3) * detail::strip_rows);
  auto const strip_of = [&](std::size_t first, std::size_t slot) {
    T* const place = peaks + slot * (work.tiles + 3) * detail::strip_rows;
    T* const rest = place + work.tiles * detail::strip_rows;
    std::size_t const begin = (first + slot) * detail::strip_rows;
    return detail::strip<T>{begin,
                            std::min(detail::strip_rows, n - begin),
                            scores + slot * kept * size,
                            place,
                            rest,
                            rest + detail::strip_rows,
                            rest + 2 * detail::strip_rows};
  };
  for (std::size_t first = 0; first < strips; first += wave) {
    std::size_t const count = std::min(wave, strips - first);
    ctx.threads().bulk(count, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t slot = begin; slot < end; ++slot) {
        work.weigh(strip_of(first, slot), left + slot * work.chunks * size);
      }
    });
    if (!ditem.data) continue;
    ctx.threads().bulk(work.tiles, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t t = begin; t < end; ++t) {
        for (std::size_t slot = 0; slot < count; ++slot) {
          T const* const next = slot + 1 < count ? scores + ((slot + 1) * kept + t) * size
                                                 : scores + std::min(t + 1, work.tiles - 1) * size;
          work.pull(strip_of(first, slot), t, next);
        }
      }
    });
  }
}

}  // namespace intarsia::inline v0::cpu
