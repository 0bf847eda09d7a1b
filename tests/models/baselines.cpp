#include <fstream>
#include <intarsia/cpu/cpu.hpp>
#include <intarsia/graph/split.hpp>
#include <intarsia/models/baselines.hpp>
#include <intarsia/models/evaluation.hpp>
#include <intarsia/models/ridge_selection.hpp>
#include <sstream>

#include "../catch.hpp"
#include "../graph/sample.hpp"
#include "tiny_catalogue.hpp"

namespace ia = intarsia;

namespace {
// Scores of the reference program: by split and model, users and five metrics.
std::map<std::pair<std::string, std::string>, std::vector<double>> reference() {
  std::ifstream file{std::string{INTARSIA_TEST_DATA} + "/reference/anime-tiny.txt"};
  std::map<std::pair<std::string, std::string>, std::vector<double>> out;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream words{line};
    std::string split, model;
    words >> split >> model;
    auto& numbers = out[{split, model}];
    for (double x; words >> x;) numbers.push_back(x);
  }
  return out;
}

std::vector<double> numbers_of(ia::ranking_report const& r) {
  return {static_cast<double>(r.users), r.hit_rate, r.ndcg, r.recall, r.mrr, r.coverage};
}

// All scores of a model for all users.
template <class Model>
ia::tensor<ia::dyn, ia::dyn> all_scores(ia::cpu::context& ctx, Model const& model, ia::interactions const& x) {
  std::vector<std::uint32_t> users(x.users());
  for (std::uint32_t u = 0; u < users.size(); ++u) users[u] = u;
  ia::tensor<ia::dyn, ia::dyn> out(x.users(), x.items());
  model.score(ctx, users, out.view());
  return out;
}
}  // namespace

TEST_CASE("popularity, item-knn and ease reproduce the reference scores of the small catalogue") {
  auto const c = tiny::read();
  auto const want = reference();
  REQUIRE(want.size() > 30);
  auto ctx = sample::context(2);
  std::size_t compared = 0;
  auto const run = [&](ia::interactions const& train, ia::interactions const& test,
                       std::vector<std::pair<std::string, std::vector<std::uint32_t>>> const& rankings) {
    std::vector<ia::ranking_task> tasks;
    for (auto const& [name, candidates] : rankings) tasks.push_back({candidates, test.by_user()});
    auto const check = [&](std::string const& model, auto const& scores, double margin) {
      auto const reports = ia::evaluate(ctx, scores, train.by_user(), std::span<ia::ranking_task const>{tasks});
      for (std::size_t t = 0; t < tasks.size(); ++t) {
        auto const row = want.find({rankings[t].first, model});
        if (row == want.end()) continue;
        auto const got = numbers_of(reports[t]);
        INFO(rankings[t].first << ' ' << model);
        REQUIRE(row->second.size() == got.size());
        CHECK(got[0] == row->second[0]);
        for (std::size_t m = 1; m < got.size(); ++m) CHECK(got[m] == Approx(row->second[m]).margin(margin).epsilon(0));
        ++compared;
      }
    };
    check("popularity", ia::popularity{train}, 0.000051);
    check("item-knn", ia::item_knn(ctx, train), 0.0003);
    check("ease", ia::ease{ctx, train}, 0.0003);
  };

  std::vector<std::uint32_t> every(c.items->size());
  for (std::uint32_t i = 0; i < every.size(); ++i) every[i] = i;
  std::vector<std::pair<std::string, std::vector<std::uint32_t>>> warm{{"warm", every}};
  for (std::size_t t = 0; t < c.types.size(); ++t) warm.emplace_back("warm/" + c.types[t], c.of_type(t));
  run(c.where([&](std::size_t p) { return c.fold[p] > 1; }), c.where([&](std::size_t p) { return c.fold[p] < 2; }),
      warm);
  for (std::size_t t = 1; t < c.types.size(); ++t) {
    auto const lost = [&, t](std::size_t p) {
      return c.items->type(c.pairs[p].item) == t && c.user_id[c.pairs[p].user] % 5 == 0;
    };
    run(c.where([&](std::size_t p) { return !lost(p); }), c.where(lost), {{"new-to-" + c.types[t], c.of_type(t)}});
  }
  CHECK(compared == 30);
}

