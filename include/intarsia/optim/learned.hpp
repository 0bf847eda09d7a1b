// The parameters that an optimiser changes, and the numbers that it keeps for each of theirs.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <intarsia/core/expects.hpp>
#include <intarsia/exec/backend.hpp>
#include <intarsia/exec/module.hpp>
#include <intarsia/exec/parameter_step.hpp>
#include <intarsia/exec/scope.hpp>
#include <intarsia/exec/tape.hpp>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace intarsia::inline v0::detail {

// Counts a step for the parameters that took part: a mark for each of some from `first` on.
struct count_steps {
  static constexpr std::size_t most = 1024;
  float* steps;
  std::size_t first;
  std::array<std::uint64_t, most / 64> part{};
  INTARSIA_FN void operator()(std::size_t i) const {
    if (part[i / 64] >> (i % 64) & 1) steps[first + i] += 1;
  }
};

// Those of scalar type T in one memory, with States numbers kept for each of theirs, or ByRow for each of their rows,
// and how many steps each has taken.
template <class T, std::size_t States, class Space, bool ByRow>
class learned {
  using numbers = typename owned_in<Space, T>::type;

 public:
  using scalar = T;

  // Everything of type T in a module, each tensor once. The module's tensors have to stay alive; moving them is fine.
  void collect(auto& part) {
    visit(part, [this](std::string const&, auto& x) {
      static_assert(std::is_same_v<typename std::remove_reference_t<decltype(x)>::space, Space>);
      if constexpr (std::is_same_v<decltype(x.data()), T*>) {
        auto const known = [&](parameter const& p) { return p.numbers == x.data(); };
        if (x.size() == 0 || std::any_of(parameters_.begin(), parameters_.end(), known)) return;
        parameters_.push_back({x.data(), x.size(), x.cols()});
        for (auto& kept : states_) kept.push_back(owned_in<Space, T>::zeros(x, x.rows(), ByRow ? 1 : x.cols()));
      }
    });
    for (std::size_t p = 0; p < parameters_.size(); ++p) by_address_.push_back(static_cast<std::uint32_t>(p));
    std::sort(by_address_.begin(), by_address_.end(), [this](auto a, auto b) {
      return std::less<>{}(parameters_[a].numbers, parameters_[b].numbers);
    });
    gradients_.resize(parameters_.size());
    if (!parameters_.empty()) steps_.emplace(beside(parameters_.size()));
  }
  // Zeros in the memory of the parameters, (count, 1); there is one.
  [[nodiscard]] auto beside(std::size_t count) const {
    return owned_in<Space, float>::zeros(states_[0].front(), count, 1);
  }

  // Finds the gradients of a step and counts it for the parameters that took part.
  template <class Context>
  void begin(gradients_on<Context> const& found) {
    std::fill(gradients_.begin(), gradients_.end(), slope{});
    found.each([this](gradients::entry const& e) {
      auto const* const address = static_cast<T const*>(e.parameter);
      auto const place = std::lower_bound(by_address_.begin(), by_address_.end(), address, [this](auto p, T const* a) {
        return std::less<>{}(static_cast<T const*>(parameters_[p].numbers), a);
      });
      if (place == by_address_.end() || parameters_[*place].numbers != address || e.bytes != sizeof(T)) return;
      gradients_[*place] = {static_cast<T const*>(e.gradient), e.rows, e.count};
    });
    for (std::size_t first = 0; first < size(); first += count_steps::most) {
      std::size_t const count = std::min(count_steps::most, size() - first);
      count_steps some{steps_->data(), first};
      for (std::size_t i = 0; i < count; ++i) {
        if (gradients_[first + i].numbers) some.part[i / 64] |= std::uint64_t{1} << (i % 64);
      }
      map(found.backend(), count, some);
    }
  }

  // One step of the parameters that took part, by the rule that rule_of(parameter) gives for each.
  template <class Context, class RuleOf>
  void update(Context& ctx, RuleOf const& rule_of) {
    using step = parameter_step<T, States, decltype(rule_of(std::size_t{}))>;
    scope const keep{ctx};
    step* const steps = ctx.notes().template take<step>(parameters_.size());
    std::size_t count = 0;
    for (std::size_t p = 0; p < parameters_.size(); ++p) {
      slope const found = gradients_[p];
      if (!found.numbers || found.count == 0) continue;
      step* const made = std::construct_at(steps + count++, step{parameters_[p].numbers, found.numbers, {}, found.rows,
                                                                  found.count, parameters_[p].cols, rule_of(p)});
      for (std::size_t s = 0; s < States; ++s) made->states[s] = states_[s][p].data();
    }
    step_parameters(ctx, std::span<step const>{steps, count});
  }

  [[nodiscard]] std::size_t size() const { return parameters_.size(); }
  // How many steps each parameter has taken part in, where the parameters lie.
  [[nodiscard]] float const* steps() const { return std::as_const(*steps_).data(); }

  static auto members(auto& self) { return std::tuple{named("steps", self.steps_), named("states", self.states_)}; }

 private:
  struct parameter {
    T* numbers;
    std::size_t count, cols;
  };
  struct slope {
    T const* numbers = nullptr;
    std::uint32_t const* rows = nullptr;  // that the numbers belong to; null: all
    std::size_t count = 0;
  };
  std::vector<parameter> parameters_;
  std::vector<std::uint32_t> by_address_;
  std::vector<slope> gradients_;
  std::array<std::vector<numbers>, States> states_;
  std::optional<typename owned_in<Space, float>::type> steps_;  // (parameters, 1); nothing where there are none
};

}  // namespace intarsia::inline v0::detail
