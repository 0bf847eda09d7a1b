// The innermost loop of scan_products: a tile of products is made in registers, compared there with what each query
// asks for, and stored only where one of them is wanted. The same text for each instruction set, as in tile.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <intarsia/cpu/context.hpp>
#include <utility>

#if INTARSIA_X86
#include <immintrin.h>
#endif

namespace intarsia::inline v0::cpu::detail {

// The tallest tile of a scan on any instruction set.
inline constexpr std::size_t tallest_scan = 14;

// What a tile of a scan reads: its rows, `stride` apart, the queries, step by step with the columns of a step side by
// side, and a bar for each column. Memory from `next` on, as much as the tile's rows, is asked for on the way.
struct scan_tile_operands {
  std::size_t depth;
  float const* rows;
  std::size_t stride;
  float const* queries;
  float const* bars;
  float const* next;
};

// What is wanted of a tile: its products (rows, cols), and for each row a bit for each column that reaches its bar.
struct scan_tile_found {
  alignas(64) std::array<float, tallest_scan * 32> scores;
  std::array<std::uint32_t, tallest_scan> columns;
};

// Whether any product reaches its bar; `found` is written only then. What is no number reaches nothing.
using scan_tile = bool (*)(scan_tile_operands const& of, scan_tile_found& found);

// Kernels by instruction set: rows by cols.
struct scan_tile_set {
  std::size_t rows, cols;
  scan_tile run;
};

template <class Rows>
struct scan_tile_portable;
template <std::size_t... I>
struct scan_tile_portable<std::index_sequence<I...>> {
  static bool run(scan_tile_operands const& of, scan_tile_found& found) {
    using vec [[gnu::vector_size(16)]] = float;
    using whole [[gnu::vector_size(16)]] = std::int32_t;
    vec left[sizeof...(I)], right[sizeof...(I)];
    ((left[I] = vec{}, right[I] = vec{}), ...);
    float const *low = of.rows, *high = low + 7 * of.stride, *b = of.queries, *next = of.next;
    std::size_t const stride = of.stride;
    for (std::size_t k = of.depth; k != 0; --k, ++low, ++high, b += 8, next += sizeof...(I)) {
      __builtin_prefetch(next);
      vec b0, b1;
      std::memcpy(&b0, b, sizeof b0);
      std::memcpy(&b1, b + 4, sizeof b1);
      ((left[I] += (I < 7 ? low : high)[I % 7 * stride] * b0,
        right[I] += (I < 7 ? low : high)[I % 7 * stride] * b1),
       ...);
    }
    vec bar0, bar1;
    std::memcpy(&bar0, of.bars, sizeof bar0);
    std::memcpy(&bar1, of.bars + 4, sizeof bar1);
    whole reaching{};
    ((reaching |= (left[I] >= bar0) | (right[I] >= bar1)), ...);
    std::array<std::uint64_t, 2> words;
    std::memcpy(words.data(), &reaching, sizeof reaching);
    if ((words[0] | words[1]) == 0) return false;
    ((std::memcpy(found.scores.data() + 8 * I, &left[I], sizeof(vec)),
      std::memcpy(found.scores.data() + 8 * I + 4, &right[I], sizeof(vec))),
     ...);
    for (std::size_t row = 0; row < sizeof...(I); ++row) {
      found.columns[row] = 0;
      for (std::uint32_t c = 0; c < 8; ++c) {
        found.columns[row] |= static_cast<std::uint32_t>(found.scores[8 * row + c] >= of.bars[c]) << c;
      }
    }
    return true;
  }
};

#if INTARSIA_X86
template <class Rows>
struct scan_tile_avx2;
template <std::size_t... I>
struct scan_tile_avx2<std::index_sequence<I...>> {
  [[gnu::target("avx2,fma")]] static bool run(scan_tile_operands const& of, scan_tile_found& found) {
    using vec [[gnu::vector_size(32)]] = float;
    vec left[sizeof...(I)], right[sizeof...(I)];
    ((left[I] = vec{}, right[I] = vec{}), ...);
    float const *low = of.rows, *high = low + 7 * of.stride, *b = of.queries, *next = of.next;
    std::size_t const stride = of.stride;
    for (std::size_t k = of.depth; k != 0; --k, ++low, ++high, b += 16, next += sizeof...(I)) {
      __builtin_prefetch(next);
      vec b0, b1;
      std::memcpy(&b0, b, sizeof b0);
      std::memcpy(&b1, b + 8, sizeof b1);
      ((left[I] += (I < 7 ? low : high)[I % 7 * stride] * b0,
        right[I] += (I < 7 ? low : high)[I % 7 * stride] * b1),
       ...);
    }
    __m256 const bar0 = _mm256_loadu_ps(of.bars), bar1 = _mm256_loadu_ps(of.bars + 8);
    __m256 reaching = _mm256_setzero_ps();
    ((reaching = _mm256_or_ps(reaching, _mm256_or_ps(_mm256_cmp_ps(left[I], bar0, _CMP_GE_OQ),
                                                     _mm256_cmp_ps(right[I], bar1, _CMP_GE_OQ)))),
     ...);
    if (_mm256_movemask_ps(reaching) == 0) return false;
    ((std::memcpy(found.scores.data() + 16 * I, &left[I], sizeof(vec)),
      std::memcpy(found.scores.data() + 16 * I + 8, &right[I], sizeof(vec)),
      found.columns[I] =
          static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps(left[I], bar0, _CMP_GE_OQ))) |
          static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps(right[I], bar1, _CMP_GE_OQ))) << 8),
     ...);
    return true;
  }
};

