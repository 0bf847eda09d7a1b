// Sparse rows: which columns each row holds, and an optional number per entry.
#pragma once

#include <cstddef>
#include <cstdint>
#include <intarsia/tensor/space.hpp>
#include <span>
#include <type_traits>
#include <vector>

namespace intarsia::inline v0 {

// What kernels see. Row i holds the entries [offsets[i], offsets[i + 1]).
template <class Space = host>
struct csr_view {
  using space = Space;

  std::size_t rows = 0, cols = 0;
  std::uint64_t const* offsets = nullptr;   // (rows + 1); null: no entries at all
  std::uint32_t const* columns = nullptr;   // (entries)
  float const* values = nullptr;            // (entries of the forward matrix); null: each entry counts 1
  std::uint32_t const* positions = nullptr; // (entries) of a transpose: the entry's place in `values`; null: its own
  std::size_t most_entries = 0;             // in device memory, where the host cannot read offsets: at least as many

  // How many; in device memory at least as many as there are.
  [[nodiscard]] std::size_t entries() const {
    if constexpr (!std::is_same_v<Space, host>) {
      return offsets ? most_entries : 0;
    } else {
      return offsets ? static_cast<std::size_t>(offsets[rows]) : 0;
    }
  }
  [[nodiscard]] std::size_t degree(std::size_t row) const {
    return offsets ? static_cast<std::size_t>(offsets[row + 1] - offsets[row]) : 0;
  }
  // The columns of a row. Host memory only.
  [[nodiscard]] std::span<std::uint32_t const> operator[](std::size_t row) const {
    return offsets ? std::span{columns + offsets[row], degree(row)} : std::span<std::uint32_t const>{};
  }
};

// Owns what a csr_view looks at. `values` is empty or as long as `columns`.
struct csr {
  std::size_t rows = 0, cols = 0;
  std::vector<std::uint64_t> offsets = {0};
  std::vector<std::uint32_t> columns;
  std::vector<float> values;
  std::vector<std::uint32_t> positions;

  [[nodiscard]] csr_view<> view() const {
    return {rows, cols, offsets.data(), columns.data(), values.empty() ? nullptr : values.data(),
            positions.empty() ? nullptr : positions.data()};
  }
};

}  // namespace intarsia::inline v0
