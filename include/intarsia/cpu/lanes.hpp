// Short vectors for loops that run_on() compiles for each instruction set: 64 bytes, which narrower machines take in
// parts, by way of memory where many are at work. Loops that this slows down are written for shorter ones, too. They
// are passed by reference only, so that no function's interface depends on the machine.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <intarsia/cpu/context.hpp>
#include <type_traits>
#include <utility>

namespace intarsia::inline v0::cpu::detail {

template <class T>
inline constexpr std::size_t lane_count = 64 / sizeof(T);
template <class T, std::size_t Bytes>
struct lanes_of {
  using type [[gnu::vector_size(Bytes)]] = T;
};
template <class T, std::size_t Bytes = 64>
using lanes = typename lanes_of<T, Bytes>::type;

// f.run<V>(i) with V of 64 bytes for AVX-512, and of 32 for others.
template <class T, class F>
[[gnu::always_inline]] inline void run_by_lanes(instruction_set set, F const& f, std::size_t i) {
  if (set == instruction_set::avx512) {
    f.template run<lanes<T>>(i);
  } else {
    f.template run<lanes<T, 32>>(i);
  }
}

// f(0), ..., f(Count - 1) without a loop, so that an array of vectors that f reads and writes stays in registers.
template <std::size_t... I, class F>
[[gnu::always_inline]] inline void unrolled(std::index_sequence<I...>, F const& f) {
  (f(I), ...);
}
template <std::size_t Count, class F>
[[gnu::always_inline]] inline void unrolled(F const& f) {
  unrolled(std::make_index_sequence<Count>{}, f);
}

template <class V, class T>
[[gnu::always_inline]] inline void load_lanes(V& to, T const* from) {
  std::memcpy(&to, from, sizeof to);
}
template <class V, class T>
[[gnu::always_inline]] inline void store_lanes(V const& from, T* to) {
  std::memcpy(to, &from, sizeof from);
}

// v = 2^v for v <= 0, and 0 below -127; not a number stays so. In float to 2 units in the last place, or, for a result
// that is rounded to bf16, to 3e-6 of itself. Near: no v is below -126. The polynomials have the least largest relative
// error on [-1/2, 1/2] of those that are 1 at 0.
template <class T, bool Rounded = false, bool Near = false, class V>
[[gnu::always_inline]] inline void exp2_lanes(V& v) {
  if constexpr (std::is_same_v<T, float>) {
    using whole = lanes<std::int32_t, sizeof(V)>;
    if constexpr (!Near) {
      V const lowest = V{} - 127.0f;
      v = lowest > v ? lowest : v;
    }
    V const shifted = v + 12582912.0f;  // its low bits are the exponent, rounded
    V const r = v - (shifted - 12582912.0f);
    V y;
    if constexpr (Rounded) {
      y = V{} + 9.582852944731712e-3f;
      y = y * r + 5.5906426161527634e-2f;
      y = y * r + 2.4024099111557007e-1f;
      y = y * r + 6.931241750717163e-1f;
    } else {
      y = V{} + 1.5345810970757157e-4f;
      y = y * r + 1.3399930903688073e-3f;
      y = y * r + 9.618489071726799e-3f;
      y = y * r + 5.550328642129898e-2f;
      y = y * r + 2.4022646248340607e-1f;
      y = y * r + 6.931471824645996e-1f;
    }
    y = y * r + 1.0f;
    whole const power = (__builtin_bit_cast(whole, shifted) + 127) << 23;
    v = y * __builtin_bit_cast(V, power);
  } else {
    for (std::size_t i = 0; i < sizeof(V) / sizeof(T); ++i) v[i] = std::exp2(v[i]);
  }
}

// lane[0] = the largest, or the sum, of 2 Half numbers, by halves. The lengths are constants, so that each half is a
// vector.
template <std::size_t Half, class T>
[[gnu::always_inline]] inline void fold_largest(T* lane) {
  for (std::size_t i = 0; i < Half; ++i) lane[i] = lane[i] < lane[i + Half] ? lane[i + Half] : lane[i];
  if constexpr (Half > 1) fold_largest<Half / 2>(lane);
}
template <std::size_t Half, class T>
[[gnu::always_inline]] inline void fold(T* lane) {
  for (std::size_t i = 0; i < Half; ++i) lane[i] += lane[i + Half];
  if constexpr (Half > 1) fold<Half / 2>(lane);
}
template <class T, class V>
[[gnu::always_inline]] inline T largest_lane(V const& v) {
  constexpr std::size_t count = sizeof(V) / sizeof(T);
  T lane[count];
  store_lanes(v, lane);
  fold_largest<count / 2>(lane);
  return lane[0];
}
template <class T, class V>
[[gnu::always_inline]] inline T sum_of_lanes(V const& v) {
  constexpr std::size_t count = sizeof(V) / sizeof(T);
  T lane[count];
  store_lanes(v, lane);
  fold<count / 2>(lane);
  return lane[0];
}

// The sum of the squares of x[0, count).
template <class T>
[[gnu::always_inline]] inline T sum_of_squares(T const* x, std::size_t count) {
  lanes<T> sums{}, v;
  std::size_t i = 0;
  for (; i + lane_count<T> <= count; i += lane_count<T>) {
    load_lanes(v, x + i);
    sums += v * v;
  }
  T sum = sum_of_lanes<T>(sums);
  for (; i < count; ++i) sum += x[i] * x[i];
  return sum;
}

}  // namespace intarsia::inline v0::cpu::detail
