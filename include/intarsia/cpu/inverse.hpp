// The inverse of a large symmetric positive definite matrix, by sweeping blocks of rows: all but a little of the work
// is gemm.
#pragma once

#include <algorithm>
#include <intarsia/core/expects.hpp>
#include <intarsia/cpu/context.hpp>
#include <intarsia/cpu/gemm.hpp>
#include <intarsia/cpu/map.hpp>
#include <intarsia/exec/scope.hpp>
#include <intarsia/tensor/view.hpp>

namespace intarsia::inline v0::cpu {

namespace detail {

// Replaces a small matrix (both halves stored) by its inverse; `definite` says whether every pivot was positive.
template <class T>
struct spd_inverter {
  dense<T> a;
  bool* definite;

  void operator()(std::size_t) const {
    *definite = true;
    for (std::size_t p = 0; p < a.rows; ++p) {
      T* const pivot = a.data + p * a.stride;
      if (!(pivot[p] > T{0})) {
        *definite = false;
        return;
      }
      T const scale = T{1} / pivot[p];
      pivot[p] = T{1};
      for (std::size_t c = 0; c < a.cols; ++c) pivot[c] *= scale;
      for (std::size_t i = 0; i < a.rows; ++i) {
        if (i == p) continue;
        T* const row = a.data + i * a.stride;
        T const factor = row[p];
        row[p] = T{0};
        for (std::size_t c = 0; c < a.cols; ++c) row[c] -= factor * pivot[c];
      }
    }
  }
};

}  // namespace detail

// Replaces a (n, n), symmetric positive definite, by its inverse; the upper half is read, both are written. n^3
// additions and as many multiplications halved by symmetry; scratch memory of 512 rows. Throws error where a is not
// positive definite; a is then of no use.
//   For a block K of rows, with P = inverse(A_KK):  A_ij -= A_iK P A_Kj,  A_Kj = P A_Kj,  A_KK = -P;
// after all blocks a is the inverse with its sign changed (Beaton's sweep operator).
template <class T>
void inverse_spd(context& ctx, dense<T> a) {
  scope const keep{ctx};
  constexpr std::size_t block = 256, strip = 512;
  std::size_t const n = a.rows;
  auto const take = [&](std::size_t rows, std::size_t cols) {
    return dense<T>{ctx.scratch().template take<T>(rows * cols), rows, cols, cols};
  };
  std::size_t const most = std::min(block, n);
  dense<T> const left_memory = take(most, n), right_memory = take(most, n), inverse_memory = take(most, most);
  for (std::size_t k = 0; k < n; k += block) {
    std::size_t const depth = std::min(block, n - k), end = k + depth;
    dense<T> const left = left_memory.row_range(0, depth), right = right_memory.row_range(0, depth);
    dense<T> const inverse{inverse_memory.data, depth, depth, depth};
    // left = A_K: with zeros at A_KK; what lies left of A_KK is stored above it, transposed.
    ctx.threads().bulk(n, 64, [&](std::size_t first, std::size_t last) {
      for (std::size_t j = first; j < last; ++j) {
        for (std::size_t r = 0; r < depth; ++r) {
          left.data[r * n + j] = j < k ? a.data[j * a.stride + k + r] : j < end ? T{0} : a.data[(k + r) * a.stride + j];
        }
      }
    });
    for (std::size_t r = 0; r < depth; ++r) {
      for (std::size_t c = r; c < depth; ++c) {
        inverse.data[r * depth + c] = inverse.data[c * depth + r] = a.data[(k + r) * a.stride + k + c];
      }
    }
    bool definite = true;
    detail::run_on(ctx.instructions(), 0, 1, detail::spd_inverter<T>{inverse, &definite});
    expects<error>(definite, "inverse_spd: the matrix is not positive definite; add a larger number to its diagonal");
    detail::gemm_of<detail::full_operands<T>, T, T, T>(ctx, product::plain, inverse, left, right, false);
    map(ctx, depth * n, [data = left.data](std::size_t i) { data[i] = -data[i]; });
    for (std::size_t top = 0; top < n; top += strip) {
      std::size_t const rows = std::min(strip, n - top);
      detail::gemm_of<detail::full_operands<T>, T, T, T>(ctx, product::transposed_left, left.col_range(top, rows),
                                                   right.col_range(top, n - top),
                                                   a.row_range(top, rows).col_range(top, n - top), true);
    }
    ctx.threads().bulk(n, 64, [&](std::size_t first, std::size_t last) {
      for (std::size_t j = first; j < last; ++j) {
        for (std::size_t r = 0; r < depth; ++r) {
          if (j < k) {
            a.data[j * a.stride + k + r] = right.data[r * n + j];
          } else if (j >= end) {
            a.data[(k + r) * a.stride + j] = right.data[r * n + j];
          } else {
            a.data[(k + r) * a.stride + j] = -inverse.data[r * depth + j - k];
          }
        }
      }
    });
  }
  ctx.threads().bulk(n, 64, [&](std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) {
      for (std::size_t j = i; j < n; ++j) a.data[i * a.stride + j] = -a.data[i * a.stride + j];
    }
  });
  constexpr std::size_t tile = 32;
  ctx.threads().bulk(n, tile, [&](std::size_t first, std::size_t last) {
    for (std::size_t begin = 0; begin < last; begin += tile) {
      for (std::size_t i = first; i < last; ++i) {
        for (std::size_t j = begin; j < std::min(i, begin + tile); ++j)
          a.data[i * a.stride + j] = a.data[j * a.stride + i];
      }
    }
  });
}

}  // namespace intarsia::inline v0::cpu
