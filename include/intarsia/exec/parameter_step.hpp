// The order that an optimiser gives to a backend: change the numbers of some parameters along their gradients.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <intarsia/core/config.hpp>

namespace intarsia::inline v0 {

// One parameter's part of a step: rule(number, gradient, states...) for each of its numbers, or for those of the rows
// that took part. The kernel of a backend:
//   step_parameters(ctx, span of parameter_step const)   all parts at once; a row of no_entry is no row
// Rule is a struct whose operator()(T& number, T gradient, T& state...) const is marked INTARSIA_FN; or, with a member
// `static constexpr bool by_row = true`, operator()(team by, T* numbers, T const* gradient, std::size_t cols, T&
// state...) const for a whole row by the threads that share it (team.hpp), a state then being one number a row, which
// the owner of number 0 writes after all have read it.
template <class T, std::size_t States, class Rule>
struct parameter_step {
  T* numbers = nullptr;                    // (rows of the parameter, cols)
  T const* gradient = nullptr;             // like them, or (count / cols, cols) of the rows that took part
  std::array<T*, States> states{};         // like the numbers, or (rows of the parameter) by a rule for rows
  std::uint32_t const* rows = nullptr;     // (count / cols); null: all
  std::size_t count = 0, cols = 1;         // numbers of the gradient
  Rule rule;
};

namespace detail {
template <class Rule>
inline constexpr bool steps_by_row = requires { requires Rule::by_row; };

// The square root of x >= 0, in float by Newton steps and to a unit in the last place: std::sqrt may set errno, and
// that keeps a loop from being vectorised.
[[nodiscard]] INTARSIA_FN inline float root_of(float x) {
  float inverse = std::bit_cast<float>(0x5F375A86u - (std::bit_cast<std::uint32_t>(x) >> 1));
  for (int i = 0; i < 3; ++i) inverse *= 1.5f - 0.5f * x * inverse * inverse;
  float const root = x * inverse;
  return root + 0.5f * inverse * (x - root * root);
}
[[nodiscard]] INTARSIA_FN inline double root_of(double x) { return std::sqrt(x); }
}  // namespace detail

}  // namespace intarsia::inline v0
