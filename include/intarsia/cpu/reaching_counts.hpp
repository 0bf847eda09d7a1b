// Which counts of shared users can make an edge that is heavy enough: nearly all cannot, and are told apart 64 at a
// time before any weight is computed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <intarsia/cpu/context.hpp>
#include <intarsia/graph/count_weighing.hpp>
#include <limits>
#if INTARSIA_X86
#include <immintrin.h>
#endif

namespace intarsia::inline v0::cpu {

namespace detail {
// Bit k: counts[k] >= least, of 64 counts.
template <class Count>
[[nodiscard]] inline std::uint64_t reaching(Count const* counts, Count least) {
  std::uint64_t found = 0;
  for (std::size_t k = 0; k < 64; ++k) found |= std::uint64_t{counts[k] >= least} << k;
  return found;
}
#if INTARSIA_X86
[[nodiscard, gnu::target("avx2")]] inline std::uint64_t reaching_avx2(std::uint8_t const* counts, std::uint8_t least) {
  __m256i const bar = _mm256_set1_epi8(static_cast<char>(least));
  std::uint64_t found = 0;
  for (std::size_t half = 0; half < 2; ++half) {
    __m256i const c = _mm256_loadu_si256(reinterpret_cast<__m256i const*>(counts + 32 * half));
    auto const bits = static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_max_epu8(c, bar), c)));
    found |= std::uint64_t{bits} << 32 * half;
  }
  return found;
}
template <class Count>
[[nodiscard, gnu::target("avx2")]] inline std::uint64_t reaching_avx2(Count const* counts, Count least) {
  return reaching(counts, least);
}
[[nodiscard, gnu::target("avx512f,avx512bw")]] inline std::uint64_t reaching_avx512(std::uint8_t const* counts,
                                                                                    std::uint8_t least) {
  return _mm512_cmpge_epu8_mask(_mm512_loadu_si512(counts), _mm512_set1_epi8(static_cast<char>(least)));
}
[[nodiscard, gnu::target("avx512f,avx512bw")]] inline std::uint64_t reaching_avx512(std::uint16_t const* counts,
                                                                                    std::uint16_t least) {
  __m512i const bar = _mm512_set1_epi16(static_cast<short>(least));
  return _mm512_cmpge_epu16_mask(_mm512_loadu_si512(counts), bar) |
         std::uint64_t{_mm512_cmpge_epu16_mask(_mm512_loadu_si512(counts + 32), bar)} << 32;
}
[[nodiscard, gnu::target("avx512f,avx512bw")]] inline std::uint64_t reaching_avx512(std::uint32_t const* counts,
                                                                                    std::uint32_t least) {
  __m512i const bar = _mm512_set1_epi32(static_cast<int>(least));
  std::uint64_t found = 0;
  for (std::size_t part = 0; part < 4; ++part) {
    found |= std::uint64_t{_mm512_cmpge_epu32_mask(_mm512_loadu_si512(counts + 16 * part), bar)} << 16 * part;
  }
  return found;
}
#endif

// The count below which no weight of a block whose largest factor this is reaches by.lowest; rounding is allowed for.
[[nodiscard]] inline float least_count(count_weighing const& by, float largest_factor) {
  float const least = by.lowest / (by.factor * largest_factor) * 0.99999f;
  return least > by.support ? least : by.support;  // also where it is not a number
}
}  // namespace detail

// found[b], bit k: whether counts[64 b + k] has by.support users, and factor_i factor_j c may be as heavy as by.lowest
// where no factor_j of the block is above largest_factors[b]; for a few that are lighter it may say so too. The counts
// are below 2^31. Runs on the calling thread and touches nothing of the context, so that pieces of a bulk may call it.
template <class Count>
void reaching_counts([[maybe_unused]] context const& ctx, count_weighing const& by, std::size_t blocks,
                     Count const* counts, float const* largest_factors, std::uint64_t* found) {
  constexpr float most = sizeof(Count) < 4 ? static_cast<float>(std::numeric_limits<Count>::max()) : 2147483520.0f;
  auto const each = [&](auto const& which) {
    for (std::size_t b = 0; b < blocks; ++b) {
      float const least = detail::least_count(by, largest_factors[b]);
      found[b] = 0;
      if (least > most) continue;
      auto const whole = static_cast<Count>(least);
      found[b] = which(counts + 64 * b, static_cast<Count>(whole + (static_cast<float>(whole) < least ? 1 : 0)));
    }
  };
#if INTARSIA_X86
  if (ctx.instructions() == instruction_set::avx512) {
    return each([](Count const* c, Count least) { return detail::reaching_avx512(c, least); });
  }
  if (ctx.instructions() == instruction_set::avx2) {
    return each([](Count const* c, Count least) { return detail::reaching_avx2(c, least); });
  }
#endif
  each([](Count const* c, Count least) { return detail::reaching(c, least); });
}

}  // namespace intarsia::inline v0::cpu
