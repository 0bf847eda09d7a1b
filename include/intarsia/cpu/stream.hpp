// Results too large for the caches: written straight to memory, which is not read first to be overwritten.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <intarsia/core/config.hpp>
#include <intarsia/tensor/view.hpp>

#if INTARSIA_X86
#include <immintrin.h>
#endif

namespace intarsia::inline v0::cpu::detail {

// Whether y is written past the caches: it is much, and its rows are whole lines of memory.
template <class T>
[[nodiscard]] bool streams(dense<T> y) {
  constexpr std::size_t line = 64, much = std::size_t{1} << 25;
  return y.rows * y.cols * sizeof(T) >= much && y.cols * sizeof(T) % line == 0 && y.stride * sizeof(T) % line == 0 &&
         reinterpret_cast<std::uintptr_t>(y.data) % line == 0;
}

#if INTARSIA_X86
// Vectors to memory, on their own boundary; other threads may read them after stream_end().
[[gnu::target("avx2,fma")]] inline void stream_32(void* to, void const* from) {
  __m256i bits;
  std::memcpy(&bits, from, sizeof bits);
  _mm256_stream_si256(static_cast<__m256i*>(to), bits);
}
[[gnu::target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]] inline void stream_64(void* to, void const* from) {
  __m512i bits;
  std::memcpy(&bits, from, sizeof bits);
  _mm512_stream_si512(static_cast<__m512i*>(to), bits);
}
inline void stream_end() { _mm_sfence(); }
#endif

}  // namespace intarsia::inline v0::cpu::detail
