// Forward-mode numbers: a value and its derivatives along N directions. A user's message rule is written once and
// called with plain numbers forward and with duals backward.
#pragma once

#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <intarsia/core/config.hpp>

namespace intarsia::inline v0 {

// value + sum over i of slope[i] * direction i.
template <class T, std::size_t N>
struct dual {
  T value{};
  std::array<T, N> slope{};

  constexpr dual() = default;
  INTARSIA_FN constexpr dual(T v) : value{v} {}
  // The variable along direction i.
  INTARSIA_FN static constexpr dual variable(T v, std::size_t i) {
    dual x{v};
    x.slope[i] = T{1};
    return x;
  }

  friend INTARSIA_FN constexpr dual operator-(dual a) { return a.chain(-a.value, T{-1}); }
  friend INTARSIA_FN constexpr dual operator+(dual a, dual const& b) {
    a.value += b.value;
    for (std::size_t i = 0; i < N; ++i) a.slope[i] += b.slope[i];
    return a;
  }
  friend INTARSIA_FN constexpr dual operator-(dual a, dual const& b) {
    a.value -= b.value;
    for (std::size_t i = 0; i < N; ++i) a.slope[i] -= b.slope[i];
    return a;
  }
  friend INTARSIA_FN constexpr dual operator*(dual const& a, dual const& b) {
    dual out{a.value * b.value};
    for (std::size_t i = 0; i < N; ++i) out.slope[i] = a.slope[i] * b.value + a.value * b.slope[i];
    return out;
  }
  friend INTARSIA_FN constexpr dual operator/(dual const& a, dual const& b) {
    dual out{a.value / b.value};
    for (std::size_t i = 0; i < N; ++i) out.slope[i] = (a.slope[i] - out.value * b.slope[i]) / b.value;
    return out;
  }
  friend INTARSIA_FN constexpr bool operator<(dual const& a, dual const& b) { return a.value < b.value; }

  // f(this) where f(value) = v and f'(value) = d.
  INTARSIA_FN constexpr dual chain(T v, T d) const {
    dual out{v};
    for (std::size_t i = 0; i < N; ++i) out.slope[i] = d * slope[i];
    return out;
  }
};

// The functions that a message rule may use, for plain numbers and duals alike.
template <std::floating_point T> INTARSIA_FN T exp(T x) { return std::exp(x); }
template <std::floating_point T> INTARSIA_FN T log(T x) { return std::log(x); }
template <std::floating_point T> INTARSIA_FN T sqrt(T x) { return std::sqrt(x); }
template <std::floating_point T> INTARSIA_FN T tanh(T x) { return std::tanh(x); }
template <std::floating_point T> INTARSIA_FN T relu(T x) { return x > T{0} ? x : T{0}; }
template <std::floating_point T> INTARSIA_FN T sigmoid(T x) { return T{1} / (T{1} + std::exp(-x)); }

template <class T, std::size_t N> INTARSIA_FN dual<T, N> exp(dual<T, N> const& x) {
  T const y = std::exp(x.value);
  return x.chain(y, y);
}
template <class T, std::size_t N> INTARSIA_FN dual<T, N> log(dual<T, N> const& x) {
  return x.chain(std::log(x.value), T{1} / x.value);
}
template <class T, std::size_t N> INTARSIA_FN dual<T, N> sqrt(dual<T, N> const& x) {
  T const y = std::sqrt(x.value);
  return x.chain(y, T{1} / (T{2} * y));
}
template <class T, std::size_t N> INTARSIA_FN dual<T, N> tanh(dual<T, N> const& x) {
  T const y = std::tanh(x.value);
  return x.chain(y, T{1} - y * y);
}
template <class T, std::size_t N> INTARSIA_FN dual<T, N> relu(dual<T, N> const& x) {
  return x.value > T{0} ? x : dual<T, N>{};
}
template <class T, std::size_t N> INTARSIA_FN dual<T, N> sigmoid(dual<T, N> const& x) {
  T const y = sigmoid(x.value);
  return x.chain(y, y * (T{1} - y));
}

}  // namespace intarsia::inline v0
