// A linear map with a bias and an activation in one op: y = f(x w + b).
#pragma once

#include <intarsia/ops/activation.hpp>

namespace intarsia::inline v0 {

namespace detail {
// y = rule(y + bias)
template <class Context, class Rule, class T, class S>
void finish(Context& ctx, Rule rule, dense<T, S> y, dense<T const, S> bias) {
  each_row(ctx, y.rows, 2 * y.cols, [=] INTARSIA_FN(std::size_t i, typename Context::team by) {
    for (std::size_t c = by.first(); c < y.cols; c += by.step()) y[i][c] = rule.value(y[i][c] + bias.data[c]);
  });
}
// y = f(x w + bias); a bias without numbers is none. x is stored as X.
template <class Context, class X, class T, class S>
void affine_rows(Context& ctx, dense<X const, S> x, dense<T const, S> w, dense<T const, S> bias, activation then,
                 dense<T, S> y) {
  if (bias.data && (then == activation::none || then == activation::relu)) {
    return gemm_bias(ctx, x, w, bias, then == activation::relu, y);
  }
  gemm(ctx, product::plain, x, w, y, false);
  if (then == activation::none) return;
  with_rule(then, [&](auto rule) {
    if (bias.data) {
      finish(ctx, rule, y, bias);
    } else {
      apply_rule(ctx, rule, y);
    }
  });
}
}  // namespace detail

// (n, in) * (in, out) + (1, out) -> (n, out)
// Throws shape_error where a width known only at run time does not fit.
template <axis R, axis In, axis W, axis Out, axis B, class T, class S, recorder On>
  requires same_axis<In, W> && same_axis<Out, B>
[[nodiscard]] var<R, Out, T, S> affine(On& on, var<R, In, T, S> x, var<W, Out, T, S> w,
                                       var<dim<1>, B, T, S> bias, activation then = activation::none) {
  expects(x.cols() == w.rows(), "affine: the input needs as many columns as the weights have rows");
  expects(w.cols() == bias.cols(), "affine: the bias needs one number per column of the weights");
  auto& ctx = on.backend();
  var<R, Out, T, S> y = on.template fresh<R, Out, T>(x.rows(), w.cols(), x.tracked() || w.tracked() || bias.tracked());
  dense<T, S> const out = detail::made(y);
  detail::affine_rows(ctx, detail::value_of(x), detail::value_of(w), detail::value_of(bias), then, out);
  if (y.tracked()) {
    on.record([=, &ctx] {
      if (then != activation::none) {
        // Nobody reads y.grad after this pullback: it becomes the gradient before f.
        with_rule(then, [&](auto rule) { detail::apply_slope(ctx, rule, detail::reading(out), y.grad); });
      }
      if (x.tracked()) gemm(ctx, product::transposed_right, detail::grad_of(y), detail::value_of(w), x.grad, true);
      if (w.tracked()) gemm(ctx, product::transposed_left, detail::value_of(x), detail::grad_of(y), w.grad, true);
      if (bias.tracked()) column_sum(ctx, detail::grad_of(y), bias.grad, true);
    });
  }
  return y;
}

}  // namespace intarsia::inline v0
