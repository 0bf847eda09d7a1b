// A copy of a table for scanning: rows rounded to bf16, half the bytes, beside what bounds the error of a product with
// them. A scan of the copy tells which rows may be among the best; the table itself says which ones are.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <intarsia/core/aligned.hpp>
#include <intarsia/core/bf16.hpp>
#include <intarsia/core/executor.hpp>
#include <intarsia/tensor/view.hpp>
#include <limits>
#include <vector>

namespace intarsia::inline v0 {

// Rows in panels of 32, so that a vector holds the same numbers of many rows. Rows beyond the last are zeros.
class rounded_rows {
 public:
  static constexpr std::size_t panel = 32;

  rounded_rows() = default;
  // Of the rows as they are now: items (n, width). Throws std::bad_alloc.
  explicit rounded_rows(dense<float const> items, any_executor const& threads = inline_executor{})
      : rows_{items.rows},
        width_{items.cols},
        words_(panels() * pairs() * panel),
        longest_(panels()),
        rounded_off_(panels()) {
    threads.bulk(panels(), 16, [&](std::size_t begin, std::size_t end) {
      for (std::size_t p = begin; p < end; ++p) fill(items, p);
    });
  }

  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::size_t width() const { return width_; }
  [[nodiscard]] std::size_t panels() const { return (rows_ + panel - 1) / panel; }
  // Words of a row: two successive numbers each, the earlier one in the lower half, the last one with a zero.
  [[nodiscard]] std::size_t pairs() const { return (width_ + 1) / 2; }
  // The words of a panel (pairs, 32): word (k, j) holds the numbers 2k and 2k + 1 of row 32 p + j.
  [[nodiscard]] std::uint32_t const* words(std::size_t p) const { return words_.data() + p * pairs() * panel; }
  // At least the Euclidean norm of each row of a panel; infinite where a row holds what is no finite number.
  [[nodiscard]] float longest(std::size_t p) const { return longest_[p]; }
  // At least the norm of what rounding took from each row of a panel.
  [[nodiscard]] float rounded_off(std::size_t p) const { return rounded_off_[p]; }

  // x in bf16, and zero where it is below the least normal number, as AVX-512 BF16 takes it.
  [[nodiscard]] static bf16 rounded(float x) {
    return bf16{std::abs(x) < std::numeric_limits<float>::min() ? 0.0f : x};
  }
  // The square root of a sum of squares in double, rounded up to a float; infinite for what is no number.
  [[nodiscard]] static float norm_above(double squares) {
    double const norm = std::sqrt(squares) * (1 + 1e-6);
    return norm <= double{std::numeric_limits<float>::max()} ? static_cast<float>(norm)
                                                             : std::numeric_limits<float>::infinity();
  }

 private:
  void fill(dense<float const> items, std::size_t p) {
    std::uint32_t* const to = words_.data() + p * pairs() * panel;
    std::fill_n(to, pairs() * panel, 0u);
    double longest = 0, off = 0;
    auto const keep_largest = [](double& largest, double x) { largest = x <= largest ? largest : x; };
    for (std::size_t j = 0; j < std::min(panel, rows_ - p * panel); ++j) {
      auto const row = items[p * panel + j];
      double squares = 0, lost = 0;
      for (std::size_t c = 0; c < width_; ++c) {
        bf16 const kept = rounded(row[c]);
        double const x{row[c]}, rest = x - double{static_cast<float>(kept)};
        squares += x * x;
        lost += rest * rest;
        to[c / 2 * panel + j] |= std::uint32_t{kept.bits} << (c % 2 * 16);
      }
      keep_largest(longest, squares);
      keep_largest(off, lost);
    }
    longest_[p] = norm_above(longest);
    rounded_off_[p] = norm_above(off);
  }

  std::size_t rows_ = 0, width_ = 0;
  aligned_buffer<std::uint32_t> words_;
  std::vector<float> longest_, rounded_off_;
};

}  // namespace intarsia::inline v0
