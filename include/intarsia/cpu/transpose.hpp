// The edges of a sparse matrix turned around, as the pullbacks of sums over neighbors read them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <intarsia/cpu/context.hpp>
#include <intarsia/exec/scope.hpp>
#include <intarsia/tensor/csr.hpp>
#include <utility>

namespace intarsia::inline v0::cpu {

namespace detail {
// A counting sort of the entries by column. Each piece counts the columns of its own stretch of the entries; then it is
// known where the first of them goes in every column, and each piece moves its stretch. The result is one whatever the
// stretches are, so there are at most as many as threads.
class column_sort {
 public:
  column_sort(context& ctx, csr_view<> a)
      : ctx_{ctx}, a_{a}, begin_{a.offsets[0]}, entries_{a.entries() - begin_}, pieces_{pieces_for(ctx, a, entries_)} {}

  // Entries in the order of their columns: those of column c are [offsets[c], offsets[c + 1]). Positions may be null.
  void sort(std::uint64_t* offsets, std::uint32_t* rows, std::uint32_t* positions) {
    scope const temporary{ctx_};
    next_ = ctx_.scratch().take<std::uint32_t>(pieces_ * a_.cols);
    firsts_ = ctx_.scratch().take<std::uint64_t>(pieces_ + 1);
    each([this](std::size_t piece) { count(piece); });
    // Columns are shared out as entries are.
    firsts_[0] = 0;
    if (pieces_ > 1) each([this](std::size_t piece) { firsts_[piece + 1] = sum_of(piece); });
    for (std::size_t piece = 1; piece < pieces_; ++piece) firsts_[piece] += firsts_[piece - 1];
    each([=, this](std::size_t piece) { place(piece, offsets); });
    offsets[a_.cols] = entries_;
    each([=, this](std::size_t piece) { move(piece, rows, positions); });
  }

 private:
  // Pieces have to be worth waking a thread, and the counts of all of them are not to outgrow the entries.
  [[nodiscard]] static std::size_t pieces_for(context& ctx, csr_view<> a, std::size_t entries) {
    std::size_t const worth = entries >> 15, outgrow = 1 + 2 * entries / std::max<std::size_t>(1, a.cols);
    return std::max<std::size_t>(1, std::min({ctx.threads().threads(), worth, outgrow}));
  }
  template <class F>
  void each(F const& f) {
    ctx_.threads().bulk(pieces_, 1, [&](std::size_t first, std::size_t last) {
      for (std::size_t piece = first; piece < last; ++piece) f(piece);
    });
  }
  [[nodiscard]] std::uint64_t entry_of(std::size_t piece) const { return begin_ + entries_ * piece / pieces_; }
  [[nodiscard]] std::size_t column_of(std::size_t piece) const { return a_.cols * piece / pieces_; }
  // By column: how many entries a piece has there, and later where its next one goes.
  [[nodiscard]] std::uint32_t* next_of(std::size_t piece) const { return next_ + piece * a_.cols; }

  void count(std::size_t piece) const {
    std::uint32_t* const counts = next_of(piece);
    std::fill_n(counts, a_.cols, 0u);
    for (std::uint64_t e = entry_of(piece), end = entry_of(piece + 1); e < end; ++e) ++counts[a_.columns[e]];
  }
  // Of all entries in a piece's share of the columns.
  [[nodiscard]] std::uint64_t sum_of(std::size_t share) const {
    std::uint64_t sum = 0;
    for (std::size_t piece = 0; piece < pieces_; ++piece) {
      std::uint32_t const* const counts = next_of(piece);
      for (std::size_t c = column_of(share); c < column_of(share + 1); ++c) sum += counts[c];
    }
    return sum;
  }
  void place(std::size_t share, std::uint64_t* offsets) const {
    auto at = static_cast<std::uint32_t>(firsts_[share]);
    std::uint32_t* const all = next_of(pieces_);
    for (std::size_t c = column_of(share), end = column_of(share + 1); c < end; ++c) {
      offsets[c] = at;
      for (std::uint32_t* next = next_ + c; next < all; next += a_.cols) at += std::exchange(*next, at);
    }
  }
  void move(std::size_t piece, std::uint32_t* rows, std::uint32_t* positions) const {
    std::uint64_t e = entry_of(piece), end = entry_of(piece + 1);
    std::uint32_t* const next = next_of(piece);
    auto row = static_cast<std::size_t>(std::upper_bound(a_.offsets, a_.offsets + a_.rows + 1, e) - a_.offsets) - 1;
    for (; e < end; ++row) {
      for (std::uint64_t const stop = std::min(end, a_.offsets[row + 1]); e < stop; ++e) {
        std::uint32_t const place = next[a_.columns[e]]++;
        rows[place] = static_cast<std::uint32_t>(row);
        if (positions) positions[place] = a_.positions ? a_.positions[e] : static_cast<std::uint32_t>(e);
      }
    }
  }

  context& ctx_;
  csr_view<> a_;
  std::uint64_t begin_;
  std::size_t entries_, pieces_;
  std::uint32_t* next_ = nullptr;    // (pieces, cols)
  std::uint64_t* firsts_ = nullptr;  // (pieces + 1) the first place of each share of the columns
};
}  // namespace detail

// The transpose in scratch memory, its entries sorted by row; values are found through positions, which are there where
// the matrix has values or `places` asks for them. O(entries + rows + cols).
[[nodiscard]] inline csr_view<> transpose(context& ctx, csr_view<> a, bool places = true) {
  csr_view<> t{a.cols, a.rows, nullptr, nullptr, a.values, nullptr};
  if (!a.offsets) return t;
  auto* const offsets = ctx.scratch().take<std::uint64_t>(a.cols + 1);
  auto* const columns = ctx.scratch().take<std::uint32_t>(a.entries() - a.offsets[0]);
  auto* const positions =
      places || a.values ? ctx.scratch().take<std::uint32_t>(a.entries() - a.offsets[0]) : nullptr;
  detail::column_sort{ctx, a}.sort(offsets, columns, positions);
  t.offsets = offsets;
  t.columns = columns;
  t.positions = positions;
  return t;
}

}  // namespace intarsia::inline v0::cpu
