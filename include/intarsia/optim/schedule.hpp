// Learning rates over time: plain functions of the step (from 0), each a factor for the rate one begins with.
//   learn.rate(1e-3f * schedule::warm_up(step, 100) * schedule::cosine(step, steps));
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace intarsia::inline v0::schedule {

[[nodiscard]] constexpr float constant(std::size_t /*step*/) { return 1; }

// From 1 at step 0 to `end` at step `steps` and after it, in a straight line.
[[nodiscard]] constexpr float linear_decay(std::size_t step, std::size_t steps, float end = 0) {
  if (step >= steps) return end;
  return 1 - (1 - end) * static_cast<float>(step) / static_cast<float>(steps);
}

// From 1 at step 0 to `end` at step `steps` and after it, along half a cosine.
[[nodiscard]] inline float cosine(std::size_t step, std::size_t steps, float end = 0) {
  if (step >= steps) return end;
  double const turn = 3.141592653589793 * static_cast<double>(step) / static_cast<double>(steps);
  return static_cast<float>(end + (1 - end) * 0.5 * (1 + std::cos(turn)));
}

// From 1 / steps at step 0 to 1 at step `steps` - 1 and after it; no steps: 1.
[[nodiscard]] constexpr float warm_up(std::size_t step, std::size_t steps) {
  return step + 1 >= steps ? 1.0f : static_cast<float>(step + 1) / static_cast<float>(steps);
}

// `factor` once for every `every` steps.
[[nodiscard]] inline float stairs(std::size_t step, std::size_t every, float factor) {
  return std::pow(factor, static_cast<float>(step / std::max<std::size_t>(1, every)));
}

}  // namespace intarsia::inline v0::schedule
