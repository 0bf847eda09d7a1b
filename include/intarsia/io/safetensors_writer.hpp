// Writing named tensors and texts into one file in the safetensors format.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <intarsia/io/safetensors.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace intarsia::inline v0 {

// Collects tensors, which must live until save, and writes them at once.
class safetensors_writer {
 public:
  intarsia::metadata metadata;

  // `name` must be new and not "__metadata__"; saved with the shape rows x cols.
  template <axis Rows, axis Cols, class T>
  void add(std::string, tensor<Rows, Cols, T>&&) = delete;  // looked at until save, so it has to last
  template <axis Rows, axis Cols, class T>
  void add(std::string name, tensor<Rows, Cols, T> const& numbers) {
    static_assert(sizeof(T) <= 8);
    bool const fresh = name != "__metadata__" &&
                       std::none_of(parts_.begin(), parts_.end(), [&](part const& p) { return p.name == name; });
    if (!fresh)
      throw io_error{"a file cannot hold two tensors named " + detail::quoted(name) +
                     "; give each part a name of its own"};
    parts_.push_back(
        {std::move(name),
         detail::safetensors_type<T>(),
         sizeof(T),
         numbers.rows(),
         numbers.cols(),
         {static_cast<char const*>(static_cast<void const*>(numbers.data())), numbers.size() * sizeof(T)}});
  }
  // Throws io_error as write_beside does, or where the names are longer than the format allows.
  void save(std::string const& path) const;

 private:
  struct part {
    std::string name;
    std::string_view type;
    std::size_t width, rows, cols;
    std::string_view bytes;
  };
  std::vector<part> parts_;
};

namespace detail {
inline void append_json(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += '"';
  for (char const c : text) {
    auto const code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      (out += '\\') += c;
    } else if (code < 0x20) {
      ((out += "\\u00") += digits[code >> 4]) += digits[code & 15u];
    } else {
      out += c;
    }
  }
  out += '"';
}
}  // namespace detail

inline void safetensors_writer::save(std::string const& path) const {
  // Wide numbers first, so that each tensor lies on a multiple of its number's size.
  std::vector<part const*> order;
  for (part const& p : parts_) order.push_back(&p);
  std::stable_sort(order.begin(), order.end(), [](part const* a, part const* b) { return a->width > b->width; });

  std::string header = "{";
  if (!metadata.empty()) {
    header += "\"__metadata__\":{";
    for (auto const& [name, text] : metadata) {
      if (header.back() != '{') header += ',';
      detail::append_json(header, name);
      header += ':';
      detail::append_json(header, text);
    }
    header += '}';
  }
  std::vector<std::string_view> bytes(2);
  std::size_t place = 0;
  for (part const* p : order) {
    if (header.size() > 1) header += ',';
    detail::append_json(header, p->name);
    ((header += ":{\"dtype\":\"") += p->type) += "\",\"shape\":[";
    header +=
        std::to_string(p->rows) + ',' + std::to_string(p->cols) + "],\"data_offsets\":[" + std::to_string(place) + ',';
    header += std::to_string(place += p->bytes.size()) + "]}";
    bytes.push_back(p->bytes);
  }
  header += '}';
  header.append((8 - header.size() % 8) % 8, ' ');
  if (header.size() > detail::longest_safetensors_header) {
    detail::io_failure(path, "", "the names and texts take more bytes than the format allows",
                       "save less text beside the tensors");
  }
  std::uint64_t const length = header.size();
  char prefix[8];
  std::memcpy(prefix, &length, 8);
  bytes[0] = {prefix, 8};
  bytes[1] = header;
  write_beside(path, bytes);
}

}  // namespace intarsia::inline v0
