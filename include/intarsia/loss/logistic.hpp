// A yes or no per score: mean over i of log(1 + exp s_i) - label_i s_i.
#pragma once

#include <intarsia/ops/fresh.hpp>
#include <span>

namespace intarsia::inline v0 {

// (n, 1) -> (1, 1). `labels`: one per score, 0 to 1. Of no scores: 0. Labels are read at once, not kept;
// they lie where the context computes.
// Throws shape_error where a length does not fit.
template <axis R, class T, class S, recorder On>
[[nodiscard]] var<dim<1>, dim<1>, T, S> logistic(On& on, var<R, dim<1>, T, S> scores,
                                                 std::span<float const> labels) {
  expects(labels.size() == scores.rows(), "logistic: give one label per score");
  auto& ctx = on.backend();
  std::size_t const n = scores.rows();
  T const share = n == 0 ? T{0} : T{1} / static_cast<T>(n);
  var<dim<1>, dim<1>, T, S> y = on.template fresh<dim<1>, dim<1>, T>(1, 1, scores.tracked());
  auto const slopes = detail::scratch_matrix<T>(ctx, n, 1), losses = detail::scratch_matrix<T>(ctx, n, 1);
  dense<T const, S> const s = detail::value_of(scores);
  each_row(ctx, n, 32, [=] INTARSIA_FN(std::size_t i) {
    T const x = s[i][0], label = static_cast<T>(labels[i]);
    T const small = std::exp(-std::abs(x));  // never overflows
    T const chance = x < T{0} ? small / (T{1} + small) : T{1} / (T{1} + small);
    losses.data[i] = share * ((x < T{0} ? T{0} : x) - label * x + std::log1p(small));
    slopes.data[i] = share * (chance - label);
  });
  total(ctx, detail::reading(losses), detail::made(y), false);
  if (y.tracked()) {
    on.record([=, &ctx] {
      T const* const dy = y.grad.data;
      dense<T, S> const dx = scores.grad;
      each_row(ctx, n, 2, [=] INTARSIA_FN(std::size_t i) { dx[i][0] += *dy * slopes.data[i]; });
    });
  }
  return y;
}

}  // namespace intarsia::inline v0
