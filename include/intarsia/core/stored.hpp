// How tables may be stored beside how they are computed with.
#pragma once

#include <intarsia/core/bf16.hpp>
#include <intarsia/core/f16.hpp>
#include <type_traits>

namespace intarsia::inline v0 {

// 16 bits that stand for a float.
template <class X>
inline constexpr bool is_short = std::is_same_v<std::remove_const_t<X>, bf16> ||
                                 std::is_same_v<std::remove_const_t<X>, f16>;

// What numbers stored as X are computed as: float for bf16 and f16, the others as they are.
template <class X>
using number_of = std::conditional_t<is_short<X>, float, X>;

}  // namespace intarsia::inline v0
