#include "cases.hpp"

using namespace cases;

namespace {
void weighs(std::size_t count) {
  ia::random draw{ia::seed{4}, count};
  std::vector<float> counts(count + 1), weights(count + 1), factors(count + 1);
  for (std::size_t k = 0; k < counts.size(); ++k) {
    counts[k] = static_cast<float>(draw.below(60000) >> draw.below(16));
    weights[k] = draw.uniform();
    factors[k] = draw.uniform();
  }
  counts[count / 2] = 0;
  for (auto set : instruction_sets()) {
    auto const ctx = context(set);
    for (std::size_t const start : {0u, 1u}) {  // also from addresses off any boundary
      ia::count_weighing const by{1.5f, 10, 3, 4};
      std::vector<float> found(count + 1, -7);
      std::vector<std::uint8_t> marks(count + 1, 9);
      weigh_counts(ctx, by, count, counts.data() + start, weights.data() + start, factors.data() + start, found.data(),
                   marks.data());
      bool right = true;
      for (std::size_t k = 0; k < count; ++k) {
        float const c = counts[start + k];
        float const w = 1.5f * factors[start + k] * (weights[start + k] * (c / (c + 10)));
        if (c < 3) {
          right = right && found[k] < -1e38f && marks[k] == 0;
        } else {
          right = right && std::abs(found[k] - w) <= 1e-6f * w && marks[k] == (found[k] >= 4 ? 1 : 0);
        }
      }
      CHECK(right);
      CHECK(found[count] == -7);
      CHECK(marks[count] == 9);
    }
  }
}
}  // namespace

TEST_CASE("weigh_counts: as a plain loop") {
  for (std::size_t const count : {0u, 16u, 64u, 1008u}) weighs(count);
}
