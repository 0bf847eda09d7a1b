// A step of training takes no memory after the first ones; malloc itself is counted, unless a sanitizer replaced it.

#include "../catch.hpp"
#include "../count_malloc.hpp"
#include "small.hpp"

#if COUNTS_ALLOCATIONS

using namespace intarsia;

namespace {
// The calls between the ends of step `warm` and of the last step of a training.
template <class Run>
std::size_t calls_after(std::size_t warm, std::size_t steps, Run const& run) {
  std::size_t before = 0, after = 0;
  run(steps, [&](std::size_t step, double) {
    if (step == warm) before = calls;
    if (step == steps) after = calls;
  });
  REQUIRE(before > 0);
  return after - before;
}
}  // namespace

TEST_CASE("training: the counter counts what a step takes") {
  cpu::context ctx;
  linear<2, 2> part{ctx};
  adam learn{part};
  CHECK(calls_after(1, 4, [&](std::size_t steps, auto const& watch) {
          train(
              "one", part, learn, steps, {},
              [&](std::size_t) { return static_cast<double>(small::weights(part).size()); }, watch);
        }) >= 3);
}

TEST_CASE("training: a step of a graph network or of towers takes no memory after the first ones") {
  for (auto const& [threads, products] :
       {std::pair{1u, precision::full}, {2u, precision::full}, {2u, precision::bf16}}) {
    CAPTURE(threads, static_cast<int>(products));
    cpu::context ctx{thread_pool{threads}, seed{3}};
    ctx.products(products);
    CHECK(calls_after(2, 12, [&](std::size_t steps, auto const& watch) {
            static_cast<void>(small::train_encoder(ctx, true, steps, {}, watch));
          }) == 0);
    for (auto const loss : {tower_loss::softmax, tower_loss::literal}) {
      CHECK(calls_after(2, 12, [&](std::size_t steps, auto const& watch) {
              static_cast<void>(small::train_small_towers(ctx, steps, {}, watch, loss));
            }) == 0);
    }
    // Sampled blocks differ in size: scratch memory grows until the largest has been met.
    cpu::context sampled{thread_pool{threads}, seed{3}};
    sampled.products(products);
    CHECK(calls_after(80, 160, [&](std::size_t steps, auto const& watch) {
            static_cast<void>(small::train_encoder(sampled, false, steps, {}, watch));
          }) == 0);
  }
}

#endif