template <class Rows>
struct scan_tile_avx512;
template <std::size_t... I>
struct scan_tile_avx512<std::index_sequence<I...>> {
  [[gnu::target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]] static bool run(scan_tile_operands const& of,
                                                                                 scan_tile_found& found) {
    using vec [[gnu::vector_size(64)]] = float;
    vec left[sizeof...(I)], right[sizeof...(I)];
    ((left[I] = vec{}, right[I] = vec{}), ...);
    float const *low = of.rows, *high = low + 7 * of.stride, *b = of.queries, *next = of.next;
    std::size_t const stride = of.stride;
    for (std::size_t k = of.depth; k != 0; --k, ++low, ++high, b += 32, next += sizeof...(I)) {
      __builtin_prefetch(next);
      vec b0, b1;
      std::memcpy(&b0, b, sizeof b0);
      std::memcpy(&b1, b + 16, sizeof b1);
      ((left[I] += (I < 7 ? low : high)[I % 7 * stride] * b0,
        right[I] += (I < 7 ? low : high)[I % 7 * stride] * b1),
       ...);
    }
    // Four masks of rows that are all below, so that comparisons need not wait for each other.
    __m512 const bar0 = _mm512_loadu_ps(of.bars), bar1 = _mm512_loadu_ps(of.bars + 16);
    __mmask16 below[4] = {0xffff, 0xffff, 0xffff, 0xffff};
    ((below[I % 2] = _mm512_mask_cmp_ps_mask(below[I % 2], left[I], bar0, _CMP_NGE_UQ),
      below[2 + I % 2] = _mm512_mask_cmp_ps_mask(below[2 + I % 2], right[I], bar1, _CMP_NGE_UQ)),
     ...);
    if ((below[0] & below[1] & below[2] & below[3]) == 0xffff) return false;
    ((std::memcpy(found.scores.data() + 32 * I, &left[I], sizeof(vec)),
      std::memcpy(found.scores.data() + 32 * I + 16, &right[I], sizeof(vec)),
      found.columns[I] = std::uint32_t{_mm512_cmp_ps_mask(left[I], bar0, _CMP_GE_OQ)} |
                         std::uint32_t{_mm512_cmp_ps_mask(right[I], bar1, _CMP_GE_OQ)} << 16),
     ...);
    return true;
  }
};
#endif

[[nodiscard]] inline scan_tile_set scan_tiles_for(instruction_set set) {
#if INTARSIA_X86
  if (set == instruction_set::avx512) return {14, 32, scan_tile_avx512<std::make_index_sequence<14>>::run};
  if (set == instruction_set::avx2) return {6, 16, scan_tile_avx2<std::make_index_sequence<6>>::run};
#endif
  static_cast<void>(set);
  return {4, 8, scan_tile_portable<std::make_index_sequence<4>>::run};
}

}  // namespace intarsia::inline v0::cpu::detail
