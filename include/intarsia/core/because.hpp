// Sentences for the compiler to print: a concept ends in `|| because<"the reason and the remedy">()`.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace intarsia::inline v0 {

// A string literal as a template argument.
template <std::size_t N>
struct fixed_string {
  char text[N]{};

  constexpr fixed_string(char const (&literal)[N]) { std::copy_n(literal, N, text); }
  [[nodiscard]] constexpr std::string_view view() const { return {text, N - 1}; }
  template <std::size_t M>
  friend constexpr bool operator==(fixed_string const& a, fixed_string<M> const& b) {
    return a.view() == b.view();
  }
};

// Always false; its argument is what the compiler prints when the concept before it fails.
template <fixed_string Sentence>
[[nodiscard]] consteval bool because() {
  return false;
}

// False for every T: lets a static_assert fire only when its template is used.
template <class...>
inline constexpr bool never = false;

}  // namespace intarsia::inline v0
