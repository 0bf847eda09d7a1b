// First values of parameters: drawn from the context's seed, a stream of their own, and the place of each number.
#pragma once

#include <cmath>
#include <intarsia/core/random.hpp>
#include <intarsia/tensor/tensor.hpp>

namespace intarsia::inline v0::init {

// Uniform in [-bound, bound).
template <class R, class C, class T>
void uniform(auto& ctx, tensor<R, C, T>& x, double bound) {
  std::uint64_t const stream = ctx.next_stream();
  for (std::size_t i = 0; i < x.rows(); ++i) {
    random draw{ctx.random_seed(), stream, i};
    for (T& number : x[i]) number = static_cast<T>(bound * (2 * static_cast<double>(draw.uniform()) - 1));
  }
}

// Normal with mean 0.
template <class R, class C, class T>
void normal(auto& ctx, tensor<R, C, T>& x, double deviation) {
  std::uint64_t const stream = ctx.next_stream();
  for (std::size_t i = 0; i < x.rows(); ++i) {
    random draw{ctx.random_seed(), stream, i};
    for (T& number : x[i]) number = static_cast<T>(deviation * draw.normal());
  }
}

// Uniform in +-1/sqrt(in), for weights and biases of a linear map from `in` columns: what PyTorch's Linear begins with.
template <class R, class C, class T>
void fan_in(auto& ctx, tensor<R, C, T>& x, std::size_t in) {
  uniform(ctx, x, in == 0 ? 0.0 : 1.0 / std::sqrt(static_cast<double>(in)));
}

// Uniform in +-sqrt(6 / (in + out)): Glorot and Bengio, "Understanding the difficulty of training deep feedforward
// neural networks" (AISTATS 2010). Weights of shape (in, out).
template <class R, class C, class T>
void glorot(auto& ctx, tensor<R, C, T>& x) {
  double const ends = static_cast<double>(x.rows() + x.cols());
  uniform(ctx, x, ends == 0 ? 0.0 : std::sqrt(6 / ends));
}

// Normal with deviation sqrt(2 / in), for a map that relu follows: He et al., "Delving deep into rectifiers" (ICCV
// 2015). Weights of shape (in, out).
template <class R, class C, class T>
void he(auto& ctx, tensor<R, C, T>& x) {
  normal(ctx, x, x.rows() == 0 ? 0.0 : std::sqrt(2 / static_cast<double>(x.rows())));
}

}  // namespace intarsia::inline v0::init
