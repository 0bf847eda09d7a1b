// Lambda and the number of neighbors belong to the data: they are chosen on interactions held out for that purpose.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <intarsia/core/random.hpp>
#include <intarsia/graph/ridge.hpp>
#include <intarsia/models/edge_scorer.hpp>
#include <intarsia/models/evaluation.hpp>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace intarsia::inline v0 {

struct ridge_grid {
  std::vector<float> lambda = {1, 3, 10, 30, 100, 300};  // rising
  std::vector<std::size_t> neighbors = {25, 50, 100};    // rising; of the own type, and as many of others
  double worth = 0.002;         // share by which NDCG has to grow for a larger number of neighbors to be taken
  std::size_t users = 4096;     // users ranked at most, drawn by hash; 0: all
  std::size_t k = 10;           // NDCG of lists this long
};

// One setting that was tried.
struct ridge_trial {
  float lambda = 0;
  std::size_t neighbors = 0;
  double ndcg = 0;
};

struct ridge_choice {
  ridge_options options;           // ready for ridge_edges on all of the data
  std::vector<ridge_trial> tried;  // in the order of trial; the chosen setting is among them
};

namespace detail {

// Which users take part: all, or about `most` of those with something held out.
[[nodiscard]] inline csr some_users(csr_view<> held_out, std::size_t most) {
  std::size_t with = 0;
  for (std::size_t u = 0; u < held_out.rows; ++u) with += held_out.degree(u) > 0 ? 1u : 0u;
  csr out{.rows = held_out.rows, .cols = held_out.cols, .offsets = {}, .columns = {}, .values = {}, .positions = {}};
  out.offsets.assign(1, 0);
  for (std::size_t u = 0; u < held_out.rows; ++u) {
    random draw{seed{0}, 0, u};
    bool const in = most == 0 || with <= most ||
                    static_cast<double>(draw.uniform()) * static_cast<double>(with) < static_cast<double>(most);
    auto const row = held_out[u];
    if (in) out.columns.insert(out.columns.end(), row.begin(), row.end());
    out.offsets.push_back(out.columns.size());
  }
  return out;
}

}  // namespace detail

// Trains on `train`, ranks the candidates for the users of held_out (users x items), and compares NDCG. Coarse to fine:
// every other lambda with the fewest neighbors, then those beside the best; each larger number of neighbors starts from
// the best lambda, looks beside it where that is an improvement, and the search ends where it is none. Ties go to the
// setting tried first. Memory: that of ridge_edges with the most neighbors tried, and the edges of three settings.
template <class Context>
[[nodiscard]] ridge_choice select_ridge(Context& ctx, interactions const& train, csr_view<> held_out,
                                        std::optional<std::span<std::uint32_t const>> candidates = {},
                                        ridge_grid const& grid = {},
                                        ridge_options const& base = {}) {
  expects<error>(!grid.lambda.empty() && !grid.neighbors.empty(),
                 "select_ridge: the grid needs a lambda and a number of neighbors");
  csr const test = detail::some_users(held_out, grid.users);
  std::size_t const most = grid.neighbors.back();
  auto const all =
      find_ridge_candidates(ctx, train, most, most, {.shrink = base.shrink, .minimum_support = base.minimum_support});
  ridge_choice choice{base, {}};

  // Tries some places of grid.lambda that were not tried yet with these candidates; NDCG by place, below 0 where
  // untried.
  auto const attempt = [&](ridge_candidates const& lists, std::size_t neighbors, std::vector<std::size_t> const& places,
                           std::vector<double>& found) {
    std::vector<ridge_options> options;
    std::vector<std::size_t> at;
    for (std::size_t const place : places) {
      if (place >= grid.lambda.size() || found[place] >= 0) continue;
      options.push_back(base);
      options.back().lambda = grid.lambda[place];
      at.push_back(place);
    }
    auto weights = detail::ridge_weights(ctx, train, lists, options);
    for (std::size_t o = 0; o < options.size(); ++o) {
      edge_scorer const model{detail::edges_of(lists, weights[o], train.items()).view(), train.by_user()};
      weights[o] = {};
      auto const report = evaluate(ctx, model, train.by_user(), ranking_task{candidates, test.view()}, {.k = grid.k});
      found[at[o]] = report.ndcg;
      choice.tried.push_back({options[o].lambda, neighbors, report.ndcg});
    }
  };
  auto const best_of = [](std::vector<double> const& found) {
    return static_cast<std::size_t>(std::max_element(found.begin(), found.end()) - found.begin());
  };

  double best = -1;
  std::size_t place = 0;
  for (std::size_t const neighbors : grid.neighbors) {
    auto const lists = fewer_candidates(all, train.numbering(), neighbors, neighbors);
    std::vector<double> found(grid.lambda.size(), -1.0);
    bool const first = best < 0;
    if (first) {
      std::vector<std::size_t> coarse;
      for (std::size_t p = grid.lambda.size() > 2 ? 1 : 0; p < grid.lambda.size(); p += 2) coarse.push_back(p);
      attempt(lists, neighbors, coarse, found);
    } else {
      attempt(lists, neighbors, {place}, found);
      if (found[place] <= best * (1 + grid.worth)) break;
    }
    // The neighbors on the grid until the best lies between two others or at an end.
    for (std::size_t before = grid.lambda.size(); before != best_of(found);) {
      before = best_of(found);
      attempt(lists, neighbors, {before - 1, before + 1}, found);
    }
    place = best_of(found);
    best = found[place];
    choice.options.lambda = grid.lambda[place];
    choice.options.own = choice.options.other = neighbors;
  }
  return choice;
}

}  // namespace intarsia::inline v0
