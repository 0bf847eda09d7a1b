// The entries of one row of a sparse matrix, as a thread of any backend reads them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <intarsia/core/config.hpp>
#include <intarsia/tensor/csr.hpp>

namespace intarsia::inline v0::detail {

// [first, last)
struct entry_range {
  std::uint64_t first, last;
};
// None where the matrix holds no entries at all.
template <class Space>
[[nodiscard]] INTARSIA_FN entry_range entries_of(csr_view<Space> const& a, std::size_t row) {
  if (!a.offsets) return {0, 0};
  return {a.offsets[row], a.offsets[row + 1]};
}
// The place of an entry in the forward matrix.
template <class Space>
[[nodiscard]] INTARSIA_FN std::uint64_t forward_place(csr_view<Space> const& a, std::uint64_t entry) {
  return a.positions ? a.positions[entry] : entry;
}
// The number of an entry: 1 where the matrix has none.
template <class T, class Space>
[[nodiscard]] INTARSIA_FN T entry_value(csr_view<Space> const& a, std::uint64_t entry) {
  return a.values ? static_cast<T>(a.values[forward_place(a, entry)]) : T{1};
}

}  // namespace intarsia::inline v0::detail
