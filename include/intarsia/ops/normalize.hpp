// Rows of equal length, and columns of mean 0 and deviation 1.
#pragma once

#include <intarsia/exec/scope.hpp>
#include <intarsia/ops/dot.hpp>
#include <type_traits>

namespace intarsia::inline v0 {

// y_i = length x_i / |x_i|: (n, m) -> (n, m)
// A row of zeros stays zeros, and its gradient is zeros.
template <axis R, axis C, class T, class S, recorder On>
[[nodiscard]] var<R, C, T, S> normalize_rows(On& on, var<R, C, T, S> x,
                                             std::type_identity_t<T> length = T{1}) {
  auto& ctx = on.backend();
  auto const y = fresh_like(on, x, x.tracked());
  dense<T const, S> const in = detail::value_of(x);
  dense<T, S> const out = detail::made(y);
  each_row(ctx, in.rows, 2 * in.cols, [=] INTARSIA_FN(std::size_t i, team_of<On> by) {
    T const* const row = in.data + i * in.stride;
    T const norm = std::sqrt(detail::dot(by, row, row, in.cols));
    T const factor = norm == T{0} ? T{0} : length / norm;
    for (std::size_t c = by.first(); c < in.cols; c += by.step()) out[i][c] = factor * row[c];
  });
  if (y.tracked()) {
    // dx = length / |x| (dy - u (u . dy)) with u = x / |x|
    on.record([=, &ctx] {
      dense<T const, S> const dy = detail::grad_of(y);
      dense<T, S> const dx = x.grad;
      each_row(ctx, in.rows, 4 * in.cols, [=] INTARSIA_FN(std::size_t i, team_of<On> by) {
        T const* const row = in.data + i * in.stride;
        T const squared = detail::dot(by, row, row, in.cols);
        if (squared == T{0}) return;
        T const along = detail::dot(by, row, dy.data + i * dy.stride, in.cols) / squared;
        T const factor = length / std::sqrt(squared);
        for (std::size_t c = by.first(); c < in.cols; c += by.step()) dx[i][c] += factor * (dy[i][c] - along * row[c]);
      });
    });
  }
  return y;
}

// y = (x - mean) / (deviation + epsilon) with mean and deviation (root of the mean square) of each column over the
// rows: (n, m) -> (n, m). A constant column becomes zeros.
template <axis R, axis C, class T, class S, recorder On>
[[nodiscard]] var<R, C, T, S> standardize_columns(On& on, var<R, C, T, S> x,
                                                  std::type_identity_t<T> epsilon = T(1e-5)) {
  auto& ctx = on.backend();
  std::size_t const cols = x.cols();
  auto const y = fresh_like(on, x, x.tracked());
  if (x.rows() == 0) return y;
  T const share = T{1} / static_cast<T>(x.rows());
  dense<T const, S> const in = detail::value_of(x);
  dense<T, S> const out = detail::made(y);
  auto const deviation = detail::scratch_matrix<T>(ctx, 1, cols);
  {
    scope const temporary{ctx};
    auto const mean = detail::scratch_matrix<T>(ctx, 1, cols);
    auto const squares = detail::scratch_matrix<T>(ctx, x.rows(), cols);
    column_sum(ctx, in, mean, false);
    each_row(ctx, in.rows, 2 * cols, [=] INTARSIA_FN(std::size_t i, team_of<On> by) {
      for (std::size_t c = by.first(); c < cols; c += by.step()) {
        out[i][c] = in[i][c] - share * mean.data[c];
        squares[i][c] = out[i][c] * out[i][c];
      }
    });
    column_sum(ctx, detail::reading(squares), deviation, false);
  }
  each_row(ctx, 1, cols, [=] INTARSIA_FN(std::size_t, team_of<On> by) {
    for (std::size_t c = by.first(); c < cols; c += by.step()) deviation.data[c] = std::sqrt(share * deviation.data[c]);
  });
  each_row(ctx, in.rows, 2 * cols, [=] INTARSIA_FN(std::size_t i, team_of<On> by) {
    for (std::size_t c = by.first(); c < cols; c += by.step()) out[i][c] /= deviation.data[c] + epsilon;
  });
  if (y.tracked()) {
    // dx = (dy - mean dy) / (deviation + epsilon) - y mean(y dy) / deviation
    on.record([=, &ctx] {
      scope const temporary{ctx};
      dense<T const, S> const dy = detail::grad_of(y);
      dense<T, S> const dx = x.grad;
      auto const sums = detail::scratch_matrix<T>(ctx, 1, cols), along = detail::scratch_matrix<T>(ctx, 1, cols);
      auto const products = detail::scratch_matrix<T>(ctx, dy.rows, cols);
      each_row(ctx, dy.rows, cols, [=] INTARSIA_FN(std::size_t i, team_of<On> by) {
        for (std::size_t c = by.first(); c < cols; c += by.step()) products[i][c] = out[i][c] * dy[i][c];
      });
      column_sum(ctx, dy, sums, false);
      column_sum(ctx, detail::reading(products), along, false);
      each_row(ctx, dy.rows, 4 * cols, [=] INTARSIA_FN(std::size_t i, team_of<On> by) {
        for (std::size_t c = by.first(); c < cols; c += by.step()) {
          T const s = deviation.data[c];
          T const centred = (dy[i][c] - share * sums.data[c]) / (s + epsilon);
          if (s > T{0}) dx[i][c] += centred - out[i][c] * share * along.data[c] / s;
        }
      });
    });
  }
  return y;
}

}  // namespace intarsia::inline v0
