// The innermost loop of spmm: the rows of a sparse matrix times a dense one, columns held in registers. The same text
// for each instruction set, because the target of a function must be spelled out. Vector types stay inside the
// functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <intarsia/core/stored.hpp>
#include <intarsia/cpu/context.hpp>
#include <intarsia/cpu/row_sum_work.hpp>
#include <intarsia/cpu/stream.hpp>
#include <type_traits>
#include <utility>

namespace intarsia::inline v0::cpu::detail {

// Rows [begin, end) of the work.
template <class X, class T>
using row_sum_kernel = void (*)(row_sum_work<X, T> const& w, std::size_t begin, std::size_t end);

// All take the columns in blocks of eight, four and one vectors. Columns that are left over are summed by a vector that
// ends with the row, of which only they are kept; a row shorter than a vector goes number by number. Weighted: entries
// have values, or are scaled or chosen by their columns. In the larger blocks numbers of 16 bits come two to a word:
// one vector sums those of the lower halves, the next one those of the upper halves.

template <class X, class T, bool Weighted>
struct row_sum_portable {
  using index = std::size_t;
  static constexpr index lanes = 16 / sizeof(T);

  // Columns [column, column + sizeof...(I) vectors) of one row; with `last`, they are (added and) put there.
  template <index... I>
  static void block(row_sum_work<X, T> const& w, index row, index column, T* last, std::index_sequence<I...>) {
    using vec [[gnu::vector_size(16)]] = T;
    using narrow [[gnu::vector_size(8)]] = std::uint16_t;
    using wide [[gnu::vector_size(16)]] = std::uint32_t;
    constexpr index line = 64 / sizeof(X);
    constexpr bool halves = is_short<X> && sizeof...(I) > 1;
    index const begin = w.a.offsets[row], end = w.a.offsets[row + 1];
    X const* const x = w.x.data + column;
    vec sum[sizeof...(I)], now[sizeof...(I)];
    ((sum[I] = vec{}), ...);
    for (index e = begin; e < end; ++e) {
      if (e + w.ahead < w.entries) {
        char const* const next = reinterpret_cast<char const*>(x + w.a.columns[e + w.ahead] * w.x.stride);
        ((I * lanes % line == 0 ? __builtin_prefetch(next + I * lanes * sizeof(X), 0, 2) : void()), ...);
        if (Weighted && w.terms.col_scale) __builtin_prefetch(w.terms.col_scale + w.a.columns[e + w.ahead], 0, 2);
      }
      index const source = w.a.columns[e];
      T scale{1};
      if constexpr (Weighted) {
        if (!w.terms.cols.has(source)) continue;
        scale = row_sum_scale(w, e, source);
      }
      X const* const from = x + source * w.x.stride;
      if constexpr (is_short<X>) {
        wide words[sizeof...(I)];
        if constexpr (halves) {
          (std::memcpy(&words[I], from + I / 2 * 2 * lanes, sizeof(wide)), ...);
          (take_half<X, I % 2 != 0>(words[I]), ...);
        } else {
          narrow bits[sizeof...(I)];
          (std::memcpy(&bits[I], from + I * lanes, sizeof(narrow)), ...);
          ((words[I] = __builtin_convertvector(bits[I], wide), widen<X>(words[I])), ...);
        }
        (std::memcpy(&now[I], &words[I], sizeof(vec)), ...);
      } else {
        (std::memcpy(&now[I], from + I * lanes, sizeof(vec)), ...);
      }
      if constexpr (Weighted) {
        ((sum[I] += scale * now[I]), ...);
      } else {
        ((sum[I] += now[I]), ...);
      }
    }
    T const whole = w.terms.row_scale ? w.terms.row_scale[row] : T{1};
    ((sum[I] *= whole), ...);
    if constexpr (std::is_same_v<T, float>) {
      if (w.rounded && !last) {
        auto* const to = reinterpret_cast<std::byte*>(w.rounded + row * w.y.stride + column);
        wide words[sizeof...(I)];
        ((std::memcpy(&words[I], &sum[I], sizeof(wide)), round_upper(words[I])), ...);
        if constexpr (halves) {
          ((I % 2 == 0 ? (words[I] = (words[I] >> 16) | (words[I | 1] & 0xFFFF0000u), void()) : void()), ...);
          ((I % 2 == 0 ? (std::memcpy(to + 2 * I * lanes, &words[I], sizeof(wide)), void()) : void()), ...);
        } else {
          narrow bits[sizeof...(I)];
          ((bits[I] = __builtin_convertvector(words[I] >> 16, narrow)), ...);
          (std::memcpy(to + 2 * I * lanes, &bits[I], sizeof(narrow)), ...);
        }
        return;
      }
    }
    if constexpr (halves) {
      ((now[I] = sum[I]), ...);
      ((sum[I] = I % 2 == 0
                     ? __builtin_shufflevector(now[I], now[I | 1], 0, 4, 1, 5)
                     : __builtin_shufflevector(now[I & ~index{1}], now[I], 2, 6, 3, 7)),
       ...);
    }
    T* const to = last ? last : w.y.data + row * w.y.stride + column;
    if (w.add) {
      (std::memcpy(&now[I], to + I * lanes, sizeof(vec)), ...);
      ((sum[I] += now[I]), ...);
    }
    (std::memcpy(to + I * lanes, &sum[I], sizeof(vec)), ...);
  }
  static void run(row_sum_work<X, T> const& w, index begin, index end) {
    index const cols = w.y.cols;
    for (index row = begin; row < end; ++row) {
      if (!w.terms.rows.has(row)) continue;
      if (cols < lanes) {
        row_sum_narrow<X, T, Weighted>(w, row);
        continue;
      }
      index c = 0;
      for (; c + 8 * lanes <= cols; c += 8 * lanes) block(w, row, c, nullptr, std::make_index_sequence<8>{});
      if (c + 4 * lanes <= cols) {
        block(w, row, c, nullptr, std::make_index_sequence<4>{});
        c += 4 * lanes;
      }
      for (; c + lanes <= cols; c += lanes) block(w, row, c, nullptr, std::make_index_sequence<1>{});
      if (c == cols) continue;
      T last[lanes];
      if (w.add) std::memcpy(last, w.y.data + row * w.y.stride + (cols - lanes), sizeof last);
      block(w, row, cols - lanes, last, std::make_index_sequence<1>{});
      row_sum_rest(w, row, c, last + (c + lanes - cols));
    }
  }
};

#if INTARSIA_X86
template <class X, class T, bool Weighted>
struct row_sum_avx2 {
  using index = std::size_t;
  static constexpr index lanes = 32 / sizeof(T);

