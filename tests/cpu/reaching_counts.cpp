#include <bit>

#include "cases.hpp"

using namespace cases;

namespace {
// Every count that makes a weight of `lowest` is found, and hardly any other.
template <class Count>
void finds(ia::count_weighing const& by) {
  constexpr std::size_t blocks = 5;
  ia::random draw{ia::seed{4}, sizeof(Count)};
  std::vector<Count> counts(64 * blocks + 1);
  std::vector<float> factors(64 * blocks);
  std::vector<float> largest(blocks);
  for (std::size_t k = 0; k < counts.size(); ++k) {
    std::uint32_t const most = sizeof(Count) == 1 ? 256 : sizeof(Count) == 2 ? 65536 : 1u << 30;
    counts[k] = static_cast<Count>(k % 7 == 0 ? most - 1 - k % 3 : draw.below(most) >> draw.below(30));
  }
  for (std::size_t k = 0; k < factors.size(); ++k) {
    factors[k] = k / 64 == 3 ? 0 : 0.5f + 0.5f * draw.uniform();  // a block without users
    largest[k / 64] = std::max(largest[k / 64], factors[k]);
  }
  for (auto set : instruction_sets()) {
    auto const ctx = context(set);
    for (std::size_t const start : {0u, 1u}) {  // also from addresses off any boundary
      std::uint64_t found[blocks + 1];
      found[blocks] = 7;
      reaching_counts(ctx, by, blocks, counts.data() + start, largest.data(), found);
      std::size_t missing = 0, needless = 0;
      for (std::size_t k = 0; k < factors.size(); ++k) {
        auto const c = static_cast<float>(counts[start + k]);
        bool const marked = found[k / 64] >> k % 64 & 1;
        if (c >= by.support && by.factor * factors[k] * c >= by.lowest) missing += marked ? 0u : 1u;
        bool const possible = c >= by.support && by.factor * largest[k / 64] * c >= by.lowest * 0.9999f;
        needless += marked && !possible ? 1u : 0u;
      }
      CHECK(missing == 0);
      CHECK(needless == 0);
      CHECK(found[blocks] == 7);
    }
  }
}
}  // namespace

TEST_CASE("reaching_counts: all counts that may be heavy enough, of each type") {
  for (float const lowest : {-std::numeric_limits<float>::infinity(), -1.0f, 0.0f, 5.0f, 200.0f, 254.7f, 255.0f, 256.0f,
                             65534.5f, 65535.0f, 1e6f, 1e12f}) {
    for (float const support : {1.0f, 3.0f, 255.0f}) {
      finds<std::uint8_t>({1, 0, support, lowest});
      finds<std::uint16_t>({1, 0, support, lowest});
      finds<std::uint32_t>({0.75f, 0, support, lowest});
    }
  }
}

TEST_CASE("reaching_counts: a bar of exactly a weight lets it pass") {
  ia::random draw{ia::seed{4}, 9};
  for (auto set : instruction_sets()) {
    auto const ctx = context(set);
    std::size_t passed = 0;
    for (std::size_t round = 0; round < 2000; ++round) {
      std::vector<std::uint8_t> counts(64);
      counts[round % 64] = static_cast<std::uint8_t>(1 + draw.below(255));
      float const factor = draw.uniform() + 1e-3f, other = draw.uniform() + 1e-3f;
      float const weight = factor * other * static_cast<float>(counts[round % 64]);
      std::uint64_t found = 0;
      reaching_counts(ctx, {factor, 0, 1, weight}, 1, counts.data(), &other, &found);
      passed += found == std::uint64_t{1} << round % 64 ? 1u : 0u;
    }
    CHECK(passed == 2000);
  }
}
