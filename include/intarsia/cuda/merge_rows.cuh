// Rows that belong to ids, an id perhaps more than once, become one row per id.
#pragma once

#include <intarsia/cuda/memory.cuh>
#include <intarsia/cuda/rows.cuh>
#include <intarsia/cuda/sort.cuh>
#include <intarsia/exec/scope.hpp>

namespace intarsia::inline v0::cuda {

namespace detail {
// The first of some equal ids becomes their sum; the others name no row.
template <class T>
struct merge_body {
  dense<T const, device> dy;
  std::uint32_t const* ids;
  std::uint32_t const* order;
  std::uint32_t* rows;
  dense<T, device> sums;

  template <unsigned Pack>
  INTARSIA_FN void run(std::size_t i, std::size_t c) const {
    std::uint32_t const id = ids[i];
    bool const first = i == 0 || ids[i - 1] != id;
    if (c == 0) rows[i] = first ? id : no_entry;
    if (!first) return;
    auto sum = read_pack<T, Pack>(dy.data + order[i] * dy.stride + c);
    for (std::size_t e = i + 1; e < dy.rows && ids[e] == id; ++e) {
      auto const from = read_pack<T, Pack>(dy.data + order[e] * dy.stride + c);
      for (unsigned k = 0; k < Pack; ++k) sum.number[k] += from.number[k];
    }
    write_pack<T, Pack>(sums.data + i * sums.stride + c, sum);
  }
};
}  // namespace detail

// rows[k] = an id, ascending, and sums[k] = the sum of dy[i] over ids[i] == rows[k], in the order of i; rows[k] is
// no_entry at the places of ids that came before. Returns the number of ids, so that nothing waits for the device.
template <class T>
std::size_t merge_rows(context& ctx, std::uint32_t const* ids, std::type_identity_t<dense<T const, device>> dy,
                       std::uint32_t* rows, dense<T, device> sums) {
  if (dy.rows == 0) return 0;
  scope const keep{ctx};
  auto const sorted = detail::sort_by_key(ctx, ids, dy.rows, no_entry);
  detail::launch_rows<4>(ctx, dy.rows, dy.cols, detail::merge_body<T>{dy, sorted.keys, sorted.order, rows, sums}, dy,
                         sums);
  return dy.rows;
}

}  // namespace intarsia::inline v0::cuda
