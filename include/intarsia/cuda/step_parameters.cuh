// An optimiser's step: all parameters in one launch, or in a few where a model has very many.
#pragma once

#include <algorithm>
#include <intarsia/cuda/launch.cuh>
#include <intarsia/cuda/team.cuh>
#include <intarsia/exec/backend.hpp>
#include <intarsia/exec/parameter_step.hpp>
#include <span>
#include <utility>

namespace intarsia::inline v0::cuda {

namespace detail {
// As many parts as the arguments of a kernel (4 KiB) hold, and the numbers (or rows) before each.
template <class T, std::size_t States, class Rule>
struct step_list {
  static constexpr std::size_t most = 3584 / (sizeof(parameter_step<T, States, Rule>) + sizeof(std::size_t));
  parameter_step<T, States, Rule> parts[most];
  std::size_t before[most + 1];
  std::size_t size = 0;

  // The part that number (or row) i of all belongs to.
  [[nodiscard]] INTARSIA_FN std::size_t part_of(std::size_t i) const {
    std::size_t first = 0, count = size;
    while (count > 1) {
      std::size_t const half = count / 2;
      if (before[first + half] <= i) {
        first += half;
        count -= half;
      } else {
        count = half;
      }
    }
    return first;
  }
};

template <class T, std::size_t States, class Rule, std::size_t... S>
INTARSIA_FN void step_number(parameter_step<T, States, Rule> const& step, std::size_t from, std::index_sequence<S...>) {
  std::size_t to = from;
  if (step.rows) {
    std::uint32_t const row = step.rows[from / step.cols];
    if (row == no_entry) return;
    to = row * step.cols + from % step.cols;
  }
  step.rule(step.numbers[to], step.gradient[from], step.states[S][to]...);
}
// The rule for rows on one of them, by the threads of a team.
template <class T, std::size_t States, class Rule, std::size_t... S>
INTARSIA_FN void step_row(team by, parameter_step<T, States, Rule> const& step, std::size_t from,
                          std::index_sequence<S...>) {
  std::size_t const to = step.rows ? step.rows[from] : from;
  if (to == no_entry) return;
  step.rule(by, step.numbers + to * step.cols, step.gradient + from * step.cols, step.cols, step.states[S][to]...);
}
// `lanes` threads to a number (one) or to a row.
template <class T, std::size_t States, class Rule>
__global__ void step_kernel(step_list<T, States, Rule> steps, unsigned lanes) {
  std::size_t const count = steps.before[steps.size];
  for (std::size_t i = thread_number() / lanes; i < count; i += thread_count() / lanes) {
    std::size_t const p = steps.part_of(i);
    if constexpr (intarsia::detail::steps_by_row<Rule>) {
      step_row(team{threadIdx.x, lanes}, steps.parts[p], i - steps.before[p], std::make_index_sequence<States>{});
    } else {
      step_number(steps.parts[p], i - steps.before[p], std::make_index_sequence<States>{});
    }
  }
}
}  // namespace detail

// Does not block.
template <class T, std::size_t States, class Rule>
void step_parameters(context& ctx, std::span<parameter_step<T, States, Rule> const> steps) {
  using list = detail::step_list<T, States, Rule>;
  for (std::size_t first = 0; first < steps.size(); first += list::most) {
    list some;
    some.size = std::min(list::most, steps.size() - first);
    some.before[0] = 0;
    unsigned lanes = 1;
    for (std::size_t p = 0; p < some.size; ++p) {
      some.parts[p] = steps[first + p];
      auto const& step = steps[first + p];
      some.before[p + 1] =
          some.before[p] + (intarsia::detail::steps_by_row<Rule> ? step.count / step.cols : step.count);
      if (intarsia::detail::steps_by_row<Rule>) lanes = std::max(lanes, team::lanes_for(4 * step.cols));
    }
    launch(ctx, detail::step_kernel<T, States, Rule>, grid::of_threads(some.before[some.size] * lanes), some, lanes);
  }
}

}  // namespace intarsia::inline v0::cuda
