// Device memory handed out in order and given back all at once, down to a mark: core/arena.hpp on the device.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstddef>
#include <intarsia/cuda/error.cuh>
#include <utility>
#include <vector>

namespace intarsia::inline v0::cuda {

// Where device memory comes from. The default is the device's stream-ordered pool; give one of your own to share a
// pool with other libraries. `take` returns null where there is none left, or throws.
struct memory_source {
  void* (*take)(void* self, std::size_t bytes, cudaStream_t stream);
  void (*give)(void* self, void* place, cudaStream_t stream);
  void* self = nullptr;
};

namespace detail {
inline void* take_from_pool(void*, std::size_t bytes, cudaStream_t stream) {
  void* place = nullptr;
  check(cudaMallocAsync(&place, bytes, stream), "taking device memory");
  return place;
}
inline void give_to_pool(void*, void* place, cudaStream_t stream) { static_cast<void>(cudaFreeAsync(place, stream)); }
}  // namespace detail

[[nodiscard]] inline memory_source stream_ordered_pool() {
  return {detail::take_from_pool, detail::give_to_pool, nullptr};
}

// One piece of device memory, given back at the end of its life in the order of the stream.
class block {
 public:
  block() = default;
  block(memory_source source, cudaStream_t stream, std::size_t bytes)
      : source_{source},
        stream_{stream},
        place_{bytes > 0 ? source.take(source.self, bytes, stream) : nullptr},
        bytes_{bytes} {
    if (bytes > 0 && !place_) check(cudaErrorMemoryAllocation, "taking device memory");
  }
  block(block&& other) noexcept
      : source_{other.source_},
        stream_{other.stream_},
        place_{std::exchange(other.place_, nullptr)},
        bytes_{std::exchange(other.bytes_, 0)} {}
  block& operator=(block&& other) noexcept {
    std::swap(source_, other.source_);
    std::swap(stream_, other.stream_);
    std::swap(place_, other.place_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~block() {
    if (place_) source_.give(source_.self, place_, stream_);
  }

  // Other bytes from the same source.
  [[nodiscard]] block like(std::size_t bytes) const { return {source_, stream_, bytes}; }
  [[nodiscard]] cudaStream_t stream() const { return stream_; }
  [[nodiscard]] std::byte* data() const { return static_cast<std::byte*>(place_); }
  [[nodiscard]] std::size_t size() const { return bytes_; }

 private:
  memory_source source_{};
  cudaStream_t stream_ = nullptr;
  void* place_ = nullptr;
  std::size_t bytes_ = 0;
};

// Blocks are kept for reuse; rewinding to an empty arena merges them, so that a loop whose steps need equal memory
// takes none after its second round, and hands out the same addresses in each: what a captured CUDA graph needs.
class arena {
 public:
  struct mark {
    std::size_t block = 0, used = 0;
    friend bool operator==(mark const&, mark const&) = default;
  };

  arena(memory_source source, cudaStream_t stream) : source_{source}, stream_{stream} {}

  // `count` objects of T, uninitialised, on a 256-byte boundary; valid, for work on the arena's stream, until the arena
  // is rewound below them. Does not block. Throws error where the device has no memory left.
  template <class T>
  [[nodiscard]] T* take(std::size_t count) {
    std::size_t const size = (count * sizeof(T) + 255) / 256 * 256;
    while (current_ < blocks_.size() && used_ + size > blocks_[current_].size()) {
      ++current_;
      used_ = 0;
    }
    if (current_ == blocks_.size()) {
      ++changes_;
      blocks_.emplace_back(source_, stream_, std::max({size, std::min(capacity(), most_growth), std::size_t{1} << 20}));
      used_ = 0;
    }
    std::byte* const place = blocks_[current_].data() + used_;
    used_ += size;
    return static_cast<T*>(static_cast<void*>(place));
  }

  [[nodiscard]] mark here() const { return {current_, current_ < blocks_.size() ? used_ : 0}; }

  // Gives back everything taken since the mark; work on the stream that still reads it comes first.
  void rewind(mark m) {
    current_ = m.block;
    used_ = m.used;
    if (m.block == 0 && m.used == 0 && blocks_.size() > 1) {
      std::size_t const total = capacity();
      ++changes_;
      blocks_.clear();
      blocks_.emplace_back(source_, stream_, total);
    }
  }

  // Rises whenever memory was taken or merged: while it stays, equal work finds equal addresses.
  [[nodiscard]] std::size_t changes() const { return changes_; }
  // Bytes reserved on the device; for tests and reports.
  [[nodiscard]] std::size_t capacity() const {
    std::size_t total = 0;
    for (auto const& kept : blocks_) total += kept.size();
    return total;
  }

 private:
  static constexpr std::size_t most_growth = std::size_t{1} << 30;

  memory_source source_;
  cudaStream_t stream_;
  std::vector<block> blocks_;
  std::size_t current_ = 0, used_ = 0, changes_ = 0;
};

}  // namespace intarsia::inline v0::cuda
