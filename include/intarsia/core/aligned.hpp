// Owned memory on a 64-byte boundary, so that a row may be read with the widest loads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace intarsia::inline v0 {

// A fixed number of trivial objects, uninitialised until written.
template <class T>
class aligned_buffer {
  static_assert(std::is_trivially_copyable_v<T>, "aligned_buffer holds plain data");
  struct release {
    void operator()(T* p) const { std::free(p); }
  };

 public:
  aligned_buffer() = default;
  // Throws std::bad_alloc where the system has no memory left.
  explicit aligned_buffer(std::size_t count) : count_{count} {
    if (count == 0) return;
    std::size_t const bytes = (count * sizeof(T) + 63) / 64 * 64;
    data_.reset(static_cast<T*>(std::aligned_alloc(64, bytes)));
    if (!data_) throw std::bad_alloc{};
  }
  aligned_buffer(aligned_buffer&& other) noexcept
      : count_{std::exchange(other.count_, 0)}, data_{std::move(other.data_)} {}
  aligned_buffer& operator=(aligned_buffer&& other) noexcept {
    count_ = std::exchange(other.count_, 0);
    data_ = std::move(other.data_);
    return *this;
  }
  aligned_buffer(aligned_buffer const& other) : aligned_buffer{other.count_} {
    std::copy_n(other.data(), count_, data());
  }
  aligned_buffer& operator=(aligned_buffer const& other) { return *this = aligned_buffer{other}; }
  ~aligned_buffer() = default;

  [[nodiscard]] T* data() { return data_.get(); }
  [[nodiscard]] T const* data() const { return data_.get(); }
  [[nodiscard]] std::size_t size() const { return count_; }

 private:
  std::size_t count_ = 0;
  std::unique_ptr<T[], release> data_;
};

}  // namespace intarsia::inline v0
