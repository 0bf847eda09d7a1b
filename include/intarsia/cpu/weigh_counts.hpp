// Counts of shared users become weights of edges.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <intarsia/cpu/context.hpp>
#include <intarsia/cpu/lanes.hpp>
#include <intarsia/cpu/map.hpp>
#include <intarsia/graph/count_weighing.hpp>
#include <limits>

namespace intarsia::inline v0::cpu {

namespace detail {
#if INTARSIA_X86
using marks_of_sixteen [[gnu::vector_size(16)]] = std::int8_t;
#endif

// Sixteen counts.
struct counts_weigher {
  static constexpr std::size_t width = 16;

  count_weighing by;
  float const *counts, *weights, *factors;
  float* found;
  std::uint8_t* of_interest;

#if INTARSIA_X86
  void operator()(std::size_t place) const {
    lanes<float> const none = lanes<float>{} - std::numeric_limits<float>::infinity();
    lanes<float> factor, weight, count;
    load_lanes(count, counts + place * width);
    load_lanes(factor, factors + place * width);
    load_lanes(weight, weights + place * width);
    lanes<float> w = by.factor * factor * (weight * (count / (count + by.shrink)));
    w = count >= by.support ? w : none;
    marks_of_sixteen const marks = __builtin_convertvector(w >= by.lowest, marks_of_sixteen) & 1;
    store_lanes(w, found + place * width);
    std::memcpy(of_interest + place * width, &marks, sizeof marks);
  }
#else  // also for nvcc, which cannot read short vectors
  void operator()(std::size_t place) const {
    for (std::size_t k = place * width; k < (place + 1) * width; ++k) {
      float const w = by.factor * factors[k] * (weights[k] * (counts[k] / (counts[k] + by.shrink)));
      found[k] = counts[k] >= by.support ? w : -std::numeric_limits<float>::infinity();
      of_interest[k] = found[k] >= by.lowest ? 1 : 0;
    }
  }
#endif
};
}  // namespace detail

// found[k] = the weight by `by` of counts[k] users whose weights' sum is weights[k], -infinity without support.
// of_interest[k] says whether found[k] is not below by.lowest. `count` is a multiple of 16. Runs on the calling thread
// and touches nothing of the context, so that pieces of a bulk may call it.
inline void weigh_counts(context const& ctx, count_weighing const& by, std::size_t count, float const* counts,
                         float const* weights, float const* factors, float* found, std::uint8_t* of_interest) {
  detail::run_on(ctx.instructions(), 0, count / detail::counts_weigher::width,
                 detail::counts_weigher{by, counts, weights, factors, found, of_interest});
}

}  // namespace intarsia::inline v0::cpu
