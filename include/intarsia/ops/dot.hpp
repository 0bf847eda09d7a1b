// Row by row dot products: y_i = a_i . b_i.
#pragma once

#include <intarsia/ops/fresh.hpp>

namespace intarsia::inline v0 {

namespace detail {
// Eight partial sums in a fixed order: the same bits everywhere, and room for wide instructions.
template <class T>
[[nodiscard]] INTARSIA_FN constexpr T dot(T const* a, T const* b, std::size_t count) {
  T part[8]{};
  std::size_t c = 0;
  for (; c + 8 <= count; c += 8) {
    for (std::size_t k = 0; k < 8; ++k) part[k] += a[c + k] * b[c + k];
  }
  for (std::size_t k = 0; c < count; ++c, ++k) part[k] += a[c] * b[c];
  return ((part[0] + part[4]) + (part[2] + part[6])) + ((part[1] + part[5]) + (part[3] + part[7]));
}
// The same by the threads of a row.
template <class Team, class T>
[[nodiscard]] INTARSIA_FN constexpr T dot(Team const& by, T const* a, T const* b, std::size_t count) {
  if constexpr (Team::shares) {
    return by.dot(a, b, count);
  } else {
    return dot(a, b, count);
  }
}
}  // namespace detail

// (n, m), (n, m) -> (n, 1)
template <axis R, axis Rb, axis C, axis Cb, class T, class S, recorder On>
  requires same_axis<R, Rb> && same_axis<C, Cb>
[[nodiscard]] var<R, dim<1>, T, S> row_dot(On& on, var<R, C, T, S> a, var<Rb, Cb, T, S> b) {
  expects(a.rows() == b.rows() && a.cols() == b.cols(), "row_dot: both matrices need the same shape");
  auto& ctx = on.backend();
  var<R, dim<1>, T, S> y = on.template fresh<R, dim<1>, T>(a.rows(), 1, a.tracked() || b.tracked());
  dense<T const, S> const left = detail::value_of(a), right = detail::value_of(b);
  dense<T, S> const out = detail::made(y);
  each_row(ctx, left.rows, left.cols, [=] INTARSIA_FN(std::size_t i, team_of<On> by) {
    T const product = detail::dot(by, left.data + i * left.stride, right.data + i * right.stride, left.cols);
    if (by.owns(0)) out[i][0] = product;
  });
  if (y.tracked()) {
    on.record([=, &ctx] {
      dense<T const, S> const dy = detail::grad_of(y);
      dense<T, S> const da = a.grad, db = b.grad;
      each_row(ctx, left.rows, 2 * left.cols, [=] INTARSIA_FN(std::size_t i, team_of<On> by) {
        T const g = dy[i][0];
        for (std::size_t c = by.first(); da.data && c < left.cols; c += by.step()) da[i][c] += g * right[i][c];
        for (std::size_t c = by.first(); db.data && c < left.cols; c += by.step()) db[i][c] += g * left[i][c];
      });
    });
  }
  return y;
}

}  // namespace intarsia::inline v0
