#include <cmath>
#include <intarsia/core/random.hpp>
#include <set>
#include <vector>

#include "../catch.hpp"

namespace ia = intarsia;

TEST_CASE("philox: the known answers that its authors publish") {
  using four = std::array<std::uint32_t, 4>;
  CHECK(ia::philox({0, 0, 0, 0}, {0, 0}) == four{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  constexpr std::uint32_t ones = 0xffffffff;
  CHECK(ia::philox({ones, ones, ones, ones}, {ones, ones}) == four{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(ia::philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        four{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("random: a copy repeats its draws; another seed, stream or index has others") {
  auto const first = [](std::uint64_t s, std::uint64_t stream, std::uint64_t index) {
    ia::random draw{ia::seed{s}, stream, index};
    std::uint64_t const high = draw.bits();
    return high << 32 | draw.bits();
  };
  ia::random a{ia::seed{1}, 2, 3};
  for (int i = 0; i < 7; ++i) a.bits();
  ia::random b = a;
  for (int i = 0; i < 9; ++i) CHECK(a.bits() == b.bits());

  std::set<std::uint64_t> seen;
  std::size_t places = 0;
  for (std::uint64_t s = 0; s < 6; ++s) {
    for (std::uint64_t stream = 0; stream < 6; ++stream) {
      for (std::uint64_t index : {0ull, 1ull, 2ull, 1ull << 32, 1ull << 63})
        seen.insert(first(s, stream, index)), ++places;
    }
  }
  CHECK(seen.size() == places);
}

TEST_CASE("random: later blocks of four words do not repeat earlier ones") {
  ia::random draw{ia::seed{5}, 1, 9};
  std::set<std::uint32_t> words;
  for (int i = 0; i < 1000; ++i) words.insert(draw.bits());
  CHECK(words.size() == 1000);
}

TEST_CASE("below: each number is equally likely, also where n does not divide 2^32") {
  for (std::uint32_t n : {1u, 2u, 3u, 7u, 10u, 64u, 100u}) {
    std::size_t const per_number = 1000;
    std::vector<std::size_t> count(n);
    ia::random draw{ia::seed{11}, n};
    for (std::size_t i = 0; i < n * per_number; ++i) {
      auto const x = draw.below(n);
      REQUIRE(x < n);
      ++count[x];
    }
    double chi = 0;
    for (auto c : count) chi += std::pow(static_cast<double>(c) - per_number, 2) / per_number;
    double const freedom = n - 1;
    CHECK(chi <= freedom + 5 * std::sqrt(2 * freedom));
    CHECK(chi >= freedom - 5 * std::sqrt(2 * freedom));
  }
}

TEST_CASE("below: the rejected share matters for a huge n") {
  // Without rejection the lower half of [0, 3 * 2^30) would come twice as often at every third number.
  std::uint32_t const n = 3u << 30;
  ia::random draw{ia::seed{12}, 0};
  std::array<std::size_t, 3> count{};
  for (int i = 0; i < 30'000; ++i) ++count[draw.below(n) % 3];
  for (auto c : count) CHECK(std::abs(static_cast<double>(c) - 10'000) < 5 * std::sqrt(10'000 * 2.0 / 3));
}

TEST_CASE("uniform and normal: range, mean, variance") {
  ia::random draw{ia::seed{13}, 0};
  double sum = 0, square = 0;
  int const n = 100'000;
  for (int i = 0; i < n; ++i) {
    float const u = draw.uniform();
    REQUIRE((u >= 0 && u < 1));
    sum += static_cast<double>(u);
  }
  CHECK(sum / n == Approx(0.5).margin(0.005));
  sum = 0;
  for (int i = 0; i < n; ++i) {
    double const x = draw.normal();
    REQUIRE(std::isfinite(x));
    sum += x, square += x * x;
  }
  CHECK(sum / n == Approx(0).margin(0.015));
  CHECK(square / n == Approx(1).margin(0.025));
}
