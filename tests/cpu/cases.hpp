// What the kernel tests share: the bodies that this machine can run, matrices that are strided, unaligned and
// poisoned, and sparse matrices with empty and crowded rows.
#pragma once

#include <cstring>
#include <functional>
#include <intarsia/core/thread_pool.hpp>
#include <intarsia/cpu/cpu.hpp>
#include <intarsia/tensor/transpose.hpp>
#include <limits>
#include <vector>

#include "../catch.hpp"

namespace cases {

namespace ia = intarsia;

// Every instruction set of this machine.
inline std::vector<ia::instruction_set> instruction_sets() {
  std::vector<ia::instruction_set> sets{ia::instruction_set::portable};
  if (ia::widest_instructions() >= ia::instruction_set::avx2) sets.push_back(ia::instruction_set::avx2);
  if (ia::widest_instructions() >= ia::instruction_set::avx512) sets.push_back(ia::instruction_set::avx512);
  return sets;
}

inline ia::cpu::context context(ia::instruction_set set, std::size_t threads = 1) {
  if (threads == 1) return ia::cpu::context{ia::inline_executor{}, ia::seed{1}, set};
  return ia::cpu::context{ia::thread_pool{threads}, ia::seed{1}, set};
}

// A matrix that begins off every boundary and whose rows are further apart than they are long; NaN where nothing was
// written, also between the rows.
template <class T = float>
struct matrix {
  std::size_t rows, cols, stride;
  std::vector<T> numbers;

  matrix(std::size_t r, std::size_t c)
      : rows{r}, cols{c}, stride{c + 3}, numbers(r * (c + 3) + 1, std::numeric_limits<T>::quiet_NaN()) {}
  // Numbers in [-1, 1).
  static matrix random(std::size_t r, std::size_t c, std::uint64_t stream) {
    matrix m(r, c);
    ia::random draw{ia::seed{17}, stream};
    for (std::size_t i = 0; i < r; ++i) {
      for (std::size_t j = 0; j < c; ++j) m(i, j) = static_cast<T>(2.0f * draw.uniform() - 1.0f);
    }
    return m;
  }
  static matrix filled(std::size_t r, std::size_t c, T value) {
    matrix m(r, c);
    for (std::size_t i = 0; i < r; ++i) std::fill_n(&m(i, 0), c, value);
    return m;
  }
  T& operator()(std::size_t i, std::size_t j) { return numbers[1 + i * stride + j]; }
  T const& operator()(std::size_t i, std::size_t j) const { return numbers[1 + i * stride + j]; }
  ia::dense<T> view() { return {numbers.data() + 1, rows, cols, stride}; }
  ia::dense<T const> view() const { return {numbers.data() + 1, rows, cols, stride}; }
};

// The same bits everywhere, also between the rows.
template <class T>
bool same_bits(matrix<T> const& a, matrix<T> const& b) {
  return a.numbers.size() == b.numbers.size() &&
         std::memcmp(a.numbers.data(), b.numbers.data(), a.numbers.size() * sizeof(T)) == 0;
}

// The largest difference over the larger of 1 and the size of the number, NaN and writes between rows count as huge.
template <class T>
double difference(matrix<T> const& a, matrix<double> const& expected) {
  double worst = a.rows == expected.rows && a.cols == expected.cols ? 0 : 1e30;
  for (std::size_t i = 0; i < a.rows; ++i) {
    for (std::size_t j = 0; j < a.cols; ++j) {
      double const gap =
          std::abs(static_cast<double>(a(i, j)) - expected(i, j)) / std::max(1.0, std::abs(expected(i, j)));
      worst = std::isnan(gap) ? 1e30 : std::max(worst, gap);
    }
    for (std::size_t j = a.cols; j < a.stride; ++j) worst = std::isnan(a(i, j)) ? worst : 1e30;
  }
  return worst;
}

// Runs f(context, out) with 1, 2, 3 and 7 threads on copies of `start` and requires equal bits; gives the result.
template <class T, class F>
matrix<T> on_all_threads(ia::instruction_set set, matrix<T> const& start, F&& f) {
  matrix<T> first = start;
  auto one = context(set);
  f(one, first);
  for (std::size_t threads : {2u, 3u, 7u}) {
    matrix<T> other = start;
    auto many = context(set, threads);
    f(many, other);
    REQUIRE(same_bits(first, other));
  }
  return first;
}

// A sparse matrix: row 0 empty, row 1 with every column, the others with up to six; with or without values.
inline ia::csr sparse(std::size_t rows, std::size_t cols, bool values, std::uint64_t stream) {
  ia::csr a;
  a.rows = rows;
  a.cols = cols;
  ia::random draw{ia::seed{23}, stream};
  for (std::size_t row = 0; row < rows; ++row) {
    std::size_t const degree = cols == 0 || row == 0 ? 0 : row == 1 ? cols : draw.below(7);
    for (std::size_t e = 0; e < degree; ++e) {
      a.columns.push_back(row == 1 ? static_cast<std::uint32_t>(e) : draw.below(static_cast<std::uint32_t>(cols)));
      if (values) a.values.push_back(draw.uniform() + 0.25f);
    }
    a.offsets.push_back(a.columns.size());
  }
  return a;
}

inline std::vector<std::uint8_t> marks(std::size_t count, std::uint64_t stream) {
  std::vector<std::uint8_t> mark(count);
  ia::random draw{ia::seed{29}, stream};
  for (auto& m : mark) m = static_cast<std::uint8_t>(draw.below(2));
  return mark;
}

inline constexpr std::size_t widths[] = {1, 3, 8, 17, 64, 100, 128, 384};

}  // namespace cases
