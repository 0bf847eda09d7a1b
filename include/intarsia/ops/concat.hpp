// Columns side by side: y_i = [a_i, b_i, ...].
#pragma once

#include <intarsia/ops/fresh.hpp>

namespace intarsia::inline v0 {

namespace detail {
template <class A, class B>
struct joined {
  using type = dyn;
};
template <std::size_t A, std::size_t B>
struct joined<dim<A>, dim<B>> {
  using type = dim<A + B>;
};
}  // namespace detail

// The axis of two widths side by side: dim<A + B> where both are known to the compiler.
template <axis A, axis B>
using joined_axis = typename detail::joined<A, B>::type;

// (n, a), (n, b) -> (n, a + b)
template <axis R, axis Rb, axis A, axis B, class T, class S, recorder On>
  requires same_axis<R, Rb>
[[nodiscard]] var<R, joined_axis<A, B>, T, S> concat(On& on, var<R, A, T, S> a, var<Rb, B, T, S> b) {
  expects(a.rows() == b.rows(), "concat: both matrices need the same number of rows");
  using Cols = joined_axis<A, B>;
  auto& ctx = on.backend();
  std::size_t const left = a.cols(), right = b.cols();
  var<R, Cols, T, S> y = on.template fresh<R, Cols, T>(a.rows(), left + right, a.tracked() || b.tracked());
  copy(ctx, detail::value_of(a), detail::made(y).col_range(0, left));
  copy(ctx, detail::value_of(b), detail::made(y).col_range(left, right));
  if (y.tracked()) {
    on.record([=, &ctx] {
      if (a.tracked()) detail::accumulate(ctx, detail::grad_of(y).col_range(0, left), a.grad);
      if (b.tracked()) detail::accumulate(ctx, detail::grad_of(y).col_range(left, right), b.grad);
    });
  }
  return y;
}

// Three and more, from left to right.
template <class A, class B, class C, class... More, recorder On>
[[nodiscard]] auto concat(On& on, A a, B b, C c, More... more) {
  return concat(on, concat(on, a, b), c, more...);
}

}  // namespace intarsia::inline v0
