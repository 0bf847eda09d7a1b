// Shares of a target's edges: w_e = exp s_e / sum of exp s over the edges of the same target, head by head.
#pragma once

#include <intarsia/ops/edge_parts.hpp>
#include <intarsia/ops/softmax.hpp>

namespace intarsia::inline v0 {

namespace detail {
template <class T, class S>
struct edge_softmax_body {
  edge_part<S> part;
  dense<T const, S> scores;
  dense<T, S> shares;

  template <class Team>
  INTARSIA_FN void operator()(std::size_t i, Team by) const {
    if (!part.targets.has(i)) return;
    auto const [first, last] = entries_of(part.forward, i);
    T const none = -std::numeric_limits<T>::infinity();
    for (std::size_t h = 0; h < scores.cols; ++h) {
      T peak = none;
      for (std::uint64_t e = first + by.first(); e < last; e += by.step()) {
        T const score = scores.data[part.edge(part.forward, e) * scores.stride + h];
        peak = peak < score ? score : peak;
      }
      peak = by.max(peak);
      if (peak == none) peak = T{0};  // no edge that counts
      T sum{0};
      for (std::uint64_t e = first + by.first(); e < last; e += by.step()) {
        std::size_t const edge = part.edge(part.forward, e);
        sum += shares.data[edge * shares.stride + h] = exp_below_one(scores.data[edge * scores.stride + h] - peak);
      }
      sum = by.sum(sum);
      T const factor = sum == T{0} ? T{0} : T{1} / sum;
      for (std::uint64_t e = first + by.first(); e < last; e += by.step()) {
        shares.data[part.edge(part.forward, e) * shares.stride + h] *= factor;
      }
    }
  }
};

// ds_e += w_e (dw_e - sum over the edges of the target of w dw)
template <class T, class S>
struct edge_softmax_pull_body {
  edge_part<S> part;
  dense<T const, S> shares, dshares;
  dense<T, S> dscores;

  template <class Team>
  INTARSIA_FN void operator()(std::size_t i, Team by) const {
    if (!part.targets.has(i)) return;
    auto const [first, last] = entries_of(part.forward, i);
    for (std::size_t h = 0; h < shares.cols; ++h) {
      T along{0};
      for (std::uint64_t e = first + by.first(); e < last; e += by.step()) {
        std::size_t const edge = part.edge(part.forward, e);
        along += shares.data[edge * shares.stride + h] * dshares.data[edge * dshares.stride + h];
      }
      along = by.sum(along);
      for (std::uint64_t e = first + by.first(); e < last; e += by.step()) {
        std::size_t const edge = part.edge(part.forward, e);
        T const slope = dshares.data[edge * dshares.stride + h] - along;
        dscores.data[edge * dscores.stride + h] += shares.data[edge * shares.stride + h] * slope;
      }
    }
  }
};
}  // namespace detail

// (edges, heads) -> (edges, heads). The shares of a target's edges sum to 1; those of scores of minus infinity are 0,
// and so are all of a target without others. Edges have to live as long as the tape.
// Throws shape_error where scores have not one row per edge.
template <class Source, class Target, axis R, axis C, class T, class S, recorder On>
  requires edges_axis<R, Source, Target>
[[nodiscard]] var<rows_of_edges<Source, Target>, C, T, S> edge_softmax(On& on, adjacency_view<Source, Target, S> links,
                                                                  var<R, C, T, S> scores) {
  edges_view<S> const edges = links;
  expects(scores.rows() == edge_rows(edges), "edge_softmax: give one row of scores per edge of the relation");
  auto& ctx = on.backend();
  var<rows_of_edges<Source, Target>, C, T, S> const shares =
      on.template fresh<rows_of_edges<Source, Target>, C, T>(scores.rows(), scores.cols(), scores.tracked());
  if (edges.other || !std::is_same_v<S, host>) fill(ctx, detail::made(shares), T{0});
  std::size_t const heads = scores.cols(), entries = scores.rows() / std::max<std::size_t>(1, edges.targets());
  detail::each_part(edges, [&](detail::edge_part<S> const& part) {
    each_row(ctx, part.forward.rows, detail::work_of(part.forward, 16 * heads, 4 * entries),
             detail::edge_softmax_body<T, S>{part, detail::value_of(scores), detail::made(shares)});
  });
  if (shares.tracked()) {
    on.record([=, &ctx] {
      detail::each_part(edges, [&](detail::edge_part<S> const& part) {
        each_row(ctx, part.forward.rows, detail::work_of(part.forward, 4 * heads, 4 * entries),
                 detail::edge_softmax_pull_body<T, S>{part, detail::value_of(shares), detail::grad_of(shares),
                                                      scores.grad});
      });
    });
  }
  return shares;
}

}  // namespace intarsia::inline v0
