// What a target hears from its sources: y_i = sum, mean or maximum over the edges (j, i) of x_j, channel by channel.
#pragma once

#include <intarsia/core/stored.hpp>
#include <intarsia/exec/scope.hpp>
#include <intarsia/graph/adjacency.hpp>
#include <intarsia/ops/fresh.hpp>
#include <memory>

namespace intarsia::inline v0 {

// sum: of value * x_j. mean: the same over the sum of values, so plain where edges have none. max: of x_j, whatever
// the values; where sources tie, the first edge gets the gradient.
enum class reduction { sum, mean, max };

// The rows that a relation's sources are.
template <class Rows, class Source>
concept sources_axis = std::same_as<Rows, rows_of<Source>> || std::same_as<Rows, dyn> ||
    because<"messages flow from source to target: x must hold one row per node of the relation's source type">();
template <class Rows, class Target>
concept targets_axis = std::same_as<Rows, rows_of<Target>> || std::same_as<Rows, dyn> ||
    because<"messages flow from source to target: this must hold one row per node of the relation's target type">();

namespace detail {
// The transpose of one of a relation's matrices: the given one, or one made in scratch memory.
template <class Context, class S>
[[nodiscard]] csr_view<S> backward_of(Context& ctx, csr_view<S> forward, csr_view<S> backward, bool places = false) {
  return backward.offsets || !forward.offsets ? backward : transpose(ctx, forward, places);
}
// The same where entries must be known by their places in the forward matrix: a transpose with values of its own does
// not know them.
template <class Context, class S>
[[nodiscard]] csr_view<S> backward_by_place(Context& ctx, csr_view<S> forward, csr_view<S> backward) {
  return backward_of(ctx, forward, backward.positions ? backward : csr_view<S>{}, true);
}

// y_i (+)= scale_i * sum over edges of value * x_j, each target by the matrix it reads. A y stored as bf16 is not added
// to.
template <class Context, class X, class T, class Y, class S>
void hear(Context& ctx, edges_view<S> const& links, T const* scale, dense<X const, S> x, dense<Y, S> y, bool add) {
  auto const by = [&](csr_view<S> a, bool other) {
    spmm_terms<T, S> const terms{scale, nullptr, {links.other, other}, {}};
    if constexpr (std::is_same_v<Y, T>) {
      spmm(ctx, a, terms, x, y, add);
    } else {
      spmm(ctx, a, terms, x, y);
    }
  };
  by(links.forward, false);
  if (links.other) by(links.other_forward, true);
}
// y_i = max over edges of x_j, and the entry that had it.
template <class Context, class X, class T, class S>
void hear_max(Context& ctx, edges_view<S> const& links, dense<X const, S> x, dense<T, S> y,
              dense<std::uint32_t, S> argmax) {
  segment_max(ctx, links.forward, row_choice<S>{links.other, false}, x, y, argmax);
  if (links.other) segment_max(ctx, links.other_forward, row_choice<S>{links.other, true}, x, y, argmax);
}
// y_i (+)= that maximum, of T; a y stored as bf16 is not added to.
template <class T, class Context, class X, class Y, class S>
void put_max(Context& ctx, edges_view<S> const& links, dense<X const, S> x, dense<Y, S> y,
             dense<std::uint32_t, S> argmax, bool add) {
  if constexpr (std::is_same_v<Y, T>) {
    if (!add) return hear_max(ctx, links, x, y, argmax);
  }
  scope const temporary{ctx};
  auto const best = scratch_matrix<T>(ctx, y.rows, y.cols);
  hear_max(ctx, links, x, best, argmax);
  if constexpr (std::is_same_v<Y, T>) {
    accumulate(ctx, reading(best), y);
  } else {
    copy(ctx, reading(best), y);
  }
}
// named[e] = ids[columns[e]]; a device has room for more entries than there are, and what lies there is no column.
template <class S>
struct name_columns {
  std::uint32_t const *ids, *columns;
  std::uint64_t const* count;
  std::uint32_t* named;
  INTARSIA_FN void operator()(std::size_t e) const {
    if constexpr (!std::is_same_v<S, host>) {
      if (e >= *count) return;
    }
    named[e] = ids[columns[e]];
  }
};
// The same entries of a matrix with columns that name rows of a table: column j becomes ids[j]. In scratch memory.
template <class Context, class S>
[[nodiscard]] csr_view<S> through_ids(Context& ctx, csr_view<S> a, std::uint32_t const* ids, std::size_t table_rows) {
  std::size_t const entries = a.entries();
  auto* const named = ctx.scratch().template take<std::uint32_t>(entries);
  map(ctx, entries, name_columns<S>{ids, a.columns, a.offsets ? a.offsets + a.rows : nullptr, named});
  a.columns = named;
  a.cols = table_rows;
  return a;
}
// dx_j (+)= sum over edges of value * scale_i * dy_i; true where it wrote.
template <class Context, class T, class S>
bool hear_back(Context& ctx, edges_view<S> const& links, T const* scale, dense<T const, S> dy, dense<T, S> dx,
               bool add = true) {
  scope const temporary{ctx};
  bool const first = links.forward.offsets, second = links.other && links.other_forward.offsets;
  if (first) {
    spmm(ctx, backward_of(ctx, links.forward, links.backward),
         spmm_terms<T, S>{nullptr, scale, {}, {links.other, false}}, dy, dx, add);
  }
  if (second) {
    spmm(ctx, backward_of(ctx, links.other_forward, links.other_backward),
         spmm_terms<T, S>{nullptr, scale, {}, {links.other, true}}, dy, dx, add || first);
  }
  return first || second;
}
// dx_j += dy_i where j was the maximum of i
template <class Context, class T, class S>
void hear_max_back(Context& ctx, edges_view<S> const& links, dense<std::uint32_t const, S> who, dense<T const, S> dy,
                   dense<T, S> dx) {
  scope const temporary{ctx};
  if (links.forward.offsets) {
    segment_max_pull(ctx, backward_by_place(ctx, links.forward, links.backward), row_choice<S>{links.other, false}, who,
                     dy, dx);
  }
  if (links.other && links.other_forward.offsets) {
    segment_max_pull(ctx, backward_by_place(ctx, links.other_forward, links.other_backward),
                     row_choice<S>{links.other, true}, who, dy, dx);
  }
}

// 1 / (sum of a target's values), 0 for a target without edges: (targets)
template <class T, class Context, class S>
[[nodiscard]] T const* mean_scale(Context& ctx, edges_view<S> const& links) {
  std::size_t const targets = links.targets();
  auto const scale = scratch_matrix<T>(ctx, targets, 1);
  scope const temporary{ctx};
  auto const other = scratch_matrix<T>(ctx, links.other ? targets : 0, 1);
  row_sums(ctx, links.forward, scale);
  if (links.other) row_sums(ctx, links.other_forward, other);
  auto const* const mark = links.other;
  each_row(ctx, targets, 4, [=] INTARSIA_FN(std::size_t i) {
    T const sum = mark && mark[i] ? other.data[i] : scale.data[i];
    scale.data[i] = sum == T{0} ? T{0} : T{1} / sum;
  });
  return scale.data;
}

template <class S>
void check_edges(edges_view<S> const& links, std::size_t sources) {
  expects(sources == links.sources(), "aggregate: x needs as many rows as the relation has sources");
  expects(!links.other || (links.other_forward.rows == links.targets() && links.other_forward.cols == links.sources()),
          "aggregate: the alternative edges need as many targets and sources as the first ones");
}

// What aggregate and aggregate_into do: out_i (+)= what target i hears; dout is the gradient by it. An out stored as
// bf16 is not added to.
template <class R, class C, class Y, class T, class S, recorder On>
void aggregate_rows(On& on, dense<Y, S> out, dense<T, S> dout, edges_view<S> const& edges, var<R, C, T, S> x,
                    reduction how, bool add) {
  auto& ctx = on.backend();
  bool const pulls = On::records && x.tracked();
  if (how != reduction::max) {
    T const* const scale = how == reduction::mean ? mean_scale<T>(ctx, edges) : nullptr;
    hear(ctx, edges, scale, value_of(x), out, add);
    if (pulls) on.record([=, &ctx] { hear_back(ctx, edges, scale, reading(dout), x.grad); });
    return;
  }
  auto const argmax = scratch_matrix<std::uint32_t>(ctx, out.rows, out.cols);
  put_max<T>(ctx, edges, value_of(x), out, argmax, add);
  if (pulls) on.record([=, &ctx] { hear_max_back(ctx, edges, reading(argmax), reading(dout), x.grad); });
}
template <class R, class C, class Ro, class Co, class T, class S, recorder On>
void aggregate_rows(On& on, var<Ro, Co, T, S> out, edges_view<S> const& edges, var<R, C, T, S> x,
                    reduction how, bool add) {
  aggregate_rows(on, made(out), out.grad, edges, x, how, add);
}

// The same from rows of a constant table: those that columns name, or with ids those that they name.
template <class T, class X, class Y, class S, recorder On>
void aggregate_stored(On& on, dense<Y, S> out, edges_view<S> edges, dense<X const, S> table,
                      std::uint32_t const* ids, reduction how, bool add) {
  auto& ctx = on.backend();
  scope const temporary{ctx};
  if (ids) {
    edges.forward = through_ids(ctx, edges.forward, ids, table.rows);
    if (edges.other) edges.other_forward = through_ids(ctx, edges.other_forward, ids, table.rows);
  }
  if (how != reduction::max) {
    hear(ctx, edges, how == reduction::mean ? mean_scale<T>(ctx, edges) : nullptr, table, out, add);
    return;
  }
  put_max<T>(ctx, edges, table, out, scratch_matrix<std::uint32_t>(ctx, out.rows, out.cols), add);
}
template <class X, class Ro, class Co, class T, class S, recorder On>
void aggregate_stored(On& on, var<Ro, Co, T, S> out, edges_view<S> const& edges, dense<X const, S> table,
                      std::uint32_t const* ids, reduction how, bool add) {
  aggregate_stored<T>(on, made(out), edges, table, ids, how, add);
}
}  // namespace detail

// out_i += what target i hears: (sources, m) -> (targets, m). Adds in place, so that a sum over relations needs no
// temporaries: `out` is made by zeros(), or is the result of an op whose pullback does not read it (those of
// activations do); on a tape it is tracked if x is.
template <class Source, class Target, axis R, axis Ro, axis C, axis Co, class T, class S, recorder On>
requires sources_axis<R, Source> && targets_axis<Ro, Target> && same_axis<C, Co>
void aggregate_into(On& on, var<Ro, Co, T, S> out, adjacency_view<Source, Target, S> links,
                    var<R, C, T, S> x, reduction how = reduction::mean) {
  detail::check_edges<S>(links, x.rows());
  expects(out.rows() == links.targets() && out.cols() == x.cols(),
          "aggregate_into: out needs a row per target and x's columns");
  expects(!On::records || !x.tracked() || out.tracked(),
          "aggregate_into: out has to be tracked where x is, make it by zeros(on, rows, cols)");
  detail::aggregate_rows(on, out, static_cast<edges_view<S> const&>(links), x, how, true);
}

// The same from rows of a table by id, read where they lie: neither they nor messages are copied. The table may be
// stored as bf16 or f16. It is a constant, so no gradient flows into it.
template <class Source, class Target, axis R, axis Ro, axis C, axis Co, class X, class T, class S, recorder On>
requires sources_axis<R, Source> && targets_axis<Ro, Target> && same_axis<C, Co>
void aggregate_into(On& on, var<Ro, Co, T, S> out, adjacency_view<Source, Target, S> links,
                    indexed_view<R, C, X, S> x, reduction how = reduction::mean) {
  detail::check_edges<S>(links, x.ids.size());
  expects(out.rows() == links.targets() && out.cols() == x.table.cols,
          "aggregate_into: out needs a row per target and x's columns");
  detail::aggregate_stored(on, out, edges_view<S>{links}, dense<X const, S>(x.table), x.ids.data(), how, true);
}

// (sources, m) -> (targets, m). A target without edges hears zeros. Edge values, marks and offsets have to live as long
// as the tape. Throws shape_error where x has not one row per source.
template <class Source, class Target, axis R, axis C, class T, class S, recorder On>
requires sources_axis<R, Source>
[[nodiscard]] var<rows_of<Target>, C, T, S> aggregate(On& on, adjacency_view<Source, Target, S> links,
                                                      var<R, C, T, S> x, reduction how = reduction::mean) {
  detail::check_edges<S>(links, x.rows());
  auto const y = on.template fresh<rows_of<Target>, C, T>(links.targets(), x.cols(), x.tracked());
  detail::aggregate_rows(on, y, static_cast<edges_view<S> const&>(links), x, how, false);
  return y;
}

// The same from rows of a table by id; of float where they are stored as bf16 or f16.
template <class Source, class Target, axis R, axis C, class X, class S, recorder On>
requires sources_axis<R, Source>
[[nodiscard]] auto aggregate(On& on, adjacency_view<Source, Target, S> links, indexed_view<R, C, X, S> x,
                             reduction how = reduction::mean) {
  using T = number_of<X>;
  detail::check_edges<S>(links, x.ids.size());
  auto const y = on.template fresh<rows_of<Target>, C, T>(links.targets(), x.table.cols, false);
  detail::aggregate_stored(on, y, edges_view<S>{links}, dense<X const, S>(x.table), x.ids.data(), how, false);
  return y;
}

// The same from all rows of a constant table, source j reading row j; of float where they are stored as bf16 or f16.
template <class Source, class Target, axis R, axis C, class X, class S, recorder On>
requires sources_axis<R, Source>
[[nodiscard]] auto aggregate(On& on, adjacency_view<Source, Target, S> links, view<R, C, X const, S> x,
                             reduction how = reduction::mean) {
  using T = number_of<X>;
  dense<X const, S> const table = x;
  detail::check_edges<S>(links, table.rows);
  auto const y = on.template fresh<rows_of<Target>, C, T>(links.targets(), table.cols, false);
  detail::aggregate_stored(on, y, edges_view<S>{links}, table, nullptr, how, false);
  return y;
}

// Rows of a table by id, or all of them, each with a gradient: what a step reads of a table that is learned. Made by
// watch_rows.
template <axis Rows, axis Cols, class X = float, class Space = host>
struct watched_rows {
  using scalar = number_of<X>;

