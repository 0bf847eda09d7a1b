// The innermost loop of draw_entries: the draws of sixteen rows at a time, a row to a lane. The same text for each
// instruction set, because the target of a function must be spelled out. Vector types stay inside the functions.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <intarsia/core/random.hpp>
#include <intarsia/cpu/context.hpp>
#include <utility>
#if INTARSIA_X86
#include <immintrin.h>
#endif

namespace intarsia::inline v0::cpu::detail {

inline constexpr std::size_t draw_lanes = 16;
// Draws that a row may make here: the comparisons among them grow by the square.
inline constexpr std::uint32_t most_lane_draws = 64;

// f(i, j) for the places that a sorting network of `count` numbers compares and exchanges, one pair after the other.
// Merge exchange: Knuth, The Art of Computer Programming 3, 5.2.2, algorithm M.
template <class F>
constexpr void each_exchange(std::uint32_t count, F&& f) {
  std::uint32_t top = 1;
  while (top * 2 < count) top *= 2;
  for (std::uint32_t p = count < 2 ? 0 : top; p > 0; p /= 2) {
    for (std::uint32_t q = top, r = 0, d = p;; d = q - p, q /= 2, r = p) {
      for (std::uint32_t i = 0; i + d < count; ++i) {
        if ((i & p) == r) f(static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i + d));
      }
      if (q == p) break;
    }
  }
}

// What the rows of one call have in common.
struct lane_plan {
  lane_plan(random const& dice, std::uint32_t draws, bool again) : key{dice.key()}, count{draws}, replace{again} {
    each_exchange(count, [this](std::uint8_t i, std::uint8_t j) { pairs[pair_count++] = {i, j}; });
  }

  std::array<std::uint32_t, 2> key;
  std::uint32_t count;
  bool replace;
  // A sorting network.
  std::uint32_t pair_count = 0;
  std::array<std::array<std::uint8_t, 2>, 543> pairs;  // as many as 64 draws need
};

// places[j * draw_lanes + lane]: `count` numbers of [0, sizes[lane]), rising; without replacement all different, each
// set equally likely (and count < sizes[lane]); with replacement independent. They follow from the key and rows[lane]
// alone, are the same for each body, and those that `random` would give to the same row:
//   R. Floyd, "A sample of brilliance", Communications of the ACM 30 (1987): for last = n - count, ..., n - 1 take a
//   number of [0, last], or `last` itself where that number was taken before.
using lane_kernel = void (*)(lane_plan const& plan, std::uint32_t const* rows, std::uint32_t const* sizes,
                             std::uint32_t* places);

// One row by itself: what the vectors do, and what they leave to it where a draw has to be repeated.
inline void draw_lane(lane_plan const& plan, std::uint32_t row, std::uint32_t size, std::uint32_t* places) {
  auto const count = plan.count;
  random dice = random::with_key(plan.key, row);
  for (std::uint32_t j = 0; j < count; ++j) {
    std::uint32_t const last = plan.replace ? size - 1 : size - count + j;
    std::uint32_t pick = dice.below(last + 1);
    if (!plan.replace) {
      for (std::uint32_t i = 0; i < j; ++i) {
        if (places[i * draw_lanes] == pick) {
          pick = last;
          break;
        }
      }
    }
    places[j * draw_lanes] = pick;
  }
  for (std::uint32_t j = 1; j < count; ++j) {
    std::uint32_t const pick = places[j * draw_lanes];
    std::uint32_t i = j;
    for (; i > 0 && places[(i - 1) * draw_lanes] > pick; --i) {
      places[i * draw_lanes] = places[(i - 1) * draw_lanes];
    }
    places[i * draw_lanes] = pick;
  }
}

inline void draw_lanes_portable(lane_plan const& plan, std::uint32_t const* rows, std::uint32_t const* sizes,
                                std::uint32_t* places) {
  for (std::size_t lane = 0; lane < draw_lanes; ++lane) {
    draw_lane(plan, rows[lane], sizes[lane], places + lane);
  }
}

