// The innermost loop of spmm: a weighted sum of a few rows, its columns held in registers. The same text for each
// instruction set, because the target of a function must be spelled out. Vector types stay inside the functions.
#pragma once

#include <cstddef>
#include <cstring>
#include <intarsia/cpu/context.hpp>
#include <utility>

namespace intarsia::inline v0::cpu::detail {

// to[c] += (or =) sum over e < count of scale[e] * from[e][c], for c < cols, in the order of e.
template <class T>
using row_sum_kernel = void (*)(std::size_t count, T const* const* from, T const* scale, std::size_t cols, T* to,
                                bool add);

// All take the columns in blocks of eight, four and one vectors. Columns that are left over are summed by a vector that
// ends with the row, of which only they are kept; a row shorter than a vector goes number by number.

template <class T>
struct row_sum_portable {
  using index = std::size_t;
  static constexpr index lanes = 16 / sizeof(T);

  // One block of sizeof...(I) vectors.
  template <index... I>
  static void block(index count, T const* const* from, T const* scale, index column, T* to, bool add,
                    std::index_sequence<I...>) {
    using vec [[gnu::vector_size(16)]] = T;
    vec sum[sizeof...(I)], x[sizeof...(I)];
    ((sum[I] = vec{}), ...);
    if (add) (std::memcpy(&sum[I], to + I * lanes, sizeof(vec)), ...);
    for (index e = 0; e < count; ++e) {
      T const* const row = from[e] + column;
      (std::memcpy(&x[I], row + I * lanes, sizeof(vec)), ...);
      ((sum[I] += scale[e] * x[I]), ...);
    }
    (std::memcpy(to + I * lanes, &sum[I], sizeof(vec)), ...);
  }
  static void run(index count, T const* const* from, T const* scale, index cols, T* to, bool add) {
    index c = 0;
    for (; c + 8 * lanes <= cols; c += 8 * lanes) {
      block(count, from, scale, c, to + c, add, std::make_index_sequence<8>{});
    }
    if (c + 4 * lanes <= cols) {
      block(count, from, scale, c, to + c, add, std::make_index_sequence<4>{});
      c += 4 * lanes;
    }
    for (; c + lanes <= cols; c += lanes) block(count, from, scale, c, to + c, add, std::make_index_sequence<1>{});
    if (c == cols) return;
    if (cols >= lanes) {
      T last[lanes];
      index const begin = cols - lanes;
      std::memcpy(last, to + begin, sizeof last);
      block(count, from, scale, begin, last, add, std::make_index_sequence<1>{});
      std::memcpy(to + c, last + (c - begin), (cols - c) * sizeof(T));
      return;
    }
    for (; c < cols; ++c) {
      T sum = add ? to[c] : T{0};
      for (index e = 0; e < count; ++e) sum += scale[e] * from[e][c];
      to[c] = sum;
    }
  }
};

#if INTARSIA_X86
template <class T>
struct row_sum_avx2 {
  using index = std::size_t;
  static constexpr index lanes = 32 / sizeof(T);

  // One block of sizeof...(I) vectors.
  template <index... I>
  [[gnu::target("avx2,fma")]] static void block(index count, T const* const* from, T const* scale, index column, T* to,
                                                bool add, std::index_sequence<I...>) {
    using vec [[gnu::vector_size(32)]] = T;
    vec sum[sizeof...(I)], x[sizeof...(I)];
    ((sum[I] = vec{}), ...);
    if (add) (std::memcpy(&sum[I], to + I * lanes, sizeof(vec)), ...);
    for (index e = 0; e < count; ++e) {
      T const* const row = from[e] + column;
      (std::memcpy(&x[I], row + I * lanes, sizeof(vec)), ...);
      ((sum[I] += scale[e] * x[I]), ...);
    }
    (std::memcpy(to + I * lanes, &sum[I], sizeof(vec)), ...);
  }
  [[gnu::target("avx2,fma")]] static void run(index count, T const* const* from, T const* scale, index cols, T* to,
                                              bool add) {
    index c = 0;
    for (; c + 8 * lanes <= cols; c += 8 * lanes) {
      block(count, from, scale, c, to + c, add, std::make_index_sequence<8>{});
    }
    if (c + 4 * lanes <= cols) {
      block(count, from, scale, c, to + c, add, std::make_index_sequence<4>{});
      c += 4 * lanes;
    }
    for (; c + lanes <= cols; c += lanes) block(count, from, scale, c, to + c, add, std::make_index_sequence<1>{});
    if (c == cols) return;
    if (cols >= lanes) {
      T last[lanes];
      index const begin = cols - lanes;
      std::memcpy(last, to + begin, sizeof last);
      block(count, from, scale, begin, last, add, std::make_index_sequence<1>{});
      std::memcpy(to + c, last + (c - begin), (cols - c) * sizeof(T));
      return;
    }
    for (; c < cols; ++c) {
      T sum = add ? to[c] : T{0};
      for (index e = 0; e < count; ++e) sum += scale[e] * from[e][c];
      to[c] = sum;
    }
  }
};

template <class T>
struct row_sum_avx512 {
  using index = std::size_t;
  static constexpr index lanes = 64 / sizeof(T);

  // One block of sizeof...(I) vectors.
  template <index... I>
  [[gnu::target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]] static void block(index count, T const* const* from,
                                                                                   T const* scale, index column, T* to,
                                                                                   bool add,
                                                                                   std::index_sequence<I...>) {
    using vec [[gnu::vector_size(64)]] = T;
    vec sum[sizeof...(I)], x[sizeof...(I)];
    ((sum[I] = vec{}), ...);
    if (add) (std::memcpy(&sum[I], to + I * lanes, sizeof(vec)), ...);
    for (index e = 0; e < count; ++e) {
      T const* const row = from[e] + column;
      (std::memcpy(&x[I], row + I * lanes, sizeof(vec)), ...);
      ((sum[I] += scale[e] * x[I]), ...);
    }
    (std::memcpy(to + I * lanes, &sum[I], sizeof(vec)), ...);
  }
  [[gnu::target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]] static void run(index count, T const* const* from,
                                                                                 T const* scale, index cols, T* to,
                                                                                 bool add) {
    index c = 0;
    for (; c + 8 * lanes <= cols; c += 8 * lanes) {
      block(count, from, scale, c, to + c, add, std::make_index_sequence<8>{});
    }
    if (c + 4 * lanes <= cols) {
      block(count, from, scale, c, to + c, add, std::make_index_sequence<4>{});
      c += 4 * lanes;
    }
    for (; c + lanes <= cols; c += lanes) block(count, from, scale, c, to + c, add, std::make_index_sequence<1>{});
    if (c == cols) return;
    if (cols >= lanes) {
      T last[lanes];
      index const begin = cols - lanes;
      std::memcpy(last, to + begin, sizeof last);
      block(count, from, scale, begin, last, add, std::make_index_sequence<1>{});
      std::memcpy(to + c, last + (c - begin), (cols - c) * sizeof(T));
      return;
    }
    for (; c < cols; ++c) {
      T sum = add ? to[c] : T{0};
      for (index e = 0; e < count; ++e) sum += scale[e] * from[e][c];
      to[c] = sum;
    }
  }
};
#endif

template <class T>
[[nodiscard]] row_sum_kernel<T> row_sum_for(instruction_set set) {
#if INTARSIA_X86
  if (set == instruction_set::avx512) return row_sum_avx512<T>::run;
  if (set == instruction_set::avx2) return row_sum_avx2<T>::run;
#endif
  static_cast<void>(set);
  return row_sum_portable<T>::run;
}

}  // namespace intarsia::inline v0::cpu::detail
