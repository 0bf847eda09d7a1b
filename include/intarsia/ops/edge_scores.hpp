// A number, or one for each of some heads, on every edge: s_e = sum over the channels c of a head of
// rule(source_c, target_c, weight_c). The derivatives of the rule come from dual numbers.
#pragma once

#include <intarsia/exec/message.hpp>
#include <intarsia/ops/edge_parts.hpp>
#include <intarsia/ops/propagate.hpp>

namespace intarsia::inline v0 {

namespace detail {
// The rule of edge_dots.
struct product_of_ends {
  INTARSIA_FN auto operator()(auto const& source, auto const& target, auto const&) const { return source * target; }
};

// What a rule reads of the end j, the end i and the channel c.
template <class T, class S, class Rule>
struct scored_ends {
  Rule rule;
  dense<T const, S> source, target;
  T const* weight;  // null: nothing is weighed, and the rule gets 1
  [[nodiscard]] INTARSIA_FN T weight_of(std::size_t c) const { return weight ? weight[c] : T{1}; }
};

template <class T, class S, class Rule>
struct score_body {
  edge_part<S> part;
  scored_ends<T, S, Rule> ends;
  dense<T, S> scores;

  template <class Team>
  INTARSIA_FN void operator()(std::size_t i, Team by) const {
    if (!part.targets.has(i)) return;
    std::size_t const width = ends.source.cols / scores.cols;
    for (auto [e, end] = entries_of(part.forward, i); e < end; ++e) {
      T const value = entry_value<T>(part.forward, e);
      T* const to = scores.data + part.edge(part.forward, e) * scores.stride;
      for (std::size_t h = 0; h < scores.cols; ++h) {
        T const* const from = ends.source.data + part.forward.columns[e] * ends.source.stride + h * width;
        T const* const own = ends.target.data + i * ends.target.stride + h * width;
        T const score = sum_across<T>(by, width, [&](std::size_t c) {
          return call_rule<Rule, T>(ends.rule, from[c], own[c], ends.weight_of(h * width + c), value);
        });
        if (by.owns(h)) to[h] = score;
      }
    }
  }
};

// Gradients of the ends and of the weight; `Along`: which of them.
enum class score_end { source, target, weight };
template <score_end Along, class T, class S, class Rule>
struct score_pull_body {
  edge_part<S> part;
  scored_ends<T, S, Rule> ends;
  dense<T const, S> dscores;
  dense<T, S> to;  // (sources, m), (targets, m), and for the weight what each target adds to it

