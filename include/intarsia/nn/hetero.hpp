// One layer over a whole schema (arXiv 2403.05185, Eq. 2):
//   h'_t = activation( h_t W_self + b + sum over relations r into t of heard_r,t )
// A type without in-edges keeps its own part; a type without features (width 0) starts from b.
#pragma once

#include <intarsia/exec/module.hpp>
#include <intarsia/graph/graph.hpp>
#include <intarsia/nn/sage.hpp>
#include <intarsia/ops/add.hpp>
#include <intarsia/ops/normalize.hpp>
#include <intarsia/ops/rows.hpp>
#include <intarsia/ops/stack.hpp>

namespace intarsia::inline v0 {

// Which relations use the same matrix for what they tell.
enum class neighbor_sharing { per_relation, per_source };
// Whether node types have a matrix each for themselves, or one for all (which embeds types never seen in training).
enum class self_sharing { per_type, shared };

struct hetero_options {
  sage_options sage = {};
  neighbor_sharing neighbors = neighbor_sharing::per_relation;
  self_sharing self = self_sharing::per_type;
  activation last = activation::relu;
  // Bring each type's own part and what it heard to mean 0 and deviation 1 per column: over the nodes of all types with
  // features together, so that differences between types stay, and over those of the types without features.
  bool standardize = false;
};

// Stands for "as wide as the features of each type" as the input width of a layer.
inline constexpr std::size_t feature_width = dynamic;

// Typed at its door: what each node type brings and gets is checked by the compiler. Inside it walks plain arrays.
template <schema_type S, std::size_t In, std::size_t Out, class T = float>
class hetero_layer {
  template <class N>
  static constexpr std::size_t width = In == feature_width ? N::width : In;

 public:
  // Throws shape_error where self matrices are to be shared by types of different widths.
  template <class Context>
  hetero_layer(Context& ctx, hetero_options options) : options_{options} {
    S::each_node([&](auto n) {
      std::size_t const in = width<decltype(n)>;
      expects(options.self == self_sharing::per_type || in == width<typename S::first_node>,
              "hetero_layer: self_sharing::shared needs node types of one width");
      if (options.self == self_sharing::per_type || S::template node_index<decltype(n)> == 0)
        self_[n].emplace(ctx, in, Out);
      if (options.neighbors == neighbor_sharing::per_source) source_[n].emplace(ctx, options.sage, in, Out);
    });
    S::each_relation([&](auto r) {
      ends_[S::template relation_index<decltype(r)>] = {S::template node_index<typename decltype(r)::source_type>,
                                                        S::template node_index<typename decltype(r)::target_type>};
      if (options.neighbors == neighbor_sharing::per_source) return;
      neighbor_[r].emplace(ctx, options.sage, width<typename decltype(r)::source_type>, Out);
    });
  }

  // x: per node type a var (sources of that type, width), or rows of a table by id, which are read where they lie;
  // gives per node type a var (targets, Out). A hop that names its sources by id asks for rows of tables.
  template <recorder On, class X>
  [[nodiscard]] auto operator()(On& on, hop<S, typename On::context_type::space> const& edges, X const& x) const {
    using Space = typename On::context_type::space;
    inputs<Space> given;
    S::each_node([&](auto n) {
      using rows = rows_of<decltype(n)>;
      using columns = dim<width<decltype(n)>>;
      auto& of_type = given[S::template node_index<decltype(n)>];
      if constexpr (requires { x[n].ids; }) {
        using stored_as = typename std::remove_cvref_t<decltype(x[n])>::scalar;
        indexed_view<rows, columns, stored_as, Space> const stored = x[n];
        of_type = {stored, edges.by_id};
      } else {
        var<rows, columns, T, Space> const made = x[n];
        expects(!edges.by_id || made.cols() == 0,
                "hetero_layer: this hop names its sources by id: give it rows of tables, as block.rows(features) does");
        of_type = {detail::plain(made)};
      }
    });
    auto const made = compute(on, edges, given);
    return S::map_nodes([&](auto n) {
      return detail::typed<rows_of<decltype(n)>, dim<Out>>(made[S::template node_index<decltype(n)>]);
    });
  }

  static auto members(auto& self) {
    return std::tuple{named("self", self.self_), named("source", self.source_), named("neighbor", self.neighbor_)};
  }

