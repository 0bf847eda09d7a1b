// A layer over a schema: values against plain loops, gradients against differences, for every option.
#include <intarsia/nn/hetero.hpp>
#include <intarsia/ops/stack.hpp>
#include <map>

#include "../catch.hpp"
#include "typed.hpp"

using namespace intarsia;
using namespace intarsia::test;

namespace {
constexpr std::size_t width = 3, out = 4;
using first_layer = hetero_layer<Typed, feature_width, out, double>;
using inner_layer = hetero_layer<Typed, width, out, double>;

// Every type with as many columns, as an inner layer reads them.
auto hidden(per_node<Typed, std::size_t> const& count) {
  return Typed::map_nodes(
      [&](auto n) { return noise<rows_of<decltype(n)>, dim<width>>(count[n], 70 + Typed::node_index<decltype(n)>); });
}

using parts = std::map<std::string, grid>;
template <class Layer>
parts parts_of(Layer const& layer) {
  parts all;
  visit(layer, [&](std::string const& path, auto const& x) { all[path] = grid_of(x); });
  return all;
}
grid plus(grid a, grid const& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t c = 0; c < a[i].size(); ++c) a[i][c] += b[b.size() == 1 ? 0 : i][c];
  }
  return a;
}
grid positive(grid x) {
  for (auto& row : x) {
    for (double& number : row) number = std::max(0.0, number);
  }
  return x;
}
grid zeros_of(std::size_t rows) { return grid(rows, std::vector<double>(out)); }
// Each column over the rows of all parts to mean 0 and deviation 1, for the types with features and for those without.
std::vector<grid> standardized(std::vector<grid> of) {
  std::vector<bool> has;
  Typed::each_node([&](auto n) { has.push_back(n.width > 0); });
  for (bool const group : {true, false}) {
    std::vector<std::vector<double>*> rows;
    for (std::size_t p = 0; p < of.size(); ++p) {
      for (auto& row : of[p]) {
        if (has[p] == group) rows.push_back(&row);
      }
    }
    auto const n = static_cast<double>(rows.size());
    for (std::size_t c = 0; c < out; ++c) {
      double mean = 0, square = 0;
      for (auto const* row : rows) mean += (*row)[c] / n;
      for (auto const* row : rows) square += ((*row)[c] - mean) * ((*row)[c] - mean) / n;
      for (auto* row : rows) (*row)[c] = ((*row)[c] - mean) / (std::sqrt(square) + 1e-5);
    }
  }
  return of;
}
grid told(parts const& all, std::string const& path, sage_options how, edges_view<> const& links, grid const& x) {
  bool const pools = how.how == aggregation::pool;
  auto const kind = how.how == aggregation::mean ? pooling::mean : pooling::max;
  auto const at = [&](std::string const& name) { return all.at(path + name); };
  if (pools && !how.project) {
    return pooled(links, positive(plus(product_of(x, at("/pool/weight")), at("/pool/bias"))), out, kind);
  }
  auto const given = pools ? positive(plus(product_of(x, at("/square/weight")), at("/square/bias"))) : x;
  return product_of(pooled(links, given, x.empty() ? 0 : x[0].size(), kind), at("/weight"));
}
// What the layer makes of each type, in the order of the schema.
template <class X>
std::vector<grid> expected(parts const& all, hetero_options const& o, intarsia::hop<Typed> const& hop, X const& x) {
  std::vector<grid> owns, heards;
  Typed::each_node([&](auto n) {
    std::string const self = o.self == self_sharing::shared ? "book" : std::string{n.name};
    grid own = zeros_of(hop.targets[n]), heard = own;
    grid given = grid_of(x[n]);
    given.resize(hop.targets[n]);
    if (x[n].cols() > 0) own = plus(own, product_of(given, all.at("self/" + self + "/weight")));
    own = plus(own, all.at("self/" + self + "/bias"));
    Typed::each_relation([&](auto r) {
      if (r.target.name != n.name || x[r.source].cols() == 0 || x[r.source].rows() == 0) return;
      bool const by_source = o.neighbors == neighbor_sharing::per_source;
      std::string const path = by_source ? "source/" + std::string{r.source.name} : "neighbor/" + r.name();
      heard = plus(heard, told(all, path, o.sage, hop.edges[r], grid_of(x[r.source])));
    });
    owns.push_back(own);
    heards.push_back(heard);
  });
  if (o.standardize) {
    owns = standardized(owns);
    heards = standardized(heards);
  }
  std::vector<grid> made;
  for (std::size_t n = 0; n < owns.size(); ++n) {
    grid const sum = plus(owns[n], heards[n]);
    made.push_back(o.last == activation::relu ? positive(sum) : sum);
  }
  return made;
}

