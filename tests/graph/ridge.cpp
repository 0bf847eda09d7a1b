#include <intarsia/graph/ridge.hpp>

#include "../catch.hpp"
#include "sample.hpp"

namespace ia = intarsia;

namespace {
// Gaussian elimination with pivots, in double.
std::vector<double> solved(std::vector<std::vector<double>> a, std::vector<double> b) {
  std::size_t const n = b.size();
  for (std::size_t c = 0; c < n; ++c) {
    std::size_t pivot = c;
    for (std::size_t r = c; r < n; ++r) pivot = std::abs(a[r][c]) > std::abs(a[pivot][c]) ? r : pivot;
    std::swap(a[c], a[pivot]);
    std::swap(b[c], b[pivot]);
    for (std::size_t r = 0; r < n; ++r) {
      if (r == c) continue;
      double const factor = a[r][c] / a[c][c];
      for (std::size_t k = c; k < n; ++k) a[r][k] -= factor * a[c][k];
      b[r] -= factor * b[c];
    }
  }
  for (std::size_t c = 0; c < n; ++c) b[c] /= a[c][c];
  return b;
}

// The formula of ridge_options, number by number.
void check(ia::interactions const& x, ia::ridge_options const& o) {
  auto ctx = sample::context();
  ia::csr const edges = ia::ridge_edges(ctx, x, o);
  auto const lists = ia::find_ridge_candidates(ctx, x, o.own, o.other, {.shrink = o.shrink});
  auto const& n = x.numbering();
  for (std::size_t i = 0; i < x.items(); ++i) {
    auto const sources = lists[i];
    REQUIRE(edges.view().degree(i) <= sources.size());
    std::vector<std::vector<double>> a(sources.size(), std::vector<double>(sources.size()));
    std::vector<double> b(sources.size());
    auto const gram = [&](std::size_t j, std::size_t k) {
      return sample::shared(x, j, k, -o.user_power, x.mean_history());
    };
    double const r = static_cast<double>(o.type_dropout);
    for (std::size_t j = 0; j < sources.size(); ++j) {
      bool const own_j = n.type(sources[j]) == n.type(i);
      double const k_j = own_j ? 1 - r : 1;
      for (std::size_t k = 0; k < sources.size(); ++k) {
        bool const either = own_j || n.type(sources[k]) == n.type(i);
        a[j][k] = gram(sources[j], sources[k]) * (either ? 1 - r : 1);
      }
      a[j][j] +=
          static_cast<double>(o.lambda) + static_cast<double>(o.item_dropout) * gram(sources[j], sources[j]) * k_j;
      b[j] = gram(i, sources[j]) * k_j;
    }
    auto const weights = solved(a, b);
    for (std::size_t j = 0; j < sources.size(); ++j) {
      CHECK(sample::at(edges.view(), i, sources[j]) == Approx(weights[j]).margin(1e-4).epsilon(1e-3));
    }
  }
}
}  // namespace

TEST_CASE("ridge edges solve the regression of each item on its candidates") {
  check(sample::catalogue(50, 24, 3, 0.3, 21), {.lambda = 2, .own = 5, .other = 4, .shrink = 3});
  check(sample::catalogue(50, 24, 3, 0.3, 22), {.lambda = 10, .type_dropout = 0, .own = 40, .other = 40});
  check(sample::catalogue(50, 20, 1, 0.3, 23), {.lambda = 1, .own = 3, .other = 3});
}

TEST_CASE("ridge candidates come own type first, each heaviest first, and shorter lists are their beginnings") {
  auto const x = sample::catalogue(50, 40, 3, 0.3, 24);
  auto ctx = sample::context();
  auto const all = ia::find_ridge_candidates(ctx, x, 8, 8);
  auto const few = ia::find_ridge_candidates(ctx, x, 3, 2);
  auto const cut = ia::fewer_candidates(all, x.numbering(), 3, 2);
  CHECK(few.offsets == cut.offsets);
  CHECK(few.sources == cut.sources);
  CHECK(few.own == cut.own);
  ia::csr const weights = ia::co_interaction(ctx, x, {.neighbors = 0});
  for (std::size_t i = 0; i < x.items(); ++i) {
    for (std::size_t a = 0; a < all[i].size(); ++a) {
      bool const own = x.numbering().type(all[i][a]) == x.numbering().type(i);
      CHECK(own == (a < all.own[i]));
      if (a + 1 < all[i].size() && a + 1 != all.own[i]) {
        CHECK(sample::at(weights.view(), i, all[i][a]) >= sample::at(weights.view(), i, all[i][a + 1]));
      }
    }
  }
}

TEST_CASE("ridge edges do not depend on the batch or on the number of threads") {
  auto const x = sample::catalogue(80, 120, 4, 0.15, 25);
  auto ctx = sample::context();
  ia::csr const expected = ia::ridge_edges(ctx, x, {.own = 10, .other = 10});
  REQUIRE(expected.columns.size() > 500);
  CHECK(sample::same(expected, ia::ridge_edges(ctx, x, {.own = 10, .other = 10, .memory = 4000})));
  for (std::size_t const threads : {2u, 3u, 7u}) {
    auto many = sample::context(threads);
    CHECK(sample::same(expected, ia::ridge_edges(many, x, {.own = 10, .other = 10, .memory = 20000})));
  }
}

TEST_CASE("ridge edges of one item, no item and no pair are none") {
  auto ctx = sample::context();
  CHECK(ia::ridge_edges(ctx, ia::interactions{}).columns.empty());
  ia::interactions const one{1, ia::node_numbering{2, {1}}, std::vector<ia::interaction>{{0, 0}}};
  CHECK(ia::ridge_edges(ctx, one).offsets == std::vector<std::uint64_t>{0, 0});
  ia::interactions const quiet{2, ia::node_numbering{2, {1, 0}}, {}};
  CHECK(ia::ridge_edges(ctx, quiet).offsets == std::vector<std::uint64_t>{0, 0, 0});
}
