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

// Numbers of type From to a tensor's; next(to, bytes) gives the next bytes of the file. Throws io_error at the first
// whole number that does not fit.
template <class From, class To, class Next>
void take_numbers(Next const& next, To* to, std::size_t count, std::size_t cols, std::string_view file) {
  if constexpr (std::is_same_v<From, To>) {
    if (count != 0) next(to, count * sizeof(To));
  } else {
    std::vector<From> some(std::min(count, std::size_t{1} << 17));
    for (std::size_t begin = 0; begin < count; begin += some.size()) {
      std::size_t const now = std::min(some.size(), count - begin);
      next(some.data(), now * sizeof(From));
      for (std::size_t i = begin; i < begin + now; ++i) {
        From const number = some[i - begin];
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
}

// The tensor whose header was read; next as above, and make(rows, cols) takes its memory.
template <axis Rows, axis Cols, class T, class Make, class Next>
[[nodiscard]] tensor<Rows, Cols, T> take_npy(npy_header header, std::string_view file, Make const& make,
                                             Next const& next) {
  if (header.dimensions == 1 && Rows::extent == 1) std::swap(header.shape[0], header.shape[1]);
  auto const check = [&](std::size_t have, std::size_t want, char const* axis_name) {
    if (want == dynamic || have == want) return;
    io_failure(file, "header field 'shape'",
               "the array has " + std::to_string(have) + ' ' + axis_name + " where " + std::to_string(want) +
                   " are needed",
               "save an array of that shape, or change the width of the node type");
  };
  check(header.shape[0], Rows::extent, "rows");
  check(header.shape[1], Cols::extent, "columns");

  auto out = make(header.shape[0], header.shape[1]);
  with_npy_type(header.type, [&](auto sample) {
    using From = decltype(sample);
    if constexpr (is_real<From> != is_real<T>) {
      io_failure(file, "header field 'descr'",
                 is_real<T> ? "the array holds whole numbers where real ones are needed"
                            : "the array holds real numbers where whole ones are needed",
                 is_real<T> ? "save it with array.astype('<f4')" : "save it with array.astype('<i8')");
    } else {
      take_numbers<From>(next, out.data(), out.size(), out.cols(), file);
    }
  });
  return out;
}

// The header of a file that was opened, of which nothing else has been read yet.
[[nodiscard]] inline npy_header take_npy_header(input_file& file, std::string const& path) {
  std::string text(std::min<std::size_t>(file.size(), 12), '\0');
  file.read(text.data(), text.size());
  std::size_t const end = std::min(npy_begin(text), file.size());
  if (std::size_t const have = text.size(); end > have) {
    text.resize(end);
    file.read(text.data() + have, end - have);
  }
  return parse_npy_header(text, path, file.size());
}

// What a file of version 1 begins with.
template <class T>
[[nodiscard]] std::string npy_preamble(std::size_t rows, std::size_t cols) {
  std::string header = "{'descr': '<";
  header += npy_type<T>();
  header +=
      "', 'fortran_order': False, 'shape': (" + std::to_string(rows) + ", " + std::to_string(cols) + "), }";
  header.append(63 - (header.size() + 10) % 64, ' ');
  header += '\n';
  std::string text{"\x93NUMPY\x01\x00", 8};
  text += static_cast<char>(header.size() & 0xFFu);
  text += static_cast<char>(header.size() >> 8);
  return text += header;
}

}  // namespace detail

// The numbers of a .npy file in memory as a tensor; `file` is named in errors. Real files (f16, f32, f64) go into real
// tensors, whole ones (32 and 64 bits, signed or not) into whole ones, converted where needed; NaN is not looked for.
// One dimension reads as one row where the tensor has one row by its type, else as one column.
// Throws io_error where the file is damaged, its numbers do not fit T, or its shape does not fit the axes.
template <axis Rows, axis Cols, class T = float>
[[nodiscard]] tensor<Rows, Cols, T> parse_npy(std::string_view bytes, std::string_view file) {
  npy_header const header = parse_npy_header(bytes, file, bytes.size());
  char const* place = bytes.data() + header.begin;
  return detail::take_npy<Rows, Cols, T>(header, file, &tensor<Rows, Cols, T>::unset,
                                         [&](void* to, std::size_t count) {
                                           std::memcpy(to, place, count);
                                           place += count;
                                         });
}

// The same from a file, whose numbers are read straight into the tensor where they are of type T. Also throws io_error
// where the file cannot be read, or there is no memory for it.
template <axis Rows = dyn, axis Cols = dyn, class T = float>
[[nodiscard]] tensor<Rows, Cols, T> load_npy(std::string const& path) {
  detail::input_file file{path};
  npy_header const header = detail::take_npy_header(file, path);
  auto const make = [&](std::size_t rows, std::size_t cols) {
    return file.with_memory([&] { return tensor<Rows, Cols, T>::unset(rows, cols); });
  };
  return detail::take_npy<Rows, Cols, T>(header, path, make,
                                         [&](void* to, std::size_t count) { file.read(to, count); });
}

// What a .npy file says about itself. Throws io_error where it cannot be read or is damaged.
[[nodiscard]] inline npy_header load_npy_header(std::string const& path) {
  detail::input_file file{path};
  return detail::take_npy_header(file, path);
}

// The features of a node type: one row per node, (nodes, Width).
template <node_type Node, std::size_t Width = Node::width, class T = float>
[[nodiscard]] table<Node, Width, T> load_table(std::string const& path) {
  static_assert(Width > 0, "a node type without width has no table");
  return load_npy<rows_of<Node>, dim<Width>, T>(path);
}

// A .npy file of (rows, cols) numbers, version 1 of the format, written some rows at a time. It gets its name when it
// is finished, as file_beside says; before, it can be given up at any time.
template <class T = float>
class npy_writer {
 public:
  // Throws io_error where the file cannot be made.
  npy_writer(std::string path, std::size_t rows, std::size_t cols) : left_{rows}, cols_{cols}, file_{std::move(path)} {
    file_.write(detail::npy_preamble<T>(rows, cols));
  }

  // The next rows: (some, cols). Throws io_error, and shape_error where they are too many or of another width.
  void append(dense<T const> some) {
    expects(some.rows <= left_ && some.cols == cols_,
            "npy_writer: these are more rows, or of another width, than the file was made for");
    left_ -= some.rows;
    detail::write_rows(file_, some);
  }
  // Brings the file to disk and gives it its name. Throws io_error, and shape_error where rows are missing.
  void finish() {
    expects(left_ == 0, "npy_writer: finish comes after all rows");
    file_.commit();
  }

 private:
  std::size_t left_, cols_;
  file_beside file_;
};

// Writes (rows, cols) numbers, row by row; throws io_error as file_beside does.
template <class T>
void save_npy(std::string const& path, dense<T const> numbers) {
  npy_writer<T> file{path, numbers.rows, numbers.cols};
  file.append(numbers);
  file.finish();
}
template <axis Rows, axis Cols, class T>
void save_npy(std::string const& path, tensor<Rows, Cols, T> const& numbers) {
  save_npy<T>(path, numbers.view());
}

}  // namespace intarsia::inline v0
