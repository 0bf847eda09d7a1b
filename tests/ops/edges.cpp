// Scores of edges, their softmax per target, and sums that they weigh.
#include "../catch.hpp"
#include "../gradient.hpp"
#include "links.hpp"

#include <intarsia/core/thread_pool.hpp>
#include <intarsia/ops/activation.hpp>
#include <intarsia/ops/edge_scores.hpp>
#include <intarsia/ops/edge_softmax.hpp>
#include <intarsia/ops/edge_sum.hpp>
#include <limits>

using namespace intarsia;
using namespace intarsia::test;

namespace {
constexpr double infinity = std::numeric_limits<double>::infinity();
using edge_axis = rows_of_edges<Song, List>;

struct small_network {
  auto operator()(auto source, auto target, auto weight) const { return weight * tanh(source + target); }
};
struct by_value {
  auto operator()(auto source, auto target, auto weight, auto value) const {
    return weight * sigmoid(source - target) * value;
  }
};

struct plain_edge {
  std::size_t target, source;
  double value;
  bool read;
};
// The edges in the order of their rows.
std::vector<plain_edge> plain_edges(edges_view<> const& links) {
  std::vector<plain_edge> all;
  auto const add = [&](csr_view<> a, bool keep) {
    for (std::size_t i = 0; i < a.rows; ++i) {
      for (std::size_t e = 0; e < a.degree(i); ++e) {
        std::size_t const entry = a.offsets[i] + e;
        bool const read = !links.other || (links.other[i] != 0) == keep;
        all.push_back({i, a.columns[entry], a.values ? static_cast<double>(a.values[entry]) : 1.0, read});
      }
    }
  };
  add(links.forward, false);
  if (links.other) add(links.other_forward, true);
  return all;
}
grid scores_by_hand(edges_view<> const& links, std::size_t heads, auto rule, grid const& x, grid const& t,
                    grid const& w) {
  auto const edges = plain_edges(links);
  grid y(edges.size(), std::vector<double>(heads));
  std::size_t const width = w[0].size() / heads;
  for (std::size_t e = 0; e < edges.size(); ++e) {
    for (std::size_t c = 0; edges[e].read && c < w[0].size(); ++c) {
      y[e][c / width] += rule(x[edges[e].source][c], t[edges[e].target][c], w[0][c], edges[e].value);
    }
  }
  return y;
}
grid shares_by_hand(edges_view<> const& links, grid const& scores) {
  auto const edges = plain_edges(links);
  grid y = scores;
  for (std::size_t e = 0; e < edges.size(); ++e) {
    for (std::size_t h = 0; h < y[e].size(); ++h) {
      double sum = 0;
      for (std::size_t f = 0; f < edges.size(); ++f) {
        if (edges[f].read && edges[f].target == edges[e].target) sum += std::exp(scores[f][h]);
      }
      y[e][h] = edges[e].read && sum > 0 ? std::exp(scores[e][h]) / sum : 0;
    }
  }
  return y;
}
grid sums_by_hand(edges_view<> const& links, grid const& x, grid const& w, std::size_t cols, std::size_t heads) {
  auto const edges = plain_edges(links);
  grid y(links.targets(), std::vector<double>(cols));
  for (std::size_t e = 0; e < edges.size(); ++e) {
    for (std::size_t c = 0; edges[e].read && c < cols; ++c) {
      y[edges[e].target][c] += w[e][c / (cols / heads)] * x[edges[e].source][c];
    }
  }
  return y;
}
}  // namespace

