// The mean over all numbers of (predicted - expected)^2.
#pragma once

#include <intarsia/ops/add.hpp>
#include <intarsia/ops/sum.hpp>

namespace intarsia::inline v0 {

// (n, m), (n, m) -> (1, 1). Of no numbers: 0.
template <axis R, axis Re, axis C, axis Ce, class T, class S, recorder On>
  requires same_axis<R, Re> && same_axis<C, Ce>
[[nodiscard]] var<dim<1>, dim<1>, T, S> squared_error(On& on, var<R, C, T, S> predicted,
                                                      var<Re, Ce, T, S> expected) {
  auto const gap = subtract(on, predicted, expected);
  return mean(on, multiply(on, gap, gap));
}

}  // namespace intarsia::inline v0
