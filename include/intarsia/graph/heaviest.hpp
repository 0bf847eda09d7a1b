// Keeping the k best of a stream of scored numbers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace intarsia::inline v0 {

// A row and its score; the order is heaviest first, ties to the lower row.
struct scored {
  float score = 0;
  std::uint32_t row = 0;
  friend bool operator==(scored const&, scored const&) = default;
};
[[nodiscard]] inline bool heavier(scored const& a, scored const& b) {
  return a.score != b.score ? a.score > b.score : a.row < b.row;
}

// The k heaviest of what is offered, O(1) amortised per offer. The answer does not depend on the order of offers.
// A score that is not a number is never kept.
class heaviest {
 public:
  heaviest() { reset(0); }
  explicit heaviest(std::size_t k) { reset(k); }

  void reset(std::size_t k) {
    k_ = k;
    list_.clear();
    bar_ = {-std::numeric_limits<float>::infinity(), std::numeric_limits<std::uint32_t>::max()};
  }
  // No score below this one can be kept any more.
  [[nodiscard]] float bar() const { return bar_.score; }

  void offer(float score, std::uint32_t row) {
    if (!(score >= bar_.score) || k_ == 0) return;
    scored const x{score, row};
    if (!heavier(x, bar_) && list_.size() >= k_) return;
    list_.push_back(x);
    if (list_.size() >= 2 * k_ + 16) prune();
  }
  // What was kept, heaviest first; at most k. Valid until the next offer or reset.
  [[nodiscard]] std::span<scored const> sorted() {
    if (list_.size() > k_) prune();
    std::sort(list_.begin(), list_.end(), heavier);
    return list_;
  }

 private:
  void prune() {
    std::nth_element(list_.begin(), list_.begin() + static_cast<std::ptrdiff_t>(k_ - 1), list_.end(), heavier);
    list_.resize(k_);
    bar_ = list_.back();
  }

  std::size_t k_ = 0;
  scored bar_;
  std::vector<scored> list_;
};

}  // namespace intarsia::inline v0