std::vector<hetero_options> all_options(bool may_share_self) {
  std::vector<hetero_options> all;
  for (auto const sage :
       {sage_options{aggregation::mean}, {aggregation::max}, {aggregation::pool}, {aggregation::pool, true}}) {
    for (auto const neighbors : {neighbor_sharing::per_relation, neighbor_sharing::per_source}) {
      all.push_back({sage, neighbors, self_sharing::per_type, activation::none, false});
    }
  }
  all.push_back({{}, neighbor_sharing::per_relation, self_sharing::per_type, activation::relu, true});
  all.push_back({{aggregation::max}, neighbor_sharing::per_source, self_sharing::per_type, activation::none, true});
  if (may_share_self) {
    all.push_back({{}, neighbor_sharing::per_source, self_sharing::shared, activation::relu, false});
    all.push_back({{aggregation::pool}, neighbor_sharing::per_relation, self_sharing::shared, activation::none, true});
  }
  return all;
}

// Values and gradients of a layer on the trouble above, with and without values of edges and alternative rows.
template <class Layer, class X>
void check(hetero_options const& options, X const& x, std::uint64_t s) {
  cpu::context ctx{inline_executor{}, seed{s}};
  Layer layer{ctx, options};
  auto const all = parts_of(layer);
  for (bool const weighted : {false, true}) {
    for (bool const alternative : {false, true}) {
      CAPTURE(static_cast<int>(options.sage.how), options.sage.project, static_cast<int>(options.neighbors),
              static_cast<int>(options.self), options.standardize, weighted, alternative);
      neighborhood const around{weighted, alternative};
      auto const hop = around.hop();
      {
        scope const temporary{ctx};
        auto const made = layer(ctx, hop, Typed::map_nodes([&](auto n) { return ctx.constant(x[n]); }));
        auto const right = expected(all, options, hop, x);
        Typed::each_node(
            [&](auto n) { CHECK(distance(grid_of(made[n]), right[Typed::node_index<decltype(n)>]) < 1e-9); });
      }
      CHECK(parameter_gradient_error(ctx, layer, [&](auto& on, auto const& part) {
              return stack(on, part(on, hop, Typed::map_nodes([&](auto n) { return on.constant(x[n]); })));
            }) < 1e-6);
      CHECK(gradient_error(
                ctx,
                [&](auto& on, auto book, auto show, auto person, auto ghost) {
                  auto given = Typed::map_nodes([&](auto n) { return on.constant(x[n]); });
                  given[Book{}] = book;
                  given[Show{}] = show;
                  given[Person{}] = person;
                  given[Ghost{}] = ghost;
                  return stack(on, layer(on, hop, given));
                },
                x[Book{}], x[Show{}], x[Person{}], x[Ghost{}]) < 1e-6);
    }
  }
}
}  // namespace

TEST_CASE("hetero_layer: the first layer reads features of every width, none too") {
  auto const x = features_of<Typed>(neighborhood{}.sources);
  std::uint64_t s = 10;
  for (auto const& options : all_options(false)) check<first_layer>(options, x, ++s);
}

TEST_CASE("hetero_layer: inner layers, whose types may share a self matrix") {
  auto const x = hidden(neighborhood{}.sources);
  std::uint64_t s = 50;
  for (auto const& options : all_options(true)) check<inner_layer>(options, x, ++s);
}

TEST_CASE("hetero_layer: types of different widths cannot share a self matrix") {
  cpu::context ctx;
  hetero_options const options{.self = self_sharing::shared};
  CHECK_THROWS_WITH((first_layer{ctx, options}), Catch::Contains("one width"));
}

TEST_CASE("hetero_layer: parts go by names, and shared ones exist once") {
  cpu::context ctx;
  auto const names = [&](hetero_options const& options) {
    std::vector<std::string> all;
    inner_layer const layer{ctx, options};
    visit(layer, [&](std::string const& path, auto const&) { all.push_back(path); });
    return all;
  };
  auto const each = names({});
  CHECK(each.size() == 4 * 2 + Typed::relation_count);
  CHECK(each.front() == "self/book/weight");
  CHECK(each.back() == "neighbor/ghost.told.book/weight");
  auto const shared = names({.neighbors = neighbor_sharing::per_source, .self = self_sharing::shared});
  CHECK(shared == std::vector<std::string>{"self/book/weight", "self/book/bias", "source/book/weight",
                                           "source/show/weight", "source/person/weight", "source/ghost/weight"});
}

TEST_CASE("hetero_layer: one node that hears itself") {
  struct Only : schema<nodes<Book>, relations<BookBook>> {};
  cpu::context ctx;
  hetero_layer<Only, feature_width, 2, double> layer{ctx, {}};
  graph<Only> g{per_node<Only, std::size_t>{{1}}};
  g.set(BookBook{}, rows_to_csr({{0}}, 1));
  auto const x = features_of<Only>({{1}});
  auto const run = [&](auto& on, auto const& part) {
    return stack(on, part(on, g.hop(), Only::map_nodes([&](auto n) { return on.constant(x[n]); })));
  };
  CHECK(parameter_gradient_error(ctx, layer, run) < 1e-6);
}
