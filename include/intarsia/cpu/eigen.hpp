// What is left to Eigen: decompositions that are made once per catalogue, never in a training step. Eigen is compiled
// with the user's flags, so without flags it uses SSE2.
#pragma once

#include <Eigen/Eigenvalues>
#include <intarsia/core/expects.hpp>
#include <intarsia/cpu/context.hpp>
#include <intarsia/tensor/view.hpp>

namespace intarsia::inline v0::cpu {

// Eigenvalues (n, 1) in rising order of a symmetric matrix a (n, n), of which the lower half is read. The columns of a
// become the eigenvectors, of length 1. O(n^3), on the calling thread; takes memory from the heap. Throws error where
// the numbers are not finite.
template <class T>
void eigen_symmetric(context&, dense<T> a, std::type_identity_t<dense<T>> values) {
  if (a.rows == 0) return;
  using matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
  auto const n = static_cast<Eigen::Index>(a.rows);
  matrix lower(n, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j <= i; ++j)
      lower(i, j) = a.data[static_cast<std::size_t>(i) * a.stride + static_cast<std::size_t>(j)];
  }
  Eigen::SelfAdjointEigenSolver<matrix> const solved{lower};
  expects<error>(solved.info() == Eigen::Success && solved.eigenvalues().allFinite(),
                 "eigen_symmetric: no eigenvalues were found; check the matrix for numbers that are not finite");
  for (Eigen::Index i = 0; i < n; ++i) {
    auto const row = static_cast<std::size_t>(i);
    values.data[row * values.stride] = solved.eigenvalues()(i);
    for (Eigen::Index j = 0; j < n; ++j)
      a.data[row * a.stride + static_cast<std::size_t>(j)] = solved.eigenvectors()(i, j);
  }
}

}  // namespace intarsia::inline v0::cpu
