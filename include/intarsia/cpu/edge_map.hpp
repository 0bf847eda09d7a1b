// A message rule on every edge, summed per target; its derivatives come from dual numbers.
#pragma once

#include <algorithm>
#include <intarsia/core/dual.hpp>
#include <intarsia/cpu/context.hpp>
#include <intarsia/cpu/map.hpp>
#include <intarsia/cpu/spmm.hpp>
#include <intarsia/exec/message.hpp>
#include <intarsia/exec/scope.hpp>

namespace intarsia::inline v0::cpu {

namespace detail {
using intarsia::detail::call_rule;
}  // namespace detail

// y[i, c] += (or =) sum over entries of row i of rule(source[j, c], target[i, c], weight[0, c]). Rows left out keep
// what they hold.
template <class T, class Rule>
void edge_map(context& ctx, csr_view<> a, Rule rule, std::type_identity_t<dense<T const>> source,
              std::type_identity_t<dense<T const>> target, std::type_identity_t<dense<T const>> weight, dense<T> y,
              bool accumulate, row_choice<> rows = {}) {
  detail::pieces(ctx, a.rows, detail::rows_per_piece_of(a, 4 * y.cols), [=](std::size_t row) {
    if (!rows.has(row)) return;
    T* const to = y.data + row * y.stride;
    T const* const own = target.data + row * target.stride;
    if (!accumulate) std::fill_n(to, y.cols, T{0});
    for (std::size_t e = 0; e < a.degree(row); ++e) {
      std::size_t const entry = a.offsets[row] + e;
      T const* const from = source.data + a.columns[entry] * source.stride;
      T const value = detail::entry_value<T>(a, entry);
      for (std::size_t c = 0; c < y.cols; ++c) {
        to[c] += detail::call_rule<Rule, T>(rule, from[c], own[c], weight.data[c], value);
      }
    }
  });
}

// Adds the gradients of edge_map to dsource, dtarget and dweight; one without data is skipped. `transposed` is the
// transpose of `a` and only read for dsource; `rows` are those of `a` that count.
template <class T, class Rule>
void edge_map_pull(context& ctx, csr_view<> a, csr_view<> transposed, Rule rule,
                   std::type_identity_t<dense<T const>> source, std::type_identity_t<dense<T const>> target,
                   std::type_identity_t<dense<T const>> weight, std::type_identity_t<dense<T const>> dy,
                   dense<T> dsource, dense<T> dtarget, dense<T> dweight, row_choice<> rows = {}) {
  std::size_t const cols = dy.cols;
  if (dsource.data) {
    using number = dual<T, 1>;
    detail::pieces(ctx, transposed.rows, detail::rows_per_piece_of(transposed, 8 * cols), [=](std::size_t row) {
      T const* const own = source.data + row * source.stride;
      T* const to = dsource.data + row * dsource.stride;
      for (std::size_t e = 0; e < transposed.degree(row); ++e) {
        std::size_t const entry = transposed.offsets[row] + e;
        std::size_t const i = transposed.columns[entry];
        if (!rows.has(i)) continue;
        number const value{detail::entry_value<T>(transposed, entry)};
        T const* const other = target.data + i * target.stride;
        T const* const slope = dy.data + i * dy.stride;
        for (std::size_t c = 0; c < cols; ++c) {
          auto const y = detail::call_rule<Rule, number>(rule, number::variable(own[c], 0), number{other[c]},
                                                       number{weight.data[c]}, value);
          to[c] += y.slope[0] * slope[c];
        }
      }
    });
  }
  if (!dtarget.data && !dweight.data) return;

  using number = dual<T, 2>;
  scope const keep{ctx};
  cut const cuts = cut_for_sum(a.rows, detail::rows_per_piece_of(a, 8 * cols), 64);
  T* const partial = ctx.scratch().template take<T>(cuts.pieces * cols);  // (pieces, cols), of dweight
  detail::pieces(ctx, cuts.pieces, 1, [=](std::size_t piece) {
    T* const sum = partial + piece * cols;
    std::fill_n(sum, cols, T{0});
    std::size_t const end = std::min(a.rows, (piece + 1) * cuts.grain);
    for (std::size_t row = piece * cuts.grain; row < end; ++row) {
      if (!rows.has(row)) continue;
      T const* const own = target.data + row * target.stride;
      T const* const slope = dy.data + row * dy.stride;
      T* const to = dtarget.data ? dtarget.data + row * dtarget.stride : nullptr;
      for (std::size_t e = 0; e < a.degree(row); ++e) {
        std::size_t const entry = a.offsets[row] + e;
        T const* const from = source.data + a.columns[entry] * source.stride;
        number const value{detail::entry_value<T>(a, entry)};
        for (std::size_t c = 0; c < cols; ++c) {
          auto const y = detail::call_rule<Rule, number>(rule, number{from[c]}, number::variable(own[c], 0),
                                                       number::variable(weight.data[c], 1), value);
          if (to) to[c] += y.slope[0] * slope[c];
          sum[c] += y.slope[1] * slope[c];
        }
      }
    }
  });
  if (!dweight.data) return;
  for (std::size_t piece = 0; piece < cuts.pieces; ++piece) {
    for (std::size_t c = 0; c < cols; ++c) dweight.data[c] += partial[piece * cols + c];
  }
}

}  // namespace intarsia::inline v0::cpu
