// The rows of several matrices in one: y = [x_1; x_2; ...].
#pragma once

#include <array>
#include <intarsia/ops/fresh.hpp>

namespace intarsia::inline v0 {

// Per key a matrix of n_k rows -> (sum of n_k, m), in the order of the keys.
template <class... Ks, class... Rows, axis C, class T, class S>
[[nodiscard]] var<rows_of<void>, C, T, S> stack(recorder auto& on, typed_map<keys<Ks...>, var<Rows, C, T, S>...> const& x) {
  auto& ctx = on.backend();
  struct part {
    dense<T, S> value, grad;
    std::size_t begin;
  };
  std::array<part, sizeof...(Ks)> parts{part{dense<T, S>{x[Ks{}].value}, x[Ks{}].grad, 0}...};
  std::size_t rows = 0;
  bool tracked = false;
  for (auto& p : parts) {
    p.begin = rows;
    rows += p.value.rows;
    tracked = tracked || p.grad.data;
  }
  var<rows_of<void>, C, T, S> y = on.template fresh<rows_of<void>, C, T>(rows, parts[0].value.cols, tracked);
  for (auto const& p : parts) copy(ctx, detail::reading(p.value), detail::made(y).row_range(p.begin, p.value.rows));
  if (y.tracked()) {
    on.record([=, &ctx] {
      for (auto const& p : parts) {
        if (p.grad.data) detail::accumulate(ctx, detail::reading(y.grad.row_range(p.begin, p.value.rows)), p.grad);
      }
    });
  }
  return y;
}

}  // namespace intarsia::inline v0
