// What a target hears from its sources: y_i = sum, mean or maximum over the edges (j, i) of x_j, channel by channel.
#pragma once

#include <intarsia/exec/scope.hpp>
#include <intarsia/graph/adjacency.hpp>
#include <intarsia/ops/fresh.hpp>

namespace intarsia::inline v0 {

// sum: of value * x_j. mean: the same over the sum of values, so plain where edges have none. max: of x_j, whatever
// the values; where sources tie, the first edge gets the gradient.
enum class reduction { sum, mean, max };

// The rows that a relation's sources are.
template <class Rows, class Source>
concept sources_axis =
    std::same_as<Rows, rows_of<Source>> || std::same_as<Rows, dyn> ||
    because<"messages flow from source to target: x must hold one row per node of the relation's source type">();
template <class Rows, class Target>
concept targets_axis =
    std::same_as<Rows, rows_of<Target>> || std::same_as<Rows, dyn> ||
    because<"messages flow from source to target: this must hold one row per node of the relation's target type">();

namespace detail {
// The transpose of one of a relation's matrices: the given one, or one made in scratch memory.
template <class Context, class S>
[[nodiscard]] csr_view<S> backward_of(Context& ctx, csr_view<S> forward, csr_view<S> backward) {
  return backward.offsets || !forward.offsets ? backward : transpose(ctx, forward);
}

// y_i (+)= scale_i * sum over edges of value * x_j, each target by the matrix it reads.
template <class Context, class T, class S>
void hear(Context& ctx, edges_view<S> const& links, T const* scale, dense<T const, S> x, dense<T, S> y, bool add) {
  spmm(ctx, links.forward, spmm_terms<T, S>{scale, nullptr, {links.other, false}, {}}, x, y, add);
  if (links.other) spmm(ctx, links.other_forward, spmm_terms<T, S>{scale, nullptr, {links.other, true}, {}}, x, y, add);
}
// dx_j += sum over edges of value * scale_i * dy_i
template <class Context, class T, class S>
void hear_back(Context& ctx, edges_view<S> const& links, T const* scale, dense<T const, S> dy, dense<T, S> dx) {
  scope const temporary{ctx};
  if (links.forward.offsets) {
    spmm(ctx, backward_of(ctx, links.forward, links.backward),
         spmm_terms<T, S>{nullptr, scale, {}, {links.other, false}}, dy, dx, true);
  }
  if (links.other && links.other_forward.offsets) {
    spmm(ctx, backward_of(ctx, links.other_forward, links.other_backward),
         spmm_terms<T, S>{nullptr, scale, {}, {links.other, true}}, dy, dx, true);
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
  each_row(ctx, targets, 4, [=, mark = links.other] INTARSIA_FN(std::size_t i) {
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
}  // namespace detail

// out_i += what target i hears: (sources, m) -> (targets, m). Adds in place, so that a sum over relations needs no
// temporaries: `out` is made by zeros(), or is the result of an op whose pullback does not read it (those of
// activations do); on a tape it is tracked if x is.
template <class Source, class Target, axis R, axis Ro, axis C, axis Co, class T, class S>
  requires sources_axis<R, Source> && targets_axis<Ro, Target> && same_axis<C, Co>
void aggregate_into(recorder auto& on, var<Ro, Co, T, S> out, adjacency_view<Source, Target, S> links,
                    var<R, C, T, S> x, reduction how = reduction::mean) {
  detail::check_edges<S>(links, x.rows());
  expects(out.rows() == links.targets() && out.cols() == x.cols(),
          "aggregate_into: out needs a row per target and x's columns");
  auto& ctx = on.backend();
  edges_view<S> const edges = links;
  bool const pulls = std::remove_reference_t<decltype(on)>::records && x.tracked();
  expects(!pulls || out.tracked(),
          "aggregate_into: out has to be tracked where x is, make it by zeros(on, rows, cols)");
  if (how != reduction::max) {
    T const* const scale = how == reduction::mean ? detail::mean_scale<T>(ctx, edges) : nullptr;
    detail::hear(ctx, edges, scale, detail::value_of(x), detail::made(out), true);
    if (pulls) on.record([=, &ctx] { detail::hear_back(ctx, edges, scale, detail::grad_of(out), x.grad); });
    return;
  }
  auto const argmax = detail::scratch_matrix<std::uint32_t>(ctx, out.rows(), out.cols());
  {
    scope const temporary{ctx};
    auto const best = detail::scratch_matrix<T>(ctx, out.rows(), out.cols());
    segment_max(ctx, edges.forward, row_choice<S>{edges.other, false}, detail::value_of(x), best, argmax);
    if (edges.other) {
      segment_max(ctx, edges.other_forward, row_choice<S>{edges.other, true}, detail::value_of(x), best, argmax);
    }
    detail::accumulate(ctx, detail::reading(best), detail::made(out));
  }
  if (!pulls) return;
  on.record([=, &ctx] {
    scope const temporary{ctx};
    auto const who = detail::reading(argmax);
    if (edges.forward.offsets) {
      segment_max_pull(ctx, detail::backward_of(ctx, edges.forward, edges.backward), row_choice<S>{edges.other, false},
                       who, detail::grad_of(out), x.grad);
    }
    if (edges.other && edges.other_forward.offsets) {
      segment_max_pull(ctx, detail::backward_of(ctx, edges.other_forward, edges.other_backward),
                       row_choice<S>{edges.other, true}, who, detail::grad_of(out), x.grad);
    }
  });
}

// (sources, m) -> (targets, m). A target without edges hears zeros. Edge values, marks and offsets have to live as long
// as the tape. Throws shape_error where x has not one row per source.
template <class Source, class Target, axis R, axis C, class T, class S>
  requires sources_axis<R, Source>
[[nodiscard]] var<rows_of<Target>, C, T, S> aggregate(recorder auto& on, adjacency_view<Source, Target, S> links,
                                                      var<R, C, T, S> x, reduction how = reduction::mean) {
  auto y = zeros<rows_of<Target>, C, T>(on, links.targets(), x.cols(), x.tracked());
  aggregate_into(on, y, links, x, how);
  return y;
}

}  // namespace intarsia::inline v0
