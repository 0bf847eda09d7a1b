// A linear map with a bias: y = x W + b.
#pragma once

#include <intarsia/exec/module.hpp>
#include <intarsia/nn/init.hpp>
#include <intarsia/ops/affine.hpp>

namespace intarsia::inline v0 {

template <std::size_t In, std::size_t Out, class T = float>
struct linear {
  static constexpr std::size_t in = In, out = Out;
  using scalar = T;

  matrix<In, Out, T> weight;
  channels<Out, T> bias;

  // Zeros, to be loaded.
  linear() = default;
  // Weights and bias uniform in +-1/sqrt(In).
  explicit linear(auto& ctx)
    requires requires { ctx.next_stream(); }
  {
    init::fan_in(ctx, weight, In);
    init::fan_in(ctx, bias, In);
  }

  // (n, In) -> (n, Out), then the activation.
  template <axis R, axis C, class S>
    requires same_axis<C, dim<In>>
  [[nodiscard]] auto operator()(recorder auto& on, var<R, C, T, S> x, activation then = activation::none) const {
    return affine(on, x, on.watch(weight), on.watch(bias), then);
  }

  static auto members(auto& self) { return std::tuple{named("weight", self.weight), named("bias", self.bias)}; }
};

}  // namespace intarsia::inline v0
