// The header of a safetensors file: one JSON object in the strict form that the format allows, and nothing beyond it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <intarsia/io/cursor.hpp>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace intarsia::inline v0 {

// One tensor of a file: its numbers are the bytes [begin, end) behind the header.
struct safetensors_entry {
  std::string name;
  std::string type;  // "F32"
  std::vector<std::size_t> shape;
  std::size_t begin = 0, end = 0;
};

struct safetensors_header {
  std::vector<safetensors_entry> entries;       // by rising begin
  std::map<std::string, std::string> metadata;  // texts that were saved beside the tensors
  std::size_t begin = 0;                        // where the numbers begin in the file
};

namespace detail {

inline constexpr std::size_t longest_safetensors_header = 100'000'000;
inline constexpr std::string_view safetensors_remedy = "save the file again with a safetensors writer";

// Bytes of one number of a type that the format knows; 0: it does not.
[[nodiscard]] constexpr std::size_t safetensors_bytes(std::string_view type) {
  if (type == "F64" || type == "I64" || type == "U64") return 8;
  if (type == "F32" || type == "I32" || type == "U32") return 4;
  if (type == "F16" || type == "BF16" || type == "I16" || type == "U16") return 2;
  if (type == "I8" || type == "U8" || type == "BOOL" || type == "F8_E4M3" || type == "F8_E5M2") return 1;
  return 0;
}

[[nodiscard]] inline std::uint32_t json_hex(cursor& in) {
  std::uint32_t value = 0;
  for (int digit = 0; digit < 4; ++digit, ++in.at) {
    char const c = in.ended() ? '\0' : in.text[in.at];
    std::uint32_t part = 0;
    if (c >= '0' && c <= '9')
      part = static_cast<std::uint32_t>(c - '0');
    else if (c >= 'a' && c <= 'f')
      part = static_cast<std::uint32_t>(c - 'a' + 10);
    else if (c >= 'A' && c <= 'F')
      part = static_cast<std::uint32_t>(c - 'A' + 10);
    else
      in.fail("the header has a \\u without four hexadecimal digits");
    value = value * 16 + part;
  }
  return value;
}

inline void append_utf8(std::string& text, std::uint32_t code) {
  auto const tail = [&](unsigned shift) { text += static_cast<char>(0x80u | ((code >> shift) & 0x3Fu)); };
  if (code < 0x80u) {
    text += static_cast<char>(code);
  } else if (code < 0x800u) {
    text += static_cast<char>(0xC0u | (code >> 6));
    tail(0);
  } else if (code < 0x10000u) {
    text += static_cast<char>(0xE0u | (code >> 12));
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xF0u | (code >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

[[nodiscard]] inline std::string json_string(cursor& in) {
  in.expect('"');
  std::string text;
  for (;;) {
    if (in.ended()) in.fail("the header ends within a text");
    char const c = in.text[in.at++];
    if (c == '"') return text;
    if (static_cast<unsigned char>(c) < 0x20) in.fail("the header has a control character within a text");
    if (c != '\\') {
      text += c;
      continue;
    }
    char const escaped = in.ended() ? '\0' : in.text[in.at++];
    constexpr std::string_view signs = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    if (auto const known = signs.find(escaped); known != std::string_view::npos) {
      text += meanings[known];
      continue;
    }
    if (escaped != 'u') in.fail("the header has an unknown sign behind a backslash");
    std::uint32_t code = json_hex(in);
    if (code >= 0xDC00u && code < 0xE000u) in.fail("the header has the second half of a character without the first");
    if (code >= 0xD800u && code < 0xDC00u) {
      bool const second = in.text.substr(in.at, 2) == "\\u";
      if (second) in.at += 2;
      std::uint32_t const low = second ? json_hex(in) : 0;
      if (low < 0xDC00u || low >= 0xE000u) in.fail("the header has the first half of a character without the second");
      code = 0x10000u + ((code - 0xD800u) << 10) + (low - 0xDC00u);
    }
    append_utf8(text, code);
  }
}

// f() for each element between `open` and `close`, with commas between them and none behind the last.
template <class F>
void json_list(cursor& in, char open, char close, F&& f) {
  in.expect(open);
  if (in.accept(close)) return;
  do {
    f();
  } while (in.accept(','));
  in.expect(close);
}

[[nodiscard]] inline std::size_t json_number(cursor& in) {
  std::size_t const from = (in.skip_spaces(), in.at);
  std::size_t const value = in.number();
  if (in.at - from > 1 && in.text[from] == '0') in.fail("the header has a number that begins with 0");
  return value;
}

[[nodiscard]] inline safetensors_entry json_tensor(cursor& in, std::string name) {
  safetensors_entry entry;
  entry.name = std::move(name);
  bool type = false, shape = false, offsets = false;
  auto const once = [&](bool& seen) {
    if (std::exchange(seen, true)) {
      in.fail("the header has a field of the tensor " + detail::quoted(entry.name) + " twice");
    }
  };
  json_list(in, '{', '}', [&] {
    std::string const key = json_string(in);
    in.expect(':');
    if (key == "dtype") {
      once(type);
      entry.type = json_string(in);
    } else if (key == "shape") {
      once(shape);
      json_list(in, '[', ']', [&] { entry.shape.push_back(json_number(in)); });
    } else if (key == "data_offsets") {
      once(offsets);
      in.expect('[');
      entry.begin = json_number(in);
      in.expect(',');
      entry.end = json_number(in);
      in.expect(']');
    } else {
      in.fail("the tensor " + detail::quoted(entry.name) + " has an unknown field " + detail::quoted(key));
    }
  });
  if (!type || !shape || !offsets) {
    in.fail("the tensor " + detail::quoted(entry.name) + " lacks the field '" +
            (!type    ? "dtype"
             : !shape ? "shape"
                      : "data_offsets") +
            '\'');
  }
  return entry;
}

// The entries, sorted, cover the bytes behind the header once each.
inline void check_safetensors_layout(safetensors_header const& header, std::size_t have, std::string_view file) {
  std::size_t reached = 0;
  for (auto const& entry : header.entries) {
    auto const fail = [&](std::string const& trouble, std::string_view remedy) {
      io_failure(file, "tensor " + detail::quoted(entry.name), trouble, remedy);
    };
    std::size_t need = safetensors_bytes(entry.type);
    if (need == 0) fail("the type " + detail::quoted(entry.type) + " is not one of the format", safetensors_remedy);
    for (std::size_t const length : entry.shape) {
      if (!multiply(need, length, need)) fail("the shape is too large for any memory", safetensors_remedy);
    }
    std::string const place = "its bytes " + std::to_string(entry.begin) + " to " + std::to_string(entry.end);
    if (entry.end < entry.begin || entry.end - entry.begin != need) {
      fail(place + " are not the " + std::to_string(need) + " that its shape needs", safetensors_remedy);
    }
    if (entry.begin < reached) fail(place + " overlap with those of the tensor before it", safetensors_remedy);
    if (entry.begin > reached) fail(place + " leave a gap behind the tensor before it", safetensors_remedy);
    if (entry.end > have) {
      fail(place + " lie beyond the end of the file at " + std::to_string(have),
           "the file is truncated, copy or save it again");
    }
    reached = entry.end;
  }
  if (reached != have) {
    io_failure(file, "byte " + std::to_string(header.begin + reached),
               std::to_string(have - reached) + " bytes belong to no tensor", safetensors_remedy);
  }
}

}  // namespace detail

// Reads and checks the header of a whole file in memory. Throws io_error naming `file`, the byte or the tensor.
[[nodiscard]] inline safetensors_header parse_safetensors_header(std::string_view bytes, std::string_view file) {
  using detail::io_failure;
  constexpr std::string_view remedy = detail::safetensors_remedy;
  if (bytes.size() < 8) io_failure(file, "byte 0", "the file is too short to be a safetensors file", remedy);
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  if (length > detail::longest_safetensors_header) {
    io_failure(file, "byte 0", "a header of " + std::to_string(length) + " bytes is longer than the format allows",
               "check that this is a safetensors file");
  }
  if (length > bytes.size() - 8) {
    io_failure(file, "byte 0", "the file ends within its header of " + std::to_string(length) + " bytes",
               "the file is truncated, copy or save it again");
  }

  safetensors_header header;
  header.begin = 8 + static_cast<std::size_t>(length);
  detail::cursor in{bytes.substr(8, static_cast<std::size_t>(length)), file, 8, remedy};
  if (in.ended() || in.text[0] != '{') in.fail("the header does not begin with '{'");
  bool metadata = false;
  detail::json_list(in, '{', '}', [&] {
    std::string key = detail::json_string(in);
    in.expect(':');
    if (key == "__metadata__") {
      if (std::exchange(metadata, true)) in.fail("the header has the field '__metadata__' twice");
      detail::json_list(in, '{', '}', [&] {
        std::string name = detail::json_string(in);
        in.expect(':');
        std::string value = detail::json_string(in);
        if (!header.metadata.emplace(name, std::move(value)).second) {
          in.fail("the metadata has the name " + detail::quoted(name) + " twice");
        }
      });
    } else {
      header.entries.push_back(detail::json_tensor(in, std::move(key)));
    }
  });
  in.skip_spaces();
  if (!in.ended()) in.fail("the header goes on after its end");

  std::vector<std::string_view> names;
  for (auto const& entry : header.entries) names.push_back(entry.name);
  std::sort(names.begin(), names.end());
  if (auto const twice = std::adjacent_find(names.begin(), names.end()); twice != names.end()) {
    io_failure(file, "tensor " + detail::quoted(*twice), "the name is there twice", remedy);
  }
  std::sort(header.entries.begin(), header.entries.end(), [](auto const& a, auto const& b) {
    return std::pair{a.begin, a.end} < std::pair{b.begin, b.end};
  });
  detail::check_safetensors_layout(header, bytes.size() - header.begin, file);
  return header;
}

}  // namespace intarsia::inline v0
