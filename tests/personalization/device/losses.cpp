// The first twenty losses of the worked example's trainings on a device are those of the CPU.
#include <intarsia/cpu/cpu.hpp>
#include <string>
#include <vector>

#include "../../catch.hpp"
#include "catalogue.hpp"
#include "foundation.hpp"
#include "on_cpu.hpp"
#include "protocol.hpp"
#include "text.hpp"
#include "towers.hpp"

using namespace personalization;

namespace {

constexpr std::size_t steps = 20;

struct world {
  ia::cpu::context ctx{ia::inline_executor{}, ia::seed{1}};
  catalogue of = read_catalogue(INTARSIA_TEST_DATA "/anime-tiny", {});
  split warm = make_split(of, "warm");
  numbers text = whiten_text(ctx, of).vectors;
};
world const& tiny() {
  static world const made;
  return made;
}

struct trained {
  std::vector<double> losses;
  numbers z;
};
// train(ctx, stage) -> numbers, by a context and a log of its own.
template <class Train>
trained run(device on, Train const& train) {
  ia::cpu::context ctx{ia::inline_executor{}, ia::seed{5}};
  study_log log;
  curve loss;
  training_stage stage{"test", {}, log, loss};
  stage.on = on;
  numbers z = train(ctx, stage);
  trained made{{}, std::move(z)};
  for (auto const& point : loss.points) made.losses.push_back(point.second);
  return made;
}
void same(trained const& found, trained const& expected) {
  REQUIRE(expected.losses.size() == steps);
  REQUIRE(found.losses.size() == steps);
  for (std::size_t step = 0; step < steps; ++step) {
    CAPTURE(step);
    CHECK(found.losses[step] == Approx(expected.losses[step]).epsilon(1e-4));
  }
  REQUIRE(found.z.size() == expected.z.size());
  double apart = 0, length = 0;
  for (std::size_t i = 0; i < expected.z.size(); ++i) {
    double const a = static_cast<double>(found.z.data()[i]), b = static_cast<double>(expected.z.data()[i]);
    apart += (a - b) * (a - b);
    length += b * b;
  }
  CHECK(apart < 1e-4 * length);
}
void same_foundation(foundation_settings settings) {
  settings.steps = steps;
  auto const train = [&](ia::cpu::context& ctx, training_stage const& stage) {
    return train_foundation(ctx, tiny().warm.train, tiny().text, settings, stage).z;
  };
  same(run(device::cuda, train), run(device::cpu, train));
}

}  // namespace

// With batches as large as the study's: in small ones Adam divides by next to nothing, and the CPU's own instruction
// sets leave 1e-4 of each other by step 10.
TEST_CASE("the foundation learns on a device what it learns on the CPU: the whole graph, some nodes by text") {
  same_foundation({.negatives = 4, .batch = 2048});
}

TEST_CASE("the foundation learns on a device what it learns on the CPU: sampled neighborhoods") {
  same_foundation({.negatives = 2, .sampled = true, .batch = 256});
}

TEST_CASE("the towers learn on a device what they learn on the CPU") {
  numbers z(tiny().text.rows(), 128), z_text(tiny().text.rows(), 128);
  for (std::size_t i = 0; i < z.rows(); ++i) {
    ia::random dice{ia::seed{3}, 1, i};
    for (std::size_t c = 0; c < z.cols(); ++c) {
      z[i][c] = static_cast<float>(dice.normal());
      z_text[i][c] = static_cast<float>(dice.normal());
    }
  }
  for (bool const with_graph : {false, true}) {
    CAPTURE(with_graph);
    auto const train = [&](ia::cpu::context& ctx, training_stage stage) {
      stage.thinning = 1;
      tower_features given{.text = &tiny().text};
      if (with_graph) given = {.text = &tiny().text, .z = &z, .z_text = &z_text};
      return train_two_tower(ctx, tiny().warm.train, given, {.batch = 32, .steps = steps}, stage).items();
    };
    same(run(device::cuda, train), run(device::cpu, train));
  }
}
