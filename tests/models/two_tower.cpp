// Two towers: their parts, and their outputs in pieces.
#include <intarsia/models/train_towers.hpp>
#include <intarsia/nn/mlp.hpp>

#include "../catch.hpp"
#include "small.hpp"

using namespace intarsia;

TEST_CASE("two_tower: parts go by names, and both towers learn from one loss") {
  cpu::context ctx{inline_executor{}, seed{2}};
  two_tower model{basic_mlp<double, 3, 5, 2>{ctx}, basic_mlp<double, 4, 2>{ctx}};
  std::vector<std::string> names;
  visit(model, [&](std::string const& path, auto const&) { names.push_back(path); });
  CHECK(names == std::vector<std::string>{"query/0/weight", "query/0/bias", "query/1/weight", "query/1/bias",
                                          "item/0/weight", "item/0/bias"});
  auto const who = test::noise<batch_rows, dim<3>>(6, 1);
  auto const what = test::noise<batch_rows, dim<4>>(6, 2);
  CHECK(test::parameter_gradient_error(ctx, model, [&](auto& on, auto const& part) {
          return in_batch_softmax(on, part.query(on, on.constant(who)), part.item(on, on.constant(what)));
        }) < 1e-6);
}

TEST_CASE("tower_outputs and user_outputs: the same as all rows at once, over more than one piece") {
  cpu::context ctx{thread_pool{2}, seed{2}};
  mlp<6, 4, 3> const tower{ctx};
  auto const inputs = test::noise<dyn, dyn, float>(2100, 6, 1);
  auto const out = tower_outputs(ctx, tower, inputs.view());
  auto const whole = own(tower(ctx, ctx.constant(inputs)));
  REQUIRE(out.rows() == 2100);
  float worst = 0;
  for (std::size_t i = 0; i < out.size(); ++i) worst = std::max(worst, std::abs(out.data()[i] - whole.data()[i]));
  CHECK(worst < 1e-6f);

  // User u chose items u and u + 1; means of 2090 users.
  std::vector<interaction> pairs;
  for (std::uint32_t u = 0; u < 2090; ++u) {
    pairs.push_back({u, u});
    pairs.push_back({u, u + 1});
  }
  interactions const chosen{2090, node_numbering{1, std::vector<std::uint16_t>(2100)}, pairs};
  history_mean const histories{ctx, chosen.by_user(), inputs.view(), {6}};
  auto const users = user_outputs(ctx, tower, histories);
  std::vector<std::uint32_t> all(2090);
  for (std::uint32_t u = 0; u < 2090; ++u) all[u] = u;
  tensor<dyn, dyn> means(2090, 6);
  histories.rows(ctx, all, means.view());
  auto const expected = own(tower(ctx, ctx.constant(means)));
  worst = 0;
  for (std::size_t i = 0; i < users.size(); ++i)
    worst = std::max(worst, std::abs(users.data()[i] - expected.data()[i]));
  CHECK(worst < 1e-6f);
  CHECK(tower_outputs(ctx, tower, inputs.view().row_range(0, 0)).rows() == 0);
}