TEST_CASE("ridge edges are ahead of every baseline on the small catalogue, and find their own settings") {
  auto const c = tiny::read();
  auto ctx = sample::context(2);
  auto const train = c.where([&](std::size_t p) { return c.fold[p] > 2; });
  auto const valid = c.where([&](std::size_t p) { return c.fold[p] == 2; });
  auto const ndcg = [&](auto const& model) {
    return ia::evaluate(ctx, model, train.by_user(), ia::ranking_task{{}, valid.by_user()}).ndcg;
  };
  double const ridge = ndcg(ia::ridge_graph(ctx, train));
  CHECK(ridge > 0.26);
  CHECK(ndcg(ia::ease{ctx, train}) < ridge - 0.05);
  CHECK(ndcg(ia::graph_knn(ctx, train)) < ridge - 0.03);

  auto const choice = ia::select_ridge(ctx, train, valid.by_user());
  REQUIRE(choice.tried.size() >= 4);
  CHECK(choice.tried.size() < 18);
  double best = 0, chosen = 0;
  for (auto const& trial : choice.tried) {
    best = std::max(best, trial.ndcg);
    if (trial.lambda == choice.options.lambda && trial.neighbors == choice.options.own) chosen = trial.ndcg;
  }
  CHECK(chosen >= best * 0.998);
  CHECK(chosen >= ridge * 0.998);
  CHECK(ndcg(ia::ridge_graph(ctx, train, choice.options)) == Approx(chosen));
}

TEST_CASE("select_ridge stays in its grid and reports every trial") {
  auto const x = sample::catalogue(60, 40, 2, 0.3, 31);
  auto const parts = ia::hold_out(x, 0.2, ia::seed{2});
  auto ctx = sample::context();
  ia::ridge_grid grid;
  grid.lambda = {5};
  grid.neighbors = {4};
  auto const one = ia::select_ridge(ctx, parts.train, parts.held_out.by_user(), {}, grid);
  REQUIRE(one.tried.size() == 1);
  CHECK(one.options.lambda == 5);
  CHECK(one.options.own == 4);
  grid.users = 10;
  CHECK(ia::select_ridge(ctx, parts.train, parts.held_out.by_user(), {}, grid).tried.size() == 1);
  CHECK(ia::select_ridge(ctx, ia::interactions{}, {}, {}, grid).tried.front().ndcg == 0);
  grid.lambda.clear();
  CHECK_THROWS_AS(ia::select_ridge(ctx, parts.train, parts.held_out.by_user(), {}, grid), ia::error);
}

TEST_CASE("baselines are their formulas") {
  auto const x = sample::catalogue(30, 20, 3, 0.4, 41);
  auto ctx = sample::context();
  auto const popular = all_scores(ctx, ia::popularity{x}, x), knn = all_scores(ctx, ia::item_knn(ctx, x), x);
  ia::csr const weights =
      ia::co_interaction(ctx, x, {.shrink = 10, .neighbors = 4, .groups = ia::neighbor_groups::all});
  auto const graph = all_scores(ctx, ia::graph_knn(ctx, x, {.neighbors = 4}), x);
  ia::csr const edges = ia::ridge_edges(ctx, x);
  auto const ridge = all_scores(ctx, ia::ridge_graph(ctx, x), x);
  for (std::size_t u = 0; u < x.users(); ++u) {
    for (std::size_t i = 0; i < x.items(); ++i) {
      CHECK(popular[u][i] == static_cast<float>(x.by_item().degree(i)));
      double cosine = 0, heavy = 0, regression = 0;
      for (std::uint32_t const j : x.by_user()[u]) {
        double const both = sample::shared(x, i, j, 0),
                     norm = std::sqrt(sample::shared(x, i, i, 0) * sample::shared(x, j, j, 0));
        if (j != i && both > 0) cosine += both / norm;
        heavy += static_cast<double>(sample::at(weights.view(), i, j));
        regression += static_cast<double>(sample::at(edges.view(), i, j));
      }
      CHECK(knn[u][i] == Approx(cosine).margin(1e-5));
      CHECK(graph[u][i] == Approx(heavy).margin(1e-5));
      CHECK(ridge[u][i] == Approx(regression).margin(1e-5));
    }
  }
}

