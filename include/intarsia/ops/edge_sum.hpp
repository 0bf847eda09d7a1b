// What a target hears from its sources where every edge has a weight of its own, one for each of some heads:
// y_i = sum over the edges e = (j, i) of w_e x_j.
#pragma once

#include <intarsia/ops/dot.hpp>
#include <intarsia/ops/edge_parts.hpp>

namespace intarsia::inline v0 {

namespace detail {
// to[row] += sum over the edges of a target (or, `Back`, of a source) of w_e from[other end], head by head.
template <bool Back, class T, class S>
struct edge_sum_body {
  edge_part<S> part;
  dense<T const, S> weights, from;
  dense<T, S> to;

  template <class Team>
  INTARSIA_FN void operator()(std::size_t row, Team by) const {
    if (!Back && !part.targets.has(row)) return;
    csr_view<S> const& a = Back ? part.backward : part.forward;
    std::size_t const width = from.cols / weights.cols;
    for (std::size_t h = 0; h < weights.cols; ++h) {
      add_along(by, entries_of(a, row), width, to.data + row * to.stride + h * width, [&](std::uint64_t e) {
        bool const read = !Back || part.targets.has(a.columns[e]);
        T const weight = read ? weights.data[part.edge(a, e) * weights.stride + h] : T{0};
        T const* const x = from.data + a.columns[e] * from.stride + h * width;
        return [=](std::size_t c) { return weight * x[c]; };
      });
    }
  }
};
// The same of one head and float by spmm, whose numbers of entries are then the weights.
template <bool Back, class Context, class T, class S>
void sum_edges(Context& ctx, edge_part<S> part, dense<T const, S> weights, dense<T const, S> from, dense<T, S> to) {
  csr_view<S> a = Back ? part.backward : part.forward;
  if constexpr (std::is_same_v<T, float>) {
    if (weights.cols == 1 && weights.stride == 1) {
      a.values = weights.data + part.before;
      spmm_terms<T, S> terms{};
      (Back ? terms.cols : terms.rows) = part.targets;
      return spmm(ctx, a, terms, from, to, true);
    }
  }
  std::size_t const width = from.cols / std::max<std::size_t>(1, weights.cols);
  each_row(ctx, a.rows, work_of(a, from.cols, width), edge_sum_body<Back, T, S>{part, weights, from, to});
}

// dw_e += dy_i . x_j, head by head
template <class T, class S>
struct edge_weight_pull_body {
  edge_part<S> part;
  dense<T const, S> dy, x;
  dense<T, S> dweights;

  template <class Team>
  INTARSIA_FN void operator()(std::size_t i, Team by) const {
    if (!part.targets.has(i)) return;
    std::size_t const width = x.cols / dweights.cols;
    for (auto [e, end] = entries_of(part.forward, i); e < end; ++e) {
      T* const to = dweights.data + part.edge(part.forward, e) * dweights.stride;
      for (std::size_t h = 0; h < dweights.cols; ++h) {
        T const slope = dot(by, dy.data + i * dy.stride + h * width,
                            x.data + part.forward.columns[e] * x.stride + h * width, width);
        if (by.owns(h)) to[h] += slope;
      }
    }
  }
};
}  // namespace detail

// (sources, m), (edges, heads) -> (targets, m). Head h weighs the columns [h m / heads, (h + 1) m / heads). The edges'
// own values play no part. A target without edges hears zeros. Edges have to live as long as the tape.
// Throws shape_error where rows or columns do not fit.
template <class Source, class Target, axis R, axis Re, axis C, axis H, class T, class S, recorder On>
  requires sources_axis<R, Source> && edges_axis<Re, Source, Target>
[[nodiscard]] var<rows_of<Target>, C, T, S> edge_sum(On& on, adjacency_view<Source, Target, S> links,
                                                     var<R, C, T, S> x, var<Re, H, T, S> weights) {
  edges_view<S> const edges = links;
  detail::check_edges(edges, x.rows());
  expects(weights.rows() == edge_rows(edges), "edge_sum: give one row of weights per edge of the relation");
  expects(weights.cols() > 0 && x.cols() % weights.cols() == 0,
          "edge_sum: the columns of x have to be a multiple of the heads");
  auto& ctx = on.backend();
  var<rows_of<Target>, C, T, S> const y =
      on.template fresh<rows_of<Target>, C, T>(links.targets(), x.cols(), x.tracked() || weights.tracked());
  fill(ctx, detail::made(y), T{0});
  detail::each_part(edges, [&](detail::edge_part<S> const& part) {
    detail::sum_edges<false>(ctx, part, detail::value_of(weights), detail::value_of(x), detail::made(y));
  });
  if (!y.tracked()) return y;
  on.record([=, &ctx] {
    if (weights.tracked()) {
      std::size_t const width = x.cols() / weights.cols();
      detail::each_part(edges, [&](detail::edge_part<S> const& part) {
        each_row(ctx, part.forward.rows, detail::work_of(part.forward, x.cols(), width),
                 detail::edge_weight_pull_body<T, S>{part, detail::grad_of(y), detail::value_of(x), weights.grad});
      });
    }
    if (x.tracked()) {
      detail::each_part_backward(ctx, edges, [&](detail::edge_part<S> const& part) {
        detail::sum_edges<true>(ctx, part, detail::value_of(weights), detail::grad_of(y), x.grad);
      });
    }
  });
  return y;
}

}  // namespace intarsia::inline v0
