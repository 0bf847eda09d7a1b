// Looking at numbers that someone else owns: rows x columns in row order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <intarsia/core/axis.hpp>
#include <intarsia/core/id.hpp>
#include <intarsia/tensor/space.hpp>
#include <span>
#include <type_traits>

namespace intarsia::inline v0 {

// What kernels see: no axes, just rows of `cols` numbers, `stride` apart.
template <class T, class Space = host>
struct dense {
  using scalar = std::remove_const_t<T>;
  using space = Space;

  T* data = nullptr;
  std::size_t rows = 0, cols = 0, stride = 0;

  [[nodiscard]] constexpr std::span<T> operator[](std::size_t row) const { return {data + row * stride, cols}; }
  // True where all the numbers lie in one piece.
  [[nodiscard]] constexpr bool contiguous() const { return stride == cols || rows <= 1; }
  // The rows [begin, begin + count), or the columns.
  [[nodiscard]] constexpr dense row_range(std::size_t begin, std::size_t count) const {
    return {data + begin * stride, count, cols, stride};
  }
  [[nodiscard]] constexpr dense col_range(std::size_t begin, std::size_t count) const {
    return {data + begin, rows, count, stride};
  }
  template <class Reading>
    requires(std::is_same_v<Reading, T const> && !std::is_const_v<T>)
  constexpr operator dense<Reading, Space>() const {
    return {data, rows, cols, stride};
  }
};

// The same with typed axes; converts to dense by value, which is how kernels take it.
template <axis Rows, axis Cols, class T = float, class Space = host>
struct view : dense<T, Space> {
  using row_axis = Rows;
  using col_axis = Cols;

  constexpr view() = default;
  constexpr explicit view(dense<T, Space> plain) : dense<T, Space>{plain} {}
  template <class Reading>
    requires(std::is_same_v<Reading, T const> && !std::is_const_v<T>)
  constexpr operator view<Rows, Cols, Reading, Space>() const {
    return view<Rows, Cols, Reading, Space>{dense<Reading, Space>{this->data, this->rows, this->cols, this->stride}};
  }
};

// Rows of a table by id, without a copy: row i is table[ids[i]].
template <axis Rows, axis Cols, class T = float, class Space = host>
struct indexed_view {
  using scalar = T;
  using space = Space;

  view<Rows, Cols, T const, Space> table;
  std::span<std::uint32_t const> ids;
};

}  // namespace intarsia::inline v0
