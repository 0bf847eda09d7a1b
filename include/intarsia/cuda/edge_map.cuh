// A message rule on every edge, summed per target; its derivatives come from dual numbers.
#pragma once

#include <intarsia/core/dual.hpp>
#include <intarsia/cuda/reduce.cuh>
#include <intarsia/cuda/rows.cuh>
#include <intarsia/exec/message.hpp>

namespace intarsia::inline v0::cuda {

namespace detail {
using intarsia::detail::call_rule;

// What the rule reads.
template <class T>
struct message_inputs {
  dense<T const, device> source, target, weight;
  [[nodiscard]] INTARSIA_FN T from(std::size_t j, std::size_t c) const { return source.data[j * source.stride + c]; }
  [[nodiscard]] INTARSIA_FN T own(std::size_t i, std::size_t c) const { return target.data[i * target.stride + c]; }
};

template <class T, class Rule>
struct edge_map_body {
  csr_view<device> a;
  Rule rule;
  message_inputs<T> in;
  dense<T, device> y;
  bool accumulate;
  row_choice<device> rows;

  INTARSIA_FN void operator()(std::size_t row, std::size_t c) const {
    if (!rows.has(row)) return;
    T& to = y.data[row * y.stride + c];
    T sum = accumulate ? to : T{0};
    for (auto [e, end] = entries_of(a, row); e < end; ++e) {
      sum += call_rule<Rule, T>(rule, in.from(a.columns[e], c), in.own(row, c), in.weight.data[c],
                                entry_value<T>(a, e));
    }
    to = sum;
  }
};

template <class T, class Rule>
struct source_pull_body {
  csr_view<device> transposed;
  Rule rule;
  message_inputs<T> in;
  dense<T const, device> dy;
  dense<T, device> dsource;
  row_choice<device> rows;

  INTARSIA_FN void operator()(std::size_t j, std::size_t c) const {
    using number = dual<T, 1>;
    T sum{0};
    for (auto [e, end] = entries_of(transposed, j); e < end; ++e) {
      std::size_t const i = transposed.columns[e];
      if (!rows.has(i)) continue;
      auto const y = call_rule<Rule, number>(rule, number::variable(in.from(j, c), 0), number{in.own(i, c)},
                                           number{in.weight.data[c]}, number{entry_value<T>(transposed, e)});
      sum += y.slope[0] * dy.data[i * dy.stride + c];
    }
    dsource.data[j * dsource.stride + c] += sum;
  }
};

template <class T, class Rule>
struct target_pull_body {
  csr_view<device> a;
  Rule rule;
  message_inputs<T> in;
  dense<T const, device> dy;
  dense<T, device> dtarget, by_row;  // by_row: what each target adds to dweight
  row_choice<device> rows;

  INTARSIA_FN void operator()(std::size_t row, std::size_t c) const {
    using number = dual<T, 2>;
    T own{0}, weight{0};
    if (rows.has(row)) {
      for (auto [e, end] = entries_of(a, row); e < end; ++e) {
        auto const y =
            call_rule<Rule, number>(rule, number{in.from(a.columns[e], c)}, number::variable(in.own(row, c), 0),
                                  number::variable(in.weight.data[c], 1), number{entry_value<T>(a, e)});
        own += y.slope[0];
        weight += y.slope[1];
      }
      T const slope = dy.data[row * dy.stride + c];
      own *= slope;
      weight *= slope;
    }
    if (dtarget.data) dtarget.data[row * dtarget.stride + c] += own;
    if (by_row.data) by_row.data[row * by_row.stride + c] = weight;
  }
};
}  // namespace detail

// y[i, c] += (or =) sum over entries of row i of rule(source[j, c], target[i, c], weight[0, c]), or of rule(source,
// target, weight, value of the entry) where it takes four. Rows left out keep what they hold. Rule is a struct whose
// operator() is marked INTARSIA_FN. Does not block.
template <class T, class Rule>
void edge_map(context& ctx, csr_view<device> a, Rule rule, std::type_identity_t<dense<T const, device>> source,
              std::type_identity_t<dense<T const, device>> target, std::type_identity_t<dense<T const, device>> weight,
              dense<T, device> y, bool accumulate, row_choice<device> rows = {}) {
  each_number(ctx, a.rows, y.cols,
              detail::edge_map_body<T, Rule>{a, rule, {source, target, weight}, y, accumulate, rows});
}

// Adds the gradients of edge_map to dsource, dtarget and dweight; one without data is skipped. `transposed` is the
// transpose of `a` and only read for dsource; `rows` are those of `a` that count. Does not block.
template <class T, class Rule>
void edge_map_pull(context& ctx, csr_view<device> a, csr_view<device> transposed, Rule rule,
                   std::type_identity_t<dense<T const, device>> source,
                   std::type_identity_t<dense<T const, device>> target,
                   std::type_identity_t<dense<T const, device>> weight, std::type_identity_t<dense<T const, device>> dy,
                   dense<T, device> dsource, dense<T, device> dtarget, dense<T, device> dweight,
                   row_choice<device> rows = {}) {
  detail::message_inputs<T> const in{source, target, weight};
  if (dsource.data) {
    each_number(ctx, transposed.rows, dy.cols,
                detail::source_pull_body<T, Rule>{transposed, rule, in, dy, dsource, rows});
  }
  if (!dtarget.data && !dweight.data) return;
  scope const keep{ctx};
  dense<T, device> by_row{};
  if (dweight.data) by_row = {ctx.scratch().template take<T>(a.rows * dy.cols), a.rows, dy.cols, dy.cols};
  each_number(ctx, a.rows, dy.cols, detail::target_pull_body<T, Rule>{a, rule, in, dy, dtarget, by_row, rows});
  if (dweight.data) column_sum(ctx, by_row, dweight, true);
}

}  // namespace intarsia::inline v0::cuda
