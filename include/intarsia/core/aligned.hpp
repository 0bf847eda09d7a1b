// Owned memory on a 64-byte boundary, so that a row may be read with the widest loads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>
#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace intarsia::inline v0 {

namespace detail {
inline constexpr std::size_t large_page = std::size_t{1} << 21;

// Moves memory that is in use onto large pages where the system has them: reading scattered places then seldom waits
// for an address. Advice only; small pieces and the ends of a piece stay as they are.
inline void use_large_pages([[maybe_unused]] void const* data, [[maybe_unused]] std::size_t bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  constexpr int collapse = 25;  // MADV_COLLAPSE, which older headers lack
  auto const first = (reinterpret_cast<std::uintptr_t>(data) + large_page - 1) / large_page * large_page;
  auto const last = (reinterpret_cast<std::uintptr_t>(data) + bytes) / large_page * large_page;
  if (last <= first) return;
  static_cast<void>(::madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE));
  static_cast<void>(::madvise(reinterpret_cast<void*>(first), last - first, collapse));
#endif
}

// Room for `count` numbers on large pages, where the system has them, from their first use on.
template <class T>
void reserve_large(std::vector<T>& list, std::size_t count) {
  list.reserve(count);
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  auto const first = (reinterpret_cast<std::uintptr_t>(list.data()) + large_page - 1) / large_page * large_page;
  auto const last = reinterpret_cast<std::uintptr_t>(list.data() + list.capacity()) / large_page * large_page;
  if (last > first) static_cast<void>(::madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE));
#endif
}

// Memory on a 64-byte boundary, to be given back by std::free; larger pieces on large pages where the system has them.
// Throws std::bad_alloc.
[[nodiscard]] inline void* take_memory(std::size_t bytes) {
  std::size_t const boundary = bytes >= 2 * large_page ? large_page : 64;
  bytes = (bytes + boundary - 1) / boundary * boundary;
  void* const place = std::aligned_alloc(boundary, bytes);
  if (!place) throw std::bad_alloc{};
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  if (boundary == large_page) static_cast<void>(::madvise(place, bytes, MADV_HUGEPAGE));
#endif
  return place;
}
}  // namespace detail

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
    data_.reset(static_cast<T*>(detail::take_memory(count * sizeof(T))));
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
