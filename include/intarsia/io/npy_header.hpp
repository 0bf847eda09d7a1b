// What a .npy file says about itself: versions 1, 2 and 3 of the format, tables of numbers in row order.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <intarsia/core/because.hpp>
#include <intarsia/io/cursor.hpp>
#include <intarsia/core/f16.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace intarsia::inline v0 {

struct npy_header {
  std::array<char, 2> type{};          // kind (f, i, u) and bytes: "f4"
  std::size_t dimensions = 0;          // 1 or 2
  std::array<std::size_t, 2> shape{};  // of one dimension: {length, 1}
  std::size_t begin = 0;               // where the numbers begin in the file

  [[nodiscard]] std::size_t bytes_per_number() const { return static_cast<std::size_t>(type[1] - '0'); }
};

namespace detail {

inline constexpr std::string_view npy_remedy = "save the array again with numpy.save";

// f(T{}) with the type that the header names; false where it is none that can be read.
template <class F>
bool with_npy_type(std::array<char, 2> type, F&& f) {
  std::string_view const name{type.data(), 2};
  if (name == "f2") return f(f16{}), true;
  if (name == "f4") return f(float{}), true;
  if (name == "f8") return f(double{}), true;
  if (name == "i4") return f(std::int32_t{}), true;
  if (name == "i8") return f(std::int64_t{}), true;
  if (name == "u4") return f(std::uint32_t{}), true;
  if (name == "u8") return f(std::uint64_t{}), true;
  return false;
}

template <class T>
[[nodiscard]] constexpr std::string_view npy_type() {
  if constexpr (std::is_same_v<T, f16>)
    return "f2";
  else if constexpr (std::is_same_v<T, float>)
    return "f4";
  else if constexpr (std::is_same_v<T, double>)
    return "f8";
  else if constexpr (std::is_same_v<T, std::int32_t>)
    return "i4";
  else if constexpr (std::is_same_v<T, std::int64_t>)
    return "i8";
  else if constexpr (std::is_same_v<T, std::uint32_t>)
    return "u4";
  else if constexpr (std::is_same_v<T, std::uint64_t>)
    return "u8";
  else
    static_assert(never<T>, "a .npy file holds f16, float, double, and signed or unsigned integers of 32 or 64 bits");
}

// The text between single or double quotation marks.
[[nodiscard]] inline std::string_view python_string(cursor& in) {
  in.skip_spaces();
  char const mark = in.ended() ? '\0' : in.text[in.at];
  if (mark != '\'' && mark != '"') in.fail("the header lacks a name in quotation marks");
  std::size_t const end = in.text.find(mark, in.at + 1);
  if (end == std::string_view::npos) in.fail("the header ends within a name");
  std::string_view const word = in.text.substr(in.at + 1, end - in.at - 1);
  in.at = end + 1;
  return word;
}

[[nodiscard]] inline bool python_word(cursor& in, std::string_view word) {
  in.skip_spaces();
  if (in.text.substr(in.at, word.size()) != word) return false;
  in.at += word.size();
  return true;
}

inline void npy_shape(cursor& in, npy_header& header) {
  in.expect('(');
  std::size_t count = 0;
  header.shape = {1, 1};
  while (!in.accept(')')) {
    std::size_t const length = in.number();
    if (count < 2) header.shape[count] = length;
    ++count;
    if (!in.accept(',')) {
      in.expect(')');
      break;
    }
  }
  if (count == 0 || count > 2) {
    io_failure(in.file, "header field 'shape'",
               "the array has " + std::to_string(count) + " dimensions where 1 or 2 can be read",
               "save it as a table with array.reshape(rows, -1)");
  }
  header.dimensions = count;
}

inline void npy_descr(cursor& in, npy_header& header) {
  constexpr std::string_view remedy = "save it as float32 or int64, for example with array.astype('<f4')";
  in.skip_spaces();
  if (!in.ended() && in.text[in.at] == '[') {
    io_failure(in.file, "header field 'descr'", "the array has named columns of different types", remedy);
  }
  std::string_view const word = python_string(in);
  if (word.size() == 3) header.type = {word[1], word[2]};
  bool const known = word.size() == 3 && word[0] == '<' && with_npy_type(header.type, [](auto) {});
  if (known) return;
  bool const swapped = word.size() == 3 && word[0] == '>' && with_npy_type(header.type, [](auto) {});
  io_failure(in.file, "header field 'descr'",
             "numbers of type " + detail::quoted(word) +
                 (swapped ? " have their bytes in the other order" : " cannot be read"),
             remedy);
}

// Where the numbers begin in a file, by its first 12 bytes; 0 where they are too few, or of another format.
[[nodiscard]] inline std::size_t npy_begin(std::string_view bytes) {
  if (bytes.size() < 12) return 0;
  std::size_t const digits = bytes[6] == 1 ? 2 : 4;
  std::size_t length = 0;
  std::memcpy(&length, bytes.data() + 8, digits);
  return 8 + digits + length;
}
}  // namespace detail

