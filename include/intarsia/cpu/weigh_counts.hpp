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
using marks_of_sixteen [[gnu::vector_size(16)]] = std::int8_t;

// Sixteen counts.
template <class T>
struct counts_weigher {
  static constexpr std::size_t width = lane_count<T>;

  count_weighing by;
  T const *counts, *weights, *factors;
  T* found;
  std::uint8_t* of_interest;

  void operator()(std::size_t place) const {
    lanes<T> const none = lanes<T>{} - std::numeric_limits<T>::infinity();
    lanes<T> factor, weight, count;
    load_lanes(count, counts + place * width);
    load_lanes(factor, factors + place * width);
    load_lanes(weight, weights + place * width);
    lanes<T> w = by.factor * factor * (weight * (count / (count + by.shrink)));
    w = count >= by.support ? w : none;
    marks_of_sixteen const marks = __builtin_convertvector(w >= by.lowest, marks_of_sixteen) & 1;
    store_lanes(w, found + place * width);
    std::memcpy(of_interest + place * width, &marks, sizeof marks);
  }
};
}  // namespace detail

// found[k] = the weight by `by` of counts[k] users whose weights' sum is weights[k], -infinity without support.
// of_interest[k] says whether found[k] is not below by.lowest. `count` is a multiple of 16. Runs on the calling thread
// and touches nothing of the context, so that pieces of a bulk may call it. A template, with Count = float, because
// nvcc 13 crashes on vectors of a type that it knows at once.
template <class Count>
void weigh_counts(context const& ctx, count_weighing const& by, std::size_t count, Count const* counts,
                  float const* weights, float const* factors, float* found, std::uint8_t* of_interest) {
  detail::run_on(ctx.instructions(), 0, count / 16,
                 detail::counts_weigher<Count>{by, counts, weights, factors, found, of_interest});
}

}  // namespace intarsia::inline v0::cpu
