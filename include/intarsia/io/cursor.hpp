// Walks through the header of a file, one sign at a time, and knows where it is when something is wrong.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <intarsia/io/sentence.hpp>
#include <string>
#include <string_view>

namespace intarsia::inline v0::detail {

struct cursor {
  std::string_view text;    // the header
  std::string_view file;    // for the sentence
  std::size_t base = 0;     // where the header begins in the file
  std::string_view remedy;  // what to do about a header that cannot be read
  std::size_t at = 0;

  [[noreturn]] void fail(std::string_view trouble) const {
    io_failure(file, "byte " + std::to_string(base + at), trouble, remedy);
  }
  [[nodiscard]] bool ended() const { return at == text.size(); }
  void skip_spaces() {
    while (!ended() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r')) ++at;
  }
  // Whether `sign` comes next, after spaces; if so it is passed.
  bool accept(char sign) {
    skip_spaces();
    if (ended() || text[at] != sign) return false;
    ++at;
    return true;
  }
  void expect(char sign) {
    if (accept(sign)) return;
    fail("the header has " + (ended() ? std::string{"ended"} : quoted(text.substr(at, 1))) + " where '" + sign +
         "' belongs");
  }
  // A whole number without sign.
  [[nodiscard]] std::size_t number() {
    skip_spaces();
    std::size_t value = 0;
    auto const [end, trouble] = std::from_chars(text.data() + at, text.data() + text.size(), value);
    if (trouble == std::errc::result_out_of_range) fail("the header holds a number too large for any file");
    if (trouble != std::errc{}) {
      fail("the header has " + (ended() ? std::string{"ended"} : quoted(text.substr(at, 1))) +
           " where a whole number belongs");
    }
    at = static_cast<std::size_t>(end - text.data());
    return value;
  }
};

// The product of two sizes, or false where it is larger than any memory.
[[nodiscard]] inline bool multiply(std::size_t a, std::size_t b, std::size_t& out) {
  if (b != 0 && a > SIZE_MAX / b) return false;
  out = a * b;
  return true;
}

}  // namespace intarsia::inline v0::detail
