// Towers that learn hidden communities from who chose what.
#include "../catch.hpp"
#include "small.hpp"

using namespace intarsia;

namespace {
constexpr std::uint32_t groups = 4, members = 40;

// Users and items of a group by their number modulo groups; users choose six items of their own group.
interactions grouped() {
  std::vector<interaction> pairs;
  for (std::uint32_t u = 0; u < groups * members; ++u) {
    intarsia::random dice{seed{8}, 1, u};
    for (int k = 0; k < 6; ++k) pairs.push_back({u, u % groups + groups * dice.below(members)});
  }
  return {groups * members, node_numbering{1, std::vector<std::uint16_t>(groups * members)}, pairs};
}
// The column of the group is 1, and there is noise.
tensor<dyn, dyn> vectors() {
  auto x = test::noise<dyn, dyn, float>(groups * members, 6, 3);
  for (std::uint32_t i = 0; i < groups * members; ++i) x[i][i % groups] += 1;
  return x;
}
}  // namespace

TEST_CASE("train_towers: the best items of a user are of the user's group, for both losses") {
  auto const chosen = grouped();
  auto const items = vectors();
  for (auto const loss : {tower_loss::softmax, tower_loss::literal}) {
    for (bool const cold : {false, true}) {
      CAPTURE(static_cast<int>(loss), cold);
      cpu::context ctx{inline_executor{}, seed{5}};
      history_mean const histories{ctx, chosen.by_user(), items.view(), {6}};
      small::towers model{mlp<6, 10, 5>{ctx}, mlp<6, 10, 5>{ctx}};
      std::size_t steps = 0;
      train_towers(ctx, model, chosen, histories,
                   {items.view(), cold ? items.view() : dense<float const>{}, items.view()},
                   {.loss = loss, .batch = 64, .steps = 150, .rate = 1e-2f}, "towers", {},
                   [&](std::size_t, double) { ++steps; });
      CHECK(steps == 150);
      auto const users = user_outputs(ctx, model.query, histories);
      auto const outputs = tower_outputs(ctx, model.item, items.view());
      std::size_t right = 0;
      for (std::uint32_t u = 0; u < users.rows(); ++u) {
        std::uint32_t best = 0;
        double most = -1e300;
        for (std::uint32_t i = 0; i < outputs.rows(); ++i) {
          double sum = 0;
          for (std::size_t c = 0; c < 5; ++c) sum += static_cast<double>(users[u][c] * outputs[i][c]);
          if (sum > most) most = sum, best = i;
        }
        right += best % groups == u % groups ? 1 : 0;
      }
      CHECK(right > groups * members * 8 / 10);
    }
  }
}

TEST_CASE("train_towers: without pairs nothing happens, and sizes that do not fit are refused") {
  cpu::context ctx;
  auto const chosen = grouped();
  auto const items = vectors(), few = test::noise<dyn, dyn, float>(9, 6, 3);
  small::towers model{mlp<6, 10, 5>{ctx}, mlp<6, 10, 5>{ctx}};
  auto const before = small::weights(model);
  history_mean const histories{ctx, chosen.by_user(), items.view(), {6}};
  auto const run = [&](interactions const& on, tower_inputs<> const& inputs) {
    train_towers(ctx, model, on, histories, inputs, {.batch = 8, .steps = 2}, "towers", {}, [](std::size_t, double) {});
  };
  run(chosen.where([](std::uint32_t, std::uint32_t) { return false; }), {items.view(), {}, items.view()});
  CHECK(small::weights(model) == before);
  CHECK_THROWS_AS(run(chosen, {few.view(), {}, items.view()}), shape_error);
  CHECK_THROWS_AS(run(chosen, {items.view(), few.view(), items.view()}), shape_error);
  CHECK_THROWS_AS(run(chosen, {items.view(), {}, few.view()}), shape_error);
  CHECK_THROWS_AS(run(small::choices(), {items.view(), {}, items.view()}), shape_error);
}
