// Memory that samplers use again and again.
#pragma once

#include <algorithm>
#include <cstddef>
#include <intarsia/core/aligned.hpp>
#include <span>

namespace intarsia::inline v0::detail {

// Plain numbers that may grow; what is added by resize is uninitialised. Memory is only taken when it outgrows what
// was reserved, and reserved memory costs nothing until it is written.
template <class T>
class buffer {
 public:
  void reserve(std::size_t count) {
    if (count <= numbers_.size()) return;
    aligned_buffer<T> larger{std::max(count, numbers_.size() + numbers_.size() / 2)};
    std::copy_n(numbers_.data(), size_, larger.data());
    numbers_ = std::move(larger);
  }
  void resize(std::size_t count) {
    reserve(count);
    size_ = count;
  }
  void clear() { size_ = 0; }
  void push(T x) {
    if (size_ == numbers_.size()) reserve(std::max<std::size_t>(16, size_ + 1));
    numbers_.data()[size_++] = x;
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] T* data() { return numbers_.data(); }
  [[nodiscard]] T const* data() const { return numbers_.data(); }
  [[nodiscard]] T* begin() { return data(); }
  [[nodiscard]] T* end() { return data() + size_; }
  [[nodiscard]] T& operator[](std::size_t i) { return data()[i]; }
  [[nodiscard]] T const& operator[](std::size_t i) const { return data()[i]; }
  [[nodiscard]] std::span<T const> view() const { return {data(), size_}; }

 private:
  aligned_buffer<T> numbers_;
  std::size_t size_ = 0;
};

// The same numbers under another plain type of the same size, such as slot<Node> over uint32.
template <class To, class From>
[[nodiscard]] std::span<To const> as(std::span<From const> x) {
  static_assert(sizeof(To) == sizeof(From) && alignof(To) == alignof(From));
  return {static_cast<To const*>(static_cast<void const*>(x.data())), x.size()};
}

}  // namespace intarsia::inline v0::detail
