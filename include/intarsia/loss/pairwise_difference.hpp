// Equation 5 of "Personalized audiobook recommendations at Spotify through graph neural networks" (arXiv 2403.05185)
// as printed, on vectors of length 1 without which it is unbounded: the mean over users i and items j of other users in
// the batch, each item weighted, of u_i.v_j - u_i.v_i.
#pragma once

#include <intarsia/ops/normalize.hpp>
#include <intarsia/ops/weights.hpp>
#include <span>

namespace intarsia::inline v0 {

namespace detail {
template <class T>
struct weights_of_pairs {
  T const* sum;  // of the weights; null: 1 each
  std::size_t count;

  [[nodiscard]] INTARSIA_FN T all() const { return sum ? *sum : static_cast<T>(count); }
  // Of a pair in the mean.
  [[nodiscard]] INTARSIA_FN T share() const {
    T const pairs = count < 2 ? T{0} : static_cast<T>(count - 1) * all();
    return pairs == T{0} ? T{0} : T{1} / pairs;
  }
};
}  // namespace detail

// (n, m), (n, m) -> (1, 1). `weight`: (n) how much each item counts as a negative, as the inverse of its frequency;
// none: 1 each; it lies where the context computes. Of fewer than two pairs: 0. Costs n * m, as the sum over j is
// common to all i. Throws shape_error where a length does not fit.
template <axis R, axis Ri, axis C, axis Ci, class T, class S, recorder On>
  requires same_axis<C, Ci>
[[nodiscard]] var<dim<1>, dim<1>, T, S> pairwise_difference(On& on, var<R, C, T, S> user,
                                                            var<Ri, Ci, T, S> item,
                                                            std::span<float const> weight = {}) {
  expects(
      user.rows() == item.rows() && user.cols() == item.cols(),
      "pairwise_difference: row i of the users belongs to row i of the items, give as many of both and of equal width");
  expects(weight.empty() || weight.size() == item.rows(), "pairwise_difference: give one weight per item, or none");
  auto& ctx = on.backend();
  std::size_t const n = user.rows(), cols = user.cols();
  auto const u = normalize_rows(on, user);
  auto const v = normalize_rows(on, item);
  var<dim<1>, dim<1>, T, S> y = on.template fresh<dim<1>, dim<1>, T>(1, 1, u.tracked() || v.tracked());

  // With W the sum of weights, the sum over i and j != i of w_j (u_i.v_j - u_i.v_i) is that over i of u_i.(V - W v_i)
  // with V = sum of w_j v_j; the weights of all pairs sum to (n - 1) W.
  auto const weights = detail::scratch_matrix<T>(ctx, n, 1), losses = detail::scratch_matrix<T>(ctx, n, 1);
  auto const items = detail::scratch_matrix<T>(ctx, 1, cols);
  detail::weights_of_pairs<T> const of{weight.empty() ? nullptr : detail::sum_of_weights<T>(ctx, weight), n};
  each_row(ctx, n, 1,
           [=] INTARSIA_FN(std::size_t j) { weights.data[j] = weight.empty() ? T{1} : static_cast<T>(weight[j]); });
  gemm(ctx, product::transposed_left, detail::reading(weights), detail::value_of(v), items, false);
  dense<T const, S> const us = detail::value_of(u), vs = detail::value_of(v);
  each_row(ctx, n, 4 * cols, [=] INTARSIA_FN(std::size_t i, team_of<On> by) {
    T const* const from = us.data + i * us.stride;
    T const to_all = detail::dot(by, from, items.data, cols);
    T const to_own = detail::dot(by, from, vs.data + i * vs.stride, cols);
    if (by.owns(0)) losses.data[i] = of.share() * (to_all - of.all() * to_own);
  });
  total(ctx, detail::reading(losses), detail::made(y), false);
  if (y.tracked()) {
    on.record([=, &ctx] {
      T const* const dy = y.grad.data;
      dense<T, S> const du = u.grad, dv = v.grad;
      auto const users = detail::scratch_matrix<T>(ctx, 1, cols);
      column_sum(ctx, us, users, false);
      each_row(ctx, n, 4 * cols, [=] INTARSIA_FN(std::size_t i, team_of<On> by) {
        T const g = of.share() * *dy, all = of.all();
        for (std::size_t c = by.first(); du.data && c < cols; c += by.step()) {
          du[i][c] += g * (items.data[c] - all * vs[i][c]);
        }
        for (std::size_t c = by.first(); dv.data && c < cols; c += by.step()) {
          dv[i][c] += g * (weights.data[i] * users.data[c] - all * us[i][c]);
        }
      });
    });
  }
  return y;
}

}  // namespace intarsia::inline v0
