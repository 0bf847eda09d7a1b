// A message rule of one's own on every edge: y_i = sum over the edges (j, i) of rule(x_j, x_i, w), channel by channel.
// Its derivatives come from dual numbers; the rule is called with plain numbers forward and with duals backward.
#pragma once

#include <intarsia/core/dual.hpp>
#include <intarsia/ops/aggregate.hpp>

namespace intarsia::inline v0 {

// Requirements, in English: callable as rule(source, target, weight), or with the edge's own value as a fourth
// argument, for plain numbers and duals alike; the result is such a number.
template <class Rule, class T>
concept message_rule =
    requires(Rule const& rule, T x, dual<T, 1> d) {
      { rule(x, x, x) } -> std::convertible_to<T>;
      { rule(d, d, d) } -> std::convertible_to<dual<T, 1>>;
    } ||
    requires(Rule const& rule, T x, dual<T, 1> d) {
      { rule(x, x, x, x) } -> std::convertible_to<T>;
      { rule(d, d, d, d) } -> std::convertible_to<dual<T, 1>>;
    } ||
    because<"a message is one generic rule (source, target, weight), with the edge's value as an optional fourth "
            "argument: take them as auto, and call ia::exp, ia::sigmoid and the like">();

// (sources, m), (targets or more, m), (1, m) -> (targets, m). A target without edges hears zeros.
// Throws shape_error where rows or columns do not fit.
template <class Source, class Target, axis R, axis Rt, axis C, axis Ct, axis Cw, class T, class S, message_rule<T> Rule,
          recorder On>
  requires sources_axis<R, Source> && targets_axis<Rt, Target> && same_axis<C, Ct> && same_axis<C, Cw>
[[nodiscard]] var<rows_of<Target>, C, T, S> propagate(On& on, adjacency_view<Source, Target, S> links,
                                                      var<R, C, T, S> source, var<Rt, Ct, T, S> target,
                                                      var<dim<1>, Cw, T, S> weight, Rule rule) {
  detail::check_edges<S>(links, source.rows());
  expects(target.rows() >= links.targets(), "propagate: give at least one row per target");
  expects(target.cols() == source.cols() && weight.cols() == source.cols(),
          "propagate: source, target and weight need the same number of columns");
  auto& ctx = on.backend();
  edges_view<S> const edges = links;
  var<rows_of<Target>, C, T, S> y = on.template fresh<rows_of<Target>, C, T>(
      links.targets(), source.cols(), source.tracked() || target.tracked() || weight.tracked());
  edge_map(ctx, edges.forward, rule, detail::value_of(source), detail::value_of(target), detail::value_of(weight),
           detail::made(y), false, row_choice<S>{edges.other, false});
  if (edges.other) {
    edge_map(ctx, edges.other_forward, rule, detail::value_of(source), detail::value_of(target),
             detail::value_of(weight), detail::made(y), false, row_choice<S>{edges.other, true});
  }
  if (y.tracked()) {
    on.record([=, &ctx] {
      scope const temporary{ctx};
      auto const pull = [&](csr_view<S> forward, csr_view<S> backward, row_choice<S> rows) {
        if (!forward.offsets) return;
        if (source.tracked()) backward = detail::backward_by_place(ctx, forward, backward);
        edge_map_pull(ctx, forward, backward, rule, detail::value_of(source), detail::value_of(target),
                      detail::value_of(weight), detail::grad_of(y), source.grad, target.grad, weight.grad, rows);
      };
      pull(edges.forward, edges.backward, {edges.other, false});
      if (edges.other) pull(edges.other_forward, edges.other_backward, {edges.other, true});
    });
  }
  return y;
}

}  // namespace intarsia::inline v0
