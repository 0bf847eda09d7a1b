// Weights of rows, which lie where the context computes: nothing of them is read by the host.
#pragma once

#include <cstddef>
#include <intarsia/exec/scope.hpp>
#include <intarsia/ops/fresh.hpp>
#include <span>

namespace intarsia::inline v0::detail {

// Their sum: one number, where the context computes.
template <class T, class W, class Context>
[[nodiscard]] T* sum_of_weights(Context& ctx, std::span<W const> weights) {
  dense<T, typename Context::space> const sum = scratch_matrix<T>(ctx, 1, 1);
  scope const temporary{ctx};
  auto const numbers = scratch_matrix<T>(ctx, weights.size(), 1);
  W const* const from = weights.data();
  map(ctx, weights.size(), [=] INTARSIA_FN(std::size_t i) { numbers.data[i] = static_cast<T>(from[i]); });
  total(ctx, reading(numbers), sum, false);
  return sum.data;
}

// 1 / their sum, 0 where that is 0.
template <class T, class W, class Context>
[[nodiscard]] T const* share_of_weights(Context& ctx, std::span<W const> weights) {
  T* const share = sum_of_weights<T>(ctx, weights);
  map(ctx, 1, [=] INTARSIA_FN(std::size_t) { *share = *share == T{0} ? T{0} : T{1} / *share; });
  return share;
}

}  // namespace intarsia::inline v0::detail