  // Columns [column, column + sizeof...(I) vectors) of one row; with `last`, they are (added and) put there.
  template <index... I>
  [[gnu::target("avx2,fma")]] static void block(row_sum_work<X, T> const& w, index row, index column, T* last,
                                                std::index_sequence<I...>) {
    using vec [[gnu::vector_size(32)]] = T;
    using narrow [[gnu::vector_size(16)]] = std::uint16_t;
    using wide [[gnu::vector_size(32)]] = std::uint32_t;
    constexpr index line = 64 / sizeof(X);
    constexpr bool halves = is_short<X> && sizeof...(I) > 1;
    index const begin = w.a.offsets[row], end = w.a.offsets[row + 1];
    X const* const x = w.x.data + column;
    vec sum[sizeof...(I)], now[sizeof...(I)];
    ((sum[I] = vec{}), ...);
    for (index e = begin; e < end; ++e) {
      if (e + w.ahead < w.entries) {
        char const* const next = reinterpret_cast<char const*>(x + w.a.columns[e + w.ahead] * w.x.stride);
        ((I * lanes % line == 0 ? __builtin_prefetch(next + I * lanes * sizeof(X), 0, 2) : void()), ...);
        if (Weighted && w.terms.col_scale) __builtin_prefetch(w.terms.col_scale + w.a.columns[e + w.ahead], 0, 2);
      }
      index const source = w.a.columns[e];
      T scale{1};
      if constexpr (Weighted) {
        if (!w.terms.cols.has(source)) continue;
        scale = row_sum_scale(w, e, source);
      }
      X const* const from = x + source * w.x.stride;
      if constexpr (is_short<X>) {
        wide words[sizeof...(I)];
        if constexpr (halves) {
          (std::memcpy(&words[I], from + I / 2 * 2 * lanes, sizeof(wide)), ...);
          (take_half<X, I % 2 != 0>(words[I]), ...);
        } else {
          narrow bits[sizeof...(I)];
          (std::memcpy(&bits[I], from + I * lanes, sizeof(narrow)), ...);
          ((words[I] = __builtin_convertvector(bits[I], wide), widen<X>(words[I])), ...);
        }
        (std::memcpy(&now[I], &words[I], sizeof(vec)), ...);
      } else {
        (std::memcpy(&now[I], from + I * lanes, sizeof(vec)), ...);
      }
      if constexpr (Weighted) {
        ((sum[I] += scale * now[I]), ...);
      } else {
        ((sum[I] += now[I]), ...);
      }
    }
    T const whole = w.terms.row_scale ? w.terms.row_scale[row] : T{1};
    ((sum[I] *= whole), ...);
    if constexpr (std::is_same_v<T, float>) {
      if (w.rounded && !last) {
        auto* const to = reinterpret_cast<std::byte*>(w.rounded + row * w.y.stride + column);
        wide words[sizeof...(I)];
        ((std::memcpy(&words[I], &sum[I], sizeof(wide)), round_upper(words[I])), ...);
        if constexpr (halves) {
          ((I % 2 == 0 ? (words[I] = (words[I] >> 16) | (words[I | 1] & 0xFFFF0000u), void()) : void()), ...);
          ((I % 2 == 0 ? (std::memcpy(to + 2 * I * lanes, &words[I], sizeof(wide)), void()) : void()), ...);
        } else {
          narrow bits[sizeof...(I)];
          ((bits[I] = __builtin_convertvector(words[I] >> 16, narrow)), ...);
          (std::memcpy(to + 2 * I * lanes, &bits[I], sizeof(narrow)), ...);
        }
        return;
      }
    }
    if constexpr (halves) {
      ((now[I] = sum[I]), ...);
      ((sum[I] = I % 2 == 0
                     ? __builtin_shufflevector(now[I], now[I | 1], 0, 8, 1, 9, 2, 10, 3, 11)
                     : __builtin_shufflevector(now[I & ~index{1}], now[I], 4, 12, 5, 13, 6, 14, 7, 15)),
       ...);
    }
    T* const to = last ? last : w.y.data + row * w.y.stride + column;
    if (w.add) {
      (std::memcpy(&now[I], to + I * lanes, sizeof(vec)), ...);
      ((sum[I] += now[I]), ...);
    }
    if (w.stream) {
      (stream_32(to + I * lanes, &sum[I]), ...);
    } else {
      (std::memcpy(to + I * lanes, &sum[I], sizeof(vec)), ...);
    }
  }
  [[gnu::target("avx2,fma")]] static void run(row_sum_work<X, T> const& w, index begin, index end) {
    index const cols = w.y.cols;
    for (index row = begin; row < end; ++row) {
      if (!w.terms.rows.has(row)) continue;
      if (cols < lanes) {
        row_sum_narrow<X, T, Weighted>(w, row);
        continue;
      }
      index c = 0;
      for (; c + 8 * lanes <= cols; c += 8 * lanes) block(w, row, c, nullptr, std::make_index_sequence<8>{});
      if (c + 4 * lanes <= cols) {
        block(w, row, c, nullptr, std::make_index_sequence<4>{});
        c += 4 * lanes;
      }
      for (; c + lanes <= cols; c += lanes) block(w, row, c, nullptr, std::make_index_sequence<1>{});
      if (c == cols) continue;
      T last[lanes];
      if (w.add) std::memcpy(last, w.y.data + row * w.y.stride + (cols - lanes), sizeof last);
      block(w, row, cols - lanes, last, std::make_index_sequence<1>{});
      row_sum_rest(w, row, c, last + (c + lanes - cols));
    }
    if (w.stream) stream_end();
  }
};

template <class X, class T, bool Weighted>
struct row_sum_avx512 {
  using index = std::size_t;
  static constexpr index lanes = 64 / sizeof(T);

