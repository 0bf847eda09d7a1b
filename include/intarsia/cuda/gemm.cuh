// Products of dense matrices, by cuBLASLt.
#pragma once

#include <algorithm>
#include <intarsia/cuda/memory.cuh>
#include <intarsia/exec/scope.hpp>
#include <intarsia/tensor/product.hpp>

namespace intarsia::inline v0::cuda {

namespace detail {
inline void check(cublasStatus_t status) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw error{cudaErrorUnknown, "cuBLASLt refused a product (status " + std::to_string(static_cast<int>(status)) +
                                    "): check that its version belongs to this CUDA toolkit"};
}

// A description of cuBLASLt, destroyed with its scope.
template <class Handle, cublasStatus_t (*Destroy)(Handle)>
struct described {
  Handle handle = nullptr;
  described() = default;
  described(described const&) = delete;
  described& operator=(described const&) = delete;
  ~described() { static_cast<void>(Destroy(handle)); }
};
using matmul_form = described<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy>;
using matrix_form = described<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;
using matmul_wish = described<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy>;

// cuBLASLt reads columns: a matrix of rows is there its transpose, (cols, rows).
template <class T>
void describe(matrix_form& form, dense<T, device> x) {
  constexpr cudaDataType_t type = std::is_same_v<std::remove_const_t<T>, double> ? CUDA_R_64F : CUDA_R_32F;
  check(cublasLtMatrixLayoutCreate(&form.handle, type, x.cols, x.rows,
                                   static_cast<std::int64_t>(std::max(x.stride, x.cols))));
}

inline constexpr std::size_t gemm_workspace = std::size_t{32} << 20;
}  // namespace detail

// C += (or =) op(A) op(B); see `product` for the shapes. C does not overlap A or B. Does not block. The same shapes
// take the same algorithm, so the same bits.
template <class T>
void gemm(context& ctx, product form, std::type_identity_t<dense<T const, device>> a,
          std::type_identity_t<dense<T const, device>> b, dense<T, device> c, bool accumulate) {
  std::size_t const depth = form == product::transposed_left ? a.rows : a.cols;
  if (c.rows == 0 || c.cols == 0) return;
  if (depth == 0) {
    if (!accumulate) fill(ctx, c, T{0});
    return;
  }
  scope const keep{ctx};
  constexpr bool wide = std::is_same_v<T, double>;
  // C' = op(B)' op(A)'
  cublasComputeType_t const arithmetic = wide                                ? CUBLAS_COMPUTE_64F
                                         : ctx.products() == precision::bf16 ? CUBLAS_COMPUTE_32F_FAST_16BF
                                                                             : CUBLAS_COMPUTE_32F;
  detail::matmul_form product_form;
  detail::check(cublasLtMatmulDescCreate(&product_form.handle, arithmetic, wide ? CUDA_R_64F : CUDA_R_32F));
  cublasOperation_t const first = form == product::transposed_right ? CUBLAS_OP_T : CUBLAS_OP_N;
  cublasOperation_t const second = form == product::transposed_left ? CUBLAS_OP_T : CUBLAS_OP_N;
  detail::check(cublasLtMatmulDescSetAttribute(product_form.handle, CUBLASLT_MATMUL_DESC_TRANSA, &first, sizeof first));
  detail::check(
      cublasLtMatmulDescSetAttribute(product_form.handle, CUBLASLT_MATMUL_DESC_TRANSB, &second, sizeof second));
  detail::matrix_form left, right, out;
  detail::describe(left, b);
  detail::describe(right, a);
  detail::describe(out, c);
  detail::matmul_wish wish;
  detail::check(cublasLtMatmulPreferenceCreate(&wish.handle));
  detail::check(cublasLtMatmulPreferenceSetAttribute(wish.handle, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                                     &detail::gemm_workspace, sizeof detail::gemm_workspace));
  cublasLtMatmulHeuristicResult_t best{};
  int found = 0;
  detail::check(cublasLtMatmulAlgoGetHeuristic(ctx.blas(), product_form.handle, left.handle, right.handle, out.handle,
                                               out.handle, wish.handle, 1, &best, &found));
  if (found == 0) detail::check(CUBLAS_STATUS_NOT_SUPPORTED);
  auto* const work = ctx.scratch().template take<std::byte>(std::max<std::size_t>(1, best.workspaceSize));
  T const one{1}, before = accumulate ? T{1} : T{0};
  detail::check(cublasLtMatmul(ctx.blas(), product_form.handle, &one, b.data, left.handle, a.data, right.handle,
                               &before, c.data, out.handle, c.data, out.handle, &best.algo, work, best.workspaceSize,
                               ctx.stream()));
}

}  // namespace intarsia::inline v0::cuda
