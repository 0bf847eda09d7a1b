// The parameters that an optimiser changes, cut into pieces of fixed size so that one pass of the threads serves all.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <intarsia/core/expects.hpp>
#include <intarsia/exec/backend.hpp>
#include <intarsia/exec/module.hpp>
#include <intarsia/exec/tape.hpp>
#include <optional>
#include <vector>

namespace intarsia::inline v0::detail {

// Those of scalar type T, with States numbers kept for each of theirs, and how many steps each has taken.
template <class T, std::size_t States>
class learned {
 public:
  // Everything of type T in a module, each tensor once. The module's tensors have to stay alive; moving them is fine.
  void collect(auto& part) {
    visit(part, [this](std::string const&, auto& x) {
      if constexpr (std::is_same_v<decltype(x.data()), T*>) {
        auto const known = [&](parameter const& p) { return p.numbers == x.data(); };
        if (x.size() == 0 || std::any_of(parameters_.begin(), parameters_.end(), known)) return;
        parameters_.push_back({x.data(), x.size()});
        for (auto& kept : states_) kept.emplace_back(x.rows(), x.cols());
      }
    });
    for (std::size_t p = 0; p < parameters_.size(); ++p) {
      by_address_.push_back(static_cast<std::uint32_t>(p));
      for (std::size_t i = 0; i < parameters_[p].count; i += grain) pieces_.push_back({p, i});
    }
    std::sort(by_address_.begin(), by_address_.end(), [this](auto a, auto b) {
      return std::less<>{}(parameters_[a].numbers, parameters_[b].numbers);
    });
    gradients_.resize(parameters_.size());
    if (!parameters_.empty()) steps_.emplace(parameters_.size());
  }

  // Finds the gradients of a step and counts it for the parameters that took part.
  void begin(gradients const& found) {
    std::fill(gradients_.begin(), gradients_.end(), nullptr);
    found.each([this](gradients::entry const& e) {
      auto const* const address = static_cast<T const*>(e.parameter);
      auto const place = std::lower_bound(by_address_.begin(), by_address_.end(), address, [this](auto p, T const* a) {
        return std::less<>{}(static_cast<T const*>(parameters_[p].numbers), a);
      });
      if (place == by_address_.end() || parameters_[*place].numbers != address || e.bytes != sizeof(T)) return;
      gradients_[*place] = static_cast<T const*>(e.gradient);
      (*steps_)[*place][0] += 1;
    });
  }

  // update(parameter, count, numbers, gradient, states) for each piece of each parameter that took part.
  template <class Context, class F>
  void update(Context& ctx, F update) {
    each_row(ctx, pieces_.size(), 8 * grain, [this, update](std::size_t i) {
      auto const [p, first] = pieces_[i];
      if (!gradients_[p]) return;
      std::array<T*, States> states{};
      for (std::size_t s = 0; s < States; ++s) states[s] = states_[s][p].data() + first;
      update(p, std::min(grain, parameters_[p].count - first), parameters_[p].numbers + first, gradients_[p] + first,
             states);
    });
  }

  [[nodiscard]] std::size_t size() const { return parameters_.size(); }
  // How many steps a parameter has taken part in.
  [[nodiscard]] std::size_t steps(std::size_t p) const { return static_cast<std::size_t>((*steps_)[p][0]); }

  static auto members(auto& self) { return std::tuple{named("steps", self.steps_), named("states", self.states_)}; }

 private:
  static constexpr std::size_t grain = 4096;
  struct parameter {
    T* numbers;
    std::size_t count;
  };
  struct piece {
    std::size_t parameter, first;
  };

  std::vector<parameter> parameters_;
  std::vector<piece> pieces_;
  std::vector<std::uint32_t> by_address_;
  std::vector<T const*> gradients_;
  std::array<std::vector<tensor<dyn, dyn, T>>, States> states_;
  std::optional<tensor<dyn, dim<1>>> steps_;  // (parameters, 1); nothing where there are none
};

}  // namespace intarsia::inline v0::detail