 private:
  template <class Space>
  using vars = std::array<detail::plain_var<T, Space>, S::node_count>;
  template <class Space>
  using inputs = std::array<detail::source_rows<T, Space>, S::node_count>;
  struct ends {
    std::size_t source, target;
  };
  static constexpr auto has_features = [] {
    std::array<bool, S::node_count> has{};
    S::each_node([&](auto n) { has[S::template node_index<decltype(n)>] = n.width > 0; });
    return has;
  }();

  template <class On, class Space>
  [[nodiscard]] vars<Space> compute(On& on, hop<S, Space> const& edges, inputs<Space> const& x) const {
    vars<Space> own, heard;
    for (std::size_t n = 0; n < x.size(); ++n) {
      bool const first = options_.self == self_sharing::shared;
      own[n] = (*self_.values[first ? 0 : n])(on, x[n].head(on, edges.targets.values[n]));
      heard[n] = options_.standardize ? zeros_like(on, own[n]) : own[n];
    }
    if (options_.neighbors == neighbor_sharing::per_source) {
      for (std::size_t n = 0; n < x.size(); ++n) hear_from(on, edges, n, x[n], heard);
    } else {
      for (std::size_t r = 0; r < ends_.size(); ++r) {
        if (!tells(edges, r, x)) continue;
        auto const& links = edges.edges.values[r];
        auto const& tell = *neighbor_.values[r];
        bool const first = tell.transforms_first(links.sources(), links.targets());
        tell.hear(on, heard[ends_[r].target], {links}, tell.told(on, x[ends_[r].source], first), first);
      }
    }
    if (options_.standardize) {
      own = standardized(on, own);
      heard = standardized(on, heard);
    }
    vars<Space> made;
    for (std::size_t n = 0; n < x.size(); ++n) {
      made[n] = options_.standardize ? add(on, own[n], heard[n]) : heard[n];
      activate_in_place(on, made[n], options_.last);
    }
    return made;
  }

  template <class On, class Space>
  [[nodiscard]] static vars<Space> standardized(On& on, vars<Space> const& parts) {
    vars<Space> out;
    for (bool const with_features : {true, false}) {
      vars<Space> group = parts;
      for (std::size_t n = 0; n < parts.size(); ++n) {
        if (has_features[n] != with_features) group[n] = rows(on, parts[n], 0, 0);
      }
      auto const all = standardize_columns(on, stack(on, group));
      std::size_t begin = 0;
      for (std::size_t n = 0; n < parts.size(); ++n) {
        if (has_features[n] == with_features) out[n] = rows(on, all, begin, parts[n].rows());
        begin += group[n].rows();
      }
    }
    return out;
  }

  // One source type tells all its targets: transformed once where that is less work than once per relation.
  template <class On, class Space>
  void hear_from(On& on, hop<S, Space> const& edges, std::size_t source, detail::source_rows<T, Space> const& x,
                 vars<Space> const& heard) const {
    if (x.cols() == 0) return;
    auto const& tell = *source_.values[source];
    std::size_t targets = 0;
    for (std::size_t r = 0; r < ends_.size(); ++r) {
      if (ends_[r].source == source) targets += edges.edges.values[r].targets();
    }
    bool const first = tell.transforms_first(x.rows(), targets);
    auto const told = tell.told(on, x, first);
    for (std::size_t r = 0; r < ends_.size(); ++r) {
      if (ends_[r].source != source || !has_edges(edges, r)) continue;
      tell.hear(on, heard[ends_[r].target], {edges.edges.values[r]}, told, first);
    }
  }

  template <class Space>
  [[nodiscard]] static bool has_edges(hop<S, Space> const& edges, std::size_t r) {
    auto const& links = edges.edges.values[r];
    return links.forward.offsets != nullptr || links.other_forward.offsets != nullptr;
  }
  template <class Space>
  [[nodiscard]] bool tells(hop<S, Space> const& edges, std::size_t r, inputs<Space> const& x) const {
    return has_edges(edges, r) && x[ends_[r].source].cols() > 0;
  }

  hetero_options options_;
  std::array<ends, S::relation_count> ends_{};
  per_node<S, std::optional<detail::plain_linear<T>>> self_;
  per_node<S, std::optional<detail::message<T>>> source_;
  per_relation<S, std::optional<detail::message<T>>> neighbor_;
};

}  // namespace intarsia::inline v0
