// The rows of several matrices in one: y = [x_1; x_2; ...].
#pragma once

#include <array>
#include <intarsia/ops/fresh.hpp>

namespace intarsia::inline v0 {

// N matrices of n_k rows -> (sum of n_k, m), in their order. Throws shape_error where their widths differ.
template <axis R, axis C, class T, class S, std::size_t N, recorder On>
[[nodiscard]] var<R, C, T, S> stack(On& on, std::array<var<R, C, T, S>, N> const& x) {
  auto& ctx = on.backend();
  std::size_t rows = 0, cols = N == 0 ? 0 : x[0].cols();
  bool tracked = false;
  for (auto const& part : x) {
    expects(part.cols() == cols, "stack: the matrices need the same number of columns");
    rows += part.rows();
    tracked = tracked || part.tracked();
  }
  var<R, C, T, S> y = on.template fresh<R, C, T>(rows, cols, tracked);
  std::size_t begin = 0;
  for (auto const& part : x) {
    copy(ctx, detail::value_of(part), detail::made(y).row_range(begin, part.rows()));
    begin += part.rows();
  }
  if (y.tracked()) {
    on.record([=, &ctx] {
      std::size_t first = 0;
      for (auto const& part : x) {
        auto const rows_of_part = detail::grad_of(y).row_range(first, part.rows());
        if (part.tracked()) detail::accumulate(ctx, rows_of_part, part.grad);
        first += part.rows();
      }
    });
  }
  return y;
}

// Per key a matrix of n_k rows -> (sum of n_k, m), in the order of the keys.
template <class... Ks, class... Rows, axis C, class T, class S, recorder On>
[[nodiscard]] var<rows_of<void>, C, T, S> stack(On& on,
                                                typed_map<keys<Ks...>, var<Rows, C, T, S>...> const& x) {
  using part = var<rows_of<void>, C, T, S>;
  return stack(on, std::array<part, sizeof...(Ks)>{
                       part{view<rows_of<void>, C, T, S>{dense<T, S>{x[Ks{}].value}}, x[Ks{}].grad}...});
}

}  // namespace intarsia::inline v0
