// Rows that belong to ids, an id perhaps more than once, become one row per id.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <intarsia/cpu/context.hpp>
#include <intarsia/cpu/map.hpp>
#include <intarsia/exec/scope.hpp>
#include <intarsia/tensor/view.hpp>
#include <type_traits>
#include <utility>

namespace intarsia::inline v0::cpu {

namespace detail {
// Sorts keys by their upper halves, equal ones left in order; `other` is as long. Returns where the result lies.
inline std::uint64_t* sort_by_id(std::uint64_t* keys, std::uint64_t* other, std::size_t count) {
  constexpr unsigned digit = 11;
  std::uint64_t largest = 0;
  for (std::size_t i = 0; i < count; ++i) largest = std::max(largest, keys[i] >> 32);
  for (unsigned shift = 32; shift == 32 || (shift < 64 && largest >> (shift - 32) > 0); shift += digit) {
    std::array<std::uint32_t, std::size_t{1} << digit> place{};
    auto const of = [shift](std::uint64_t key) { return (key >> shift) & ((std::uint64_t{1} << digit) - 1); };
    for (std::size_t i = 0; i < count; ++i) ++place[of(keys[i])];
    std::uint32_t next = 0;
    for (auto& p : place) next += std::exchange(p, next);
    for (std::size_t i = 0; i < count; ++i) other[place[of(keys[i])]++] = keys[i];
    std::swap(keys, other);
  }
  return keys;
}
}  // namespace detail

// rows[k] = the distinct ids, ascending; sums[k] = the sum of dy[i] over ids[i] == rows[k], in the order of i. Both
// have room for as many as dy has rows; how many there are is returned.
template <class T>
std::size_t merge_rows(context& ctx, std::uint32_t const* ids, std::type_identity_t<dense<T const>> dy,
                       std::uint32_t* rows, dense<T> sums) {
  if (dy.rows == 0) return 0;
  scope const keep{ctx};
  std::size_t const n = dy.rows;
  auto* const keys = ctx.scratch().template take<std::uint64_t>(2 * n);
  auto* const first = ctx.scratch().template take<std::uint32_t>(n + 1);  // of each row's keys
  for (std::size_t i = 0; i < n; ++i) keys[i] = std::uint64_t{ids[i]} << 32 | i;
  std::uint64_t const* const sorted = detail::sort_by_id(keys, keys + n, n);
  std::size_t count = 0;
  for (std::size_t i = 0; i < n; ++i) {
    auto const id = static_cast<std::uint32_t>(sorted[i] >> 32);
    if (count > 0 && rows[count - 1] == id) continue;
    first[count] = static_cast<std::uint32_t>(i);
    rows[count++] = id;
  }
  first[count] = static_cast<std::uint32_t>(n);
  each_row(ctx, count, 4 * dy.cols, [=](std::size_t k) {
    T* const to = sums.data + k * sums.stride;
    for (std::size_t e = first[k]; e < first[k + 1]; ++e) {
      T const* const from = dy.data + (sorted[e] & 0xFFFFFFFFu) * dy.stride;
      if (e == first[k]) {
        std::copy_n(from, dy.cols, to);
      } else {
        for (std::size_t c = 0; c < dy.cols; ++c) to[c] += from[c];
      }
    }
  });
  return count;
}

}  // namespace intarsia::inline v0::cpu
