// Small systems with a symmetric positive definite matrix: A = U'U, the trailing part updated by gemm's tiles.
#pragma once

#include <algorithm>
#include <cmath>
#include <intarsia/core/expects.hpp>
#include <intarsia/cpu/context.hpp>
#include <intarsia/cpu/map.hpp>
#include <intarsia/cpu/tile.hpp>
#include <intarsia/tensor/view.hpp>

namespace intarsia::inline v0::cpu {

namespace detail {

// to[c] -= sum over q < count of factor(q) * from(q)[c], c in [begin, end), where factor(q) = from(q)[at] and from(q)
// is row q of `rows`.
template <class T>
inline void subtract_rows(dense<T> rows, std::size_t at, T* to, std::size_t begin, std::size_t end) {
  std::size_t q = 0;
  for (; q + 4 <= rows.rows; q += 4) {
    T const *const r0 = rows.data + q * rows.stride, *const r1 = r0 + rows.stride, *const r2 = r1 + rows.stride,
                   *const r3 = r2 + rows.stride;
    T const f0 = r0[at], f1 = r1[at], f2 = r2[at], f3 = r3[at];
    for (std::size_t c = begin; c < end; ++c) to[c] = (((to[c] - f0 * r0[c]) - f1 * r1[c]) - f2 * r2[c]) - f3 * r3[c];
  }
  for (; q < rows.rows; ++q) {
    T const* const row = rows.data + q * rows.stride;
    T const factor = row[at];
    for (std::size_t c = begin; c < end; ++c) to[c] -= factor * row[c];
  }
}

// Replaces the upper half of a by U and b by the solution; `definite` says whether there is one.
template <class T>
struct spd_solver {
  dense<T> a, b;
  tile_set<T> tile;
  bool* definite;

  void operator()(std::size_t) const {
    *definite = factor();
    if (*definite) substitute();
  }

  [[nodiscard]] bool factor() const {
    constexpr std::size_t most = 16;
    std::size_t const n = a.rows, step = n < 3 * most ? n : most;
    for (std::size_t k = 0; k < n; k += step) {
      std::size_t const end = std::min(n, k + step);
      for (std::size_t r = k; r < end; ++r) {
        T* const row = a.data + r * a.stride;
        subtract_rows<T>(a.row_range(k, r - k), r, row, r, n);
        if (!(row[r] > T{0})) return false;
        T const scale = T{1} / std::sqrt(row[r]);
        for (std::size_t c = r; c < n; ++c) row[c] *= scale;
      }
      if (end == n) return true;
      // A tile may read past the end of a row of U, into the row below: there always is one, and it is long enough.
      T panel[most * tallest_tile];
      for (std::size_t i = end; i < n; i += tile.rows) {
        std::size_t const rows = std::min(tile.rows, n - i);
        for (std::size_t s = 0; s < step; ++s) {
          T const* const from = a.data + (k + s) * a.stride + i;
          for (std::size_t r = 0; r < tile.rows; ++r) panel[s * tile.rows + r] = r < rows ? -from[r] : T{0};
        }
        for (std::size_t j = i; j < n; j += tile.cols) {
          tile.transposed[0](step, panel, tile.rows, a.data + k * a.stride + j, a.stride, a.data + i * a.stride + j,
                             a.stride, rows, std::min(tile.cols, n - j), true, {});
        }
      }
    }
    return true;
  }

  void substitute() const {
    for (std::size_t column = 0; column < b.cols; ++column) {
      T* const x = b.data + column;
      for (std::size_t k = 0; k < a.rows; ++k) {
        T const* const row = a.data + k * a.stride;
        T const found = x[k * b.stride] /= row[k];
        if (b.stride == 1) {
          for (std::size_t i = k + 1; i < a.rows; ++i) x[i] -= found * row[i];
        } else {
          for (std::size_t i = k + 1; i < a.rows; ++i) x[i * b.stride] -= found * row[i];
        }
      }
      for (std::size_t k = a.rows; k-- > 0;) {
        T const* const row = a.data + k * a.stride;
        constexpr std::size_t lanes = 64 / sizeof(T);
        T sum[lanes] = {};
        std::size_t i = k + 1;
        if (b.stride == 1) {
          for (; i + lanes <= a.rows; i += lanes) {
            for (std::size_t l = 0; l < lanes; ++l) sum[l] += row[i + l] * x[i + l];
          }
        }
        for (; i < a.rows; ++i) sum[0] += row[i] * x[i * b.stride];
        for (std::size_t half = lanes / 2; half > 0; half /= 2) {
          for (std::size_t l = 0; l < half; ++l) sum[l] += sum[l + half];
        }
        x[k * b.stride] = (x[k * b.stride] - sum[0]) / row[k];
      }
    }
  }
};
}  // namespace detail

// Solves A X = B in place: b (n, columns) becomes X. a (n, n) is symmetric positive definite; its upper half is read
// and all of it is overwritten. Runs on the calling thread and touches nothing of the context, so that many systems
// may be solved by the pieces of one bulk. Throws error where a is not positive definite.
template <class T>
void solve_spd(context const& ctx, dense<T> a, std::type_identity_t<dense<T>> b) {
  bool definite = true;
  detail::run_on(ctx.instructions(), 0, 1,
                 detail::spd_solver<T>{a, b, detail::tiles_for<T>(ctx.instructions()), &definite});
  expects<error>(definite, "solve_spd: the matrix is not positive definite; add a larger number to its diagonal");
}

}  // namespace intarsia::inline v0::cpu
