#include "../catch.hpp"
#include "../gradient.hpp"
#include "../oracle.hpp"
#include "module.hpp"

#include <intarsia/core/thread_pool.hpp>
#include <intarsia/optim/adam.hpp>

using namespace intarsia;
using namespace intarsia::test;

TEST_CASE("adam: three steps against the equations, in float and double") {
  // f(x) = x^2 / 2 from x = 1 with rate .1, gradient x. By hand, step by step:
  double x = 1, m = 0, v = 0;
  std::vector<double> path;
  for (int t = 1; t <= 3; ++t) {
    double const g = x;
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    x -= 0.1 * (m / (1 - std::pow(0.9, t))) / (std::sqrt(v / (1 - std::pow(0.999, t))) + 1e-8);
    path.push_back(x);
  }
  CHECK(path[0] == Approx(0.9));  // the first step is the rate
  cpu::context ctx;
  one_number<float> a{1};
  one_number<double> b{1};
  adam slow{a, {.rate = 0.1f}}, fine{b, {.rate = 0.1f}};
  for (double const expected : path) {
    descend(ctx, slow, a);
    descend(ctx, fine, b);
    CHECK(a() == Approx(expected).epsilon(1e-6));
    CHECK(b() == Approx(expected).epsilon(1e-7));  // the options are floats
  }
}

TEST_CASE("adam: weight decay is part of the gradient, adamw's is not") {
  cpu::context ctx;
  one_number<double> a{1}, b{1};
  adam coupled{a, {.rate = 0.1f, .weight_decay = 0.5f}};
  adamw apart{b, {.rate = 0.1f, .weight_decay = 0.5f}};
  descend(ctx, coupled, a);
  descend(ctx, apart, b);
  CHECK(a() == Approx(0.9));              // the first step is the rate whatever the gradient
  CHECK(b() == Approx(0.9 - 0.1 * 0.5));  // and the decay beside it
  one_number<double> c{1};
  adamw usual{c, {.rate = 0.1f}};
  descend(ctx, usual, c);
  CHECK(c() == Approx(0.9 - 0.1 * 0.01));
}

TEST_CASE("adam: a parameter that took no part is left alone") {
  cpu::context ctx;
  two_numbers part{1, 1};
  adam learn{part, {.rate = 0.1f, .weight_decay = 0.5f}};
  for (int i = 0; i < 3; ++i) {
    tape on{ctx};
    auto const x = on.watch(part.first);
    learn.step(on.backward(multiply(on, x, x)));
  }
  CHECK(part.second[0][0] == 1);
  double const before = part.first[0][0];
  tape on{ctx};
  auto const y = on.watch(part.second);
  learn.step(on.backward(multiply(on, y, y)));
  CHECK(part.first[0][0] == before);
  CHECK(part.second[0][0] == Approx(0.9));  // its own first step
}

TEST_CASE("adam: the rate may change between steps") {
  cpu::context ctx;
  one_number<double> a{1};
  adam learn{a, {.rate = 0.1f}};
  learn.rate(0);
  descend(ctx, learn, a);
  CHECK(a() == 1);
  learn.rate(0.25f);
  CHECK(learn.rate() == 0.25f);
}

TEST_CASE("adam: its state is a module, and a run goes on from a copy of it, bit by bit") {
  cpu::context ctx;
  auto model = small_model(ctx);
  adam learn{model};
  for (int i = 0; i < 4; ++i) descend(ctx, learn, model);
  auto copy = model;
  adam again{copy};
  copy_state(learn, again);
  for (int i = 0; i < 4; ++i) {
    descend(ctx, learn, model);
    descend(ctx, again, copy);
  }
  CHECK(numbers_of(model) == numbers_of(copy));
  CHECK(numbers_of(learn) == numbers_of(again));
  std::vector<std::string> paths;
  visit(learn, [&](std::string const& path, auto const&) { paths.push_back(path); });
  CHECK(paths.front() == "float/steps");
  CHECK(paths.size() == 1 + 2 * 4);
}

TEST_CASE("adam: same bits for any number of threads") {
  auto const run = [](any_executor threads) {
    cpu::context ctx{std::move(threads), seed{1}};
    large_model model{ctx};
    adam learn{model, {.rate = 1e-2f}};
    for (int i = 0; i < 3; ++i) descend(ctx, learn, model);
    return numbers_of(model);
  };
  auto const one = run(inline_executor{});
  CHECK(run(thread_pool{3}) == one);
}

TEST_CASE("adam: goes down on a small problem") {
  cpu::context ctx;
  auto model = small_model(ctx);
  adam learn{model, {.rate = 1e-2f}};
  double const first = descend(ctx, learn, model);
  double last = first;
  for (int i = 0; i < 200; ++i) last = descend(ctx, learn, model);
  CHECK(last < 0.2 * first);
}
