#include <cmath>
#include <intarsia/core/log.hpp>

#include "../catch.hpp"

namespace ia = intarsia;

TEST_CASE("logarithms in whole numbers are those of real numbers, and never rise") {
  std::uint64_t before = ia::minus_log(1);
  double worst = 0;
  bool falls = true;
  for (std::uint32_t m = 1; m <= 1u << 24; m += m < 5000 || m > (1u << 24) - 5000 ? 1 : 311) {
    std::uint64_t const x = ia::minus_log(m);
    double const exact = -std::log(static_cast<double>(m) * 0x1p-24) * 0x1p39;
    worst = std::max(worst, std::abs(static_cast<double>(x) - exact));
    falls = falls && x <= before;
    before = x;
  }
  CHECK(falls);
  CHECK(worst < 256);
  CHECK(ia::minus_log(1u << 24) == 0);
}