TEST_CASE("edge_scores: values are those of the plain loops, for any number of threads") {
  cpu::context one, three{thread_pool{3}};
  auto const x = noise<rows_of<Song>, dim<12>>(5, 1);
  auto const t = noise<rows_of<List>, dim<12>>(5, 2);
  auto const w = noise<dim<1>, dim<12>>(1, 3);
  grid const ones(1, std::vector<double>(12, 1.0));
  for (auto const& links : all_links()) {
    INFO(links.name);
    auto const view = links.view();
    auto const three_arguments = [](double s, double d, double g, double) { return small_network{}(s, d, g); };
    auto const product = [](double s, double d, double, double) { return s * d; };
    auto const by_network = [&](auto& on) {
      return grid_of(edge_scores<4>(on, view, on.constant(x), on.constant(t), on.constant(w), small_network{}));
    };
    CHECK(distance(by_network(one), scores_by_hand(view, 4, three_arguments, grid_of(x), grid_of(t), grid_of(w))) <
          1e-13);
    CHECK(by_network(three) == by_network(one));
    CHECK(distance(grid_of(edge_scores(one, view, one.constant(x), one.constant(t), one.constant(w), by_value{})),
                   scores_by_hand(view, 1, by_value{}, grid_of(x), grid_of(t), grid_of(w))) < 1e-13);
    CHECK(distance(grid_of(edge_dots<2>(one, view, one.constant(x), one.constant(t))),
                   scores_by_hand(view, 2, product, grid_of(x), grid_of(t), ones)) < 1e-13);
  }
}

TEST_CASE("edge_scores: gradients of both ends and of the weight") {
  auto const x = noise<rows_of<Song>, dim<4>>(5, 1);
  auto const w = noise<dim<1>, dim<4>>(1, 3);
  for (auto const& links : all_links()) {
    INFO(links.name);
    auto const t = noise<rows_of<List>, dim<4>>(links.view().targets() + 1, 2);  // one row more than targets
    auto const with = [&](auto rule) {
      return gradient_error(
          [&](auto& on, auto vx, auto vt, auto vw) { return edge_scores<2>(on, links.view(), vx, vt, vw, rule); }, x, t,
          w);
    };
    CHECK(with(small_network{}) < 1e-7);
    CHECK(with(by_value{}) < 1e-7);
    CHECK(gradient_error([&](auto& on, auto vx, auto vt) { return edge_dots<2>(on, links.view(), vx, vt); }, x, t) <
          1e-7);
  }
}

TEST_CASE("edge_softmax: shares of every target's edges") {
  cpu::context one, three{thread_pool{3}};
  for (auto const& links : all_links()) {
    INFO(links.name);
    auto const view = links.view();
    auto const s = noise<edge_axis, dim<3>>(edge_rows<host>(view), 4);
    auto const run = [&](auto& on) { return grid_of(edge_softmax(on, view, on.constant(s))); };
    CHECK(distance(run(one), shares_by_hand(view, grid_of(s))) < 1e-13);
    CHECK(run(three) == run(one));
    CHECK(gradient_error([&](auto& on, auto v) { return edge_softmax(on, view, v); }, s) < 1e-7);
  }
}

TEST_CASE("edge_softmax: absent edges, a target of nothing else, far out scores, not a number") {
  cpu::context ctx;
  auto const all = all_links();
  auto const& plain = all[0];  // targets with 2, 0, 4 and 1 edges
  auto const shares = [&](std::vector<float> const& s) {
    tensor<edge_axis, dim<1>> x(s.size());
    std::copy(s.begin(), s.end(), x.data());
    auto const y = edge_softmax(ctx, plain.view(), ctx.constant(x));
    return std::vector<float>(y.value.data, y.value.data + y.rows());
  };
  auto const none = -static_cast<float>(infinity), nan = std::numeric_limits<float>::quiet_NaN();
  auto const some = shares({1, none, none, none, none, none, 3});
  CHECK(some == std::vector<float>{1, 0, 0, 0, 0, 0, 1});
  auto const far = shares({1e4f, 1e4f, -1e4f, 1e4f, -1e4f, -1e4f, -1e4f});
  CHECK(far == std::vector<float>{.5f, .5f, 0, 1, 0, 0, 1});
  auto const lost = shares({nan, 0, 0, 0, 0, 0, nan});
  CHECK(std::isnan(lost[0]));
  CHECK(std::isnan(lost[1]));
  CHECK(lost[2] == Approx(.25));
  CHECK(std::isnan(lost[6]));
}

