// Found or not: hit rate and recall of a ranked list.
#pragma once

#include <intarsia/metrics/hits.hpp>

namespace intarsia::inline v0 {

// 1 where any ranked id is relevant, else 0; its mean over users is HR@k. `relevant` ascending.
[[nodiscard]] inline double hit_rate(std::span<std::uint32_t const> ranked, std::span<std::uint32_t const> relevant) {
  return hits(ranked, relevant) > 0 ? 1.0 : 0.0;
}

// The share of the relevant ids that the list holds; 0 where nothing is relevant. `relevant` ascending.
[[nodiscard]] inline double recall(std::span<std::uint32_t const> ranked, std::span<std::uint32_t const> relevant) {
  if (relevant.empty()) return 0;
  return static_cast<double>(hits(ranked, relevant)) / static_cast<double>(relevant.size());
}

}  // namespace intarsia::inline v0
