#include "../catch.hpp"

#include <intarsia/optim/schedule.hpp>

using namespace intarsia;

TEST_CASE("schedules: ends and middles") {
  STATIC_REQUIRE(schedule::constant(17) == 1);
  STATIC_REQUIRE(schedule::linear_decay(0, 10) == 1);
  STATIC_REQUIRE(schedule::linear_decay(5, 10) == 0.5f);
  STATIC_REQUIRE(schedule::linear_decay(10, 10) == 0);
  STATIC_REQUIRE(schedule::linear_decay(99, 10, 0.25f) == 0.25f);
  STATIC_REQUIRE(schedule::linear_decay(0, 0) == 0);
  CHECK(schedule::cosine(0, 8) == 1);
  CHECK(schedule::cosine(4, 8) == Approx(0.5));
  CHECK(schedule::cosine(2, 8) == Approx(0.8535534));
  CHECK(schedule::cosine(2, 8, 0.5f) == Approx(0.9267767));
  CHECK(schedule::cosine(8, 8) == 0);
  STATIC_REQUIRE(schedule::warm_up(0, 4) == 0.25f);
  STATIC_REQUIRE(schedule::warm_up(3, 4) == 1);
  STATIC_REQUIRE(schedule::warm_up(0, 0) == 1);
  CHECK(schedule::stairs(9, 10, 0.5f) == 1);
  CHECK(schedule::stairs(25, 10, 0.5f) == 0.25f);
}
