// Owning numbers: rows x columns, 64-byte aligned, zero at first.
#pragma once

#include <algorithm>
#include <intarsia/core/aligned.hpp>
#include <intarsia/core/expects.hpp>
#include <intarsia/tensor/view.hpp>

namespace intarsia::inline v0 {

// An axis whose length the type knows needs no number; the others are given in order: tensor<rows_of<N>, dim<4>>{n}.
template <axis Rows, axis Cols, class T = float>
class tensor {
 public:
  using scalar = T;
  using space = host;
  using row_axis = Rows;
  using col_axis = Cols;

  tensor()
    requires(Rows::extent != dynamic && Cols::extent != dynamic)
      : tensor{Rows::extent, Cols::extent} {}
  tensor()
    requires(Rows::extent == dynamic || Cols::extent == dynamic)
      : tensor{Rows::extent == dynamic ? 0 : Rows::extent, Cols::extent == dynamic ? 0 : Cols::extent} {}
  explicit tensor(std::size_t length)
    requires((Rows::extent == dynamic) != (Cols::extent == dynamic))
      : tensor{Rows::extent == dynamic ? length : Rows::extent, Cols::extent == dynamic ? length : Cols::extent} {}
  // Throws shape_error where a number contradicts the type.
  tensor(std::size_t rows, std::size_t cols) : rows_{rows}, cols_{cols}, numbers_{rows * cols} {
    expects(Rows::extent == dynamic || rows == Rows::extent,
            "tensor: the number of rows is not the extent of its row axis");
    expects(Cols::extent == dynamic || cols == Cols::extent,
            "tensor: the number of columns is not the extent of its column axis");
    std::fill_n(numbers_.data(), numbers_.size(), T{});
  }
  // The same with numbers not set yet, for who sets all of them.
  [[nodiscard]] static tensor unset(std::size_t rows, std::size_t cols) {
    tensor made{Rows::extent == dynamic ? 0 : rows, Cols::extent == dynamic ? 0 : cols};
    made.rows_ = rows;
    made.cols_ = cols;
    if (made.numbers_.size() != rows * cols) made.numbers_ = aligned_buffer<T>{rows * cols};
    return made;
  }

  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::size_t cols() const { return cols_; }
  [[nodiscard]] std::size_t size() const { return rows_ * cols_; }
  [[nodiscard]] T* data() { return numbers_.data(); }
  [[nodiscard]] T const* data() const { return numbers_.data(); }
  [[nodiscard]] std::span<T> operator[](std::size_t row) { return {data() + row * cols_, cols_}; }
  [[nodiscard]] std::span<T const> operator[](std::size_t row) const { return {data() + row * cols_, cols_}; }

  [[nodiscard]] ::intarsia::view<Rows, Cols, T> view() {
    return ::intarsia::view<Rows, Cols, T>{dense<T>{data(), rows_, cols_, cols_}};
  }
  [[nodiscard]] ::intarsia::view<Rows, Cols, T const> view() const {
    return ::intarsia::view<Rows, Cols, T const>{dense<T const>{data(), rows_, cols_, cols_}};
  }

 private:
  std::size_t rows_ = 0, cols_ = 0;
  aligned_buffer<T> numbers_;
};

// One row per node of a type.
template <class Node, std::size_t Width = Node::width, class T = float>
using table = tensor<rows_of<Node>, dim<Width>, T>;
// The weights of a linear map from In to Out columns.
template <std::size_t In, std::size_t Out, class T = float>
using matrix = tensor<dim<In>, dim<Out>, T>;
// One number per column: a bias, a gate.
template <std::size_t Width, class T = float>
using channels = tensor<dim<1>, dim<Width>, T>;

}  // namespace intarsia::inline v0
