// The foundation layer: two hops of heterogeneous GraphSAGE, then length 1 (arXiv 2403.05185, Eq. 1-3).
#pragma once

#include <intarsia/io/nameless_file.hpp>
#include <intarsia/io/npy.hpp>
#include <intarsia/nn/hetero.hpp>
#include <intarsia/ops/normalize.hpp>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

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
    auto const room_in = [](auto& tables) {
      return [&](auto n, std::size_t begin, std::size_t count) {
        return dense<T>{tables[n].view()}.row_range(begin, count);
      };
    };
    make_tables(to.hidden, g);
    make_tables(to.out, g);
    first_.by_blocks(ctx, g.hop(0, 2), features, block, room_in(to.hidden), [](auto, std::size_t, auto) {});
    second_.by_blocks(ctx, g.hop(1, 2), to.hidden, block, room_in(to.out), [&](auto, std::size_t, auto z) {
      if (normalize_) copy(ctx, detail::value_of(normalize_rows(ctx, z)), detail::made(z));
    });
  }
  // The same, as tables of its own.
  template <class Context, class Features>
  [[nodiscard]] auto every_node(Context& ctx, graph<S> const& g, Features const& features) const {
    layer_tables made;
    every_node(ctx, g, features, made);
    return std::move(made.out);
  }
  // The same numbers to files, with the tables of one layer in memory at a time: writes FOLDER/NAME.npy, (nodes, Out),
  // for each node type; load_table<Node, Out> reads it. Features that are given away, std::move(features), are freed
  // after the first layer, and memory beside the graph is the larger of features and hidden rows, and what
  // hetero_layer::by_blocks says; features that are only lent stay, beside the hidden rows. What the first layer gives
  // lies in a nameless_file of the folder meanwhile. The folder is there already, and is not that of the features,
  // whose files have the same names. Results get their names when all rows of all types are written. Throws io_error.
  template <class Context, class Features>
  void every_node(Context& ctx, graph<S> const& g, Features&& features, std::string const& folder,
                  std::size_t block = 4096) const {
    nameless_file aside{folder};
    per_node<S, std::optional<npy_writer<T>>> files;
    S::each_node([&](auto n) {
      files[n].emplace(detail::in_folder(folder, std::string{n.name} + ".npy"), g.nodes(n), Out);
    });
    {
      [[maybe_unused]] std::conditional_t<std::is_lvalue_reference_v<Features>, Features, std::remove_cvref_t<Features>>
          x{std::forward<Features>(features)};
      first_.by_blocks(ctx, g.hop(0, 2), x, block, room_for<Hidden>(ctx),
                       [&](auto, std::size_t, auto y) { detail::write_rows(aside, detail::value_of(y)); });
    }
    decltype(layer_tables::hidden) hidden;
    make_tables(hidden, g);
    std::size_t begin = 0;
    S::each_node([&](auto n) {
      std::size_t const bytes = hidden[n].size() * sizeof(T);
      aside.read(begin, hidden[n].data(), bytes);
      begin += bytes;
    });
    second_.by_blocks(ctx, g.hop(1, 2), hidden, block, room_for<Out>(ctx), [&](auto n, std::size_t, auto z) {
      files[n]->append(detail::value_of(normalize_ ? normalize_rows(ctx, z) : z));
    });
    S::each_node([&](auto n) { files[n]->finish(); });
  }

  static auto members(auto& self) { return std::tuple{named("first", self.first_), named("second", self.second_)}; }

 private:
  // Tables with a row for each node of the graph; those that have it stay as they are.
  static void make_tables(auto& tables, graph<S> const& g) {
    S::each_node([&](auto n) {
      using table = std::remove_cvref_t<decltype(tables[n])>;
      if (tables[n].rows() != g.nodes(n)) tables[n] = table::unset(g.nodes(n), table::col_axis::extent);
    });
  }

  // A place for a block that nobody keeps.
  template <std::size_t Width, class Context>
  [[nodiscard]] static auto room_for(Context& ctx) {
    return [&ctx](auto, std::size_t, std::size_t count) { return detail::scratch_matrix<T>(ctx, count, Width); };
  }

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
