// Pairs of bf16: what AVX-512 BF16 multiplies. A word holds two successive steps along the depth of a product; for each
// number of C it adds the product of the later step, then that of the earlier one, both rounded to nearest.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <intarsia/core/bf16.hpp>
#include <intarsia/core/config.hpp>
#include <intarsia/cpu/tile.hpp>
#include <utility>

#if INTARSIA_X86
#include <immintrin.h>
#endif

namespace intarsia::inline v0::cpu::detail {

// The earlier step in the lower half. Two numbers that lie side by side can be read as a pair.
struct [[gnu::may_alias]] bf16_pair {
  std::uint32_t bits = 0;
};
template <>
struct sum_of<bf16_pair> {
  using type = float;
};
// As many steps as a panel of floats holds: sums are cut at the same places.
template <>
inline constexpr std::size_t panel_depth<bf16_pair> = panel_depth<float> / 2;

#if INTARSIA_X86

// The first n of 16 lanes.
[[nodiscard]] constexpr std::uint16_t first_lanes(std::size_t n) {
  return n >= 16 ? std::uint16_t{0xFFFF} : static_cast<std::uint16_t>((1u << n) - 1);
}

// scale * from[0, count) as pairs of neighbors: (count + 1) / 2 words; a number without a neighbor gets a zero.
[[gnu::target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]] inline void pair_row(float const* from,
                                                                                               std::size_t count,
                                                                                               float scale,
                                                                                               bf16_pair* to) {
  __m512 const s = _mm512_set1_ps(scale);
  std::size_t i = 0;
  for (; i + 32 <= count; i += 32, to += 16) {
    __m512 const low = _mm512_mul_ps(s, _mm512_loadu_ps(from + i)),
                 high = _mm512_mul_ps(s, _mm512_loadu_ps(from + i + 16));
    _mm512_storeu_si512(to, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low)));
  }
  if (i == count) return;
  std::size_t const rest = count - i;
  __m512 const low = _mm512_mul_ps(s, _mm512_maskz_loadu_ps(first_lanes(rest), from + i)),
               high = _mm512_mul_ps(s, _mm512_maskz_loadu_ps(first_lanes(rest > 16 ? rest - 16 : 0), from + i + 16));
  _mm512_mask_storeu_epi32(to, first_lanes((rest + 1) / 2), reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low)));
}

// Pairs of `count` numbers of two rows, scaled, one above the other (`odd` null: zeros), to panels `width` wide that
// are `panel` words apart; words beyond count are zero. Of each panel a multiple of 16 words is written, so that rows
// of a panel have to be written in order and the last one needs room behind it.
[[gnu::target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]] inline void pair_rows(
    float const* even, float const* odd, std::size_t count, float even_scale, float odd_scale, bf16_pair* to,
    std::size_t width, std::size_t panel) {
  // Takes word i of the lower and of the upper half by turns.
  __m512i const turns =
      _mm512_add_epi32(_mm512_set1_epi32(0x00100000),
                       _mm512_mullo_epi32(_mm512_set1_epi32(0x00010001),
                                          _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)));
  __m512 const by_even = _mm512_set1_ps(even_scale), by_odd = _mm512_set1_ps(odd_scale);
  for (std::size_t begin = 0; begin < count; begin += width, to += panel) {
    for (std::size_t c = 0; c < width; c += 16) {
      std::size_t const i = begin + c;
      std::uint16_t const some = first_lanes(i < count ? count - i : 0);
      __m512 const low = _mm512_mul_ps(by_even, _mm512_maskz_loadu_ps(some, even + i)),
                   high =
                       _mm512_mul_ps(by_odd, _mm512_maskz_loadu_ps(odd ? some : std::uint16_t{0}, odd + (odd ? i : 0)));
      __m512i const halves = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low));
      _mm512_storeu_si512(to + c, _mm512_permutexvar_epi16(turns, halves));
    }
  }
}