#if INTARSIA_X86
[[gnu::target("avx2")]] inline void draw_lanes_avx2(lane_plan const& plan, std::uint32_t const* rows,
                                                    std::uint32_t const* sizes, std::uint32_t* places) {
  auto const count = plan.count;
  bool const replace = plan.replace;
  for (std::size_t half = 0; half < draw_lanes; half += 8, places += 8) {
    __m256i const size = _mm256_loadu_si256(reinterpret_cast<__m256i const*>(sizes + half));
    __m256i const row = _mm256_loadu_si256(reinterpret_cast<__m256i const*>(rows + half));
    __m256i const one = _mm256_set1_epi32(1), sign = _mm256_set1_epi32(static_cast<int>(0x80000000u));
    __m256i choices = replace ? size : _mm256_sub_epi32(size, _mm256_set1_epi32(static_cast<int>(count - 1)));
    __m256i repeat = _mm256_setzero_si256(), word[4];
    for (std::uint32_t j = 0; j < count; ++j) {
      if (j % 4 == 0) {
        __m256i a = row, b = _mm256_setzero_si256(), c = _mm256_set1_epi32(static_cast<int>(j / 4)), d = b;
        __m256i const m = _mm256_set1_epi32(static_cast<int>(0xD2511F53u));
        __m256i const n = _mm256_set1_epi32(static_cast<int>(0xCD9E8D57u));
        std::uint32_t k0 = plan.key[0], k1 = plan.key[1];
        for (int round = 0; round < 10; ++round, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
          __m256i const a0 = _mm256_mul_epu32(a, m), a1 = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), m);
          __m256i const c0 = _mm256_mul_epu32(c, n), c1 = _mm256_mul_epu32(_mm256_srli_epi64(c, 32), n);
          __m256i const a_high = _mm256_blend_epi32(_mm256_srli_epi64(a0, 32), a1, 0xAA);
          __m256i const a_low = _mm256_blend_epi32(a0, _mm256_slli_epi64(a1, 32), 0xAA);
          __m256i const c_high = _mm256_blend_epi32(_mm256_srli_epi64(c0, 32), c1, 0xAA);
          __m256i const c_low = _mm256_blend_epi32(c0, _mm256_slli_epi64(c1, 32), 0xAA);
          a = _mm256_xor_si256(_mm256_xor_si256(c_high, b), _mm256_set1_epi32(static_cast<int>(k0)));
          c = _mm256_xor_si256(_mm256_xor_si256(a_high, d), _mm256_set1_epi32(static_cast<int>(k1)));
          b = c_low;
          d = a_low;
        }
        word[0] = a, word[1] = b, word[2] = c, word[3] = d;
      }
      __m256i const even = _mm256_mul_epu32(word[j % 4], choices);
      __m256i const odd = _mm256_mul_epu32(_mm256_srli_epi64(word[j % 4], 32), _mm256_srli_epi64(choices, 32));
      __m256i pick = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA);
      __m256i const low = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xAA);
      repeat =
          _mm256_or_si256(repeat, _mm256_cmpgt_epi32(_mm256_xor_si256(choices, sign), _mm256_xor_si256(low, sign)));
      if (!replace) {
        __m256i taken = _mm256_setzero_si256();
        for (std::uint32_t i = 0; i < j; ++i) {
          auto const* const before = reinterpret_cast<__m256i const*>(places + i * draw_lanes);
          taken = _mm256_or_si256(taken, _mm256_cmpeq_epi32(pick, _mm256_loadu_si256(before)));
        }
        pick = _mm256_blendv_epi8(pick, _mm256_sub_epi32(choices, one), taken);
        choices = _mm256_add_epi32(choices, one);
      }
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(places + j * draw_lanes), pick);
    }
    for (std::uint32_t i = 0; i < plan.pair_count; ++i) {
      auto* const a = reinterpret_cast<__m256i*>(places + plan.pairs[i][0] * draw_lanes);
      auto* const b = reinterpret_cast<__m256i*>(places + plan.pairs[i][1] * draw_lanes);
      __m256i const x = _mm256_loadu_si256(a), y = _mm256_loadu_si256(b);
      _mm256_storeu_si256(a, _mm256_min_epu32(x, y));
      _mm256_storeu_si256(b, _mm256_max_epu32(x, y));
    }
    auto again = static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(repeat)));
    for (; again != 0; again &= again - 1) {
      auto const lane = static_cast<std::size_t>(__builtin_ctz(again));
      draw_lane(plan, rows[half + lane], sizes[half + lane], places + lane);
    }
  }
}

// Numbers in the order in which they are looked at: of each draw those before it, then itself.
template <std::size_t Room>
inline constexpr auto draws_before = [] {
  std::array<std::array<std::uint8_t, 2>, Room*(Room + 1) / 2> pairs{};
  std::size_t next = 0;
  for (std::uint8_t j = 0; j < Room; ++j) {
    for (std::uint8_t i = 0; i <= j; ++i) pairs[next++] = {j, i};
  }
  return pairs;
}();
template <std::size_t Room>
inline constexpr std::size_t exchange_count = [] {
  std::size_t count = 0;
  each_exchange(Room, [&](auto, auto) { ++count; });
  return count;
}();
template <std::size_t Room>
inline constexpr auto exchanges = [] {
  std::array<std::array<std::uint8_t, 2>, exchange_count<Room>> pairs{};
  std::size_t next = 0;
  each_exchange(Room, [&](std::uint8_t i, std::uint8_t j) { pairs[next++] = {i, j}; });
  return pairs;
}();

