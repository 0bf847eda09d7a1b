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

[[nodiscard]] constexpr cublasComputeType_t arithmetic_of(precision p) {
  switch (p) {
    case precision::bf16:
      return CUBLAS_COMPUTE_32F_FAST_16BF;
    case precision::tf32:
      return CUBLAS_COMPUTE_32F_FAST_TF32;
    case precision::full:
      break;
  }
  return CUBLAS_COMPUTE_32F;
}

// What is done to a product's numbers before they are written.
struct epilogue {
  void const* bias = nullptr;  // (cols); null: nothing
  bool relu = false;
};

// C += (or =) op(A) op(B), nothing of it empty. False where cuBLASLt has no algorithm with this epilogue.
template <class T>
[[nodiscard]] bool multiply(context& ctx, product form, dense<T const, device> a, dense<T const, device> b,
                            dense<T, device> c, bool accumulate, epilogue last) {
  scope const keep{ctx};
  constexpr bool wide = std::is_same_v<T, double>;
  // C' = op(B)' op(A)'
  cublasComputeType_t const arithmetic = wide ? CUBLAS_COMPUTE_64F : arithmetic_of(ctx.products());
  matmul_form product_form;
  check(cublasLtMatmulDescCreate(&product_form.handle, arithmetic, wide ? CUDA_R_64F : CUDA_R_32F));
  cublasOperation_t const first = form == product::transposed_right ? CUBLAS_OP_T : CUBLAS_OP_N;
  cublasOperation_t const second = form == product::transposed_left ? CUBLAS_OP_T : CUBLAS_OP_N;
  check(cublasLtMatmulDescSetAttribute(product_form.handle, CUBLASLT_MATMUL_DESC_TRANSA, &first, sizeof first));
  check(cublasLtMatmulDescSetAttribute(product_form.handle, CUBLASLT_MATMUL_DESC_TRANSB, &second, sizeof second));
  if (last.bias) {
    cublasLtEpilogue_t const what = last.relu ? CUBLASLT_EPILOGUE_RELU_BIAS : CUBLASLT_EPILOGUE_BIAS;
    check(cublasLtMatmulDescSetAttribute(product_form.handle, CUBLASLT_MATMUL_DESC_EPILOGUE, &what, sizeof what));
    check(cublasLtMatmulDescSetAttribute(product_form.handle, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &last.bias,
                                         sizeof last.bias));
  }
  matrix_form left, right, out;
  describe(left, b);
  describe(right, a);
  describe(out, c);
  matmul_wish wish;
  check(cublasLtMatmulPreferenceCreate(&wish.handle));
  check(cublasLtMatmulPreferenceSetAttribute(wish.handle, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &gemm_workspace,
                                             sizeof gemm_workspace));
  cublasLtMatmulHeuristicResult_t best{};
  int found = 0;
  cublasStatus_t const status =
      cublasLtMatmulAlgoGetHeuristic(ctx.blas(), product_form.handle, left.handle, right.handle, out.handle, out.handle,
                                     wish.handle, 1, &best, &found);
  if (last.bias && (status == CUBLAS_STATUS_NOT_SUPPORTED || found == 0)) return false;
  check(status);
  if (found == 0) check(CUBLAS_STATUS_NOT_SUPPORTED);
  auto* const work = ctx.scratch().template take<std::byte>(std::max<std::size_t>(1, best.workspaceSize));
  T const one{1}, before = accumulate ? T{1} : T{0};
  check(cublasLtMatmul(ctx.blas(), product_form.handle, &one, b.data, left.handle, a.data, right.handle, &before,
                       c.data, out.handle, c.data, out.handle, &best.algo, work, best.workspaceSize, ctx.stream()));
  return true;
}

template <class T>
struct add_to_columns {
  dense<T, device> y;
  T const* bias;
  bool relu;
  INTARSIA_FN void operator()(std::size_t i, std::size_t c) const {
    T const x = y.data[i * y.stride + c] + bias[c];
    y.data[i * y.stride + c] = relu && x < T{0} ? T{0} : x;
  }
};
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
  static_cast<void>(detail::multiply<T>(ctx, form, a, b, c, accumulate, {}));
}

// C = A B + bias in each row, and where `relu` not below 0: in float as the product is written, in double (for which
// cuBLASLt has no such epilogue) in a pass after it. Does not block.
template <class T>
void gemm_bias(context& ctx, std::type_identity_t<dense<T const, device>> a,
               std::type_identity_t<dense<T const, device>> b, std::type_identity_t<dense<T const, device>> bias,
               bool relu, dense<T, device> c) {
  if (c.rows == 0 || c.cols == 0) return;
  if constexpr (std::is_same_v<T, float>) {
    if (a.cols > 0 && detail::multiply<T>(ctx, product::plain, a, b, c, false, {bias.data, relu})) return;
  }
  gemm(ctx, product::plain, a, b, c, false);
  each_number(ctx, c.rows, c.cols, detail::add_to_columns<T>{c, bias.data, relu});
}

}  // namespace intarsia::inline v0::cuda
