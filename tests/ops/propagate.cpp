#include "../catch.hpp"
#include "../gradient.hpp"
#include "links.hpp"

#include <intarsia/core/thread_pool.hpp>
#include <intarsia/ops/propagate.hpp>

using namespace intarsia;
using namespace intarsia::test;

namespace {
struct gated {
  auto operator()(auto source, auto target, auto gate) const { return source * sigmoid(gate * (source - target)); }
};
struct weighted {
  auto operator()(auto source, auto target, auto gate, auto value) const {
    return value * gate * tanh(source + target);
  }
};
struct source_alone {
  auto operator()(auto source, auto, auto) const { return source; }
};
struct not_generic {
  float operator()(float source, float, float) const { return source; }
};

template <class Rule>
grid by_hand(edges_view<> const& links, Rule rule, grid const& x, grid const& t, grid const& w) {
  grid y(links.targets(), std::vector<double>(w[0].size()));
  for (std::size_t i = 0; i < y.size(); ++i) {
    for (auto const& e : edges_of(links, i)) {
      for (std::size_t c = 0; c < y[i].size(); ++c) y[i][c] += rule(x[e.source][c], t[i][c], w[0][c], e.value);
    }
  }
  return y;
}
}  // namespace

TEST_CASE("propagate: values are those of the plain loops, for any number of threads") {
  cpu::context one, three{thread_pool{3}};
  auto const x = noise<rows_of<Song>, dim<3>>(5, 1);
  auto const t = noise<rows_of<List>, dim<3>>(5, 2);
  auto const w = noise<dim<1>, dim<3>>(1, 3);
  for (auto const& links : all_links()) {
    INFO(links.name);
    auto const run = [&](auto& on, auto rule) {
      return grid_of(propagate(on, links.view(), on.constant(x), on.constant(t), on.constant(w), rule));
    };
    auto const three_arguments = [](double s, double d, double g, double) { return gated{}(s, d, g); };
    CHECK(distance(run(one, gated{}), by_hand(links.view(), three_arguments, grid_of(x), grid_of(t), grid_of(w))) <
          1e-13);
    CHECK(distance(run(one, weighted{}), by_hand(links.view(), weighted{}, grid_of(x), grid_of(t), grid_of(w))) <
          1e-13);
    CHECK(run(three, gated{}) == run(one, gated{}));
  }
}

TEST_CASE("propagate: gradients of a rule, by dual numbers") {
  auto const x = noise<rows_of<Song>, dim<3>>(5, 1);
  auto const w = noise<dim<1>, dim<3>>(1, 3);
  for (auto const& links : all_links()) {
    INFO(links.name);
    auto const t = noise<rows_of<List>, dim<3>>(links.view().targets() + 1, 2);  // one row more than targets
    auto const run = [&](auto rule) {
      return gradient_error(
          [&](auto& on, auto vx, auto vt, auto vw) { return propagate(on, links.view(), vx, vt, vw, rule); }, x, t, w);
    };
    CHECK(run(gated{}) < 1e-7);
    CHECK(run(weighted{}) < 1e-7);
    CHECK(run(source_alone{}) < 1e-7);
  }
}

TEST_CASE("propagate: a rule is generic, and shapes are checked") {
  STATIC_REQUIRE(message_rule<gated, float>);
  STATIC_REQUIRE(message_rule<weighted, double>);
  STATIC_REQUIRE_FALSE(message_rule<not_generic, float>);
  STATIC_REQUIRE_FALSE(message_rule<int, float>);
  cpu::context ctx;
  auto const all = all_links();
  auto const x = noise<rows_of<Song>, dim<3>>(5, 1);
  auto const t = noise<rows_of<List>, dim<3>>(3, 1);
  auto const w = noise<dim<1>, dim<3>>(1, 3);
  CHECK_THROWS_AS(propagate(ctx, all[0].view(), ctx.constant(x), ctx.constant(t), ctx.constant(w), gated{}),
                  shape_error);
}