  // Columns [column, column + sizeof...(I) vectors) of one row; with `last`, they are (added and) put there.
  template <index... I>
  [[gnu::target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]] static void block(row_sum_work<X, T> const& w,
                                                                                   index row, index column, T* last,
                                                                                   std::index_sequence<I...>) {
    using vec [[gnu::vector_size(64)]] = T;
    using narrow [[gnu::vector_size(32)]] = std::uint16_t;
    using wide [[gnu::vector_size(64)]] = std::uint32_t;
    constexpr index line = 64 / sizeof(X);
    constexpr bool halves = is_short<X> && sizeof...(I) > 1;
    index const begin = w.a.offsets[row], end = w.a.offsets[row + 1];
    X const* const x = w.x.data + column;
    vec sum[sizeof...(I)], now[sizeof...(I)];
    ((sum[I] = vec{}), ...);
    for (index e = begin; e < end; ++e) {
      if (e + w.ahead < w.entries) {
        char const* const next = reinterpret_cast<char const*>(x + w.a.columns[e + w.ahead] * w.x.stride);
        ((I * lanes % line == 0 ? __builtin_prefetch(next + I * lanes * sizeof(X), 0, 2) : void()), ...);
        if (Weighted && w.terms.col_scale) __builtin_prefetch(w.terms.col_scale + w.a.columns[e + w.ahead], 0, 2);
      }
      index const source = w.a.columns[e];
      T scale{1};
      if constexpr (Weighted) {
        if (!w.terms.cols.has(source)) continue;
        scale = row_sum_scale(w, e, source);
      }
      X const* const from = x + source * w.x.stride;
      if constexpr (is_short<X>) {
        wide words[sizeof...(I)];
        if constexpr (halves) {
          (std::memcpy(&words[I], from + I / 2 * 2 * lanes, sizeof(wide)), ...);
          (take_half<X, I % 2 != 0>(words[I]), ...);
        } else {
          narrow bits[sizeof...(I)];
          (std::memcpy(&bits[I], from + I * lanes, sizeof(narrow)), ...);
          ((words[I] = __builtin_convertvector(bits[I], wide), widen<X>(words[I])), ...);
        }
        (std::memcpy(&now[I], &words[I], sizeof(vec)), ...);
      } else {
        (std::memcpy(&now[I], from + I * lanes, sizeof(vec)), ...);
      }
      if constexpr (Weighted) {
        ((sum[I] += scale * now[I]), ...);
      } else {
        ((sum[I] += now[I]), ...);
      }
    }
    T const whole = w.terms.row_scale ? w.terms.row_scale[row] : T{1};
    ((sum[I] *= whole), ...);
    if constexpr (std::is_same_v<T, float>) {
      if (w.rounded && !last) {
        auto* const to = reinterpret_cast<std::byte*>(w.rounded + row * w.y.stride + column);
        wide words[sizeof...(I)];
        ((std::memcpy(&words[I], &sum[I], sizeof(wide)), round_upper(words[I])), ...);
        if constexpr (halves) {
          ((I % 2 == 0 ? (words[I] = (words[I] >> 16) | (words[I | 1] & 0xFFFF0000u), void()) : void()), ...);
          ((I % 2 == 0 ? (std::memcpy(to + 2 * I * lanes, &words[I], sizeof(wide)), void()) : void()), ...);
        } else {
          narrow bits[sizeof...(I)];
          ((bits[I] = __builtin_convertvector(words[I] >> 16, narrow)), ...);
          (std::memcpy(to + 2 * I * lanes, &bits[I], sizeof(narrow)), ...);
        }
        return;
      }
    }
    if constexpr (halves) {
      ((now[I] = sum[I]), ...);
      ((sum[I] = I % 2 == 0
                     ? __builtin_shufflevector(now[I], now[I | 1], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21,
                                               6, 22, 7, 23)
                     : __builtin_shufflevector(now[I & ~index{1}], now[I], 8, 24, 9, 25, 10, 26, 11, 27, 12,
                                               28, 13, 29, 14, 30, 15, 31)),
       ...);
    }
    T* const to = last ? last : w.y.data + row * w.y.stride + column;
    if (w.add) {
      (std::memcpy(&now[I], to + I * lanes, sizeof(vec)), ...);
      ((sum[I] += now[I]), ...);
    }
    if (w.stream) {
      (stream_64(to + I * lanes, &sum[I]), ...);
    } else {
      (std::memcpy(to + I * lanes, &sum[I], sizeof(vec)), ...);
    }
  }
  [[gnu::target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]] static void run(row_sum_work<X, T> const& w,
                                                                                 index begin, index end) {
    index const cols = w.y.cols;
    for (index row = begin; row < end; ++row) {
      if (!w.terms.rows.has(row)) continue;
      if (cols < lanes) {
        row_sum_narrow<X, T, Weighted>(w, row);
        continue;
      }
      index c = 0;
      for (; c + 8 * lanes <= cols; c += 8 * lanes) block(w, row, c, nullptr, std::make_index_sequence<8>{});
      if (c + 4 * lanes <= cols) {
        block(w, row, c, nullptr, std::make_index_sequence<4>{});
        c += 4 * lanes;
      }
      for (; c + lanes <= cols; c += lanes) block(w, row, c, nullptr, std::make_index_sequence<1>{});
      if (c == cols) continue;
      T last[lanes];
      if (w.add) std::memcpy(last, w.y.data + row * w.y.stride + (cols - lanes), sizeof last);
      block(w, row, cols - lanes, last, std::make_index_sequence<1>{});
      row_sum_rest(w, row, c, last + (c + lanes - cols));
    }
    if (w.stream) stream_end();
  }
};
#endif

// 16-bit numbers that are summed as other ones than float go number by number.
template <class X, class T, bool Weighted>
void row_sum_plain(row_sum_work<X, T> const& w, std::size_t begin, std::size_t end) {
  for (std::size_t row = begin; row < end; ++row) {
    if (w.terms.rows.has(row)) row_sum_narrow<X, T, Weighted>(w, row);
  }
}

template <class X, class T, bool Weighted>
[[nodiscard]] row_sum_kernel<X, T> row_sum_for(instruction_set set) {
  if constexpr (is_short<X> && !std::is_same_v<T, float>) {
    static_cast<void>(set);
    return row_sum_plain<X, T, Weighted>;
  } else {
#if INTARSIA_X86
    if (set == instruction_set::avx512) return row_sum_avx512<X, T, Weighted>::run;
    if (set == instruction_set::avx2) return row_sum_avx2<X, T, Weighted>::run;
#endif
    static_cast<void>(set);
    return row_sum_portable<X, T, Weighted>::run;
  }
}

}  // namespace intarsia::inline v0::cpu::detail