TEST_CASE("ease: P B' = diag(P)-scaled identity, a zero diagonal, and users without items") {
  auto const x = sample::catalogue(30, 12, 1, 0.4, 42);
  auto ctx = sample::context();
  ia::ease const model{ctx, x, 2.0};
  auto const b = model.weights();
  // (X'X + lambda I) (I - B) has a constant diagonal per column and zeros elsewhere.
  for (std::size_t i = 0; i < 12; ++i) {
    CHECK(b[i][i] == 0);
    for (std::size_t j = 0; j < 12; ++j) {
      double sum = 0;
      for (std::size_t k = 0; k < 12; ++k) {
        double const gram = sample::shared(x, i, k, 0) + (i == k ? 2.0 : 0.0);
        sum += gram * ((k == j ? 1.0 : 0.0) - static_cast<double>(b[k][j]));
      }
      if (i != j) CHECK(sum == Approx(0).margin(1e-4));
      if (i == j) CHECK(sum > 0.5);
    }
  }
  auto const scores = all_scores(ctx, model, x);
  for (float const s : scores[0]) CHECK(s == 0);
}

TEST_CASE("text-knn sums cosines over the history") {
  auto const x = sample::catalogue(20, 15, 2, 0.4, 43);
  ia::tensor<ia::dyn, ia::dyn> features(15, 4);
  ia::random draw{ia::seed{1}, 1};
  for (std::size_t e = 0; e < features.size(); ++e) features.data()[e] = static_cast<float>(draw.normal());
  auto ctx = sample::context();
  auto const scores = all_scores(ctx, ia::text_knn{x, features.view()}, x);
  for (std::size_t u = 0; u < x.users(); ++u) {
    for (std::size_t i = 0; i < 15; ++i) {
      double sum = 0;
      for (std::uint32_t const j : x.by_user()[u]) {
        double ab = 0, aa = 0, bb = 0;
        for (std::size_t c = 0; c < 4; ++c) {
          double const a = static_cast<double>(features[i][c]), b = static_cast<double>(features[j][c]);
          ab += a * b, aa += a * a, bb += b * b;
        }
        sum += ab / std::sqrt(aa * bb);
      }
      CHECK(scores[u][i] == Approx(sum).margin(1e-4));
    }
  }
}

TEST_CASE("reports have the same bits for any number of threads and size of block") {
  auto const x = sample::catalogue(120, 60, 3, 0.2, 44);
  auto const parts = ia::hold_out(x, 0.3, ia::seed{4});
  auto const report = [&](std::size_t threads, ia::evaluation_options const& options) {
    auto ctx = sample::context(threads);
    return ia::evaluate(ctx, ia::ridge_graph(ctx, parts.train), parts.train.by_user(),
                        ia::ranking_task{{}, parts.held_out.by_user()}, options);
  };
  auto const one = report(1, {});
  REQUIRE(one.users > 30);
  REQUIRE(one.ndcg > 0);
  for (std::size_t const threads : {2u, 3u, 7u}) {
    auto const many = report(threads, {.block = 13});
    CHECK(numbers_of(many) == numbers_of(one));
    CHECK(many.user_ndcg == one.user_ndcg);
  }
  CHECK(report(1, {.numbers = 1}).user_ndcg == one.user_ndcg);
}

TEST_CASE("evaluation masks what was seen, ranks candidates only, and breaks ties by row") {
  // Every item has one user, so popularity is all ties.
  std::vector<ia::interaction> const seen{{0, 0}, {0, 2}, {1, 1}, {1, 3}}, wanted{{0, 3}, {0, 1}, {1, 0}};
  ia::interactions const train{3, ia::node_numbering{1, std::vector<std::uint16_t>(5, 0)}, seen};
  ia::interactions const test{3, ia::node_numbering{1, std::vector<std::uint16_t>(5, 0)}, wanted};
  auto ctx = sample::context();
  ia::popularity const model{train};
  // User 0: items 1, 3 (one user each), then 4. User 1: 0, 2, 4. User 2 wants nothing.
  auto const all = ia::evaluate(ctx, model, train.by_user(), ia::ranking_task{{}, test.by_user()}, {.k = 2});
  CHECK(all.users == 2);
  CHECK(all.ndcg == 1);
  CHECK(all.recall == 1);
  CHECK(all.coverage == Approx(4.0 / 5));
  std::vector<std::uint32_t> const few{2, 3, 4};
  auto const some = ia::evaluate(ctx, model, train.by_user(), ia::ranking_task{few, test.by_user()}, {.k = 1});
  CHECK(some.users == 1);
  CHECK(some.hit_rate == 1);
  CHECK(some.recall == 1);
  CHECK(some.coverage == Approx(1.0 / 3));
  std::vector<std::uint32_t> const nobody;
  CHECK(ia::evaluate(ctx, model, train.by_user(), ia::ranking_task{nobody, test.by_user()}).users == 0);
}
