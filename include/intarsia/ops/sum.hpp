// All numbers into one: their sum, their mean.
#pragma once

#include <intarsia/ops/fresh.hpp>

namespace intarsia::inline v0 {

namespace detail {
template <class R, class C, class T, class S, recorder On>
[[nodiscard]] var<dim<1>, dim<1>, T, S> scaled_sum(On& on, var<R, C, T, S> x, T factor) {
  auto& ctx = on.backend();
  var<dim<1>, dim<1>, T, S> y = on.template fresh<dim<1>, dim<1>, T>(1, 1, x.tracked());
  dense<T, S> const out = made(y);
  total(ctx, value_of(x), out, false);
  each_row(ctx, 1, 1, [=] INTARSIA_FN(std::size_t) { out.data[0] *= factor; });
  if (y.tracked()) {
    on.record([=, &ctx] {
      dense<T, S> const dx = x.grad;
      dense<T const, S> const dy = grad_of(y);
      each_row(ctx, dx.rows, dx.cols, [=] INTARSIA_FN(std::size_t i, team_of<On> by) {
        for (std::size_t c = by.first(); c < dx.cols; c += by.step()) dx[i][c] += factor * dy.data[0];
      });
    });
  }
  return y;
}
}  // namespace detail

// (n, m) -> (1, 1); of no numbers: 0.
template <axis R, axis C, class T, class S, recorder On>
[[nodiscard]] var<dim<1>, dim<1>, T, S> sum(On& on, var<R, C, T, S> x) {
  return detail::scaled_sum(on, x, T{1});
}

// (n, m) -> (1, 1); of no numbers: 0.
template <axis R, axis C, class T, class S, recorder On>
[[nodiscard]] var<dim<1>, dim<1>, T, S> mean(On& on, var<R, C, T, S> x) {
  std::size_t const count = x.rows() * x.cols();
  return detail::scaled_sum(on, x, count == 0 ? T{0} : T{1} / static_cast<T>(count));
}

}  // namespace intarsia::inline v0
