// The innermost loop of spmm: the rows of a sparse matrix times a dense one, columns held in registers. The same text
// for each instruction set, because the target of a function must be spelled out. Vector types stay inside the
// functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <intarsia/core/stored.hpp>
#include <intarsia/cpu/context.hpp>
#include <intarsia/cpu/stream.hpp>
#include <intarsia/exec/backend.hpp>
#include <intarsia/exec/entries.hpp>
#include <intarsia/tensor/csr.hpp>
#include <type_traits>
#include <utility>

namespace intarsia::inline v0::cpu::detail {

// A product that is shared out by rows. X is how the dense matrix is stored, T what is computed and written.
template <class X, class T>
struct row_sum_work {
  csr_view<> a;  // with offsets
  spmm_terms<T> terms;
  dense<X const> x;
  dense<T> y;
  bool add;
  std::size_t entries;  // of a
  std::size_t ahead;    // the rows of x lie scattered: those of so many entries later are asked for
  bool stream;          // y is written past the caches; not where it is added to
};

using intarsia::detail::entry_value;
template <class X, class T>
[[nodiscard]] inline T row_sum_scale(row_sum_work<X, T> const& w, std::size_t entry, std::size_t source) {
  T const value = entry_value<T>(w.a, entry);
  return w.terms.col_scale ? value * w.terms.col_scale[source] : value;
}
template <class T, class X>
[[nodiscard]] inline T as_number(X x) {
  if constexpr (is_short<X>) {
    return static_cast<T>(static_cast<float>(x));
  } else {
    return static_cast<T>(x);
  }
}

// The floats that bf16 or f16 in the lower halves of words stand for. Half precision is moved to where float has its
// exponent and multiplied by 2^112, which is exact and numbers below the least normal one come out right.
template <class X, class Words>
[[gnu::always_inline]] inline void widen(Words& words) {
  if constexpr (std::is_same_v<X, bf16>) {
    words <<= 16;
  } else {
    using floats [[gnu::vector_size(sizeof(Words))]] = float;
    Words const size = (words & 0x7FFFu) << 13, sign = (words & 0x8000u) << 16;
    floats const number = __builtin_bit_cast(floats, size) * 0x1p112f;
    Words const endless = __builtin_bit_cast(Words, size >= 0x0F800000u);  // infinite or no number
    words = sign | __builtin_bit_cast(Words, number) | (endless & (size | 0x7F800000u));
  }
}

// A row that is shorter than a vector.
template <class X, class T, bool Weighted>
void row_sum_narrow(row_sum_work<X, T> const& w, std::size_t row, T* to) {
  T const whole = w.terms.row_scale ? w.terms.row_scale[row] : T{1};
  for (std::size_t c = 0; c < w.y.cols; ++c) {
    T sum{0};
    for (std::size_t e = w.a.offsets[row]; e < w.a.offsets[row + 1]; ++e) {
      std::size_t const source = w.a.columns[e];
      if (Weighted && !w.terms.cols.has(source)) continue;
      T const number = as_number<T>(w.x.data[source * w.x.stride + c]);
      sum += Weighted ? row_sum_scale(w, e, source) * number : number;
    }
    to[c] = w.add ? to[c] + sum * whole : sum * whole;
  }
}

// Rows [begin, end) of the work.
template <class X, class T>
using row_sum_kernel = void (*)(row_sum_work<X, T> const& w, std::size_t begin, std::size_t end);

// All take the columns in blocks of eight, four and one vectors. Columns that are left over are summed by a vector that
// ends with the row, of which only they are kept; a row shorter than a vector goes number by number. Weighted: entries
// have values, or are scaled or chosen by their columns.

template <class X, class T, bool Weighted>
struct row_sum_portable {
  using index = std::size_t;
  static constexpr index lanes = 16 / sizeof(T);

