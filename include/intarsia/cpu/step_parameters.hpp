// An optimiser's step: all parameters in pieces of fixed size, so that one pass of the threads serves all of them.
#pragma once

#include <algorithm>
#include <intarsia/cpu/context.hpp>
#include <intarsia/cpu/map.hpp>
#include <intarsia/exec/backend.hpp>
#include <intarsia/exec/parameter_step.hpp>
#include <intarsia/exec/scope.hpp>
#include <intarsia/exec/team.hpp>
#include <span>
#include <utility>

namespace intarsia::inline v0::cpu {

namespace detail {
// The rule on Size numbers, which are copied first: numbers, gradient and states may not overlap, and so the loop in
// the middle is vectorised.
template <std::size_t Size, class T, std::size_t States, class Rule, std::size_t... S>
inline void step_block(parameter_step<T, States, Rule> const& step, std::size_t to, std::size_t from,
                       std::index_sequence<S...>) {
  T now[Size], state[States > 0 ? States : 1][Size];
  for (std::size_t i = 0; i < Size; ++i) now[i] = step.numbers[to + i];
  (std::copy_n(step.states[S] + to, Size, state[S]), ...);
  for (std::size_t i = 0; i < Size; ++i) step.rule(now[i], step.gradient[from + i], state[S][i]...);
  for (std::size_t i = 0; i < Size; ++i) step.numbers[to + i] = now[i];
  (std::copy_n(state[S], Size, step.states[S] + to), ...);
}
template <class T, std::size_t States, class Rule>
inline void step_numbers(parameter_step<T, States, Rule> const& step, std::size_t to, std::size_t from,
                         std::size_t count) {
  constexpr auto states = std::make_index_sequence<States>{};
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) step_block<16>(step, to + i, from + i, states);
  for (; i < count; ++i) step_block<1>(step, to + i, from + i, states);
}
// Rows of a long table are far apart: asks for one that is changed soon.
template <class T, std::size_t States, class Rule>
inline void fetch_row(parameter_step<T, States, Rule> const& step, std::size_t row) {
  for (std::size_t c = 0; c < step.cols; c += 64 / sizeof(T)) {
    __builtin_prefetch(step.numbers + row * step.cols + c, 1);
    for (T* const state : step.states) {
      if (!intarsia::detail::steps_by_row<Rule>) __builtin_prefetch(state + row * step.cols + c, 1);
    }
  }
  for (T* const state : step.states) {
    if (intarsia::detail::steps_by_row<Rule>) __builtin_prefetch(state + row, 1);
  }
}
// The rule for rows on one of them.
template <class T, std::size_t States, class Rule, std::size_t... S>
inline void step_row(parameter_step<T, States, Rule> const& step, std::size_t to, std::size_t from,
                     std::index_sequence<S...>) {
  step.rule(alone{}, step.numbers + to * step.cols, step.gradient + from * step.cols, step.cols, step.states[S][to]...);
}
}  // namespace detail

template <class T, std::size_t States, class Rule>
void step_parameters(context& ctx, std::span<parameter_step<T, States, Rule> const> steps) {
  constexpr std::size_t grain = 4096, ahead = 8;
  if constexpr (intarsia::detail::steps_by_row<Rule>) {
    for (auto const& step : steps) {
      std::size_t const count = step.count / step.cols;
      each_row(ctx, count, 16 * step.cols, [=](std::size_t k) {
        if (step.rows && k + ahead < count && step.rows[k + ahead] != no_entry) {
          detail::fetch_row(step, step.rows[k + ahead]);
        }
        std::size_t const row = step.rows ? step.rows[k] : k;
        if (row != no_entry) detail::step_row(step, row, k, std::make_index_sequence<States>{});
      });
    }
  } else {
    scope const keep{ctx};
    auto* const first = ctx.scratch().template take<std::size_t>(steps.size() + 1);  // piece of each parameter
    first[0] = 0;
    for (std::size_t p = 0; p < steps.size(); ++p) {
      first[p + 1] = first[p] + (steps[p].rows ? 0 : (steps[p].count + grain - 1) / grain);
    }
    each_row(ctx, first[steps.size()], 8 * grain, [=](std::size_t piece) {
      auto const p = static_cast<std::size_t>(std::upper_bound(first, first + steps.size() + 1, piece) - first) - 1;
      std::size_t const begin = (piece - first[p]) * grain;
      detail::step_numbers(steps[p], begin, begin, std::min(grain, steps[p].count - begin));
    });
    for (auto const& step : steps) {
      if (!step.rows) continue;
      std::size_t const count = step.count / step.cols;
      each_row(ctx, count, 16 * step.cols, [=](std::size_t k) {
        if (k + ahead < count) detail::fetch_row(step, step.rows[k + ahead]);
        if (step.rows[k] == no_entry) return;
        detail::step_numbers(step, step.rows[k] * step.cols, k * step.cols, step.cols);
      });
    }
  }
}

}  // namespace intarsia::inline v0::cpu
