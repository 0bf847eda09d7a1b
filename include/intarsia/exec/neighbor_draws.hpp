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

// Where a row begins and how many entries it has, in one word, so that a row is found by one read:
// begin << 24 | entries, the lower 24 bits all ones where there are more entries than they can say.
inline constexpr std::uint64_t crowded_row = 0xFFFFFFu;
template <class Space>
[[nodiscard]] constexpr std::uint64_t row_word(csr_view<Space> a, std::size_t row) {
  if (!a.offsets) return 0;
  std::uint64_t const entries = a.offsets[row + 1] - a.offsets[row];
  return (a.offsets[row] << 24) | (entries < crowded_row ? entries : crowded_row);
}

// Places [begin, end) of a row.
struct place_run {
  std::uint32_t begin, end;
};

// Row i of the answer belongs to row targets[i] of `rows`. Its draws depend on seed, stream and targets[i] alone.
// The kernels of a backend:
//   count_draws(ctx, span of draws)   for draws that have the same targets: writes the offsets (targets + 1) of each,
//                                     which say how many entries each row of the answer has, and `found`
//   draw_entries(ctx, draws)          writes columns, and values where both matrices have them
//   draw_entries(ctx, draws, begin, end)   the same for targets [begin, end) alone, on the calling thread
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

  // What saves reading; all may be null.
  std::uint64_t const* words = nullptr;  // words[row * word_stride] is the word of a row; null: made from `rows`
  std::size_t word_stride = 1;           // so that the words of a node for several relations lie side by side
  std::uint64_t* found = nullptr;        // (targets): the words of the targets, from the one kernel to the other
  // Hidden entries of rows from p << hidden_shift on begin at hidden_from[p], and where each of them is in its row.
  std::uint32_t const* hidden_from = nullptr;
  int hidden_shift = 0;
  place_run const* hidden_runs = nullptr;  // (hidden), empty where the row has no such entry

  // For draws whose sizes the device alone knows; the CPU has no use for them.
  std::uint32_t const* target_count = nullptr;  // how many of `targets` there are, the others have no draws; null: all
  std::uint64_t const* stream_at = nullptr;     // where the stream stands; null: `stream`
};

}  // namespace intarsia::inline v0
