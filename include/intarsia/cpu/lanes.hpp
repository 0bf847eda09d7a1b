// Short vectors for loops that run_on() compiles for each instruction set: 64 bytes, which narrower machines take in
// parts. They are passed by reference only, so that no function's interface depends on the machine.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace intarsia::inline v0::cpu::detail {

template <class T>
inline constexpr std::size_t lane_count = 64 / sizeof(T);
template <class T>
struct lanes_of {
  using type [[gnu::vector_size(64)]] = T;
};
template <class T>
using lanes = typename lanes_of<T>::type;

template <class T>
[[gnu::always_inline]] inline void load_lanes(lanes<T>& to, T const* from) {
  std::memcpy(&to, from, sizeof to);
}
template <class T>
[[gnu::always_inline]] inline void store_lanes(lanes<T> const& from, T* to) {
  std::memcpy(to, &from, sizeof from);
}

// v = 2^v for v <= 0, and 0 below -127; not a number stays so. In float to 2 units in the last place, or, for a result
// that is rounded to bf16, to 3e-6 of itself. Near: no v is below -126. The polynomials have the least largest relative
// error on [-1/2, 1/2] of those that are 1 at 0.
template <class T, bool Rounded = false, bool Near = false>
[[gnu::always_inline]] inline void exp2_lanes(lanes<T>& v) {
  if constexpr (std::is_same_v<T, float>) {
    using whole [[gnu::vector_size(64)]] = std::int32_t;
    if constexpr (!Near) {
      lanes<T> const lowest = lanes<T>{} - 127.0f;
      v = lowest > v ? lowest : v;
    }
    lanes<T> const shifted = v + 12582912.0f;  // its low bits are the exponent, rounded
    lanes<T> const r = v - (shifted - 12582912.0f);
    lanes<T> y;
    if constexpr (Rounded) {
      y = lanes<T>{} + 9.582852944731712e-3f;
      y = y * r + 5.5906426161527634e-2f;
      y = y * r + 2.4024099111557007e-1f;
      y = y * r + 6.931241750717163e-1f;
    } else {
      y = lanes<T>{} + 1.5345810970757157e-4f;
      y = y * r + 1.3399930903688073e-3f;
      y = y * r + 9.618489071726799e-3f;
      y = y * r + 5.550328642129898e-2f;
      y = y * r + 2.4022646248340607e-1f;
      y = y * r + 6.931471824645996e-1f;
    }
    y = y * r + 1.0f;
    whole const power = (__builtin_bit_cast(whole, shifted) + 127) << 23;
    v = y * __builtin_bit_cast(lanes<T>, power);
  } else {
    for (std::size_t i = 0; i < lane_count<T>; ++i) v[i] = std::exp2(v[i]);
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
template <class T>
[[gnu::always_inline]] inline T largest_lane(lanes<T> const& v) {
  T lane[lane_count<T>];
  store_lanes(v, lane);
  fold_largest<lane_count<T> / 2>(lane);
  return lane[0];
}
template <class T>
[[gnu::always_inline]] inline T sum_of_lanes(lanes<T> const& v) {
  T lane[lane_count<T>];
  store_lanes(v, lane);
  fold<lane_count<T> / 2>(lane);
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
