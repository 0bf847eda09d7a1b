// The foundation layer: two hops of heterogeneous GraphSAGE, then length 1 (arXiv 2403.05185, Eq. 1-3).
#pragma once

#include <intarsia/nn/hetero.hpp>
#include <intarsia/ops/normalize.hpp>

namespace intarsia::inline v0 {

// `first` and `second` differ in their last activation only: relu after the first, `last` after the second.
struct hetero_sage_options {
  sage_options sage = {};
  neighbor_sharing neighbors = neighbor_sharing::per_relation;
  self_sharing self = self_sharing::per_type;
  activation last = activation::none;
  bool normalize = true;     // rows of length 1
  bool standardize = false;  // hetero_options::standardize in both layers
};

// hetero_sage<Catalogue, 256, 128> encoder{ctx}; the same call trains on a tape and serves on a context:
//   encoder(tape, batch.graph, batch.rows(features)), encoder(ctx, graph, features).
template <schema_type S, std::size_t Hidden, std::size_t Out, class T = float>
class hetero_sage {
 public:
  using schema = S;
  static constexpr std::size_t width = Out;

  template <class Context>
  explicit hetero_sage(Context& ctx, hetero_sage_options options = {})
      : normalize_{options.normalize},
        first_{ctx, {options.sage, options.neighbors, options.self, activation::relu, options.standardize}},
        second_{ctx, {options.sage, options.neighbors, options.self, options.last, options.standardize}} {}

  // neighborhood: a graph, or the sampled block of a batch (anything with hop(layer, layers)).
  // features: per node type a table, a view, or rows of a table by id; (sources of the outermost hop, width).
  // Gives per node type a var (targets of the innermost hop, Out).
  template <recorder On, class Neighborhood, class Features>
  [[nodiscard]] auto operator()(On& on, Neighborhood const& neighborhood, Features const& features) const {
    auto const x = S::map_nodes([&](auto n) { return rows(on, features[n]); });
    auto const hidden = first_(on, neighborhood.hop(0, 2), x);
    auto const z = second_(on, neighborhood.hop(1, 2), hidden);
    return S::map_nodes([&](auto n) { return normalize_ ? normalize_rows(on, z[n]) : z[n]; });
  }

  // Every node's rows after each layer: per node type a table.
  struct layer_tables {
    typename hetero_layer<S, feature_width, Hidden, T>::tables hidden;
    typename hetero_layer<S, Hidden, Out, T>::tables out;
  };
  // Every node of a graph: to.out becomes what (*this)(ctx, g, features) gives, to rounding, layer by layer and `block`
  // nodes at a time, so that memory beside the features is the tables of two layers and what hetero_layer::by_blocks
  // says. features: per node type a table, of T or of 16 bits. `to` may be used again, whatever it holds.
  template <class Context, class Features>
  void every_node(Context& ctx, graph<S> const& g, Features const& features, layer_tables& to,
                  std::size_t block = 4096) const {
    first_.by_blocks(ctx, g.hop(0, 2), features, to.hidden, block, [](auto&, auto y) { return y; });
    second_.by_blocks(ctx, g.hop(1, 2), to.hidden, to.out, block,
                      [&](auto& on, auto z) { return normalize_ ? normalize_rows(on, z) : z; });
  }
  // The same, as tables of its own.
  template <class Context, class Features>
  [[nodiscard]] auto every_node(Context& ctx, graph<S> const& g, Features const& features) const {
    layer_tables made;
    every_node(ctx, g, features, made);
    return std::move(made.out);
  }

  static auto members(auto& self) { return std::tuple{named("first", self.first_), named("second", self.second_)}; }

 private:
  template <class On, class Rows>
  static auto rows(On& on, Rows const& x) {
    if constexpr (requires { x.grad; } || requires { x.ids; }) {
      return x;
    } else {
      return on.constant(x);
    }
  }

  bool normalize_;
  hetero_layer<S, feature_width, Hidden, T> first_;
  hetero_layer<S, Hidden, Out, T> second_;
};

}  // namespace intarsia::inline v0
