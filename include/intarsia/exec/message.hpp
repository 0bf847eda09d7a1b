// A user's message rule called on one edge, for any backend.
#pragma once

#include <concepts>
#include <intarsia/core/config.hpp>

namespace intarsia::inline v0::detail {

// rule(source, target, weight), or rule(source, target, weight, value of the edge) where the rule takes four.
template <class Rule, class Number>
[[nodiscard]] INTARSIA_FN Number call_rule(Rule const& rule, Number source, Number target, Number weight,
                                           Number value) {
  if constexpr (std::invocable<Rule const&, Number, Number, Number, Number>) {
    return rule(source, target, weight, value);
  } else {
    return rule(source, target, weight);
  }
}

}  // namespace intarsia::inline v0::detail
