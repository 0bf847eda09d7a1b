// What losses of an anchor, its positive and its k negatives share: scores, and gradients through them.
#pragma once

#include <cstdint>
#include <intarsia/exec/scope.hpp>
#include <intarsia/ops/dot.hpp>
#include <span>

namespace intarsia::inline v0::detail {

// 1 / how many of `all` negatives count, 0 where none does; an empty mask: all. One number, where the context computes.
template <class T, class Context>
[[nodiscard]] T const* share_of_valid(Context& ctx, std::span<std::uint8_t const> valid, std::size_t all) {
  dense<T, typename Context::space> const share = scratch_matrix<T>(ctx, 1, 1);
  if (valid.empty()) {
    fill(ctx, share, all == 0 ? T{0} : T{1} / static_cast<T>(all));
    return share.data;
  }
  scope const temporary{ctx};
  auto const counted = scratch_matrix<T>(ctx, valid.size(), 1);
  std::uint8_t const* const marks = valid.data();
  map(ctx, valid.size(), [=] INTARSIA_FN(std::size_t i) { counted.data[i] = marks[i] ? T{1} : T{0}; });
  total(ctx, reading(counted), share, false);
  map(ctx, 1, [=] INTARSIA_FN(std::size_t) { share.data[0] = share.data[0] == T{0} ? T{0} : T{1} / share.data[0]; });
  return share.data;
}

// sum over i of row(scores of i, valid marks of i or null) with scores s_i0 = a_i . p_i, s_ij = a_i . n_i,j-1.
// (n, m), (n, m), (n * k, m) -> (1, 1). `row` gives the loss of i and overwrites its k + 1 scores with the gradient;
// its first argument is the team that shares them.
template <class R, class Rp, class Rn, class C, class Cp, class Cn, class T, class S, class Row, recorder On>
[[nodiscard]] var<dim<1>, dim<1>, T, S> contrast(On& on, var<R, C, T, S> anchor, var<Rp, Cp, T, S> positive,
                                                 var<Rn, Cn, T, S> negatives, std::span<std::uint8_t const> valid,
                                                 Row row) {
  auto& ctx = on.backend();
  std::size_t const n = anchor.rows(), cols = anchor.cols(), k = n == 0 ? 0 : negatives.rows() / n;
  expects(positive.rows() == n && negatives.rows() == n * k,
          "a contrastive loss needs a positive and k negatives per anchor");
  expects(positive.cols() == cols && negatives.cols() == cols, "a contrastive loss compares rows of equal width");
  expects(valid.empty() || valid.size() == n * k, "a contrastive loss needs one valid mark per negative, or none");
  var<dim<1>, dim<1>, T, S> y =
      on.template fresh<dim<1>, dim<1>, T>(1, 1, anchor.tracked() || positive.tracked() || negatives.tracked());
  auto const scores = scratch_matrix<T>(ctx, n, k + 1);  // becomes the gradient by them
  auto const losses = scratch_matrix<T>(ctx, n, 1);
  dense<T const, S> const a = value_of(anchor), p = value_of(positive), away = value_of(negatives);
  std::uint8_t const* const marks = valid.empty() ? nullptr : valid.data();
  each_row(ctx, n, (k + 1) * (cols + 16), [=] INTARSIA_FN(std::size_t i, team_of<On> by) {
    T* const s = scores.data + i * scores.stride;
    T const* const from = a.data + i * a.stride;
    for (std::size_t j = 0; j <= k; ++j) {
      T const score = dot(by, from, j == 0 ? p.data + i * p.stride : away.data + (i * k + j - 1) * away.stride, cols);
      if (by.owns(j)) s[j] = score;
    }
    T const loss = row(by, s, k, marks ? marks + i * k : nullptr);
    if (by.owns(0)) losses.data[i] = loss;
  });
  total(ctx, reading(losses), made(y), false);
  if (y.tracked()) {
    on.record([=, &ctx] {
      T const* const dy = y.grad.data;
      dense<T, S> const da = anchor.grad, dp = positive.grad, dn = negatives.grad;
      // One pass for each gradient: two of the three may be windows of the same numbers.
      if (da.data) {
        each_row(ctx, n, 2 * (k + 1) * cols, [=] INTARSIA_FN(std::size_t i, team_of<On> by) {
          T* const to = da.data + i * da.stride;
          for (std::size_t j = 0; j <= k; ++j) {
            T const slope = *dy * scores[i][j];
            if (slope == T{0}) continue;
            T const* const from = j == 0 ? p.data + i * p.stride : away.data + (i * k + j - 1) * away.stride;
            for (std::size_t c = by.first(); c < cols; c += by.step()) to[c] += slope * from[c];
          }
        });
      }
      if (dp.data) {
        each_row(ctx, n, 2 * cols, [=] INTARSIA_FN(std::size_t i, team_of<On> by) {
          for (std::size_t c = by.first(); c < cols; c += by.step()) dp[i][c] += *dy * scores[i][0] * a[i][c];
        });
      }
      if (dn.data) {
        each_row(ctx, n * k, 2 * cols, [=] INTARSIA_FN(std::size_t row_of, team_of<On> by) {
          T const slope = *dy * scores[row_of / k][row_of % k + 1];
          if (slope == T{0}) return;
          for (std::size_t c = by.first(); c < cols; c += by.step()) dn[row_of][c] += slope * a[row_of / k][c];
        });
      }
    });
  }
  return y;
}

}  // namespace intarsia::inline v0::detail
