// How much of a catalogue ever appears in a list.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace intarsia::inline v0 {

// Collects the ids of many ranked lists.
class coverage {
 public:
  // Ids are below `items`.
  explicit coverage(std::size_t items = 0) : seen_(items, 0) {}

  void add(std::span<std::uint32_t const> ranked) {
    for (std::uint32_t const id : ranked) {
      count_ += seen_[id] == 0 ? 1u : 0u;
      seen_[id] = 1;
    }
  }
  // Different ids seen.
  [[nodiscard]] std::size_t count() const { return count_; }
  // The share of `candidates` ids that was seen; 0 of none.
  [[nodiscard]] double share(std::size_t candidates) const {
    return candidates == 0 ? 0.0 : static_cast<double>(count_) / static_cast<double>(candidates);
  }

 private:
  std::vector<std::uint8_t> seen_;
  std::size_t count_ = 0;
};

}  // namespace intarsia::inline v0
