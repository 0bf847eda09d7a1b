// The order that a sampler gives to a backend: for each of some rows of a sparse matrix, draw a few of its entries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <intarsia/core/random.hpp>
#include <intarsia/tensor/csr.hpp>
#include <span>

namespace intarsia::inline v0 {

// A fan-out that takes every entry of a row.
inline constexpr std::uint32_t all_neighbors = 0xFFFFFFFFu;

// Row i of the answer belongs to row targets[i] of `rows`. Its draws depend on seed, stream and targets[i] alone.
// The kernels of a backend:
//   count_draws(ctx, draws)   writes offsets (targets + 1): how many entries each row of the answer has
//   draw_entries(ctx, draws)  writes columns, and values where both matrices have them
template <class Space = host>
struct neighbor_draws {
  using space = Space;

  csr_view<Space> rows;  // columns rise within a row; equal ones are parallel edges
  std::span<std::uint32_t const> targets;
  std::span<std::uint64_t const> hidden;  // row << 32 | column, rising: entries that are never drawn
  std::uint32_t fanout = all_neighbors;
  bool replace = false;   // draw with replacement: always `fanout` entries, unless the row has none
  bool weighted = false;  // chances in proportion to values (at least 0) instead of equal
  seed key;
  std::uint64_t stream = 0;

  std::uint64_t* offsets = nullptr;  // (targets + 1)
  std::uint32_t* columns = nullptr;  // (entries drawn), in the order of the row unless drawn with replacement
  float* values = nullptr;           // (entries drawn), or null
  float* work = nullptr;             // (entries drawn) where weighted
};

}  // namespace intarsia::inline v0