  // Columns [column, column + sizeof...(I) vectors) of one row, written to `to`.
  template <index... I>
  static void block(row_sum_work<X, T> const& w, index row, index column, T* to, bool add, std::index_sequence<I...>) {
    using vec [[gnu::vector_size(16)]] = T;
    using narrow [[gnu::vector_size(8)]] = std::uint16_t;
    using wide [[gnu::vector_size(16)]] = std::uint32_t;
    constexpr index line = 64 / sizeof(X);
    index const begin = w.a.offsets[row], end = w.a.offsets[row + 1];
    X const* const x = w.x.data + column;
    vec sum[sizeof...(I)], now[sizeof...(I)];
    ((sum[I] = vec{}), ...);
    for (index e = begin; e < end; ++e) {
      if (e + w.ahead < w.entries) {
        char const* const next = reinterpret_cast<char const*>(x + w.a.columns[e + w.ahead] * w.x.stride);
        ((I * lanes % line == 0 ? __builtin_prefetch(next + I * lanes * sizeof(X), 0, 2) : void()), ...);
      }
      index const source = w.a.columns[e];
      T scale{1};
      if constexpr (Weighted) {
        if (!w.terms.cols.has(source)) continue;
        scale = row_sum_scale(w, e, source);
      }
      X const* const from = x + source * w.x.stride;
      if constexpr (is_short<X>) {
        narrow bits[sizeof...(I)];
        wide words[sizeof...(I)];
        (std::memcpy(&bits[I], from + I * lanes, sizeof(narrow)), ...);
        ((words[I] = __builtin_convertvector(bits[I], wide), widen<X>(words[I])), ...);
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
    if (add) {
      (std::memcpy(&now[I], to + I * lanes, sizeof(vec)), ...);
      ((sum[I] += now[I]), ...);
    }
    (std::memcpy(to + I * lanes, &sum[I], sizeof(vec)), ...);
  }
  static void run(row_sum_work<X, T> const& w, index begin, index end) {
    index const cols = w.y.cols;
    for (index row = begin; row < end; ++row) {
      if (!w.terms.rows.has(row)) continue;
      T* const to = w.y.data + row * w.y.stride;
      index c = 0;
      for (; c + 8 * lanes <= cols; c += 8 * lanes) block(w, row, c, to + c, w.add, std::make_index_sequence<8>{});
      if (c + 4 * lanes <= cols) {
        block(w, row, c, to + c, w.add, std::make_index_sequence<4>{});
        c += 4 * lanes;
      }
      for (; c + lanes <= cols; c += lanes) block(w, row, c, to + c, w.add, std::make_index_sequence<1>{});
      if (c == cols) continue;
      if (cols < lanes) {
        row_sum_narrow<X, T, Weighted>(w, row, to);
        continue;
      }
      T last[lanes];
      std::memcpy(last, to + cols - lanes, sizeof last);
      block(w, row, cols - lanes, last, w.add, std::make_index_sequence<1>{});
      std::memcpy(to + c, last + (c + lanes - cols), (cols - c) * sizeof(T));
    }
  }
};

#if INTARSIA_X86
template <class X, class T, bool Weighted>
struct row_sum_avx2 {
  using index = std::size_t;
  static constexpr index lanes = 32 / sizeof(T);

  // Columns [column, column + sizeof...(I) vectors) of one row, written to `to`.
  template <index... I>
  [[gnu::target("avx2,fma")]] static void block(row_sum_work<X, T> const& w, index row, index column, T* to, bool add,
                                                std::index_sequence<I...>) {
    using vec [[gnu::vector_size(32)]] = T;
    using narrow [[gnu::vector_size(16)]] = std::uint16_t;
    using wide [[gnu::vector_size(32)]] = std::uint32_t;
    constexpr index line = 64 / sizeof(X);
    index const begin = w.a.offsets[row], end = w.a.offsets[row + 1];
    X const* const x = w.x.data + column;
    vec sum[sizeof...(I)], now[sizeof...(I)];
    ((sum[I] = vec{}), ...);
    for (index e = begin; e < end; ++e) {
      if (e + w.ahead < w.entries) {
        char const* const next = reinterpret_cast<char const*>(x + w.a.columns[e + w.ahead] * w.x.stride);
        ((I * lanes % line == 0 ? __builtin_prefetch(next + I * lanes * sizeof(X), 0, 2) : void()), ...);
      }
      index const source = w.a.columns[e];
      T scale{1};
      if constexpr (Weighted) {
        if (!w.terms.cols.has(source)) continue;
        scale = row_sum_scale(w, e, source);
      }
      X const* const from = x + source * w.x.stride;
      if constexpr (is_short<X>) {
        narrow bits[sizeof...(I)];
        wide words[sizeof...(I)];
        (std::memcpy(&bits[I], from + I * lanes, sizeof(narrow)), ...);
        ((words[I] = __builtin_convertvector(bits[I], wide), widen<X>(words[I])), ...);
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
    if (add) {
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
      T* const to = w.y.data + row * w.y.stride;
      index c = 0;
      for (; c + 8 * lanes <= cols; c += 8 * lanes) block(w, row, c, to + c, w.add, std::make_index_sequence<8>{});
      if (c + 4 * lanes <= cols) {
        block(w, row, c, to + c, w.add, std::make_index_sequence<4>{});
        c += 4 * lanes;
      }
      for (; c + lanes <= cols; c += lanes) block(w, row, c, to + c, w.add, std::make_index_sequence<1>{});
      if (c == cols) continue;
      if (cols < lanes) {
        row_sum_narrow<X, T, Weighted>(w, row, to);
        continue;
      }
      T last[lanes];
      std::memcpy(last, to + cols - lanes, sizeof last);
      block(w, row, cols - lanes, last, w.add, std::make_index_sequence<1>{});
      std::memcpy(to + c, last + (c + lanes - cols), (cols - c) * sizeof(T));
    }
    if (w.stream) stream_end();
  }
};

template <class X, class T, bool Weighted>
struct row_sum_avx512 {
  using index = std::size_t;
  static constexpr index lanes = 64 / sizeof(T);

  // Columns [column, column + sizeof...(I) vectors) of one row, written to `to`.
  template <index... I>
  [[gnu::target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]] static void block(row_sum_work<X, T> const& w,
                                                                                   index row, index column, T* to,
                                                                                   bool add,
                                                                                   std::index_sequence<I...>) {
    using vec [[gnu::vector_size(64)]] = T;
    using narrow [[gnu::vector_size(32)]] = std::uint16_t;
    using wide [[gnu::vector_size(64)]] = std::uint32_t;
    constexpr index line = 64 / sizeof(X);
    index const begin = w.a.offsets[row], end = w.a.offsets[row + 1];
    X const* const x = w.x.data + column;
    vec sum[sizeof...(I)], now[sizeof...(I)];
    ((sum[I] = vec{}), ...);
    for (index e = begin; e < end; ++e) {
      if (e + w.ahead < w.entries) {
        char const* const next = reinterpret_cast<char const*>(x + w.a.columns[e + w.ahead] * w.x.stride);
        ((I * lanes % line == 0 ? __builtin_prefetch(next + I * lanes * sizeof(X), 0, 2) : void()), ...);
      }
      index const source = w.a.columns[e];
      T scale{1};
      if constexpr (Weighted) {
        if (!w.terms.cols.has(source)) continue;
        scale = row_sum_scale(w, e, source);
      }
      X const* const from = x + source * w.x.stride;
      if constexpr (is_short<X>) {
        narrow bits[sizeof...(I)];
        wide words[sizeof...(I)];
        (std::memcpy(&bits[I], from + I * lanes, sizeof(narrow)), ...);
        ((words[I] = __builtin_convertvector(bits[I], wide), widen<X>(words[I])), ...);
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
    if (add) {
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
      T* const to = w.y.data + row * w.y.stride;
      index c = 0;
      for (; c + 8 * lanes <= cols; c += 8 * lanes) block(w, row, c, to + c, w.add, std::make_index_sequence<8>{});
      if (c + 4 * lanes <= cols) {
        block(w, row, c, to + c, w.add, std::make_index_sequence<4>{});
        c += 4 * lanes;
      }
      for (; c + lanes <= cols; c += lanes) block(w, row, c, to + c, w.add, std::make_index_sequence<1>{});
      if (c == cols) continue;
      if (cols < lanes) {
        row_sum_narrow<X, T, Weighted>(w, row, to);
        continue;
      }
      T last[lanes];
      std::memcpy(last, to + cols - lanes, sizeof last);
      block(w, row, cols - lanes, last, w.add, std::make_index_sequence<1>{});
      std::memcpy(to + c, last + (c + lanes - cols), (cols - c) * sizeof(T));
    }
    if (w.stream) stream_end();
  }
};
#endif

template <class X, class T, bool Weighted>
[[nodiscard]] row_sum_kernel<X, T> row_sum_for(instruction_set set) {
#if INTARSIA_X86
  if (set == instruction_set::avx512) return row_sum_avx512<X, T, Weighted>::run;
  if (set == instruction_set::avx2) return row_sum_avx2<X, T, Weighted>::run;
#endif
  static_cast<void>(set);
  return row_sum_portable<X, T, Weighted>::run;
}

}  // namespace intarsia::inline v0::cpu::detail
