// Some threads of a warp that share a row: exec/team.hpp on the device.
#pragma once

#include <intarsia/core/config.hpp>
#include <intarsia/cuda/pack.cuh>
#include <intarsia/exec/team.hpp>

namespace intarsia::inline v0::cuda {

namespace detail {
// x of the thread whose place in the warp differs by the bits of `step`. On the host, which compiles what runs on
// both and never asks, its own.
template <class T>
[[nodiscard]] INTARSIA_FN T of_other(unsigned mask, T x, unsigned step) {
#if defined(__CUDACC__) && !defined(__CUDA_ARCH__)
  static_cast<void>(mask), static_cast<void>(step);
  return x;
#else
  return __shfl_xor_sync(mask, x, static_cast<int>(step));
#endif
}
}  // namespace detail

// `lanes` threads, a power of 2 up to 32, side by side in a warp.
class team {
 public:
  static constexpr bool shares = true;

  INTARSIA_FN team(unsigned thread, unsigned lanes)
      : lane_{thread % lanes},
        lanes_{lanes},
        mask_{lanes == 32 ? 0xFFFFFFFFu : ((1u << lanes) - 1) << (thread % 32 / lanes * lanes)} {}

  // As many as a row of `work` operations keeps busy, four each.
  [[nodiscard]] static constexpr unsigned lanes_for(std::size_t work) {
    unsigned lanes = 1;
    while (lanes < 32 && std::size_t{lanes} * 4 < work) lanes *= 2;
    return lanes;
  }

  [[nodiscard]] INTARSIA_FN std::size_t first() const { return lane_; }
  [[nodiscard]] INTARSIA_FN std::size_t step() const { return lanes_; }
  [[nodiscard]] INTARSIA_FN bool owns(std::size_t c) const { return c % lanes_ == lane_; }
  template <class T>
  [[nodiscard]] INTARSIA_FN T sum(T x) const {
    for (unsigned step = lanes_ / 2; step > 0; step /= 2) x += detail::of_other(mask_, x, step);
    return x;
  }
  template <class T>
  [[nodiscard]] INTARSIA_FN T max(T x) const {
    for (unsigned step = lanes_ / 2; step > 0; step /= 2) {
      T const other = detail::of_other(mask_, x, step);
      x = other > x ? other : x;
    }
    return x;
  }
  // a . b, read 16 bytes at a time where both begin and end at such a boundary.
  template <class T>
  [[nodiscard]] INTARSIA_FN T dot(T const* a, T const* b, std::size_t count) const {
    constexpr unsigned wide = 16 / sizeof(T);
    T sum{0};
    if (count % wide == 0 && detail::begins_pack<T, wide>(a) && detail::begins_pack<T, wide>(b)) {
      for (std::size_t c = lane_ * wide; c < count; c += std::size_t{lanes_} * wide) {
        auto const x = detail::read_pack<T, wide>(a + c), y = detail::read_pack<T, wide>(b + c);
        for (unsigned k = 0; k < wide; ++k) sum += x.number[k] * y.number[k];
      }
    } else {
      for (std::size_t c = lane_; c < count; c += lanes_) sum += a[c] * b[c];
    }
    return this->sum(sum);
  }

 private:
  unsigned lane_, lanes_, mask_;
};

}  // namespace intarsia::inline v0::cuda
