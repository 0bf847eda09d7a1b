// What the nodes of one type get from several sides: y = f( sum over terms of x_k W_k + b ). The x_k are written side
// by side in one matrix and the W_k one below the other, so that one product makes the sum, and on the way back one
// gives the slopes of all W_k.
#pragma once

#include <intarsia/core/precision.hpp>
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

// The same sum where x, the x_k side by side, is kept as X.
template <class X, class On, class T, class S>
[[nodiscard]] plain_var<T, S> sum_of_kept(On& on, std::size_t targets, std::span<product_term<T, S> const> terms,
                                          var<dim<1>, dyn, T, S> bias, activation then) {
  auto& ctx = on.backend();
  std::size_t depth = 0;
  bool reads = false, learns = bias.tracked();
  for (auto const& t : terms) {
    depth += t.weight.rows();
    reads = reads || t.rows.tracked();
    learns = learns || t.weight.tracked();
  }
  std::size_t const out = terms[0].weight.cols(), count = terms.size();
  auto const y = on.template fresh<dyn, dyn, T>(targets, out, reads || learns);
  auto const x = parted_rows<X>(ctx, targets, depth);
  auto const weights = scratch_matrix<T>(ctx, depth, out);
  auto const dx = On::records && reads ? scratch_matrix<T>(ctx, targets, depth) : dense<T, S>{};
  auto* const parts = ctx.notes().template take<plain_var<T, S>>(count);  // the weights
  std::size_t begin = 0;
  for (std::size_t k = 0; k < count; ++k) {
    auto const& t = terms[k];
    std::size_t const width = t.weight.rows();
    std::construct_at(parts + k, t.weight);
    auto const part = x.col_range(begin, width);
    auto const slopes = dx.data ? dx.col_range(begin, width) : dense<T, S>{};
    if (t.links) {
      t.rows.aggregate_into(on, part, slopes, {*t.links}, t.how);
    } else {
      t.rows.head_into(on, part, slopes);
    }
    copy(ctx, value_of(t.weight), weights.row_range(begin, width));
    begin += width;
  }
  dense<T, S> const sums = made(y);
  affine_rows(ctx, reading(x), reading(weights), value_of(bias), then, sums);
  if (!y.tracked()) return y;
  on.record([=, &ctx] {
    scope const temporary{ctx};
    // The gradient before f. Nobody reads y.grad after this pullback: it is made there, unless it is kept as X too.
    dense<X, S> dz;
    if constexpr (std::is_same_v<X, T>) {
      dz = y.grad;
      if (then != activation::none) {
        with_rule(then, [&](auto rule) { apply_slope(ctx, rule, reading(sums), dz); });
      }
      if (bias.tracked()) column_sum(ctx, reading(dz), bias.grad, true);
    } else {
      dz = scratch_matrix<X>(ctx, targets, out);
      with_rule(then, [&](auto rule) { round_slopes(ctx, rule, reading(sums), grad_of(y), dz, bias.grad); });
    }
    if (dx.data) gemm(ctx, product::transposed_right, reading(dz), reading(weights), dx, false);
    if (!learns) return;
    auto const slopes = scratch_matrix<T>(ctx, depth, out);
    gemm(ctx, product::transposed_left, reading(x), reading(dz), slopes, false);
    std::size_t first = 0;
    for (std::size_t k = 0; k < count; ++k) {
      std::size_t const width = parts[k].rows();
      if (parts[k].tracked()) accumulate(ctx, reading(slopes.row_range(first, width)), parts[k].grad);
      first += width;
    }
  });
  return y;
}

// The same for some targets without a tape, by a kernel that sums beside its products: y are the targets
// [begin, begin + rows) of the first term's rows, and the links of the others are those of these targets. False, and y
// is not written, where a term is not a mean of rows of T, or products round.
template <class Context, class T>
[[nodiscard]] bool sum_beside_products(Context& ctx, std::size_t begin, std::span<product_term<T, host> const> terms,
                                       dense<T const> bias, bool relu, dense<T> y) {
  if (std::is_same_v<T, float> && ctx.products() == precision::bf16) return false;
  scope const temporary{ctx};
  auto* const heard = ctx.scratch().template take<heard_term<T>>(terms.size());
  for (std::size_t k = 0; k < terms.size(); ++k) {
    auto const& t = terms[k];
    auto const x = t.rows.whole();
    if (!x.data || (t.links && (t.how != reduction::mean || t.links->other))) return false;
    std::construct_at(heard + k, heard_term<T>{x, {}, nullptr, value_of(t.weight)});
    if (!t.links) {
      heard[k].x = x.row_range(begin, y.rows);
    } else {
      heard[k].a = t.links->forward;
      heard[k].row_scale = mean_scale<T>(ctx, *t.links);
    }
  }
  affine_heard(ctx, std::span<heard_term<T> const>{heard, terms.size()}, bias, relu, y);
  return true;
}

// (targets, sum of the widths) * (sum of the widths, out) + (1, out) -> (targets, out). A bias without numbers is none.
// At least one term. Only products read the x_k, so where these round to bf16 they are kept so: half the memory to go
// through, and the same bits.
template <class On, class T, class S>
[[nodiscard]] plain_var<T, S> sum_of_products(On& on, std::size_t targets, std::span<product_term<T, S> const> terms,
                                              var<dim<1>, dyn, T, S> bias, activation then) {
  if (terms.size() == 1) {
    auto const& t = terms[0];
    auto const x = t.links ? t.rows.aggregated(on, {*t.links}, t.how) : t.rows.head(on, targets);
    if (bias.value.data) return affine(on, x, t.weight, bias, then);
    auto const y = matmul(on, x, t.weight);
    activate_in_place(on, y, then);
    return y;
  }
  if constexpr (multiplies_stored<typename On::context_type, T>) {
    if (on.backend().products() == precision::bf16) return sum_of_kept<bf16>(on, targets, terms, bias, then);
  }
  return sum_of_kept<T>(on, targets, terms, bias, then);
}

}  // namespace intarsia::inline v0::detail
