// Some numbers of a row that a thread reads or writes at once.
#pragma once

#include <cstdint>
#include <intarsia/core/config.hpp>

namespace intarsia::inline v0::cuda::detail {

template <class T, unsigned Count>
struct alignas(sizeof(T) * Count) pack {
  T number[Count];
};
template <class T, unsigned Count>
[[nodiscard]] INTARSIA_FN pack<T, Count> read_pack(T const* from) {
  return *static_cast<pack<T, Count> const*>(static_cast<void const*>(from));
}
template <class T, unsigned Count>
INTARSIA_FN void write_pack(T* to, pack<T, Count> const& numbers) {
  *static_cast<pack<T, Count>*>(static_cast<void*>(to)) = numbers;
}
template <class T, unsigned Count>
[[nodiscard]] INTARSIA_FN bool begins_pack(T const* from) {
  return reinterpret_cast<std::uintptr_t>(from) % (sizeof(T) * Count) == 0;
}

}  // namespace intarsia::inline v0::cuda::detail
