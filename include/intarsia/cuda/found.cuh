// What one kernel of drawing tells the next about a target.
#pragma once

#include <intarsia/exec/row_draws.hpp>

namespace intarsia::inline v0::cuda::detail {

// Between the kernels `found` says of each target where its row begins, whether all open entries are taken, and
// whether some are hidden.
inline constexpr std::uint64_t row_is_whole = std::uint64_t{1} << 62, row_hides = std::uint64_t{1} << 63;

struct drawn_row {
  std::uint64_t found, draws;
};
[[nodiscard]] INTARSIA_FN inline drawn_row drawn_row_of(neighbor_draws<device> const& q, std::size_t i) {
  if ((q.target_count && i >= *q.target_count) || !q.rows.offsets) return {0, 0};
  std::uint32_t const row = q.targets.data()[i];
  std::uint64_t const begin = q.rows.offsets[row];
  std::uint64_t open = q.rows.offsets[row + 1] - begin, found = begin;
  if (q.hidden.size() > 0) {
    intarsia::detail::open_row<device> const rest{q, row};
    open = rest.size();
    if (rest.hides()) found |= row_hides;
  }
  std::uint64_t const draws = intarsia::detail::draws_of(open, q.fanout, q.replace);
  if (!q.replace && draws == open) found |= row_is_whole;
  return {found, draws};
}
[[nodiscard]] INTARSIA_FN inline std::uint64_t found_of(neighbor_draws<device> const& q, std::size_t i) {
  return q.found ? q.found[i] : drawn_row_of(q, i).found;
}

}  // namespace intarsia::inline v0::cuda::detail
