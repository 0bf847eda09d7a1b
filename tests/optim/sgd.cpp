#include "../catch.hpp"
#include "../gradient.hpp"
#include "module.hpp"

#include <intarsia/optim/sgd.hpp>

using namespace intarsia;
using namespace intarsia::test;

TEST_CASE("sgd: three steps by hand, with momentum and weight decay") {
  cpu::context ctx;
  one_number<double> plain{1}, heavy{1}, decayed{1};
  sgd a{plain, {.rate = 0.5f}}, b{heavy, {.rate = 0.5f, .momentum = 0.5f}},
      c{decayed, {.rate = 0.5f, .weight_decay = 1}};
  // Gradient x: 1 -> .5 -> .25 -> .125; with momentum v 1, .5 + .5, .5 + 0: 1 -> .5 -> 0 -> -.25; decayed: 1 -> 0.
  for (double const expected : {0.5, 0.25, 0.125}) {
    descend(ctx, a, plain);
    CHECK(plain() == expected);
  }
  for (double const expected : {0.5, 0.0, -0.25}) {
    descend(ctx, b, heavy);
    CHECK(heavy() == expected);
  }
  descend(ctx, c, decayed);
  CHECK(decayed() == 0);
}

TEST_CASE("sgd: a parameter that took no part is left alone") {
  cpu::context ctx;
  two_numbers part{1, 1};
  sgd learn{part, {.rate = 0.5f, .momentum = 0.5f, .weight_decay = 0.5f}};
  tape on{ctx};
  auto const x = on.watch(part.first);
  learn.step(on.backward(multiply(on, x, x)));
  CHECK(part.first[0][0] == 1 - 0.5 * 2.5);
  CHECK(part.second[0][0] == 1);
}

TEST_CASE("sgd: its state is a module, and a run goes on from a copy of it") {
  cpu::context ctx;
  auto model = small_model(ctx);
  sgd learn{model, {.momentum = 0.9f}};
  for (int i = 0; i < 3; ++i) descend(ctx, learn, model);
  auto copy = model;
  sgd again{copy, {.momentum = 0.9f}};
  copy_state(learn, again);
  descend(ctx, learn, model);
  descend(ctx, again, copy);
  CHECK(numbers_of(model) == numbers_of(copy));
}
