#include <cmath>
#include <intarsia/core/bf16.hpp>
#include <limits>

#include "../catch.hpp"

namespace ia = intarsia;

TEST_CASE("bf16: numbers of 16 bits come back as they were") {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    ia::bf16 x;
    x.bits = static_cast<std::uint16_t>(bits);
    auto const f = static_cast<float>(x);
    if (std::isnan(f)) {
      REQUIRE(std::isnan(static_cast<float>(ia::bf16{f})));
    } else {
      REQUIRE(ia::bf16{f}.bits == bits);
    }
  }
}

TEST_CASE("bf16: rounds to the nearest, ties to even") {
  auto const rounded = [](std::uint32_t word) { return ia::bf16{std::bit_cast<float>(word)}.bits; };
  CHECK(rounded(0x3F807FFF) == 0x3F80);  // below half
  CHECK(rounded(0x3F808000) == 0x3F80);  // half, to even: down
  CHECK(rounded(0x3F808001) == 0x3F81);  // above half
  CHECK(rounded(0x3F818000) == 0x3F82);  // half, to even: up
  CHECK(rounded(0xBF818000) == 0xBF82);
  CHECK(rounded(0x3FFFFFFF) == 0x4000);  // over into the exponent
  CHECK(rounded(0x00000001) == 0x0000);
  CHECK(rounded(0x80000000) == 0x8000);  // minus zero
}

TEST_CASE("bf16: infinity, overflow and NaN") {
  float const infinity = std::numeric_limits<float>::infinity();
  CHECK(static_cast<float>(ia::bf16{infinity}) == infinity);
  CHECK(static_cast<float>(ia::bf16{std::numeric_limits<float>::max()}) == infinity);
  CHECK(static_cast<float>(ia::bf16{-infinity}) == -infinity);
  // A NaN whose upper bits are all zero must not become infinity.
  CHECK(std::isnan(static_cast<float>(ia::bf16{std::bit_cast<float>(0x7F800001u)})));
  CHECK(std::isnan(static_cast<float>(ia::bf16{std::bit_cast<float>(0xFFFFFFFFu)})));
}
