#include "../catch.hpp"
#include "../gradient.hpp"
#include "../oracle.hpp"

#include <intarsia/loss/pairwise_difference.hpp>

using namespace intarsia;
using namespace intarsia::test;

namespace {
// The equation as it stands, over all pairs.
double by_hand(grid u, grid v, std::vector<float> const& weight) {
  for (auto* g : {&u, &v}) {
    for (auto& row : *g) {
      double norm = 0;
      for (double const x : row) norm += x * x;
      for (double& x : row) x /= std::sqrt(norm);
    }
  }
  auto const dot = [&](std::size_t i, std::size_t j) {
    double sum = 0;
    for (std::size_t c = 0; c < u[i].size(); ++c) sum += u[i][c] * v[j][c];
    return sum;
  };
  double sum = 0, weights = 0;
  for (std::size_t i = 0; i < u.size(); ++i) {
    for (std::size_t j = 0; j < u.size(); ++j) {
      if (i == j) continue;
      double const w = weight.empty() ? 1 : static_cast<double>(weight[j]);
      sum += w * (dot(i, j) - dot(i, i));
      weights += w;
    }
  }
  return sum / weights;
}
}  // namespace

TEST_CASE("pairwise_difference: known values") {
  cpu::context ctx;
  tensor<batch_rows, dim<2>, double> u(2), v(2);
  u[0][0] = 2, u[1][1] = 3;    // two right angles apart
  v[0][0] = 5, v[1][0] = 0.5;  // both like user 0
  // User 0: 1 - 1; user 1: 0 - 0.
  CHECK(pairwise_difference(ctx, ctx.constant(u), ctx.constant(v)).value[0][0] == Approx(0).margin(1e-15));
  v[1][0] = 0, v[1][1] = 7;  // each its own: 0 - 1 twice
  CHECK(pairwise_difference(ctx, ctx.constant(u), ctx.constant(v)).value[0][0] == Approx(-1));
}

TEST_CASE("pairwise_difference: the equation over all pairs, and gradients") {
  cpu::context ctx;
  auto const u = noise<batch_rows, dim<4>>(6, 1), v = noise<batch_rows, dim<4>>(6, 2);
  std::vector<float> const even, weight{1, .5f, 3, .25f, 0, 2};
  for (auto const& w : {even, weight}) {
    auto const f = [&](auto& on, auto x, auto y) { return pairwise_difference(on, x, y, w); };
    CHECK(f(ctx, ctx.constant(u), ctx.constant(v)).value[0][0] == Approx(by_hand(grid_of(u), grid_of(v), w)));
    CHECK(gradient_error(f, u, v) < 1e-7);
  }
}

TEST_CASE("pairwise_difference: one pair, none, and what does not fit") {
  auto const f = [](auto& on, auto x, auto y) { return pairwise_difference(on, x, y); };
  CHECK(gradient_error(f, noise<batch_rows, dim<4>>(1, 1), noise<batch_rows, dim<4>>(1, 2)) == 0);
  CHECK(gradient_error(f, noise<batch_rows, dim<4>>(0, 1), noise<batch_rows, dim<4>>(0, 2)) == 0);
  cpu::context ctx;
  auto const u = noise<batch_rows, dim<4>>(3, 1), v = noise<batch_rows, dim<4>>(2, 2);
  std::vector<float> const one{1};
  CHECK_THROWS_AS(f(ctx, ctx.constant(u), ctx.constant(v)), shape_error);
  CHECK_THROWS_AS(pairwise_difference(ctx, ctx.constant(u), ctx.constant(u), one), shape_error);
}
