// The product of two matrices: y = x w, or y = a b'.
#pragma once

#include <intarsia/ops/fresh.hpp>

namespace intarsia::inline v0 {

// (n, in) * (in, out) -> (n, out)
// Throws shape_error where a width known only at run time does not fit.
template <axis R, axis In, axis W, axis Out, class T, class S, recorder On>
  requires same_axis<In, W>
[[nodiscard]] var<R, Out, T, S> matmul(On& on, var<R, In, T, S> x, var<W, Out, T, S> w) {
  expects(x.cols() == w.rows(), "matmul: the left matrix needs as many columns as the right one has rows");
  auto& ctx = on.backend();
  var<R, Out, T, S> y = on.template fresh<R, Out, T>(x.rows(), w.cols(), x.tracked() || w.tracked());
  gemm(ctx, product::plain, detail::value_of(x), detail::value_of(w), detail::made(y), false);
  if (y.tracked()) {
    on.record([=, &ctx] {
      if (x.tracked()) gemm(ctx, product::transposed_right, detail::grad_of(y), detail::value_of(w), x.grad, true);
      if (w.tracked()) gemm(ctx, product::transposed_left, detail::value_of(x), detail::grad_of(y), w.grad, true);
    });
  }
  return y;
}

// out += x w, in place, so that a sum over relations needs no temporaries: (n, in) * (in, out) -> (n, out)
// `out` is the result of zeros() or of a linear op; on a tape it is tracked if x or w is.
template <axis R, axis Ro, axis In, axis W, axis Out, axis C, class T, class S, recorder On>
  requires same_axis<R, Ro> && same_axis<In, W> && same_axis<Out, C>
void matmul_into(On& on, var<Ro, C, T, S> out, var<R, In, T, S> x, var<W, Out, T, S> w) {
  expects(x.cols() == w.rows() && out.rows() == x.rows() && out.cols() == w.cols(),
          "matmul_into: the shapes do not fit");
  auto& ctx = on.backend();
  bool const pulls = On::records && (x.tracked() || w.tracked());
  expects(!pulls || out.tracked(),
          "matmul_into: out has to be tracked where x or w is, make it by zeros(on, rows, cols)");
  gemm(ctx, product::plain, detail::value_of(x), detail::value_of(w), detail::made(out), true);
  if (!pulls) return;
  on.record([=, &ctx] {
    if (x.tracked()) gemm(ctx, product::transposed_right, detail::grad_of(out), detail::value_of(w), x.grad, true);
    if (w.tracked()) gemm(ctx, product::transposed_left, detail::value_of(x), detail::grad_of(out), w.grad, true);
  });
}

// The dot product of every row of a with every row of b: (n, k) * (m, k)' -> (n, m)
// Throws shape_error where a width known only at run time does not fit.
template <axis A, axis B, axis Ka, axis Kb, class T, class S, recorder On>
  requires same_axis<Ka, Kb>
[[nodiscard]] var<A, dyn, T, S> matmul_transposed(On& on, var<A, Ka, T, S> a, var<B, Kb, T, S> b) {
  expects(a.cols() == b.cols(), "matmul_transposed: both matrices need the same number of columns");
  auto& ctx = on.backend();
  var<A, dyn, T, S> y = on.template fresh<A, dyn, T>(a.rows(), b.rows(), a.tracked() || b.tracked());
  gemm(ctx, product::transposed_right, detail::value_of(a), detail::value_of(b), detail::made(y), false);
  if (y.tracked()) {
    on.record([=, &ctx] {
      if (a.tracked()) gemm(ctx, product::plain, detail::grad_of(y), detail::value_of(b), a.grad, true);
      if (b.tracked()) gemm(ctx, product::transposed_left, detail::grad_of(y), detail::value_of(a), b.grad, true);
    });
  }
  return y;
}

}  // namespace intarsia::inline v0