// Draws that were taken before become the last number they could be, and all are sorted: `count` <= Room of them, more
// than Room - 4, in registers. Places that no draw fills hold the largest number and stay behind all others.
template <class Draws, class Before, class Exchanges>
struct settle_avx512;
template <std::size_t... J, std::size_t... B, std::size_t... E>
struct settle_avx512<std::index_sequence<J...>, std::index_sequence<B...>, std::index_sequence<E...>> {
  [[gnu::target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]] static void run(std::uint32_t count, bool replace,
                                                                                 std::uint32_t const* sizes,
                                                                                 std::uint32_t* places) {
    constexpr std::size_t room = sizeof...(J);
    constexpr auto& before = draws_before<room>;
    constexpr auto& pairs = exchanges<room>;
    constexpr __mmask16 all = 0xFFFF;
    __m512i pick[room], less;
    ((pick[J] = J < count ? _mm512_loadu_si512(places + J * draw_lanes) : _mm512_set1_epi32(-1)), ...);
    if (!replace) {
      __m512i const one = _mm512_set1_epi32(1);
      __m512i last = _mm512_sub_epi32(_mm512_loadu_si512(sizes), _mm512_set1_epi32(static_cast<int>(count)));
      __mmask16 open = all;
      ((before[B][1] < before[B][0]
            ? void(open = _mm512_mask_cmpneq_epi32_mask(open, pick[before[B][0]], pick[before[B][1]]))
            : void((pick[before[B][0]] = before[B][0] < count ? _mm512_mask_mov_epi32(last, open, pick[before[B][0]])
                                                              : pick[before[B][0]],
                    last = _mm512_add_epi32(last, one), open = all))),
       ...);
    }
    ((less = _mm512_maskz_min_epu32(all, pick[pairs[E][0]], pick[pairs[E][1]]),
      pick[pairs[E][1]] = _mm512_maskz_max_epu32(all, pick[pairs[E][0]], pick[pairs[E][1]]), pick[pairs[E][0]] = less),
     ...);
    ((J < count ? _mm512_storeu_si512(places + J * draw_lanes, pick[J]) : void()), ...);
  }
};
template <std::size_t Room>
using settle_in_registers = settle_avx512<std::make_index_sequence<Room>, std::make_index_sequence<Room*(Room + 1) / 2>,
                                          std::make_index_sequence<exchange_count<Room>>>;

// The same for any number of draws.
[[gnu::target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]] inline void settle_many_avx512(
    lane_plan const& plan, std::uint32_t const* sizes, std::uint32_t* places) {
  constexpr __mmask16 all = 0xFFFF;
  __m512i const one = _mm512_set1_epi32(1);
  __m512i last = _mm512_sub_epi32(_mm512_loadu_si512(sizes), _mm512_set1_epi32(static_cast<int>(plan.count)));
  for (std::uint32_t j = 0; !plan.replace && j < plan.count; ++j) {
    __m512i const pick = _mm512_loadu_si512(places + j * draw_lanes);
    __mmask16 open = all;
    for (std::uint32_t i = 0; i < j; ++i) {
      open = _mm512_mask_cmpneq_epi32_mask(open, pick, _mm512_loadu_si512(places + i * draw_lanes));
    }
    _mm512_storeu_si512(places + j * draw_lanes, _mm512_mask_mov_epi32(last, open, pick));
    last = _mm512_add_epi32(last, one);
  }
  for (std::uint32_t i = 0; i < plan.pair_count; ++i) {
    std::uint32_t* const a = places + plan.pairs[i][0] * draw_lanes;
    std::uint32_t* const b = places + plan.pairs[i][1] * draw_lanes;
    __m512i const x = _mm512_loadu_si512(a), y = _mm512_loadu_si512(b);
    _mm512_storeu_si512(a, _mm512_maskz_min_epu32(all, x, y));
    _mm512_storeu_si512(b, _mm512_maskz_max_epu32(all, x, y));
  }
}

