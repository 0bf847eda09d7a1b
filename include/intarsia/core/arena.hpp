// A bump allocator: memory is handed out in order and given back all at once, down to a mark.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <intarsia/core/aligned.hpp>
#include <vector>

namespace intarsia::inline v0 {

// Blocks are kept for reuse; rewinding to an empty arena merges them, so that a loop whose steps need equal memory
// allocates in its first two rounds and never again. Not for use by two threads at once.
class arena {
 public:
  // A place to come back to.
  struct mark {
    std::size_t block = 0, used = 0;
  };

  // `count` objects of T, uninitialised, on a 64-byte boundary; valid until the arena is rewound below them.
  template <class T>
  [[nodiscard]] T* take(std::size_t count) {
    return static_cast<T*>(static_cast<void*>(bytes(count * sizeof(T))));
  }

  [[nodiscard]] mark here() const { return {current_, current_ < blocks_.size() ? used_ : 0}; }

  // Gives back everything taken since the mark.
  void rewind(mark m) {
    current_ = m.block;
    used_ = m.used;
    if (m.block == 0 && m.used == 0 && blocks_.size() > 1) {
      std::size_t total = 0;
      for (auto const& block : blocks_) total += block.size();
      blocks_.clear();
      blocks_.emplace_back(total);
    }
  }

  // Bytes reserved from the system; for tests and reports.
  [[nodiscard]] std::size_t capacity() const {
    std::size_t total = 0;
    for (auto const& block : blocks_) total += block.size();
    return total;
  }

 private:
  std::byte* bytes(std::size_t size) {
    size = (size + 63) / 64 * 64;
    while (current_ < blocks_.size() && used_ + size > blocks_[current_].size()) {
      ++current_;
      used_ = 0;
    }
    if (current_ == blocks_.size()) {
      blocks_.emplace_back(std::max({size, std::min(capacity(), most_ahead), std::size_t{1} << 16}));
      used_ = 0;
    }
    std::byte* const place = blocks_[current_].data() + used_;
    used_ += size;
    return place;
  }

  // Small blocks double; a large arena reserves no more than this ahead of its use.
  static constexpr std::size_t most_ahead = std::size_t{32} << 20;

  std::vector<aligned_buffer<std::byte>> blocks_;
  std::size_t current_ = 0, used_ = 0;
};

}  // namespace intarsia::inline v0
