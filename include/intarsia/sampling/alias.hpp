// Draws in proportion to weights, in constant time. A. J. Walker, "An efficient method for generating discrete random
// variables with general distributions", ACM Transactions on Mathematical Software 3 (1977).
#pragma once

#include <cstdint>
#include <intarsia/core/random.hpp>
#include <span>
#include <vector>

namespace intarsia::inline v0::detail {

class alias_table {
 public:
  alias_table() = default;
  // Weights that are no positive number count 0; all 0: equal chances.
  explicit alias_table(std::span<double const> weights) : stay_(weights.size()), other_(weights.size()) {
    double total = 0;
    for (double const w : weights) total += w > 0 ? w : 0;
    std::vector<double> share(weights.size(), 1.0);
    if (total > 0) {
      for (std::size_t i = 0; i < share.size(); ++i) {
        share[i] = (weights[i] > 0 ? weights[i] : 0) / total * static_cast<double>(weights.size());
      }
    }
    total_ = total;
    std::vector<std::uint32_t> small, large;
    for (std::size_t i = 0; i < share.size(); ++i)
      (share[i] < 1 ? small : large).push_back(static_cast<std::uint32_t>(i));
    while (!small.empty() && !large.empty()) {
      std::uint32_t const less = small.back(), more = large.back();
      small.pop_back();
      set(less, share[less], more);
      share[more] -= 1 - share[less];
      if (share[more] < 1) {
        large.pop_back();
        small.push_back(more);
      }
    }
    // What is left is 1 but for rounding, except what never had any weight.
    std::uint32_t heavy = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (weights[i] > weights[heavy]) heavy = static_cast<std::uint32_t>(i);
    }
    for (std::uint32_t const i : large) set(i, 1, i);
    for (std::uint32_t const i : small) set(i, total > 0 && !(weights[i] > 0) ? 0.0 : 1.0, heavy);
  }

  [[nodiscard]] std::size_t size() const { return stay_.size(); }
  [[nodiscard]] double total() const { return total_; }
  // What a draw reads: place i is kept if 32 random bits are below stay()[i], and is other()[i] otherwise.
  [[nodiscard]] std::span<std::uint64_t const> stay() const { return stay_; }
  [[nodiscard]] std::span<std::uint32_t const> other() const { return other_; }
  // A number in [0, size), each with the chance weight / total; size >= 1.
  [[nodiscard]] std::uint32_t draw(random& dice) const {
    std::uint32_t const i = dice.below(static_cast<std::uint32_t>(size()));
    return dice.bits() < stay_[i] ? i : other_[i];
  }

 private:
  void set(std::uint32_t i, double chance, std::uint32_t other) {
    stay_[i] = static_cast<std::uint64_t>(chance * 0x1p32);
    other_[i] = other;
  }

  std::vector<std::uint64_t> stay_;
  std::vector<std::uint32_t> other_;
  double total_ = 0;
};

}  // namespace intarsia::inline v0::detail
