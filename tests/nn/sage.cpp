// One relation alone: values against plain loops, gradients against differences.
#include <intarsia/nn/sage.hpp>

#include "../catch.hpp"
#include "../gradient.hpp"
#include "../ops/links.hpp"

using namespace intarsia;
using namespace intarsia::test;

namespace {
using layer = sage<3, 3, 4, double>;

std::vector<sage_options> all_options() {
  return {{aggregation::mean}, {aggregation::max}, {aggregation::pool}, {aggregation::pool, true}};
}
grid part(layer const& of, std::string const& wanted) {
  grid found;
  visit(of, [&](std::string const& path, auto const& x) {
    if (path == wanted) found = grid_of(x);
  });
  REQUIRE(!found.empty());
  return found;
}
// x W + b
grid mapped(layer const& of, std::string const& path, grid const& x, bool relu) {
  grid y = product_of(x, part(of, path + "weight"));
  auto const bias = part(of, path + "bias");
  for (auto& row : y) {
    for (std::size_t c = 0; c < row.size(); ++c)
      row[c] = relu ? std::max(0.0, row[c] + bias[0][c]) : row[c] + bias[0][c];
  }
  return y;
}
grid expected(layer const& of, sage_options how, edges_view<> const& links, grid const& sources, grid const& targets) {
  grid heard;
  bool const pools = how.how == aggregation::pool;
  auto const kind = how.how == aggregation::mean ? pooling::mean : pooling::max;
  if (pools && !how.project) {
    heard = pooled(links, mapped(of, "neighbor/pool/", sources, true), 4, kind);
  } else {
    auto const told = pools ? mapped(of, "neighbor/square/", sources, true) : sources;
    heard = product_of(pooled(links, told, 3, kind), part(of, "neighbor/weight"));
  }
  grid own = mapped(of, "self/", targets, false);
  for (std::size_t i = 0; i < own.size(); ++i) {
    for (std::size_t c = 0; c < 4; ++c) own[i][c] += heard[i][c];
  }
  return own;
}
}  // namespace

TEST_CASE("sage: values of every aggregation on every kind of edges") {
  cpu::context ctx{inline_executor{}, seed{5}};
  for (auto const how : all_options()) {
    layer const of{ctx, how};
    for (auto const& relation : all_links()) {
      CAPTURE(relation.name, static_cast<int>(how.how), how.project);
      auto const links = relation.view();
      auto const sources = noise<rows_of<Song>, dim<3>>(links.sources(), 1);
      auto const targets = noise<rows_of<List>, dim<3>>(links.targets(), 2);
      scope const temporary{ctx};
      auto const y = of(ctx, links, ctx.constant(sources), ctx.constant(targets));
      CHECK(distance(grid_of(y), expected(of, how, links, grid_of(sources), grid_of(targets))) < 1e-12);
    }
  }
}

TEST_CASE("sage: gradients by parameters and inputs") {
  cpu::context ctx{inline_executor{}, seed{6}};
  for (auto const how : all_options()) {
    layer of{ctx, how};
    for (auto const& relation : all_links()) {
      CAPTURE(relation.name, static_cast<int>(how.how), how.project);
      auto const links = relation.view();
      auto const sources = noise<rows_of<Song>, dim<3>>(links.sources(), 3);
      auto const targets = noise<rows_of<List>, dim<3>>(links.targets(), 4);
      CHECK(parameter_gradient_error(ctx, of, [&](auto& on, auto const& part) {
              return part(on, links, on.constant(sources), on.constant(targets));
            }) < 1e-6);
      CHECK(gradient_error(
                ctx, [&](auto& on, auto s, auto t) { return of(on, links, s, t); }, sources, targets) < 1e-6);
    }
  }
}

TEST_CASE("sage: a mean transforms the fewer rows, and both orders agree") {
  cpu::context ctx{inline_executor{}, seed{8}};
  layer const of{ctx};
  // Two sources and five targets: the sources are transformed. Five and two: what was gathered is.
  for (auto const& [rows, cols] : {std::pair{5u, 2u}, {2u, 5u}}) {
    std::vector<std::vector<std::uint32_t>> lists(rows);
    for (std::uint32_t i = 0; i < rows; ++i) lists[i] = {i % cols, (i + 1) % cols};
    adjacency const edges{rows_to_csr(lists, cols)};
    auto const sources = noise<rows_of<Song>, dim<3>>(cols, 1);
    auto const targets = noise<rows_of<List>, dim<3>>(rows, 2);
    scope const temporary{ctx};
    auto const y = of(ctx, adjacency_view<Song, List>{edges.view()}, ctx.constant(sources), ctx.constant(targets));
    CHECK(distance(grid_of(y), expected(of, {}, edges.view(), grid_of(sources), grid_of(targets))) < 1e-12);
  }
}
