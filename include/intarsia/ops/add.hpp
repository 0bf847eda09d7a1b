// Sums, differences and products number by number: a + b, a - b, a * b, x + bias, factor * x.
#pragma once

#include <intarsia/ops/fresh.hpp>
#include <type_traits>

namespace intarsia::inline v0 {

// y = a + b: (n, m), (n, m) -> (n, m)
template <axis R, axis Rb, axis C, axis Cb, class T, class S, recorder On>
  requires same_axis<R, Rb> && same_axis<C, Cb>
[[nodiscard]] var<R, C, T, S> add(On& on, var<R, C, T, S> a, var<Rb, Cb, T, S> b) {
  expects(a.rows() == b.rows() && a.cols() == b.cols(),
          "add: both matrices need the same shape; for a bias use add_bias");
  auto& ctx = on.backend();
  auto const y = fresh_like(on, a, a.tracked() || b.tracked());
  dense<T const, S> const left = detail::value_of(a), right = detail::value_of(b);
  dense<T, S> const out = detail::made(y);
  each_row(ctx, out.rows, out.cols, [=] INTARSIA_FN(std::size_t i, team_of<On> by) {
    for (std::size_t c = by.first(); c < out.cols; c += by.step()) out[i][c] = left[i][c] + right[i][c];
  });
  if (y.tracked()) {
    on.record([=, &ctx] {
      if (a.tracked()) detail::accumulate(ctx, detail::grad_of(y), a.grad);
      if (b.tracked()) detail::accumulate(ctx, detail::grad_of(y), b.grad);
    });
  }
  return y;
}

// y = factor * x: (n, m) -> (n, m)
template <axis R, axis C, class T, class S, recorder On>
[[nodiscard]] var<R, C, T, S> scale(On& on, var<R, C, T, S> x, std::type_identity_t<T> factor) {
  auto& ctx = on.backend();
  auto const y = fresh_like(on, x, x.tracked());
  dense<T const, S> const in = detail::value_of(x);
  dense<T, S> const out = detail::made(y);
  each_row(ctx, in.rows, in.cols, [=] INTARSIA_FN(std::size_t i, team_of<On> by) {
    for (std::size_t c = by.first(); c < in.cols; c += by.step()) out[i][c] = factor * in[i][c];
  });
  if (y.tracked()) on.record([=, &ctx] { detail::accumulate(ctx, detail::grad_of(y), x.grad, factor); });
  return y;
}

// y = a - b: (n, m), (n, m) -> (n, m)
template <axis R, axis Rb, axis C, axis Cb, class T, class S, recorder On>
  requires same_axis<R, Rb> && same_axis<C, Cb>
[[nodiscard]] var<R, C, T, S> subtract(On& on, var<R, C, T, S> a, var<Rb, Cb, T, S> b) {
  expects(a.rows() == b.rows() && a.cols() == b.cols(), "subtract: both matrices need the same shape");
  auto& ctx = on.backend();
  auto const y = fresh_like(on, a, a.tracked() || b.tracked());
  dense<T const, S> const left = detail::value_of(a), right = detail::value_of(b);
  dense<T, S> const out = detail::made(y);
  each_row(ctx, out.rows, out.cols, [=] INTARSIA_FN(std::size_t i, team_of<On> by) {
    for (std::size_t c = by.first(); c < out.cols; c += by.step()) out[i][c] = left[i][c] - right[i][c];
  });
  if (y.tracked()) {
    on.record([=, &ctx] {
      if (a.tracked()) detail::accumulate(ctx, detail::grad_of(y), a.grad);
      if (b.tracked()) detail::accumulate(ctx, detail::grad_of(y), b.grad, T{-1});
    });
  }
  return y;
}

// y = a * b, number by number: (n, m), (n, m) -> (n, m)
template <axis R, axis Rb, axis C, axis Cb, class T, class S, recorder On>
  requires same_axis<R, Rb> && same_axis<C, Cb>
[[nodiscard]] var<R, C, T, S> multiply(On& on, var<R, C, T, S> a, var<Rb, Cb, T, S> b) {
  expects(a.rows() == b.rows() && a.cols() == b.cols(),
          "multiply: both matrices need the same shape; for a product use matmul");
  auto& ctx = on.backend();
  auto const y = fresh_like(on, a, a.tracked() || b.tracked());
  dense<T const, S> const left = detail::value_of(a), right = detail::value_of(b);
  dense<T, S> const out = detail::made(y);
  each_row(ctx, out.rows, out.cols, [=] INTARSIA_FN(std::size_t i, team_of<On> by) {
    for (std::size_t c = by.first(); c < out.cols; c += by.step()) out[i][c] = left[i][c] * right[i][c];
  });
  if (y.tracked()) {
    on.record([=, &ctx] {
      dense<T const, S> const dy = detail::grad_of(y);
      dense<T, S> const da = a.grad, db = b.grad;
      each_row(ctx, dy.rows, 2 * dy.cols, [=] INTARSIA_FN(std::size_t i, team_of<On> by) {
        for (std::size_t c = by.first(); da.data && c < dy.cols; c += by.step()) da[i][c] += dy[i][c] * right[i][c];
        for (std::size_t c = by.first(); db.data && c < dy.cols; c += by.step()) db[i][c] += dy[i][c] * left[i][c];
      });
    });
  }
  return y;
}

// y = x + bias in every row: (n, m), (1, m) -> (n, m)
template <axis R, axis C, axis Cb, class T, class S, recorder On>
  requires same_axis<C, Cb>
[[nodiscard]] var<R, C, T, S> add_bias(On& on, var<R, C, T, S> x, var<dim<1>, Cb, T, S> bias) {
  expects(x.cols() == bias.cols(), "add_bias: the bias needs one number per column");
  auto& ctx = on.backend();
  auto const y = fresh_like(on, x, x.tracked() || bias.tracked());
  dense<T const, S> const in = detail::value_of(x), b = detail::value_of(bias);
  dense<T, S> const out = detail::made(y);
  each_row(ctx, out.rows, out.cols, [=] INTARSIA_FN(std::size_t i, team_of<On> by) {
    for (std::size_t c = by.first(); c < out.cols; c += by.step()) out[i][c] = in[i][c] + b.data[c];
  });
  if (y.tracked()) {
    on.record([=, &ctx] {
      if (x.tracked()) detail::accumulate(ctx, detail::grad_of(y), x.grad);
      if (bias.tracked()) column_sum(ctx, detail::grad_of(y), bias.grad, true);
    });
  }
  return y;
}

}  // namespace intarsia::inline v0
