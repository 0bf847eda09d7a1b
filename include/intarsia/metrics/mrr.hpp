// How early the first relevant id comes.
#pragma once

#include <intarsia/metrics/hits.hpp>

namespace intarsia::inline v0 {

// 1 / rank of the first relevant id, ranks from 1; 0 without one. Its mean over users is MRR@k. `relevant` ascending.
[[nodiscard]] inline double reciprocal_rank(std::span<std::uint32_t const> ranked,
                                            std::span<std::uint32_t const> relevant) {
  double first = 0;
  each_hit(ranked, relevant, [&](std::size_t place) {
    if (first == 0) first = 1 / static_cast<double>(place + 1);
  });
  return first;
}

}  // namespace intarsia::inline v0
