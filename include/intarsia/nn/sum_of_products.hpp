// What the nodes of one type get from several sides: y = f( sum over terms of x_k W_k + b ). The x_k are written side
// by side in one matrix and the W_k one below the other, so that one product makes the sum, and on the way back one
// gives the slopes of all W_k.
#pragma once

#include <intarsia/nn/source_rows.hpp>
#include <intarsia/ops/affine.hpp>
#include <intarsia/ops/matmul.hpp>
#include <span>

namespace intarsia::inline v0::detail {

// One term: x_k are the first rows of `rows`, or with links what each target hears of them.
template <class T, class S>
struct product_term {
  source_rows<T, S> rows;
  plain_var<T, S> weight;
  edges_view<S> const* links = nullptr;
  reduction how = reduction::mean;
};

// (targets, sum of the widths) * (sum of the widths, out) + (1, out) -> (targets, out). A bias without numbers is none.
// At least one term.
template <class On, class T, class S>
[[nodiscard]] plain_var<T, S> sum_of_products(On& on, std::size_t targets, std::span<product_term<T, S> const> terms,
                                              var<dim<1>, dyn, T, S> bias, activation then) {
  auto& ctx = on.backend();
  bool const biased = bias.value.data != nullptr;
  if (terms.size() == 1) {
    auto const& t = terms[0];
    auto const x = t.links ? t.rows.aggregated(on, {*t.links}, t.how) : t.rows.head(on, targets);
    if (biased) return affine(on, x, t.weight, bias, then);
    auto const y = matmul(on, x, t.weight);
    activate_in_place(on, y, then);
    return y;
  }
  std::size_t depth = 0;
  bool reads = false, learns = bias.tracked();
  for (auto const& t : terms) {
    depth += t.weight.rows();
    reads = reads || t.rows.tracked();
    learns = learns || t.weight.tracked();
  }
  std::size_t const out = terms[0].weight.cols(), count = terms.size();
  auto const y = on.template fresh<dyn, dyn, T>(targets, out, reads || learns);
  auto const x = scratch_matrix<T>(ctx, targets, depth), weights = scratch_matrix<T>(ctx, depth, out);
  auto const dx = On::records && reads ? scratch_matrix<T>(ctx, targets, depth) : dense<T, S>{};
  auto* const parts = ctx.notes().template take<plain_var<T, S>>(count);  // the weights
  std::size_t begin = 0;
  for (std::size_t k = 0; k < count; ++k) {
    auto const& t = terms[k];
    std::size_t const width = t.weight.rows();
    std::construct_at(parts + k, t.weight);
    plain_var<T, S> part;
    part.value = view<dyn, dyn, T, S>{x.col_range(begin, width)};
    if (dx.data) part.grad = dx.col_range(begin, width);
    if (t.links) {
      t.rows.aggregate_into(on, part, {*t.links}, t.how);
    } else {
      t.rows.head_into(on, part);
    }
    copy(ctx, value_of(t.weight), weights.row_range(begin, width));
    begin += width;
  }
  dense<T, S> const sums = made(y);
  affine_rows(ctx, reading(x), reading(weights), value_of(bias), then, sums);
  if (!y.tracked()) return y;
  on.record([=, &ctx] {
    if (then != activation::none) {
      // Nobody reads y.grad after this pullback: it becomes the gradient before f.
      with_rule(then, [&](auto rule) { apply_slope(ctx, rule, reading(sums), y.grad); });
    }
    if (dx.data) gemm(ctx, product::transposed_right, grad_of(y), reading(weights), dx, false);
    if (bias.tracked()) column_sum(ctx, grad_of(y), bias.grad, true);
    if (!learns) return;
    scope const temporary{ctx};
    auto const slopes = scratch_matrix<T>(ctx, depth, out);
    gemm(ctx, product::transposed_left, reading(x), grad_of(y), slopes, false);
    std::size_t first = 0;
    for (std::size_t k = 0; k < count; ++k) {
      std::size_t const width = parts[k].rows();
      if (parts[k].tracked()) accumulate(ctx, reading(slopes.row_range(first, width)), parts[k].grad);
      first += width;
    }
  });
  return y;
}

}  // namespace intarsia::inline v0::detail
