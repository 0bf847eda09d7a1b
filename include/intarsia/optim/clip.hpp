// Gradients no longer than a limit.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <intarsia/exec/tape.hpp>

namespace intarsia::inline v0 {

namespace detail {
// f(numbers, count) for each chunk of a gradient, in the type of its numbers.
template <class F>
void each_chunk(gradients::entry const& e, F&& f) {
  constexpr std::size_t grain = 4096;
  for (std::size_t first = 0; first < e.count; first += grain) {
    std::size_t const count = std::min(grain, e.count - first);
    if (e.bytes == sizeof(float)) f(static_cast<float*>(e.gradient) + first, count);
    if (e.bytes == sizeof(double)) f(static_cast<double*>(e.gradient) + first, count);
  }
}
}  // namespace detail

// The length of all gradients of a loss taken as one vector; summed in double, in the order of the tape. On the
// host.
template <class Context>
  requires std::same_as<typename Context::space, host>
[[nodiscard]] double gradient_norm(gradients_on<Context> const& slopes) {
  double sum = 0;
  slopes.each([&](gradients::entry const& e) {
    detail::each_chunk(e, [&](auto const* numbers, std::size_t count) {
      double lane[8]{};
      std::size_t i = 0;
      for (; i + 8 <= count; i += 8) {
        for (std::size_t k = 0; k < 8; ++k) lane[k] += double{numbers[i + k]} * double{numbers[i + k]};
      }
      for (; i < count; ++i) lane[0] += double{numbers[i]} * double{numbers[i]};
      sum += ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
    });
  });
  return std::sqrt(sum);
}

// Scales all gradients by the same factor so that their norm is at most `limit`; returns the norm before: on the host a
// double, on a device a var<dim<1>, dim<1>, double, device> that lives as long as the tape, and nothing blocks.
//   auto slopes = tape.backward(loss); clip(slopes, 1.0); learn.step(slopes);
template <class Context>
auto clip(gradients_on<Context> const& slopes, double limit) {
  if constexpr (std::is_same_v<typename Context::space, host>) {
    double const norm = gradient_norm(slopes);
    if (!(norm > limit)) return norm;
    double const factor = limit / norm;
    slopes.each([&](gradients::entry const& e) {
      detail::each_chunk(e, [&](auto* numbers, std::size_t count) {
        using T = std::remove_pointer_t<decltype(numbers)>;
        for (std::size_t i = 0; i < count; ++i) numbers[i] *= static_cast<T>(factor);
      });
    });
    return norm;
  } else {
    return clip_gradients(slopes.backend(), slopes, limit);
  }
}

}  // namespace intarsia::inline v0
