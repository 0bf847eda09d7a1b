#include <intarsia/core/f16.hpp>

#include <cmath>
#include <limits>

#include "../catch.hpp"

namespace ia = intarsia;

namespace {
// The value of the bits by the definition of the format.
double by_definition(std::uint16_t bits) {
  double const sign = (bits & 0x8000) != 0 ? -1.0 : 1.0;
  int const exponent = (bits >> 10) & 31, digits = bits & 1023;
  if (exponent == 31) return digits ? std::numeric_limits<double>::quiet_NaN() : sign * std::numeric_limits<double>::infinity();
  return sign * (exponent ? std::ldexp(1024 + digits, exponent - 25) : std::ldexp(digits, -24));
}
}  // namespace

TEST_CASE("f16 to float and back, every pattern", "[io]") {
  int wrong = 0;
  for (unsigned word = 0; word < 65536; ++word) {
    ia::f16 x;
    x.bits = static_cast<std::uint16_t>(word);
    double const expected = by_definition(x.bits);
    float const y = static_cast<float>(x);
    if (std::isnan(expected)) {
      wrong += !(std::isnan(y) && std::isnan(static_cast<float>(ia::f16{y})));
    } else {
      wrong += !(static_cast<double>(y) == expected && ia::f16{y}.bits == x.bits);
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("f16 from float rounds to the nearest, ties to even", "[io]") {
  int wrong = 0;
  for (unsigned word = 0; word < 0x7BFF; ++word) {
    double const low = by_definition(static_cast<std::uint16_t>(word));
    double const high = by_definition(static_cast<std::uint16_t>(word + 1));
    auto const middle = static_cast<float>((low + high) / 2);
    unsigned const even = word % 2 == 0 ? word : word + 1;
    wrong += ia::f16{middle}.bits != even;
    wrong += ia::f16{std::nextafter(middle, 0.0f)}.bits != word;
    wrong += ia::f16{std::nextafter(middle, 1e9f)}.bits != word + 1;
    wrong += ia::f16{-std::nextafter(middle, 1e9f)}.bits != (0x8000 | (word + 1));
  }
  CHECK(wrong == 0);
  CHECK(ia::f16{65519.996f}.bits == 0x7BFF);
  CHECK(ia::f16{65520.0f}.bits == 0x7C00);
  CHECK(ia::f16{-1e30f}.bits == 0xFC00);
  CHECK(ia::f16{1e-30f}.bits == 0);
  CHECK(ia::f16{-1e-30f}.bits == 0x8000);
}
