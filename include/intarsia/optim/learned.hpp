// The parameters that an optimiser changes, cut into pieces of fixed size so that one pass of the threads serves all.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <intarsia/core/expects.hpp>
#include <intarsia/exec/backend.hpp>
#include <intarsia/exec/module.hpp>
#include <intarsia/exec/tape.hpp>
#include <optional>
#include <type_traits>
#include <vector>

namespace intarsia::inline v0::detail {

// Calls f(i, size) for blocks [i, i + size) of [0, count), whose size is a constant: first of 16, then of 1. Without a
// constant, compilers leave such a loop as it is.
template <class F>
inline void in_blocks(std::size_t count, F const& f) {
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) f(i, std::integral_constant<std::size_t, 16>{});
  for (; i < count; ++i) f(i, std::integral_constant<std::size_t, 1>{});
}

// The square root of x >= 0, in float by Newton steps and to a unit in the last place: std::sqrt may set errno, and
// that keeps a loop from being vectorised.
[[nodiscard]] inline float root_of(float x) {
  float inverse = std::bit_cast<float>(0x5F375A86u - (std::bit_cast<std::uint32_t>(x) >> 1));
  for (int i = 0; i < 3; ++i) inverse *= 1.5f - 0.5f * x * inverse * inverse;
  float const root = x * inverse;
  return root + 0.5f * inverse * (x - root * root);
}
[[nodiscard]] inline double root_of(double x) { return std::sqrt(x); }

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
        parameters_.push_back({x.data(), x.size(), x.cols()});
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
    std::fill(gradients_.begin(), gradients_.end(), slope{});
    found.each([this](gradients::entry const& e) {
      auto const* const address = static_cast<T const*>(e.parameter);
      auto const place = std::lower_bound(by_address_.begin(), by_address_.end(), address, [this](auto p, T const* a) {
        return std::less<>{}(static_cast<T const*>(parameters_[p].numbers), a);
      });
      if (place == by_address_.end() || parameters_[*place].numbers != address || e.bytes != sizeof(T)) return;
      gradients_[*place] = {static_cast<T const*>(e.gradient), e.rows, e.count};
      (*steps_)[*place][0] += 1;
    });
  }

  // update(parameter, count, numbers, gradient, states) for each piece of each parameter that took part, or for each
  // row where only rows did.
  template <class Context, class F>
  void update(Context& ctx, F update) {
    each_row(ctx, pieces_.size(), 8 * grain, [this, update](std::size_t i) {
      auto const [p, first] = pieces_[i];
      if (!gradients_[p].numbers || gradients_[p].rows) return;
      run(update, p, std::min(grain, parameters_[p].count - first), first, gradients_[p].numbers + first);
    });
    for (std::size_t p = 0; p < parameters_.size(); ++p) {
      slope const found = gradients_[p];
      std::size_t const cols = parameters_[p].cols;
      if (!found.rows) continue;
      each_row(ctx, found.count / cols, 16 * cols, [=, this, end = found.count / cols](std::size_t k) {
        constexpr std::size_t ahead = 8;
        if (k + ahead < end) fetch(p, found.rows[k + ahead] * cols, cols);
        run(update, p, cols, found.rows[k] * cols, found.numbers + k * cols);
      });
    }
  }

  [[nodiscard]] std::size_t size() const { return parameters_.size(); }
  // How many steps a parameter has taken part in.
  [[nodiscard]] std::size_t steps(std::size_t p) const { return static_cast<std::size_t>((*steps_)[p][0]); }

  static auto members(auto& self) { return std::tuple{named("steps", self.steps_), named("states", self.states_)}; }

 private:
  static constexpr std::size_t grain = 4096;
  struct parameter {
    T* numbers;
    std::size_t count, cols;
  };
  struct slope {
    T const* numbers = nullptr;
    std::uint32_t const* rows = nullptr;  // that the numbers belong to; null: all
    std::size_t count = 0;
  };
  struct piece {
    std::size_t parameter, first;
  };

  template <class F>
  void run(F const& update, std::size_t p, std::size_t count, std::size_t first, T const* gradient) {
    std::array<T*, States> states{};
    for (std::size_t s = 0; s < States; ++s) states[s] = states_[s][p].data() + first;
    update(p, count, parameters_[p].numbers + first, gradient, states);
  }
  // Rows of a long table are far apart: asks for one that is changed soon.
  void fetch(std::size_t p, std::size_t first, std::size_t count) {
    for (std::size_t c = 0; c < count; c += 64 / sizeof(T)) {
      __builtin_prefetch(parameters_[p].numbers + first + c, 1);
      for (auto& kept : states_) __builtin_prefetch(kept[p].data() + first + c, 1);
    }
  }

  std::vector<parameter> parameters_;
  std::vector<piece> pieces_;
  std::vector<std::uint32_t> by_address_;
  std::vector<slope> gradients_;
  std::array<std::vector<tensor<dyn, dyn, T>>, States> states_;
  std::optional<tensor<dyn, dim<1>>> steps_;  // (parameters, 1); nothing where there are none
};

}  // namespace intarsia::inline v0::detail
