// Tables of numbers in .npy files, the plain format of NumPy.
#pragma once

#include <cstring>
#include <intarsia/core/bf16.hpp>
#include <intarsia/io/file.hpp>
#include <intarsia/io/npy_header.hpp>
#include <intarsia/schema/node.hpp>
#include <intarsia/tensor/tensor.hpp>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

namespace intarsia::inline v0 {

namespace detail {

template <class T>
inline constexpr bool is_real = std::is_floating_point_v<T> || std::is_same_v<T, f16> || std::is_same_v<T, bf16>;

// A number of a file as a number of a tensor. Real numbers are rounded to the nearest; false where a whole number does
// not fit.
template <class To, class From>
[[nodiscard]] bool convert(From from, To& to) {
  if constexpr (std::is_same_v<To, From>) {
    to = from;
  } else if constexpr (is_real<To>) {
    using Wide = std::conditional_t<std::is_same_v<From, double>, double, float>;
    if constexpr (std::is_floating_point_v<To>)
      to = static_cast<To>(static_cast<Wide>(from));
    else
      to = To{static_cast<float>(from)};
  } else {
    if (!std::in_range<To>(from)) return false;
    to = static_cast<To>(from);
  }
  return true;
}

// Unaligned numbers of type From into a tensor's; throws io_error at the first whole number that does not fit.
template <class From, class To>
void convert_numbers(char const* from, To* to, std::size_t count, std::size_t cols, std::string_view file) {
  if constexpr (std::is_same_v<From, To>) {
    if (count != 0) std::memcpy(static_cast<void*>(to), from, count * sizeof(To));
  } else {
    for (std::size_t i = 0; i < count; ++i) {
      From number;
      std::memcpy(&number, from + i * sizeof(From), sizeof(From));
      if (convert(number, to[i])) continue;
      if constexpr (!is_real<To>) {
        using limits = std::numeric_limits<To>;
        io_failure(file, "row " + std::to_string(i / cols) + ", column " + std::to_string(i % cols),
                   "the number " + std::to_string(number) + " is outside " + std::to_string(limits::min()) + " to " +
                       std::to_string(limits::max()),
                   "correct it, or number the rows from 0");
      }
    }
  }
}

}  // namespace detail

// The numbers of a .npy file in memory as a tensor; `file` is named in errors. Real files (f16, f32, f64) go into real
// tensors, whole ones (32 and 64 bits, signed or not) into whole ones, converted where needed; NaN is not looked for.
// One dimension reads as one row where the tensor has one row by its type, else as one column.
// Throws io_error where the file is damaged, its numbers do not fit T, or its shape does not fit the axes.
template <axis Rows, axis Cols, class T = float>
[[nodiscard]] tensor<Rows, Cols, T> parse_npy(std::string_view bytes, std::string_view file) {
  npy_header header = parse_npy_header(bytes, file);
  if (header.dimensions == 1 && Rows::extent == 1) std::swap(header.shape[0], header.shape[1]);
  auto const check = [&](std::size_t have, std::size_t want, char const* axis_name) {
    if (want == dynamic || have == want) return;
    detail::io_failure(
        file, "header field 'shape'",
        "the array has " + std::to_string(have) + ' ' + axis_name + " where " + std::to_string(want) + " are needed",
        "save an array of that shape, or change the width of the node type");
  };
  check(header.shape[0], Rows::extent, "rows");
  check(header.shape[1], Cols::extent, "columns");

  tensor<Rows, Cols, T> out(header.shape[0], header.shape[1]);
  detail::with_npy_type(header.type, [&](auto sample) {
    using From = decltype(sample);
    if constexpr (detail::is_real<From> != detail::is_real<T>) {
      detail::io_failure(file, "header field 'descr'",
                         detail::is_real<T> ? "the array holds whole numbers where real ones are needed"
                                            : "the array holds real numbers where whole ones are needed",
                         detail::is_real<T> ? "save it with array.astype('<f4')" : "save it with array.astype('<i8')");
    } else {
      detail::convert_numbers<From>(bytes.data() + header.begin, out.data(), out.size(), out.cols(), file);
    }
  });
  return out;
}

// The same from a file. Also throws io_error where the file cannot be read.
template <axis Rows = dyn, axis Cols = dyn, class T = float>
[[nodiscard]] tensor<Rows, Cols, T> load_npy(std::string const& path) {
  return parse_npy<Rows, Cols, T>(text_of(read_file(path)), path);
}

// The features of a node type: one row per node, (nodes, Width).
template <node_type Node, std::size_t Width = Node::width, class T = float>
[[nodiscard]] table<Node, Width, T> load_table(std::string const& path) {
  static_assert(Width > 0, "a node type without width has no table");
  return load_npy<rows_of<Node>, dim<Width>, T>(path);
}

// Writes (rows, cols) numbers as version 1 of the format, row by row; throws io_error as write_beside does.
template <class T>
void save_npy(std::string const& path, dense<T const> numbers) {
  std::string header = "{'descr': '<";
  header += detail::npy_type<T>();
  header += "', 'fortran_order': False, 'shape': (" + std::to_string(numbers.rows) + ", " +
            std::to_string(numbers.cols) + "), }";
  header.append(63 - (header.size() + 10) % 64, ' ');
  header += '\n';
  std::string text{"\x93NUMPY\x01\x00", 8};
  text += static_cast<char>(header.size() & 0xFFu);
  text += static_cast<char>(header.size() >> 8);
  text += header;
  std::vector<std::string_view> parts{text};
  auto const part = [&](T const* data, std::size_t count) {
    if (count != 0) parts.emplace_back(static_cast<char const*>(static_cast<void const*>(data)), count * sizeof(T));
  };
  if (numbers.contiguous()) {
    part(numbers.data, numbers.rows * numbers.cols);
  } else {
    for (std::size_t row = 0; row < numbers.rows; ++row) part(numbers[row].data(), numbers.cols);
  }
  write_beside(path, parts);
}
template <axis Rows, axis Cols, class T>
void save_npy(std::string const& path, tensor<Rows, Cols, T> const& numbers) {
  save_npy<T>(path, numbers.view());
}

}  // namespace intarsia::inline v0
