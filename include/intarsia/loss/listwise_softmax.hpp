// Ranking several right answers over a list: cross entropy between the softmax of a list's scores and its answers.
#pragma once

#include <cstddef>
#include <intarsia/ops/softmax.hpp>
#include <limits>
#include <span>

namespace intarsia::inline v0 {

// scores (lists * length, 1), list after list. answers (lists * length): above 0 a right answer and how much it counts,
// 0 a wrong one, below 0 no entry at all. weights (lists), none: 1 each. The loss is the mean over lists of
//   weight * sum over right answers i of answer_i * (log(sum over j of exp s_j) - s_i),  (1, 1);
// without lists it is 0. Answers and weights are read at once, not kept; they lie where the context
// computes. Throws shape_error where a length does not fit.
template <axis R, axis C, class T, class S, recorder On>
  requires same_axis<C, dim<1>>
[[nodiscard]] var<dim<1>, dim<1>, T, S> listwise_softmax(On& on, var<R, C, T, S> scores, std::size_t length,
                                                         std::span<float const> answers,
                                                         std::span<float const> weights = {}) {
  std::size_t const lists = length == 0 ? 0 : scores.rows() / length;
  expects(lists * length == scores.rows(), "listwise_softmax: the scores are no whole number of lists of this length");
  expects(answers.size() == scores.rows(), "listwise_softmax: give one answer per score");
  expects(weights.empty() || weights.size() == lists, "listwise_softmax: give one weight per list, or none");
  auto& ctx = on.backend();
  var<dim<1>, dim<1>, T, S> y = on.template fresh<dim<1>, dim<1>, T>(1, 1, scores.tracked());
  auto const slopes = detail::scratch_matrix<T>(ctx, lists, length);
  auto const losses = detail::scratch_matrix<T>(ctx, lists, 1);
  dense<T const, S> const given = detail::value_of(scores);
  each_row(ctx, lists, 20 * length, [=] INTARSIA_FN(std::size_t i, team_of<On> by) {
    T* const row = slopes.data + i * length;
    float const* const answer = answers.data() + i * length;
    T const weight = (weights.empty() ? T{1} : static_cast<T>(weights[i])) / static_cast<T>(lists);
    T all{0}, right{0}, peak = -std::numeric_limits<T>::infinity();
    for (std::size_t j = by.first(); j < length; j += by.step()) {
      T const s = given.data[(i * length + j) * given.stride];
      row[j] = answer[j] < 0 ? -std::numeric_limits<T>::infinity() : s;
      peak = peak < row[j] ? row[j] : peak;
      if (answer[j] <= 0) continue;
      all += static_cast<T>(answer[j]);
    }
    peak = by.max(peak), all = by.sum(all);
    T sum{0};
    for (std::size_t j = by.first(); j < length; j += by.step()) {
      T const away = row[j] - peak;
      if (answer[j] > 0) right += static_cast<T>(answer[j]) * away;
      row[j] = answer[j] < 0 ? T{0} : detail::exp_below_one(away);
      sum += row[j];
    }
    sum = by.sum(sum), right = by.sum(right);
    if (by.owns(0)) losses.data[i] = all > T{0} ? weight * (all * std::log(sum) - right) : T{0};
    T const share = sum > T{0} ? weight * all / sum : T{0};
    for (std::size_t j = by.first(); j < length; j += by.step()) {
      row[j] = share * row[j] - (answer[j] > 0 ? weight * static_cast<T>(answer[j]) : T{0});
    }
  });
  total(ctx, detail::reading(losses), detail::made(y), false);
  if (y.tracked()) {
    on.record([=, &ctx] {
      dense<T const, S> const dy = detail::grad_of(y);
      dense<T, S> const dx = scores.grad;
      each_row(ctx, lists, length, [=] INTARSIA_FN(std::size_t i, team_of<On> by) {
        for (std::size_t j = by.first(); j < length; j += by.step()) {
          dx[i * length + j][0] += dy.data[0] * slopes[i][j];
        }
      });
    });
  }
  return y;
}

}  // namespace intarsia::inline v0
