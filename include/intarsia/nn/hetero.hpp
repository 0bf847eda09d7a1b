// One layer over a whole schema (arXiv 2403.05185, Eq. 2):
//   h'_t = activation( h_t W_self + b + sum over relations r into t of heard_r,t )
// A type without in-edges keeps its own part; a type without features (width 0) starts from b.
#pragma once

#include <algorithm>
#include <array>
#include <intarsia/exec/module.hpp>
#include <intarsia/exec/scope.hpp>
#include <intarsia/graph/graph.hpp>
#include <intarsia/nn/sage.hpp>
#include <intarsia/ops/add.hpp>
#include <intarsia/ops/normalize.hpp>
#include <intarsia/ops/rows.hpp>
#include <intarsia/ops/stack.hpp>
#include <vector>

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

  // A table (nodes, Out) per node type.
  using tables = decltype(S::map_nodes([](auto n) { return tensor<rows_of<decltype(n)>, dim<Out>, T>{}; }));

  // The same for all nodes of a whole graph, `block` targets of a type at a time. x: per node type a table, of T or of
  // 16 bits. room(node, begin, count) says where the rows [begin, begin + count) of a node type are to be written,
  // contiguous, (count, Out), and put(node, begin, y) then gets them as a var: the numbers that the layer gives at
  // once, to rounding. Types come one after another, and their rows in order. Memory beside x: one block; what sources
  // tell one type, (sources, Out), where they are transformed before they are aggregated (pool, and mean that gets
  // narrower by it); everything at once where the layer standardizes, which has to see all nodes.
  template <class Context, class X, class Room, class Put>
  void by_blocks(Context& ctx, hop<S> const& edges, X const& x, std::size_t block, Room const& room,
                 Put const& put) const {
    scope const all{ctx};
    inputs<host> given;
    S::each_node([&](auto n) {
      using node = decltype(n);
      auto& of_type = given[S::template node_index<node>];
      std::size_t const count = x[n].rows();
      expects(count == edges.sources[n] && count == edges.targets[n],
              "hetero_layer: by_blocks needs a row of every node of the graph");
      if constexpr (std::is_same_v<typename std::remove_cvref_t<decltype(x[n])>::scalar, T>) {
        var<rows_of<node>, dim<width<node>>, T> const table = ctx.constant(x[n]);
        of_type = {detail::plain(table)};
      } else {
        using stored_as = typename std::remove_cvref_t<decltype(x[n])>::scalar;
        auto* const ids = ctx.scratch().template take<std::uint32_t>(count);
        map(ctx, count, [=](std::size_t i) { ids[i] = static_cast<std::uint32_t>(i); });
        of_type = {indexed_view<rows_of<node>, dim<width<node>>, stored_as>{x[n].view(), {ids, count}}, true};
      }
    });
    auto const room_of = [&](std::size_t n, std::size_t begin, std::size_t count) {
      detail::plain_var<T, host> y;
      S::each_node([&](auto node) {
        if (S::template node_index<decltype(node)> == n) y.value = view<dyn, dyn, T>{room(node, begin, count)};
      });
      return y;
    };
    auto const put_rows = [&](std::size_t n, std::size_t begin, detail::plain_var<T, host> y) {
      S::each_node([&](auto node) {
        using N = decltype(node);
        if (S::template node_index<N> == n) put(node, begin, detail::typed<rows_of<N>, dim<Out>>(y));
      });
    };
    if (options_.standardize) {
      auto const whole = compute(ctx, edges, given);
      for (std::size_t n = 0; n < whole.size(); ++n) {
        auto const y = room_of(n, 0, whole[n].rows());
        copy(ctx, detail::value_of(whole[n]), detail::made(y));
        put_rows(n, 0, y);
      }
    } else {
      for (std::size_t n = 0; n < given.size(); ++n) {
        compute_blocks(ctx, edges, given, n, std::max<std::size_t>(block, 1), room_of, put_rows);
      }
    }
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

  // What each relation tells, and whether the sources were transformed first; nothing where it has none.
  template <class Space>
  struct told_rows {
    std::array<std::optional<detail::source_rows<T, Space>>, S::relation_count> rows;
    std::array<bool, S::relation_count> transformed{};
  };

  template <class On, class Space>
  [[nodiscard]] vars<Space> compute(On& on, hop<S, Space> const& edges, inputs<Space> const& x) const {
    bool const apart = options_.standardize;  // own part and what is heard
    auto const told = tell(on, edges, x);
    vars<Space> own, heard;
    for (std::size_t n = 0; n < x.size(); ++n) {
      std::size_t const targets = edges.targets.values[n];
      auto const& self = *self_.values[options_.self == self_sharing::shared ? 0 : n];
      detail::product_term<T, Space> const mine{x[n], detail::plain(on.watch(self.weight))};
      std::array<detail::product_term<T, Space>, S::relation_count + 1> terms{mine};
      std::size_t count = apart ? 0 : 1;
      bool adds = false;
      for (std::size_t r = 0; r < ends_.size(); ++r) {
        if (ends_[r].target != n || !told.rows[r]) continue;
        adds = adds || told.transformed[r];
        if (!told.transformed[r]) terms[count++] = message_of(r).term(on, edges.edges.values[r], *told.rows[r]);
      }
      // What sources were transformed for is added to the sum, and f comes after it.
      activation const then = adds || apart ? activation::none : options_.last;
      std::span<detail::product_term<T, Space> const> const all{terms.data(), count};
      if (apart) own[n] = detail::sum_of_products<On, T, Space>(on, targets, {&mine, 1}, on.watch(self.bias), then);
      heard[n] = count == 0 ? zeros_like(on, own[n])
                            : detail::sum_of_products<On, T, Space>(
                                  on, targets, all, apart ? var<dim<1>, dyn, T, Space>{} : on.watch(self.bias), then);
      for (std::size_t r = 0; r < ends_.size(); ++r) {
        if (ends_[r].target != n || !told.rows[r] || !told.transformed[r]) continue;
        message_of(r).hear(on, heard[n], {edges.edges.values[r]}, *told.rows[r], true);
      }
      if (adds && !apart) activate_in_place(on, heard[n], options_.last);
    }
    if (!apart) return heard;
    own = standardized(on, own);
    heard = standardized(on, heard);
    for (std::size_t n = 0; n < x.size(); ++n) {
      heard[n] = add(on, own[n], heard[n]);
      activate_in_place(on, heard[n], options_.last);
    }
    return heard;
  }

  // What compute() gives for the nodes of type n, a block at a time.
  template <class Context, class Room, class Put>
  void compute_blocks(Context& ctx, hop<S> const& edges, inputs<host> const& x, std::size_t n, std::size_t block,
                      Room const& room, Put const& put) const {
    struct voice {
      detail::message<T> const* tell;
      std::size_t relation;
      detail::source_rows<T, host> told;
      bool transformed;
      edges_view<host> links;  // into the block's targets
    };
    scope const of_type{ctx};
    std::vector<voice> voices;
    auto const hear = [&](detail::message<T> const& tell, std::size_t r, bool first) {
      first = tell.pools() || (first && Out < x[ends_[r].source].cols());
      voices.push_back({&tell, r, tell.told(ctx, x[ends_[r].source], first), first, {}});
    };
    bool const per_source = options_.neighbors == neighbor_sharing::per_source;
    for (std::size_t source = 0; per_source && source < x.size(); ++source) {
      std::size_t targets = 0;
      for (std::size_t r = 0; r < ends_.size(); ++r) {
        if (ends_[r].source == source) targets += edges.edges.values[r].targets();
      }
      for (std::size_t r = 0; r < ends_.size(); ++r) {
        if (ends_[r].source != source || ends_[r].target != n || !tells(edges, r, x)) continue;
        hear(*source_.values[source], r, source_.values[source]->transforms_first(x[source], targets));
      }
    }
    for (std::size_t r = 0; !per_source && r < ends_.size(); ++r) {
      if (ends_[r].target != n || !tells(edges, r, x)) continue;
      auto const& of = x[ends_[r].source];
      hear(*neighbor_.values[r], r, neighbor_.values[r]->transforms_first(of, edges.edges.values[r].targets()));
    }
    std::size_t const nodes = edges.targets.values[n];
    auto const& self = *self_.values[options_.self == self_sharing::shared ? 0 : n];
    auto const weight = detail::plain(ctx.watch(self.weight));
    auto const bias = detail::value_of(ctx.watch(self.bias));
    bool const beside = std::none_of(voices.begin(), voices.end(), [](voice const& v) { return v.transformed; });
    bool const relu = options_.last == activation::relu;
    std::vector<detail::product_term<T, host>> terms;  // own rows, and those of voices
    for (std::size_t begin = 0; begin < nodes; begin += block) {
      scope const step{ctx};
      std::size_t const count = std::min(block, nodes - begin);
      for (voice& v : voices) v.links = window(edges.edges.values[v.relation], begin, count);
      terms.assign(1, {x[n], weight});
      for (std::size_t v = 0; beside && v < voices.size(); ++v) {
        terms.push_back(voices[v].tell->term(ctx, voices[v].links, voices[v].told));
      }
      auto const made = room(n, begin, count);
      if (beside && detail::sum_beside_products<Context, T>(ctx, begin, terms, bias, relu, detail::made(made))) {
        if (!relu) activate_in_place(ctx, made, options_.last);
      } else {
        detail::affine_rows<Context, T, T, host>(ctx, detail::value_of(x[n].part(ctx, begin, count)),
                                                 detail::value_of(weight), bias, activation::none, detail::made(made));
        for (voice const& v : voices) v.tell->hear(ctx, made, {v.links}, v.told, v.transformed);
        activate_in_place(ctx, made, options_.last);
      }
      put(n, begin, made);
    }
  }
  // The edges into some of the targets.
  [[nodiscard]] static edges_view<host> window(edges_view<host> links, std::size_t begin, std::size_t count) {
    for (csr_view<host>* const a : {&links.forward, &links.other_forward}) {
      a->rows = a->rows == 0 ? 0 : count;
      if (a->offsets) a->offsets += begin;
    }
    links.backward = links.other_backward = {};
    if (links.other) links.other += begin;
    return links;
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

  // One source type may tell all its targets: it is then transformed once where that is less work than once per
  // relation.
  template <class On, class Space>
  [[nodiscard]] told_rows<Space> tell(On& on, hop<S, Space> const& edges, inputs<Space> const& x) const {
    told_rows<Space> told;
    if (options_.neighbors == neighbor_sharing::per_relation) {
      for (std::size_t r = 0; r < ends_.size(); ++r) {
        if (!tells(edges, r, x)) continue;
        auto const& of = x[ends_[r].source];
        told.transformed[r] = message_of(r).transforms_first(of, edges.edges.values[r].targets());
        told.rows[r] = message_of(r).told(on, of, told.transformed[r]);
      }
      return told;
    }
    for (std::size_t source = 0; source < x.size(); ++source) {
      if (x[source].cols() == 0) continue;
      auto const& message = *source_.values[source];
      std::size_t targets = 0;
      for (std::size_t r = 0; r < ends_.size(); ++r) {
        if (ends_[r].source == source) targets += edges.edges.values[r].targets();
      }
      bool const first = message.transforms_first(x[source], targets);
      auto const all = message.told(on, x[source], first);
      for (std::size_t r = 0; r < ends_.size(); ++r) {
        if (ends_[r].source != source || !has_edges(edges, r)) continue;
        told.rows[r] = all;
        told.transformed[r] = first;
      }
    }
    return told;
  }
  [[nodiscard]] detail::message<T> const& message_of(std::size_t r) const {
    return options_.neighbors == neighbor_sharing::per_source ? *source_.values[ends_[r].source] : *neighbor_.values[r];
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