[[gnu::target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]] inline void draw_lanes_avx512(lane_plan const& plan,
                                                                                             std::uint32_t const* rows,
                                                                                             std::uint32_t const* sizes,
                                                                                             std::uint32_t* places) {
  auto const count = plan.count;
  // Masks of all lanes: the forms without one draw warnings from g++ 12.
  constexpr __mmask8 all8 = 0xFF;
  __m512i const size = _mm512_loadu_si512(sizes), row = _mm512_loadu_si512(rows);
  __m512i const one = _mm512_set1_epi32(plan.replace ? 0 : 1);
  __m512i choices = plan.replace ? size : _mm512_sub_epi32(size, _mm512_set1_epi32(static_cast<int>(count - 1)));
  __mmask16 repeat = 0;
  for (std::uint32_t first = 0; first < count; first += 4) {
    // Even and odd rows by themselves, each in the lower half of 64 bits: products ignore what stands above.
    __m512i a0 = row, a1 = _mm512_maskz_srli_epi64(all8, row, 32), b0 = _mm512_setzero_si512(), b1 = b0, d0 = b0,
            d1 = b0, c0 = _mm512_set1_epi32(static_cast<int>(first / 4)), c1 = c0;
    __m512i const m = _mm512_set1_epi32(static_cast<int>(0xD2511F53u));
    __m512i const n = _mm512_set1_epi32(static_cast<int>(0xCD9E8D57u));
    std::uint32_t k0 = plan.key[0], k1 = plan.key[1];
    for (int round = 0; round < 10; ++round, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
      __m512i const x = _mm512_set1_epi32(static_cast<int>(k0)), y = _mm512_set1_epi32(static_cast<int>(k1));
      __m512i const am0 = _mm512_maskz_mul_epu32(all8, a0, m), am1 = _mm512_maskz_mul_epu32(all8, a1, m);
      __m512i const cn0 = _mm512_maskz_mul_epu32(all8, c0, n), cn1 = _mm512_maskz_mul_epu32(all8, c1, n);
      a0 = _mm512_ternarylogic_epi32(_mm512_maskz_srli_epi64(all8, cn0, 32), b0, x, 0x96);
      a1 = _mm512_ternarylogic_epi32(_mm512_maskz_srli_epi64(all8, cn1, 32), b1, x, 0x96);
      c0 = _mm512_ternarylogic_epi32(_mm512_maskz_srli_epi64(all8, am0, 32), d0, y, 0x96);
      c1 = _mm512_ternarylogic_epi32(_mm512_maskz_srli_epi64(all8, am1, 32), d1, y, 0x96);
      b0 = cn0, b1 = cn1, d0 = am0, d1 = am1;
    }
    __m512i const even[4] = {a0, b0, c0, d0}, odd[4] = {a1, b1, c1, d1};
    for (std::uint32_t j = first; j < count && j < first + 4; ++j) {
      __m512i const low = _mm512_maskz_mul_epu32(all8, even[j - first], choices);
      __m512i const high = _mm512_maskz_mul_epu32(all8, odd[j - first], _mm512_maskz_srli_epi64(all8, choices, 32));
      _mm512_storeu_si512(places + j * draw_lanes,
                          _mm512_mask_blend_epi32(0xAAAA, _mm512_maskz_srli_epi64(all8, low, 32), high));
      __m512i const rest = _mm512_mask_blend_epi32(0xAAAA, low, _mm512_maskz_slli_epi64(all8, high, 32));
      repeat = static_cast<__mmask16>(repeat | _mm512_cmplt_epu32_mask(rest, choices));
      choices = _mm512_add_epi32(choices, one);
    }
  }
  switch ((count + 3) / 4) {
    case 1:
      settle_in_registers<4>::run(count, plan.replace, sizes, places);
      break;
    case 2:
      settle_in_registers<8>::run(count, plan.replace, sizes, places);
      break;
    case 3:
      settle_in_registers<12>::run(count, plan.replace, sizes, places);
      break;
    case 4:
      settle_in_registers<16>::run(count, plan.replace, sizes, places);
      break;
    default:
      settle_many_avx512(plan, sizes, places);
  }
  for (unsigned again = repeat; again != 0; again &= again - 1) {
    auto const lane = static_cast<std::size_t>(__builtin_ctz(again));
    draw_lane(plan, rows[lane], sizes[lane], places + lane);
  }
}
#endif

[[nodiscard]] inline lane_kernel lane_draws_for(instruction_set set) {
#if INTARSIA_X86
  if (set == instruction_set::avx512) return draw_lanes_avx512;
  if (set == instruction_set::avx2) return draw_lanes_avx2;
#endif
  static_cast<void>(set);
  return draw_lanes_portable;
}

}  // namespace intarsia::inline v0::cpu::detail