TEST_CASE("edge_sum: values and gradients, for any number of heads") {
  cpu::context one, three{thread_pool{3}};
  auto const x = noise<rows_of<Song>, dim<6>>(5, 1);
  for (auto const& links : all_links()) {
    INFO(links.name);
    auto const view = links.view();
    auto const check = [&]<std::size_t Heads>(dim<Heads>) {
      auto const w = noise<edge_axis, dim<Heads>>(edge_rows<host>(view), 4);
      auto const run = [&](auto& on) { return grid_of(edge_sum(on, view, on.constant(x), on.constant(w))); };
      CHECK(distance(run(one), sums_by_hand(view, grid_of(x), grid_of(w), 6, Heads)) < 1e-13);
      CHECK(run(three) == run(one));
      CHECK(gradient_error([&](auto& on, auto vx, auto vw) { return edge_sum(on, view, vx, vw); }, x, w) < 1e-7);
    };
    check(dim<1>{});
    check(dim<2>{});
    check(dim<6>{});
  }
}

TEST_CASE("edge_sum: weights in float are summed by the kernel of aggregate") {
  cpu::context ctx;
  for (auto const& links : all_links()) {
    INFO(links.name);
    auto const view = links.view();
    auto const run = [&]<class T>(T) {
      auto const x = noise<rows_of<Song>, dim<20>, T>(5, 1);
      auto const w = noise<edge_axis, dim<1>, T>(edge_rows<host>(view), 4);
      tape on{ctx};
      auto const vx = on.input(x);
      auto const vw = on.input(w);
      auto const y = edge_sum(on, view, vx, vw);
      auto const loss = on.template fresh<dim<1>, dim<1>, T>(1, 1, true);
      on.record([=] {
        for (std::size_t i = 0; i < y.rows() * y.cols(); ++i) y.grad.data[i] = static_cast<T>(i % 5) - 2;
      });
      static_cast<void>(on.backward(loss));
      std::vector<double> all(y.value.data, y.value.data + y.rows() * y.cols());
      all.insert(all.end(), vx.grad.data, vx.grad.data + x.size());
      all.insert(all.end(), vw.grad.data, vw.grad.data + w.size());
      return all;
    };
    auto const single = run(0.0f), twice = run(0.0);
    REQUIRE(single.size() == twice.size());
    for (std::size_t i = 0; i < single.size(); ++i) CHECK(single[i] == Approx(twice[i]).margin(1e-5));
  }
}

TEST_CASE("attention: scores, shares and sums together") {
  auto const k = noise<rows_of<Song>, dim<4>>(5, 1), v = noise<rows_of<Song>, dim<4>>(5, 2);
  for (auto const& links : all_links()) {
    INFO(links.name);
    auto const q = noise<rows_of<List>, dim<4>>(links.view().targets(), 3);
    CHECK(gradient_error(
              [&](auto& on, auto vk, auto vv, auto vq) {
                auto const view = links.view();
                return edge_sum(on, view, vv, edge_softmax(on, view, leaky_relu(on, edge_dots<2>(on, view, vk, vq))));
              },
              k, v, q) < 1e-7);
  }
}

TEST_CASE("edges: shapes are checked") {
  cpu::context ctx;
  auto const all = all_links();
  auto const view = all[0].view();
  auto const x = noise<rows_of<Song>, dim<4>>(5, 1);
  auto const few = noise<rows_of<List>, dim<4>>(3, 1);
  auto const t = noise<rows_of<List>, dim<4>>(4, 1);
  auto const s = noise<edge_axis, dim<3>>(6, 1), all_edges = noise<edge_axis, dim<3>>(7, 1);
  CHECK_THROWS_AS(edge_dots(ctx, view, ctx.constant(x), ctx.constant(few)), shape_error);
  CHECK_THROWS_AS(edge_dots<3>(ctx, view, ctx.constant(x), ctx.constant(t)), shape_error);
  CHECK_THROWS_AS(edge_softmax(ctx, view, ctx.constant(s)), shape_error);
  CHECK_THROWS_AS(edge_sum(ctx, view, ctx.constant(x), ctx.constant(s)), shape_error);
  CHECK_THROWS_AS(edge_sum(ctx, view, ctx.constant(x), ctx.constant(all_edges)), shape_error);
}
