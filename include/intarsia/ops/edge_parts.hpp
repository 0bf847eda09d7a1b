// Matrices with a row for each edge of a relation, and how ops on them go along the edges of a target or of a source.
// The rows are numbered like the entries of the relation's forward matrix, then those of its alternative; rows of edges
// that nobody reads (of the alternative's targets, and room beyond the last edge on a device) hold zeros.
#pragma once

#include <intarsia/exec/entries.hpp>
#include <intarsia/ops/aggregate.hpp>

namespace intarsia::inline v0 {

// The rows that a relation's edges are.
template <class Rows, class Source, class Target>
concept edges_axis = std::same_as<Rows, rows_of_edges<Source, Target>> || std::same_as<Rows, dyn> ||
    because<"this must hold one row per edge of the relation: make it by edge_scores on the same relation">();

// How many rows a matrix with a row for each edge has; on a device at least as many as there are edges.
template <class S>
[[nodiscard]] std::size_t edge_rows(edges_view<S> const& links) {
  return links.forward.entries() + (links.other ? links.other_forward.entries() : 0);
}

namespace detail {
// One of a relation's two matrices, the targets that read it, and how many edges were numbered before its own.
template <class S>
struct edge_part {
  csr_view<S> forward, backward;
  row_choice<S> targets;
  std::size_t before = 0;

  // The row of an entry of forward or backward.
  [[nodiscard]] INTARSIA_FN std::size_t edge(csr_view<S> const& a, std::uint64_t entry) const {
    return before + forward_place(a, entry);
  }
};
template <class S, class F>
void each_part(edges_view<S> const& links, F const& f) {
  if (links.forward.offsets) f(edge_part<S>{links.forward, links.backward, {links.other, false}, 0});
  if (links.other && links.other_forward.offsets) {
    f(edge_part<S>{links.other_forward, links.other_backward, {links.other, true}, links.forward.entries()});
  }
}
// The same with a transpose that knows the places of its entries in the forward matrix.
template <class Context, class S, class F>
void each_part_backward(Context& ctx, edges_view<S> const& links, F const& f) {
  each_part(links, [&](edge_part<S> part) {
    scope const temporary{ctx};
    part.backward = backward_by_place(ctx, part.forward, part.backward);
    f(part);
  });
}

// What each_row is to know about the rows of a matrix, each of whose entries takes `work` operations. On a device it
// chooses how many threads share a row, and an entry has work for `side_by_side` of them.
template <class S>
[[nodiscard]] std::size_t work_of(csr_view<S> const& a, std::size_t work, std::size_t side_by_side) {
  if constexpr (!std::is_same_v<S, host>) {
    return side_by_side;
  } else {
    return work * (1 + a.entries() / std::max<std::size_t>(1, a.rows));
  }
}

// to[c] += sum over the entries of a row of at(entry)(c).
template <class Team, class T, class At>
INTARSIA_FN void add_along(Team const& by, entry_range row, std::size_t cols, T* to, At const& at) {
  if constexpr (Team::shares) {
    for (std::size_t c = by.first(); c < cols; c += by.step()) {
      T sum = to[c];
      for (std::uint64_t e = row.first; e < row.last; ++e) sum += at(e)(c);
      to[c] = sum;
    }
  } else {
    for (std::uint64_t e = row.first; e < row.last; ++e) {
      auto const term = at(e);
      for (std::size_t c = 0; c < cols; ++c) to[c] += term(c);
    }
  }
}
// The sum of term(c) over [0, count): eight partial sums in a fixed order, or those of the threads.
template <class T, class Team, class Term>
[[nodiscard]] INTARSIA_FN T sum_across(Team const& by, std::size_t count, Term const& term) {
  if constexpr (Team::shares) {
    T sum{0};
    for (std::size_t c = by.first(); c < count; c += by.step()) sum += term(c);
    return by.sum(sum);
  } else {
    T part[8]{};
    std::size_t c = 0;
    for (; c + 8 <= count; c += 8) {
      for (std::size_t k = 0; k < 8; ++k) part[k] += term(c + k);
    }
    for (std::size_t k = 0; c < count; ++c, ++k) part[k] += term(c);
    return ((part[0] + part[4]) + (part[2] + part[6])) + ((part[1] + part[5]) + (part[3] + part[7]));
  }
}
}  // namespace detail

}  // namespace intarsia::inline v0
