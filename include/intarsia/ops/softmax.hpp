// Cross entropy of rows of scores: the mean over rows i of log(sum over j of exp s_ij) - s_i,target(i).
#pragma once

#include <bit>
#include <cstdint>
#include <intarsia/ops/fresh.hpp>
#include <intarsia/ops/weights.hpp>
#include <limits>
#include <span>
#include <type_traits>

namespace intarsia::inline v0 {

namespace detail {
// exp of x <= 0 without a branch or a call, so that a loop over it is vectorised; in float exact to 2 units in the last
// place, and 0 below -87. The polynomial is that of expf in Moshier's Cephes library.
[[nodiscard]] INTARSIA_FN inline float exp_below_one(float x) {
  float const bounded = x < -87.0f ? -87.0f : x;
  float const shifted = bounded * 1.44269504f + 12582912.0f;  // its low bits are the exponent, rounded
  float const exponent = shifted - 12582912.0f;
  float const r = (bounded - exponent * 0.693359375f) + exponent * 2.12194440e-4f;
  float y = 1.9875691500e-4f;
  y = y * r + 1.3981999507e-3f;
  y = y * r + 8.3334519073e-3f;
  y = y * r + 4.1665795894e-2f;
  y = y * r + 1.6666665459e-1f;
  y = y * r + 5.0000001201e-1f;
  y = y * r * r + r + 1.0f;
  float const power = std::bit_cast<float>((std::bit_cast<std::uint32_t>(shifted) + 127u) << 23);
  return x < -87.0f ? 0.0f : y * power;
}
[[nodiscard]] INTARSIA_FN inline double exp_below_one(double x) { return std::exp(x); }

// The loss of one row of scores, log(sum exp s) - s_target; overwrites `row` with `weight` times its gradient.
// Scores of minus infinity are absent; without any other, loss and gradient are 0. Blocks of fixed size and a sum for
// each place in them: the same bits everywhere, and room for wide instructions.
template <class T>
INTARSIA_FN T cross_entropy_row(T* row, std::size_t count, std::size_t target, T weight) {
  constexpr std::size_t wide = 16;
  T peaks[wide], sums[wide]{};
  for (T& peak : peaks) peak = row[0];
  std::size_t j = 0;
  for (; j + wide <= count; j += wide) {
    for (std::size_t k = 0; k < wide; ++k) peaks[k] = peaks[k] < row[j + k] ? row[j + k] : peaks[k];
  }
  for (; j < count; ++j) peaks[0] = peaks[0] < row[j] ? row[j] : peaks[0];
  T peak = peaks[0];
  for (std::size_t k = 1; k < wide; ++k) peak = peak < peaks[k] ? peaks[k] : peak;
  if (peak == -std::numeric_limits<T>::infinity()) {
    for (j = 0; j < count; ++j) row[j] = T{0};
    return T{0};
  }
  T const aim = peak - row[target];
  for (j = 0; j + wide <= count; j += wide) {
    for (std::size_t k = 0; k < wide; ++k) row[j + k] = exp_below_one(row[j + k] - peak);
    for (std::size_t k = 0; k < wide; ++k) sums[k] += row[j + k];
  }
  for (std::size_t k = 0; j < count; ++j, ++k) sums[k] += row[j] = exp_below_one(row[j] - peak);
  T sum{0};
  for (std::size_t k = 0; k < wide; ++k) sum += sums[k];
  T const factor = weight / sum;
  for (j = 0; j < count; ++j) row[j] *= factor;
  row[target] -= weight;
  return std::log(sum) + aim;
}
// The same by the threads of a row, each of which reads and writes its own scores.
template <class Team, class T>
INTARSIA_FN T cross_entropy_row(Team const& by, T* row, std::size_t count, std::size_t target, T weight) {
  if constexpr (!Team::shares) {
    return cross_entropy_row(row, count, target, weight);
  } else {
    T const none = -std::numeric_limits<T>::infinity();
    T peak = none;
    for (std::size_t j = by.first(); j < count; j += by.step()) peak = peak < row[j] ? row[j] : peak;
    peak = by.max(peak);
    if (peak == none) {
      for (std::size_t j = by.first(); j < count; j += by.step()) row[j] = T{0};
      return T{0};
    }
    T const aim = by.sum(by.owns(target) ? peak - row[target] : T{0});
    T sum{0};
    for (std::size_t j = by.first(); j < count; j += by.step()) sum += row[j] = exp_below_one(row[j] - peak);
    sum = by.sum(sum);
    T const factor = weight / sum;
    for (std::size_t j = by.first(); j < count; j += by.step()) row[j] *= factor;
    if (by.owns(target)) row[target] -= weight;
    return std::log(sum) + aim;
  }
}
}  // namespace detail

// (n, m) -> (1, 1). `targets`: the column of each row's right answer. `weights`: how much each row counts, none: 1
// each; the mean is sum of weight * loss / sum of weights, of no rows (or weights that sum to 0) it is 0. Scores of
// minus infinity are absent answers; a row without others has loss 0. Targets and weights are read at once, not kept;
// they lie where the context computes.
// Throws shape_error where a length does not fit or, on the host, a target.
template <axis R, axis C, class T, class S, recorder On>
[[nodiscard]] var<dim<1>, dim<1>, T, S> softmax_cross_entropy(On& on, var<R, C, T, S> scores,
                                                              std::span<std::uint32_t const> targets,
                                                              std::span<T const> weights = {}) {
  expects(targets.size() == scores.rows(), "softmax_cross_entropy: give one target column per row of scores");
  expects(weights.empty() || weights.size() == scores.rows(),
          "softmax_cross_entropy: give one weight per row, or none");
  if constexpr (std::is_same_v<S, host>) {
    for (std::uint32_t const j : targets) {
      expects(j < scores.cols(), "softmax_cross_entropy: a target is beyond the last column");
    }
  }
  auto& ctx = on.backend();
  T const share = scores.rows() == 0 ? T{0} : T{1} / static_cast<T>(scores.rows());
  T const* const weighted_share = weights.empty() ? nullptr : detail::share_of_weights<T>(ctx, weights);
  var<dim<1>, dim<1>, T, S> y = on.template fresh<dim<1>, dim<1>, T>(1, 1, scores.tracked());
  auto const slopes = detail::scratch_matrix<T>(ctx, scores.rows(), scores.cols());
  auto const losses = detail::scratch_matrix<T>(ctx, scores.rows(), 1);
  copy(ctx, detail::value_of(scores), slopes);
  each_row(ctx, slopes.rows, 16 * slopes.cols, [=] INTARSIA_FN(std::size_t i, team_of<On> by) {
    T const weight = weighted_share ? *weighted_share * weights[i] : share;
    T const loss =
        weight * detail::cross_entropy_row(by, slopes.data + i * slopes.stride, slopes.cols, targets[i], weight);
    if (by.owns(0)) losses.data[i] = loss;
  });
  total(ctx, detail::reading(losses), detail::made(y), false);
  if (y.tracked()) {
    on.record([=, &ctx] {
      dense<T const, S> const dy = detail::grad_of(y);
      dense<T, S> const dx = scores.grad;
      each_row(ctx, dx.rows, dx.cols, [=] INTARSIA_FN(std::size_t i, team_of<On> by) {
        for (std::size_t j = by.first(); j < dx.cols; j += by.step()) dx[i][j] += dy.data[0] * slopes[i][j];
      });
    });
  }
  return y;
}

}  // namespace intarsia::inline v0