// The same unscaled, and of numbers that are stored as bf16.
inline void pair_row(float const* from, std::size_t count, bf16_pair* to) { pair_row(from, count, 1, to); }
inline void pair_row(bf16 const* from, std::size_t count, bf16_pair* to) {
  std::memcpy(&to->bits, &from->bits, count / 2 * sizeof *to);
  if (count % 2 == 1) to[count / 2] = {from[count - 1].bits};
}
inline void pair_rows(float const* even, float const* odd, std::size_t count, bf16_pair* to, std::size_t width,
                      std::size_t panel) {
  pair_rows(even, odd, count, 1, 1, to, width, panel);
}
[[gnu::target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]] inline void pair_rows(
    bf16 const* even, bf16 const* odd, std::size_t count, bf16_pair* to, std::size_t width, std::size_t panel) {
  // Takes word i of the first and of the second vector by turns; those of the second one count from 32.
  __m512i const from = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  __m512i const turns = _mm512_or_si512(from, _mm512_slli_epi32(_mm512_add_epi32(from, _mm512_set1_epi32(32)), 16));
  std::size_t begin = 0;
  // Panels that can be read whole.
  for (; odd && width <= 16 && begin + 16 <= count; begin += width, to += panel) {
    __m512i const low = _mm512_castsi256_si512(_mm256_loadu_si256(reinterpret_cast<__m256i const*>(even + begin))),
                  high = _mm512_castsi256_si512(_mm256_loadu_si256(reinterpret_cast<__m256i const*>(odd + begin)));
    _mm512_storeu_si512(to, _mm512_permutex2var_epi16(low, turns, high));
  }
  for (; begin < count; begin += width, to += panel) {
    for (std::size_t c = 0; c < width; c += 16) {
      std::size_t const i = begin + c;
      std::uint16_t const some = first_lanes(i < count ? count - i : 0);
      __m256i const low = _mm256_maskz_loadu_epi16(some, even + i),
                    high = _mm256_maskz_loadu_epi16(odd ? some : std::uint16_t{0}, odd + (odd ? i : 0));
      _mm512_storeu_si512(
          to + c, _mm512_permutex2var_epi16(_mm512_castsi256_si512(low), turns, _mm512_castsi256_si512(high)));
    }
  }
}

// Pairs along `width` rows of `depth` numbers, `stride` apart, pair by pair, `to_width` words a pair, the rest zero.
[[gnu::target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]] inline void pair_columns(
    float const* from, std::size_t stride, std::size_t depth, std::size_t width, bf16_pair* to, std::size_t to_width) {
  alignas(64) bf16_pair words[16];
  for (std::size_t begin = 0; begin < depth; begin += 32, to += 16 * to_width) {
    std::size_t const steps = std::min<std::size_t>(32, depth - begin), pairs = (steps + 1) / 2;
    for (std::size_t column = 0; column < width; ++column) {
      pair_row(from + column * stride + begin, steps, 1, words);
      for (std::size_t p = 0; p < pairs; ++p) to[p * to_width + column] = words[p];
    }
    for (std::size_t p = 0; p < pairs; ++p) {
      for (std::size_t column = width; column < to_width; ++column) to[p * to_width + column] = {};
    }
  }
}

// 2^(score - correction - peak) as exp2_lanes has it for results that are rounded, to the same bits.
[[gnu::target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16"), gnu::always_inline]] inline __m512 weight_of(
    float const* score, __m512 const& correction, __m512 const& peak) {
  constexpr __mmask16 all = 0xFFFF;  // as a mask: without one GCC 12 warns of its own headers
  __m512 const v = _mm512_maskz_max_ps(all, _mm512_set1_ps(-127.0f),
                                       _mm512_sub_ps(_mm512_sub_ps(_mm512_loadu_ps(score), correction), peak));
  __m512 const magic = _mm512_set1_ps(12582912.0f), shifted = _mm512_add_ps(v, magic);
  __m512 const r = _mm512_sub_ps(v, _mm512_sub_ps(shifted, magic));
  __m512 y = _mm512_fmadd_ps(_mm512_set1_ps(9.582852944731712e-3f), r, _mm512_set1_ps(5.5906426161527634e-2f));
  y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(2.4024099111557007e-1f));
  y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(6.931241750717163e-1f));
  y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(1.0f));
  __m512i const power =
      _mm512_maskz_slli_epi32(all, _mm512_add_epi32(_mm512_castps_si512(shifted), _mm512_set1_epi32(127)), 23);
  return _mm512_mul_ps(y, _mm512_castsi512_ps(power));
}

// Two rows of scores, or one, become pairs of weights; see paired_operands::weights.
[[gnu::target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]] inline void weigh_two(
    float const* scores, std::size_t stride, float const* corrections, float const* peaks, std::size_t padded,
    bool two, float* sums, bf16_pair* to, std::size_t apart, bf16_pair* above) {
  // Word j above: number j of both rows; those of the second one count from 32.
  __m512i const from = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  __m512i const low = _mm512_or_si512(from, _mm512_slli_epi32(_mm512_add_epi32(from, _mm512_set1_epi32(32)), 16));
  __m512i const high = _mm512_add_epi16(low, _mm512_set1_epi16(16));
  __m512 const peak = _mm512_set1_ps(peaks[0]), other_peak = _mm512_set1_ps(two ? peaks[1] : 0.0f);
  __m512 sum = _mm512_loadu_ps(sums), other_sum = two ? _mm512_loadu_ps(sums + 16) : _mm512_setzero_ps();
  for (std::size_t c = 0; c < padded; c += 32) {
    __m512 const left = _mm512_loadu_ps(corrections + c), right = _mm512_loadu_ps(corrections + c + 16);
    __m512 const x = weight_of(scores + c, left, peak), y = weight_of(scores + c + 16, right, peak);
    sum = _mm512_add_ps(_mm512_add_ps(sum, x), y);
    __m512i const even = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(y, x));
    _mm512_storeu_si512(to + c / 2, even);
    __m512i odd = _mm512_setzero_si512();
    if (two) {
      __m512 const u = weight_of(scores + stride + c, left, other_peak),
                   v = weight_of(scores + stride + c + 16, right, other_peak);
      other_sum = _mm512_add_ps(_mm512_add_ps(other_sum, u), v);
      odd = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(v, u));
      _mm512_storeu_si512(to + apart + c / 2, odd);
    }
    if (!above) continue;
    _mm512_storeu_si512(above + c, _mm512_permutex2var_epi16(even, low, odd));
    _mm512_storeu_si512(above + c + 16, _mm512_permutex2var_epi16(even, high, odd));
  }
  _mm512_storeu_ps(sums, sum);
  if (two) _mm512_storeu_ps(sums + 16, other_sum);
}