  dense<X const, Space> table;
  std::uint32_t const* ids;  // null: every row, in order
  std::size_t count;         // of rows that are watched
  dense<scalar, Space> grad;  // (count, m); no data: nobody asks for it
  bool* written = nullptr;    // false: grad stands for zeros and has no numbers yet

  [[nodiscard]] bool tracked() const { return grad.data != nullptr; }
};

namespace detail {
template <class On, axis Rows, axis C, class X, class S>
[[nodiscard]] watched_rows<Rows, C, X, S> watched(On& on, watched_rows<Rows, C, X, S> x) {
  if constexpr (On::records) {
    auto& ctx = on.backend();
    x.grad = scratch_matrix<typename watched_rows<Rows, C, X, S>::scalar>(ctx, x.count, x.table.cols);
    x.written = std::construct_at(ctx.notes().template take<bool>(1), false);
  }
  return x;
}
}  // namespace detail

// The rows are read where they lie; on a tape there is a gradient for each id, and for an id that comes twice two.
template <axis Rows, axis C, class X, class S, recorder On>
[[nodiscard]] watched_rows<Rows, C, X, S> watch_rows(On& on, indexed_view<Rows, C, X, S> x) {
  return detail::watched(on, watched_rows<Rows, C, X, S>{x.table, x.ids.data(), x.ids.size(), {}, nullptr});
}
// All rows of a table.
template <axis Rows, axis C, class X, class S, recorder On>
[[nodiscard]] watched_rows<Rows, C, X, S> watch_rows(On& on, view<Rows, C, X const, S> x) {
  dense<X const, S> const table = x;
  return detail::watched(on, watched_rows<Rows, C, X, S>{table, nullptr, table.rows, {}, nullptr});
}
// The gradient after backward: (ids, m), or (rows of the table, m)
template <class Context, axis Rows, axis C, class X, class S>
[[nodiscard]] auto gradient_of(Context& ctx, watched_rows<Rows, C, X, S> const& x) {
  expects(x.tracked(), "gradient_of: rows have a gradient where they were watched on a tape");
  if (!*x.written) fill(ctx, x.grad, 0);
  *x.written = true;
  return detail::reading(x.grad);
}

// What targets hear of watched rows, by slots: neither rows nor messages are copied.
template <class Source, class Target, axis R, axis C, class X, class S, recorder On>
requires sources_axis<R, Source>
[[nodiscard]] auto aggregate(On& on, adjacency_view<Source, Target, S> links, watched_rows<R, C, X, S> x,
                             reduction how = reduction::mean) {
  using T = typename watched_rows<R, C, X, S>::scalar;
  detail::check_edges<S>(links, x.count);
  auto& ctx = on.backend();
  edges_view<S> const edges = links;
  auto const y = on.template fresh<rows_of<Target>, C, T>(links.targets(), x.table.cols, x.tracked());
  auto const argmax = detail::scratch_matrix<std::uint32_t>(ctx, how == reduction::max ? y.rows() : 0, y.cols());
  T const* const scale = how == reduction::mean ? detail::mean_scale<T>(ctx, edges) : nullptr;
  {
    scope const temporary{ctx};
    edges_view<S> named = edges;
    if (x.ids) named.forward = detail::through_ids(ctx, edges.forward, x.ids, x.table.rows);
    if (x.ids && edges.other) named.other_forward = detail::through_ids(ctx, edges.other_forward, x.ids, x.table.rows);
    if (how == reduction::max) {
      detail::hear_max(ctx, named, x.table, detail::made(y), argmax);
    } else {
      detail::hear(ctx, named, scale, x.table, detail::made(y), false);
    }
  }
  if (!x.tracked()) return y;
  on.record([=, &ctx] {
    if (how == reduction::max) {
      static_cast<void>(gradient_of(ctx, x));
      detail::hear_max_back(ctx, edges, detail::reading(argmax), detail::grad_of(y), x.grad);
    } else {
      *x.written = detail::hear_back(ctx, edges, scale, detail::grad_of(y), x.grad, *x.written) || *x.written;
    }
  });
  return y;
}

}  // namespace intarsia::inline v0
