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
#include <type_traits>

namespace intarsia::inline v0::cpu {

namespace detail {
using marks_of_sixteen [[gnu::vector_size(16)]] = std::int8_t;
using small_counts [[gnu::vector_size(16)]] = std::uint8_t;
using middle_counts [[gnu::vector_size(32)]] = std::uint16_t;
template <class Count>
using sixteen_counts = std::conditional_t<sizeof(Count) == 1, small_counts,
                                          std::conditional_t<sizeof(Count) == 2, middle_counts, lanes<Count>>>;

// Sixteen counts.
template <bool Weighted, class Count>
struct counts_weigher {
  static constexpr std::size_t width = lane_count<float>;

  count_weighing by;
  Count const* counts;
  float const *weights, *factors;
  float* found;
  std::uint8_t* of_interest;

  void operator()(std::size_t place) const {
    lanes<float> const none = lanes<float>{} - std::numeric_limits<float>::infinity();
    sixteen_counts<Count> given;
    lanes<float> factor, weight, count;
    std::memcpy(&given, counts + place * width, sizeof given);
    load_lanes(factor, factors + place * width);
    if constexpr (std::is_same_v<Count, float>) {
      count = given;
    } else {
      lanes<std::int32_t> const whole = __builtin_convertvector(given, lanes<std::int32_t>);
      count = __builtin_convertvector(whole, lanes<float>);
    }
    lanes<float> w = count;
    if constexpr (Weighted) {
      load_lanes(weight, weights + place * width);
      w = weight * (count / (count + by.shrink));
    }
    w = by.factor * factor * w;
    w = count >= by.support ? w : none;
    marks_of_sixteen const marks = __builtin_convertvector(w >= by.lowest, marks_of_sixteen) & 1;
    store_lanes(w, found + place * width);
    std::memcpy(of_interest + place * width, &marks, sizeof marks);
  }
};
}  // namespace detail

// found[k] = the weight of counts[k] (below 2^31) by `by`, -infinity without support; weights[k] is the sum of the
// weights of the users counted, or `weights` is null. of_interest[k] says whether found[k] is not below by.lowest.
// `count` is a multiple of 16. Runs on the calling thread and touches nothing of the context, so that pieces of a bulk
// may call it.
template <class Count>
void weigh_counts(context const& ctx, count_weighing const& by, std::size_t count,
                  Count const* counts, float const* weights, float const* factors, float* found,
                  std::uint8_t* of_interest) {
  std::size_t const places = count / 16;
  if (weights) {
    detail::run_on(ctx.instructions(), 0, places,
                   detail::counts_weigher<true, Count>{by, counts, weights, factors, found, of_interest});
  } else {
    detail::run_on(ctx.instructions(), 0, places,
                   detail::counts_weigher<false, Count>{by, counts, weights, factors, found, of_interest});
  }
}

}  // namespace intarsia::inline v0::cpu