template <class W, a_layout A, class Ask, class Rows>
struct tile_pairs;
template <a_layout A, class Ask, std::size_t... I>
struct tile_pairs<bf16_pair, A, Ask, std::index_sequence<I...>> {
  [[gnu::target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]] static void run(
      std::size_t depth, bf16_pair const* a, std::size_t a_stride, bf16_pair const* b, std::size_t b_stride, float* c,
      std::size_t c_stride, std::size_t rows, std::size_t cols, bool add, Ask asks) {
    std::remove_reference_t<Ask> asker = asks;
    bf16_pair const* from[sizeof...(I) / 3 + 1];
    (start_row<A, I>(from, a, a_stride), ...);
    __m512 left[sizeof...(I)], right[sizeof...(I)];
    ((left[I] = _mm512_setzero_ps(), right[I] = _mm512_setzero_ps()), ...);
    std::size_t k = 0;
    for (std::size_t part = 0; part < asker.parts; ++part) {
      asker.template start<sizeof...(I), 128>(part, c, c_stride);
      for (std::size_t const until = depth * (part + 1) / asker.parts; k < until; ++k, b += b_stride) {
        asker.template ask<4>(sizeof *b);
        auto const b0 = reinterpret_cast<__m512bh>(_mm512_loadu_si512(b)),
                   b1 = reinterpret_cast<__m512bh>(_mm512_loadu_si512(b + 16));
        ((left[I] = _mm512_dpbf16_ps(left[I], both(*row_of<A, I>(from, a_stride)), b0),
          right[I] = _mm512_dpbf16_ps(right[I], both(*row_of<A, I>(from, a_stride)), b1)),
         ...);
        (next_step<A, I>(from, a_stride), ...);
      }
    }
    if constexpr (std::is_reference_v<Ask>) asks = asker;
    if (cols >= 32) {
      ((I < rows ? put(left[I], right[I], c + I * c_stride, add) : void()), ...);
      return;
    }
    std::uint16_t const first = first_lanes(cols), second = first_lanes(cols > 16 ? cols - 16 : 0);
    ((I < rows ? put(left[I], right[I], c + I * c_stride, first, second, add) : void()), ...);
  }

 private:
  [[gnu::target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16"), gnu::always_inline]] static __m512bh both(
      bf16_pair x) {
    return reinterpret_cast<__m512bh>(_mm512_set1_epi32(static_cast<int>(x.bits)));
  }
  [[gnu::target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16"), gnu::always_inline]] static void put(
      __m512 const& left, __m512 const& right, float* c, bool add) {
    _mm512_storeu_ps(c, add ? _mm512_add_ps(left, _mm512_loadu_ps(c)) : left);
    _mm512_storeu_ps(c + 16, add ? _mm512_add_ps(right, _mm512_loadu_ps(c + 16)) : right);
  }
  [[gnu::target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16"), gnu::always_inline]] static void put(
      __m512 const& left, __m512 const& right, float* c, std::uint16_t first, std::uint16_t second, bool add) {
    __m512 x = left, y = right;
    if (add) {
      x = _mm512_add_ps(x, _mm512_maskz_loadu_ps(first, c));
      y = _mm512_add_ps(y, _mm512_maskz_loadu_ps(second, c + 16));
    }
    _mm512_mask_storeu_ps(c, first, x);
    _mm512_mask_storeu_ps(c + 16, second, y);
  }
};

template <class Ask = ask_nothing>
[[nodiscard]] tile_set<bf16_pair, Ask> paired_tiles() {
  return make_tiles<tile_pairs, bf16_pair, Ask, 14, 8, 4>(32);
}

#endif

}  // namespace intarsia::inline v0::cpu::detail
