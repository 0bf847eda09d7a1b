// Named tensors and texts in one file, in the safetensors format that Python libraries read and write.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <intarsia/core/bf16.hpp>
#include <intarsia/core/f16.hpp>
#include <intarsia/io/file.hpp>
#include <intarsia/io/safetensors_header.hpp>
#include <intarsia/tensor/tensor.hpp>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace intarsia::inline v0 {

// Texts saved beside tensors: settings, step counts, whatever is not a table of numbers.
using metadata = std::map<std::string, std::string>;

namespace detail {

template <class T>
[[nodiscard]] constexpr std::string_view safetensors_type() {
  if constexpr (std::is_same_v<T, f16>)
    return "F16";
  else if constexpr (std::is_same_v<T, bf16>)
    return "BF16";
  else if constexpr (std::is_same_v<T, float>)
    return "F32";
  else if constexpr (std::is_same_v<T, double>)
    return "F64";
  else if constexpr (std::is_same_v<T, std::int32_t>)
    return "I32";
  else if constexpr (std::is_same_v<T, std::int64_t>)
    return "I64";
  else if constexpr (std::is_same_v<T, std::uint8_t>)
    return "U8";
  else if constexpr (std::is_same_v<T, std::uint32_t>)
    return "U32";
  else if constexpr (std::is_same_v<T, std::uint64_t>)
    return "U64";
  else
    static_assert(never<T>, "a safetensors file holds f16, bf16, float, double, and integers of 8, 32 and 64 bits");
}

// Two dimensions as the library counts them: a number is 1 x 1, one dimension is a row; false: there are more.
[[nodiscard]] inline bool two_dimensions(std::vector<std::size_t> const& shape, std::size_t& rows, std::size_t& cols) {
  rows = shape.size() == 2 ? shape[0] : 1;
  cols = shape.empty() ? 1 : shape.back();
  return shape.size() <= 2;
}

[[nodiscard]] inline std::string shape_text(std::vector<std::size_t> const& shape) {
  std::string text;
  for (std::size_t const length : shape) text += (text.empty() ? "" : " x ") + std::to_string(length);
  return text.empty() ? "a single number" : text;
}

template <class From, class To>
void widen(char const* from, To* to, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    From number;
    std::memcpy(&number, from + i * sizeof(From), sizeof(From));
    to[i] = static_cast<To>(static_cast<float>(number));
  }
}

}  // namespace detail

// A whole file in memory; tensors are copied out of it by name.
class safetensors {
 public:
  // `file` is named in errors. Throws io_error where the file is not in the strict form of the format: the header's
  // length and JSON, names once each, bytes of tensors side by side up to the end of the file.
  explicit safetensors(file_bytes bytes, std::string file)
      : bytes_{std::move(bytes)}, file_{std::move(file)}, header_{parse_safetensors_header(text_of(bytes_), file_)} {}

  [[nodiscard]] std::string const& file() const { return file_; }
  [[nodiscard]] intarsia::metadata const& metadata() const { return header_.metadata; }
  // In the order of their bytes.
  [[nodiscard]] std::vector<safetensors_entry> const& entries() const { return header_.entries; }
  // Null where no tensor has that name.
  [[nodiscard]] safetensors_entry const* find(std::string_view name) const {
    for (auto const& entry : header_.entries) {
      if (entry.name == name) return &entry;
    }
    return nullptr;
  }

  // Throws io_error unless the tensor can be copied to (rows, cols) numbers of type T: the same type, or F16 and BF16
  // into float and double, F32 into double; the same shape, one dimension counting as one row.
  template <class T>
  void check(safetensors_entry const& entry, std::size_t rows, std::size_t cols) const {
    std::size_t have_rows = 0, have_cols = 0;
    if (!detail::two_dimensions(entry.shape, have_rows, have_cols) || have_rows != rows || have_cols != cols) {
      fail(entry,
           "has the shape " + detail::shape_text(entry.shape) + " where " + detail::shape_text({rows, cols}) +
               " is needed",
           "load the file that this model was saved to");
    }
    if (!readable<T>(entry.type)) {
      fail(entry,
           "has the type " + detail::quoted(entry.type) + " where " + std::string{detail::safetensors_type<T>()} +
               " is needed",
           "save it in that type");
    }
  }
  // Copies a tensor that check has accepted.
  template <class T>
  void copy(safetensors_entry const& entry, T* to) const {
    char const* const from = bytes_.data() + header_.begin + entry.begin;
    std::size_t const bytes = entry.end - entry.begin;
    if (bytes == 0) return;
    if (entry.type == detail::safetensors_type<T>()) {
      std::memcpy(static_cast<void*>(to), from, bytes);
    } else if constexpr (std::is_floating_point_v<T>) {
      if (entry.type == "F16") detail::widen<f16>(from, to, bytes / 2);
      if (entry.type == "BF16") detail::widen<bf16>(from, to, bytes / 2);
      if (entry.type == "F32") detail::widen<float>(from, to, bytes / 4);
    }
  }
  // A tensor by name. Throws io_error where it is missing, or of another type or shape.
  template <axis Rows = dyn, axis Cols = dyn, class T = float>
  [[nodiscard]] tensor<Rows, Cols, T> read(std::string_view name) const {
    safetensors_entry const* const entry = find(name);
    if (!entry) {
      detail::io_failure(file_, "tensor " + detail::quoted(name), "there is none of that name",
                         "check the name or load another file");
    }
    std::size_t rows = 0, cols = 0;
    static_cast<void>(detail::two_dimensions(entry->shape, rows, cols));  // check refuses what has more
    check<T>(*entry, Rows::extent == dynamic ? rows : Rows::extent, Cols::extent == dynamic ? cols : Cols::extent);
    tensor<Rows, Cols, T> out(rows, cols);
    copy(*entry, out.data());
    return out;
  }

 private:
  template <class T>
  [[nodiscard]] static bool readable(std::string_view type) {
    if (type == detail::safetensors_type<T>()) return true;
    if constexpr (std::is_floating_point_v<T>)
      return type == "F16" || type == "BF16" || (type == "F32" && sizeof(T) == 8);
    return false;
  }
  [[noreturn]] void fail(safetensors_entry const& entry, std::string const& trouble, std::string_view remedy) const {
    detail::io_failure(file_, "tensor " + detail::quoted(entry.name), trouble, remedy);
  }

  file_bytes bytes_;
  std::string file_;
  safetensors_header header_;
};

// Reads a file. Throws io_error as safetensors and read_file do.
[[nodiscard]] inline safetensors load_safetensors(std::string const& path) {
  return safetensors{read_file(path), path};
}

}  // namespace intarsia::inline v0
