// The sentences that readers and writers throw: file, place, what is wrong, remedy.
#pragma once

#include <algorithm>
#include <cstddef>
#include <intarsia/core/expects.hpp>
#include <string>
#include <string_view>

namespace intarsia::inline v0 {

namespace detail {

// Text from outside made fit for one line of a terminal: control characters become '?'.
[[nodiscard]] inline std::string printable(std::string_view text) {
  std::string line{text};
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return line;
}

// The offending text in quotation marks, cut to 40 characters.
[[nodiscard]] inline std::string quoted(std::string_view text) {
  std::size_t end = 0, characters = 0;
  auto const continues = [&](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xC0u) == 0x80u; };
  while (end < text.size() && characters < 40) {
    ++end;
    ++characters;
    for (std::size_t more = 0; more < 3 && end < text.size() && continues(end); ++more) ++end;
  }
  return '"' + printable(text.substr(0, end)) + (end < text.size() ? "...\"" : "\"");
}

// Throws io_error{"file: place: trouble; remedy"}; no place: the file as a whole.
[[noreturn]] inline void io_failure(std::string_view file, std::string_view place, std::string_view trouble,
                                    std::string_view remedy) {
  std::string sentence = printable(file) + ": ";
  if (!place.empty()) (sentence += place) += ": ";
  (sentence += trouble) += "; ";
  throw io_error{sentence += remedy};
}

}  // namespace detail
}  // namespace intarsia::inline v0