  template <class Team>
  INTARSIA_FN void operator()(std::size_t row, Team by) const {
    using number = dual<T, 1>;
    constexpr bool by_source = Along == score_end::source;
    csr_view<S> const& a = by_source ? part.backward : part.forward;
    std::size_t const width = ends.source.cols / dscores.cols;
    for (std::size_t h = 0; h < dscores.cols; ++h) {
      add_along(by, entries_of(a, row), width, to.data + row * to.stride + h * width, [&](std::uint64_t e) {
        std::size_t const i = by_source ? a.columns[e] : row, j = by_source ? row : a.columns[e];
        T const* const from = ends.source.data + j * ends.source.stride + h * width;
        T const* const own = ends.target.data + i * ends.target.stride + h * width;
        T const slope = part.targets.has(i) ? dscores.data[part.edge(a, e) * dscores.stride + h] : T{0};
        T const value = entry_value<T>(a, e);
        return [=, this](std::size_t c) {
          T const weight = ends.weight_of(h * width + c);
          auto const score = call_rule<Rule, number>(
              ends.rule, by_source ? number::variable(from[c], 0) : number{from[c]},
              Along == score_end::target ? number::variable(own[c], 0) : number{own[c]},
              Along == score_end::weight ? number::variable(weight, 0) : number{weight}, number{value});
          return slope == T{0} ? T{0} : slope * score.slope[0];
        };
      });
    }
  }
};

template <class Rows, std::size_t Heads, class T, class S, class Rule, recorder On>
[[nodiscard]] var<Rows, dim<Heads>, T, S> score_edges(On& on, edges_view<S> const& edges, dense<T const, S> source,
                                                      dense<T const, S> target, dense<T const, S> weight,
                                                      dense<T, S> dsource, dense<T, S> dtarget, dense<T, S> dweight,
                                                      Rule rule) {
  check_edges(edges, source.rows);
  expects(target.rows >= edges.targets(), "edge_scores: give at least one row per target");
  expects(target.cols == source.cols && (!weight.data || weight.cols == source.cols),
          "edge_scores: source, target and weight need the same number of columns");
  expects(source.cols % Heads == 0, "edge_scores: the columns have to be a multiple of the heads");
  auto& ctx = on.backend();
  std::size_t const width = source.cols / Heads;
  auto const scores = on.template fresh<Rows, dim<Heads>, T>(edge_rows(edges), Heads,
                                                             dsource.data || dtarget.data || dweight.data);
  scored_ends<T, S, Rule> const ends{rule, source, target, weight.data};
  if (edges.other || !std::is_same_v<S, host>) fill(ctx, made(scores), T{0});
  each_part(edges, [&](edge_part<S> const& part) {
    each_row(ctx, part.forward.rows, work_of(part.forward, 4 * source.cols, width),
             score_body<T, S, Rule>{part, ends, made(scores)});
  });
  if (!scores.tracked()) return scores;
  on.record([=, &ctx] {
    auto const pull = [&]<score_end Along>(std::integral_constant<score_end, Along>, edge_part<S> const& part,
                                           csr_view<S> const& a, dense<T, S> to) {
      each_row(ctx, a.rows, work_of(a, 8 * source.cols, width),
               score_pull_body<Along, T, S, Rule>{part, ends, grad_of(scores), to});
    };
    if (dsource.data) {
      each_part_backward(ctx, edges, [&](edge_part<S> const& part) {
        pull(std::integral_constant<score_end, score_end::source>{}, part, part.backward, dsource);
      });
    }
    if (dtarget.data) {
      each_part(edges, [&](edge_part<S> const& part) {
        pull(std::integral_constant<score_end, score_end::target>{}, part, part.forward, dtarget);
      });
    }
    if (dweight.data) {
      scope const temporary{ctx};
      auto const by_target = scratch_matrix<T>(ctx, edges.targets(), source.cols);
      fill(ctx, by_target, T{0});
      each_part(edges, [&](edge_part<S> const& part) {
        pull(std::integral_constant<score_end, score_end::weight>{}, part, part.forward, by_target);
      });
      column_sum(ctx, reading(by_target), dweight, true);
    }
  });
  return scores;
}
}  // namespace detail

// (sources, m), (targets or more, m), (1, m) -> (edges, Heads). Head h adds up the channels [h m / Heads, (h + 1) m /
// Heads). A weight times tanh(source + target) scores as a small network does; with as many heads as channels, a sum of
// both ends does. Edges, their values and marks have to live as long as the tape.
// Throws shape_error where rows or columns do not fit.
template <std::size_t Heads = 1, class Source, class Target, axis R, axis Rt, axis C, axis Ct, axis Cw, class T,
          class S, message_rule<T> Rule, recorder On>
  requires sources_axis<R, Source> && targets_axis<Rt, Target> && same_axis<C, Ct> && same_axis<C, Cw>
[[nodiscard]] auto edge_scores(On& on, adjacency_view<Source, Target, S> links, var<R, C, T, S> source,
                               var<Rt, Ct, T, S> target, var<dim<1>, Cw, T, S> weight, Rule rule) {
  return detail::score_edges<rows_of_edges<Source, Target>, Heads, T, S>(
      on, static_cast<edges_view<S> const&>(links), detail::value_of(source), detail::value_of(target),
      detail::value_of(weight), source.grad, target.grad, weight.grad, rule);
}

// s_e = source_j . target_i for the edge e from j to i, for each head: (sources, m), (targets or more, m) -> (edges,
// Heads). Divide by the root of m / Heads (scale) before a softmax over edges.
// Throws shape_error where rows or columns do not fit.
template <std::size_t Heads = 1, class Source, class Target, axis R, axis Rt, axis C, axis Ct, class T, class S,
          recorder On>
  requires sources_axis<R, Source> && targets_axis<Rt, Target> && same_axis<C, Ct>
[[nodiscard]] auto edge_dots(On& on, adjacency_view<Source, Target, S> links, var<R, C, T, S> source,
                             var<Rt, Ct, T, S> target) {
  return detail::score_edges<rows_of_edges<Source, Target>, Heads, T, S>(
      on, static_cast<edges_view<S> const&>(links), detail::value_of(source), detail::value_of(target),
      dense<T const, S>{}, source.grad, target.grad, dense<T, S>{}, detail::product_of_ends{});
}

}  // namespace intarsia::inline v0
