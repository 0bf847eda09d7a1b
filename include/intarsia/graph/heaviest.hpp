// Keeping the k best of a stream of scored numbers.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
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
    keys_.clear();
    bar_ = -std::numeric_limits<float>::infinity();
    lowest_ = 0;
  }
  // No score below this one can be kept any more.
  [[nodiscard]] float bar() const { return bar_; }

  void offer(float score, std::uint32_t row) {
    if (!(score >= bar_) || k_ == 0) return;
    std::uint64_t const key = key_of(score, row);
    if (key <= lowest_ && keys_.size() >= k_) return;
    keys_.push_back(key);
    if (keys_.size() >= 2 * k_ + 16) prune();
  }
  // What was kept, heaviest first; at most k. Valid until the next offer or reset.
  [[nodiscard]] std::span<scored const> sorted() {
    if (keys_.size() > k_) prune();
    std::sort(keys_.begin(), keys_.end(), std::greater<>{});
    return shown();
  }
  // The same in no order.
  [[nodiscard]] std::span<scored const> kept() {
    if (keys_.size() > k_) prune();
    return shown();
  }

 private:
  static constexpr std::uint32_t sign = 0x80000000u;
  // Whole numbers in the order of `heavier`, the heaviest largest: the bits of a float, those of a negative one turned
  // over, and the row turned over.
  [[nodiscard]] static std::uint64_t key_of(float score, std::uint32_t row) {
    auto const bits = std::bit_cast<std::uint32_t>(score + 0.0f);  // without a sign of zero
    return std::uint64_t{bits & sign ? ~bits : bits | sign} << 32 | ~row;
  }
  [[nodiscard]] static float score_of(std::uint64_t key) {
    auto const bits = static_cast<std::uint32_t>(key >> 32);
    return std::bit_cast<float>(bits & sign ? bits ^ sign : ~bits);
  }
  [[nodiscard]] std::span<scored const> shown() {
    shown_.clear();
    for (std::uint64_t const key : keys_) shown_.push_back({score_of(key), ~static_cast<std::uint32_t>(key)});
    return shown_;
  }

  void prune() {
    auto const last = keys_.begin() + static_cast<std::ptrdiff_t>(k_ - 1);
    std::nth_element(keys_.begin(), last, keys_.end(), std::greater<>{});
    keys_.resize(k_);
    lowest_ = keys_.back();
    bar_ = score_of(lowest_);
  }

  std::size_t k_ = 0;
  float bar_;
  std::uint64_t lowest_;  // the key of the bar, 0 at first
  std::vector<std::uint64_t> keys_;
  std::vector<scored> shown_;
};

}  // namespace intarsia::inline v0
