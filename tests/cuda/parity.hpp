// The same work on the CPU and on a device, and how far apart the results are.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <intarsia/cpu/edge_map.hpp>
#include <intarsia/cpu/gather.hpp>
#include <intarsia/cpu/gemm.hpp>
#include <intarsia/cpu/map.hpp>
#include <intarsia/cpu/memory.hpp>
#include <intarsia/cpu/merge_rows.hpp>
#include <intarsia/cpu/reduce.hpp>
#include <intarsia/cpu/segment.hpp>
#include <intarsia/cpu/spmm.hpp>
#include <intarsia/cpu/transpose.hpp>
#include <intarsia/cpu/step_parameters.hpp>
#include <intarsia/cuda/cuda.cuh>
#include <span>
#include <vector>

#ifdef __CUDACC__
#include "plain_softmax.hpp"
#else
#include <intarsia/cpu/pair_softmax.hpp>
#endif

#include "schedules.hpp"

namespace cuda_test {

namespace ia = intarsia;
template <class T>
using matrix = ia::tensor<ia::dyn, ia::dyn, T>;

// Numbers in [-1, 1) that depend on the stream alone.
template <class T, class R = ia::dyn, class C = ia::dyn>
ia::tensor<R, C, T> noise(std::size_t rows, std::size_t cols, std::uint64_t stream) {
  ia::tensor<R, C, T> x(rows, cols);
  ia::random draw{ia::seed{2718}, stream};
  for (std::size_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<T>(2 * draw.uniform() - 1);
  return x;
}

// |a - b| / |b|, or |a| where b is zeros.
template <class T>
double relative_distance(std::span<T const> a, std::span<T const> b) {
  if (a.size() != b.size()) return 1e300;
  double gap = 0, size = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    double const d = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    gap += d * d;
    size += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  return std::isnan(gap) ? 1e300 : std::sqrt(size > 0 ? gap / size : gap);
}
template <class A, class B>
double distance(A const& on_device, B const& on_host) {
  using T = typename B::scalar;
  if (on_device.rows() != on_host.rows() || on_device.cols() != on_host.cols()) return 1e300;
  return relative_distance<T>({on_device.data(), on_device.size()}, {on_host.data(), on_host.size()});
}
template <class T>
inline constexpr double tolerance = sizeof(T) == 8 ? 1e-12 : 1e-5;

// Rows of 0 to 6 entries (every seventh row none), columns rising, some twice.
inline ia::csr sparse(std::size_t rows, std::size_t cols, bool values, std::uint64_t stream) {
  ia::csr a{.rows = rows, .cols = cols, .offsets = {0}, .columns = {}, .values = {}, .positions = {}};
  ia::random draw{ia::seed{99}, stream};
  for (std::size_t i = 0; i < rows; ++i) {
    std::uint32_t const degree = i % 7 == 3 || cols == 0 ? 0 : draw.below(7);
    std::vector<std::uint32_t> row;
    for (std::uint32_t e = 0; e < degree; ++e) row.push_back(draw.below(static_cast<std::uint32_t>(cols)));
    std::sort(row.begin(), row.end());
    a.columns.insert(a.columns.end(), row.begin(), row.end());
    a.offsets.push_back(a.columns.size());
  }
  for (std::size_t e = 0; values && e < a.columns.size(); ++e) a.values.push_back(draw.uniform());
  return a;
}
inline std::vector<std::uint8_t> marks(std::size_t count, std::uint64_t stream) {
  std::vector<std::uint8_t> made;
  ia::random draw{ia::seed{5}, stream};
  for (std::size_t i = 0; i < count; ++i) made.push_back(static_cast<std::uint8_t>(draw.below(2)));
  return made;
}

}  // namespace cuda_test
