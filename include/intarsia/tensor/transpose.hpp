// The transpose of sparse rows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <intarsia/core/executor.hpp>
#include <intarsia/tensor/csr.hpp>
#include <intarsia/tensor/row_sort.hpp>
#include <vector>

namespace intarsia::inline v0 {

namespace detail {
// The rows [first, last) of a chunk; chunks have about as many entries each.
struct row_piece {
  std::size_t first = 0, last = 0;
};
[[nodiscard]] inline row_piece rows_of_chunk(csr_view<> a, std::size_t chunk, std::size_t chunks) {
  if (!a.offsets) return {};
  auto const at = [&](std::size_t c) {
    if (c == 0 || c == chunks) return c == 0 ? std::size_t{0} : a.rows;
    return static_cast<std::size_t>(std::lower_bound(a.offsets, a.offsets + a.rows, a.entries() * c / chunks) -
                                    a.offsets);
  };
  return {at(chunk), at(chunk + 1)};
}

// The transpose with a load for each entry: load_of(entry).
template <class Load, class Of>
[[nodiscard]] csr transposed_with(any_executor const& threads, csr_view<> a, Of const& load_of) {
  std::size_t const chunks = chunks_for(threads);
  auto const ends = [=](std::size_t chunk, auto const& put) {
    auto const [first, last] = rows_of_chunk(a, chunk, chunks);
    if (first < last) put(edge_ends{a.columns + a.offsets[first], nullptr, a.offsets[last] - a.offsets[first]});
  };
  auto const each = [=](std::size_t chunk, auto const& put) {
    auto const [first, last] = rows_of_chunk(a, chunk, chunks);
    for (std::size_t row = first; row < last; ++row) {
      std::uint64_t const end = a.offsets[row + 1];
      for (std::uint64_t e = a.offsets[row]; e < end; ++e) {
        put(a.columns[e], static_cast<std::uint32_t>(row), load_of(e));
      }
    }
  };
  return sort_rows<Load>(threads, a.cols, a.rows, a.entries(), true, repeats::keep, ends, each);
}

// The entries of a chunk that count more than once, and the end of the chunk.
[[nodiscard]] inline std::vector<std::uint64_t> repeated_entries(csr_view<> a, std::uint64_t begin, std::uint64_t end) {
  std::vector<std::uint64_t> found;
  constexpr std::uint64_t block = 64;
  for (std::uint64_t e = begin; e < end; e += block) {
    std::uint64_t const last = std::min(end, e + block);
    std::uint32_t other = 0;
    for (std::uint64_t k = e; k < last; ++k) other += a.values[k] != 1.0f ? 1u : 0u;
    for (std::uint64_t k = e; other > 0 && k < last; ++k) {
      if (a.values[k] != 1.0f) found.push_back(k);
    }
  }
  found.push_back(end);
  return found;
}

// The transpose of rows whose values say how often an edge was given, counted again: that needs no loads.
[[nodiscard]] inline csr transposed_counts(any_executor const& threads, csr_view<> a) {
  std::size_t const chunks = chunks_for(threads);
  std::vector<std::vector<std::uint64_t>> repeated(chunks);
  auto const ends = [&](std::size_t chunk, auto const& put) {
    auto const [first, last] = rows_of_chunk(a, chunk, chunks);
    if (first == last) return;
    std::uint64_t const begin = a.offsets[first], end = a.offsets[last];
    repeated[chunk] = repeated_entries(a, begin, end);
    put(edge_ends{a.columns + begin, nullptr, end - begin});
    for (std::uint64_t const e : repeated[chunk]) {
      for (float n = 1; e < end && n < a.values[e]; n += 1) put(edge_ends{a.columns + e, nullptr, 1});
    }
  };
  auto const each = [&](std::size_t chunk, auto const& put) {
    auto const [first, last] = rows_of_chunk(a, chunk, chunks);
    auto const* next = repeated[chunk].data();
    for (std::size_t row = first; row < last; ++row) {
      std::uint64_t const end = a.offsets[row + 1];
      for (std::uint64_t e = a.offsets[row]; e < end;) {
        for (std::uint64_t const stop = std::min(end, *next); e < stop; ++e) {
          put(a.columns[e], static_cast<std::uint32_t>(row), no_load{});
        }
        if (e == end) break;
        for (float n = 0; n < a.values[e]; n += 1) put(a.columns[e], static_cast<std::uint32_t>(row), no_load{});
        ++e, ++next;
      }
    }
  };
  return sort_rows<no_load>(threads, a.cols, a.rows, a.entries(), true, repeats::count, ends, each);
}
}  // namespace detail

// The transpose, each row sorted; `values` stay with the original and are found through `positions`. Entries keep
// their order where row and column are equal. O(entries + rows + cols).
[[nodiscard]] inline csr transposed(csr_view<> a, any_executor const& threads = inline_executor{}) {
  return detail::transposed_with<std::uint32_t>(threads, a,
                                                [](std::uint64_t entry) { return static_cast<std::uint32_t>(entry); });
}

// The transpose with values of its own where the original has values, and without positions.
[[nodiscard]] inline csr mirrored(csr_view<> a, any_executor const& threads = inline_executor{}) {
  if (!a.values) {
    return detail::transposed_with<detail::no_load>(threads, a, [](std::uint64_t) { return detail::no_load{}; });
  }
  return detail::transposed_with<float>(
      threads, a, [=](std::uint64_t entry) { return a.values[a.positions ? a.positions[entry] : entry]; });
}

}  // namespace intarsia::inline v0
