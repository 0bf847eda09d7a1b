// Lists made of interactions, a head trained on them, and the ranking it gives.
#include "../catch.hpp"
#include "../graph/sample.hpp"

#include <intarsia/models/reranker.hpp>

namespace ia = intarsia;

namespace {
constexpr std::size_t types = 3, width = ia::rank_features::width(types, 0);
using numbers = ia::tensor<ia::dyn, ia::dyn>;

ia::interactions some() { return sample::catalogue(90, 60, types, .35, 5); }

struct outcome {
  ia::rank_rows rows;
  numbers scores;
  double first = 0, last = 0;
};
outcome run(std::size_t threads, ia::interactions const& x, ia::rank_row_options const& options, std::size_t epochs = 3) {
  auto ctx = sample::context(threads);
  ia::ridge_options const ridge{.own = 10, .other = 10};
  ia::rank_features const features{x, {}};
  outcome out{ia::make_rank_rows(ctx, x, features, ridge, options), numbers(x.users(), x.items())};
  ia::rank_head<width> head{ctx};
  ia::train_rank_head(ctx, head, out.rows, {.epochs = epochs, .batch = 16}, "head", {}, [&](std::size_t step, double loss) {
    if (step == 1) out.first = loss;
    out.last = loss;
  });
  ia::reranker<width> const model{ia::ridge_evidence{ctx, x, ridge}, features, head, x.by_user(), ia::known_items(x), 15};
  std::vector<std::uint32_t> users(x.users());
  for (std::uint32_t u = 0; u < users.size(); ++u) users[u] = u;
  model.score(ctx, users, out.scores.view());
  return out;
}
}  // namespace

TEST_CASE("rank rows hide what they ask for, and nothing that they ask for is in the history") {
  auto const x = some();
  auto ctx = sample::context();
  ia::rank_features const features{x, {}};
  for (bool const whole : {false, true}) {
    ia::rank_row_options const options{.list = 25, .rounds = 3, .parts = 3, .whole_types = whole};
    auto const rows = ia::make_rank_rows(ctx, x, features, {.own = 10, .other = 10}, options);
    REQUIRE(rows.size() > 20);
    REQUIRE(rows.answers.size() == rows.size() * 25);
    REQUIRE(rows.features.size() == rows.size() * 25 * width);
    for (std::size_t l = 0; l < rows.size(); ++l) {
      auto const hidden = 1 / (double{rows.weights[l]} * double{rows.weights[l]});
      double found = 0;
      for (std::size_t c = 0; c < 25; ++c) {
        float const answer = rows.answers[l * 25 + c];
        float const* const feature = rows.features.data() + (l * 25 + c) * width;
        found += answer > 0 ? 1 : 0;
        // Candidates are known; where a whole type is hidden, none of it is left in the history.
        if (answer >= 0) CHECK(feature[17] > 0);
        if (answer >= 0 && whole) CHECK(feature[14] == 0);
        if (answer >= 0 && c > 0) CHECK(feature[0] <= feature[0 - static_cast<std::ptrdiff_t>(width)]);
        if (answer < 0) CHECK(std::all_of(feature, feature + width, [](float v) { return v == 0; }));
      }
      CHECK(found >= 1);
      CHECK(found <= hidden + 1e-3);
    }
  }
}

TEST_CASE("the parts of a user's history are hidden once each") {
  auto const x = some();
  ia::rank_row_options const options{.parts = 3};
  ia::detail::rank_masks const masks{x, options, ia::seed{1}};
  for (std::uint32_t u = 0; u < x.users(); ++u) {
    std::vector<std::uint32_t> seen, hidden, all;
    std::size_t type = 0;
    for (std::size_t round = 0; round < 3; ++round) {
      if (masks.split(u, round, seen, hidden, type)) CHECK(seen.size() + hidden.size() == x.by_user().degree(u));
      all.insert(all.end(), hidden.begin(), hidden.end());
    }
    std::sort(all.begin(), all.end());
    auto const history = x.by_user()[u];
    bool const takes_part = history.size() >= options.shortest;
    CHECK(all == (takes_part ? std::vector<std::uint32_t>(history.begin(), history.end()) : std::vector<std::uint32_t>{}));
  }
}

TEST_CASE("a trained head is above the others, learns, and is the same for any number of threads") {
  auto const x = some();
  ia::rank_row_options const options{.list = 25, .parts = 3};
  auto const one = run(1, x, options, 12);
  CHECK(one.last < one.first);
  auto const evidence = [&] {
    auto ctx = sample::context();
    return ia::ridge_evidence{ctx, x, {.own = 10, .other = 10}};
  }();
  ia::heaviest best;
  for (std::uint32_t u = 0; u < x.users(); ++u) {
    std::vector<float> edges(x.items());
    auto const history = x.by_user()[u];
    evidence.score(history, edges);
    auto const top = ia::best_outside(edges, history, ia::known_items(x), 15, best);
    std::vector<std::uint8_t> lifted(x.items());
    float lowest = 1e9F;
    for (auto const& c : top) lifted[c.row] = 1, lowest = std::min(lowest, one.scores[u][c.row]);
    for (std::size_t i = 0; i < x.items(); ++i) {
      if (lifted[i] != 0) continue;
      CHECK(one.scores[u][i] == edges[i]);
      CHECK(one.scores[u][i] < lowest);
    }
  }
  for (std::size_t const threads : {2U, 3U, 7U}) {
    auto const more = run(threads, x, options, 12);
    CHECK(more.rows.features == one.rows.features);
    CHECK(more.rows.answers == one.rows.answers);
    CHECK(std::equal(one.scores.data(), one.scores.data() + one.scores.size(), more.scores.data()));
  }
}

TEST_CASE("catalogues without anything to learn from are ranked all the same") {
  for (auto const& x : {sample::catalogue(9, 1, types, .3, 5), sample::catalogue(9, 5, types, 0, 5)}) {
    auto const out = run(1, x, {.list = 25});
    CHECK(out.rows.size() == 0);
    CHECK(std::all_of(out.scores.data(), out.scores.data() + out.scores.size(), [](float v) { return std::isfinite(v); }));
  }
}