// Reads the header of a file of `size` bytes, which begins with `bytes`: all of it, or at least up to the numbers.
// Checks that the file is as long as it says. Throws io_error naming `file`, the byte or the header field.
[[nodiscard]] inline npy_header parse_npy_header(std::string_view bytes, std::string_view file, std::size_t size) {
  using detail::io_failure;
  constexpr std::string_view remedy = detail::npy_remedy;
  if (bytes.empty()) io_failure(file, "byte 0", "the file is empty", remedy);
  if (bytes.substr(0, 6) != std::string_view{"\x93NUMPY"}) {
    io_failure(file, "byte 0", "the file does not begin as a .npy file does", remedy);
  }
  if (bytes.size() < 10)
    io_failure(file, "byte " + std::to_string(bytes.size()), "the file ends within its header", remedy);
  unsigned const version = static_cast<unsigned char>(bytes[6]);
  if (version < 1 || version > 3) {
    io_failure(file, "byte 6", "version " + std::to_string(version) + " of the format cannot be read", remedy);
  }
  std::size_t const digits = version == 1 ? 2 : 4, start = 8 + digits;
  std::size_t length = 0;
  if (bytes.size() >= start) std::memcpy(&length, bytes.data() + 8, digits);
  if (bytes.size() < start || length > bytes.size() - start) {
    io_failure(file, "byte 8", "the file ends within its header of " + std::to_string(length) + " bytes", remedy);
  }

  npy_header header;
  header.begin = start + length;
  detail::cursor in{bytes.substr(start, length), file, start, remedy};
  bool descr = false, order = false, shape = false;
  in.expect('{');
  while (!in.accept('}')) {
    std::string_view const key = detail::python_string(in);
    bool* const seen = key == "descr" ? &descr : key == "fortran_order" ? &order : key == "shape" ? &shape : nullptr;
    if (!seen) in.fail("the header has an unknown field " + detail::quoted(key));
    if (std::exchange(*seen, true)) in.fail("the header has the field " + detail::quoted(key) + " twice");
    in.expect(':');
    if (seen == &descr) {
      detail::npy_descr(in, header);
    } else if (seen == &shape) {
      detail::npy_shape(in, header);
    } else if (detail::python_word(in, "True")) {
      io_failure(file, "header field 'fortran_order'", "the array is stored by columns",
                 "save it by rows with numpy.ascontiguousarray(array)");
    } else if (!detail::python_word(in, "False")) {
      in.fail("the field 'fortran_order' is neither True nor False");
    }
    if (!in.accept(',')) {
      in.expect('}');
      break;
    }
  }
  in.skip_spaces();
  if (!in.ended()) in.fail("the header goes on after its end");
  if (!descr || !order || !shape) {
    io_failure(file, "header",
               std::string{"the field '"} +
                   (!descr   ? "descr"
                    : !order ? "fortran_order"
                             : "shape") +
                   "' is missing",
               remedy);
  }

  std::size_t need = 0;
  if (!detail::multiply(header.shape[0], header.shape[1], need) ||
      !detail::multiply(need, header.bytes_per_number(), need)) {
    io_failure(file, "header field 'shape'", "the array is too large for any memory", "split the array");
  }
  std::size_t const have = size - header.begin;
  if (have != need) {
    io_failure(file, "byte " + std::to_string(header.begin),
               "the shape needs " + std::to_string(need) + " bytes of numbers and the file has " + std::to_string(have),
               have < need ? "the file is truncated, copy or save it again"
                           : "the header is wrong, save the array again with numpy.save");
  }
  return header;
}

}  // namespace intarsia::inline v0
