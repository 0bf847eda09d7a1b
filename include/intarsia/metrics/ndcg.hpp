// How good the order of a ranked list is, with binary relevance.
#pragma once

#include <cmath>
#include <intarsia/metrics/hits.hpp>

namespace intarsia::inline v0 {

// sum over hits of 1 / log2(rank + 1), divided by that sum for a list of min(k, relevant) hits in front; ranks from 1.
// k: the length of list that was asked for, at least ranked.size(). 0 where nothing is relevant. `relevant` ascending.
[[nodiscard]] inline double ndcg(std::span<std::uint32_t const> ranked, std::span<std::uint32_t const> relevant,
                                 std::size_t k) {
  auto const gain = [](std::size_t place) { return 1 / std::log2(static_cast<double>(place + 2)); };
  double sum = 0, ideal = 0;
  each_hit(ranked, relevant, [&](std::size_t place) { sum += gain(place); });
  for (std::size_t place = 0; place < std::min(k, relevant.size()); ++place) ideal += gain(place);
  return ideal > 0 ? sum / ideal : 0;
}

}  // namespace intarsia::inline v0
