// The few calls of cuBLASLt that the library makes, as plain loops on emulated device memory.
#pragma once

#include <cuda_runtime.h>

enum cublasStatus_t { CUBLAS_STATUS_SUCCESS = 0, CUBLAS_STATUS_NOT_SUPPORTED = 15 };
enum cublasOperation_t { CUBLAS_OP_N = 0, CUBLAS_OP_T = 1 };
enum cudaDataType_t { CUDA_R_32F = 0, CUDA_R_64F = 1 };
using cudaDataType = cudaDataType_t;
enum cublasComputeType_t {
  CUBLAS_COMPUTE_32F = 68,
  CUBLAS_COMPUTE_64F = 70,
  CUBLAS_COMPUTE_32F_FAST_16BF = 75,
  CUBLAS_COMPUTE_32F_FAST_TF32 = 77
};
enum cublasLtMatmulDescAttributes_t {
  CUBLASLT_MATMUL_DESC_TRANSA = 3,
  CUBLASLT_MATMUL_DESC_TRANSB = 4,
  CUBLASLT_MATMUL_DESC_EPILOGUE = 7,
  CUBLASLT_MATMUL_DESC_BIAS_POINTER = 8
};
enum cublasLtEpilogue_t { CUBLASLT_EPILOGUE_DEFAULT = 1, CUBLASLT_EPILOGUE_BIAS = 4, CUBLASLT_EPILOGUE_RELU_BIAS = 6 };
enum cublasLtMatmulPreferenceAttributes_t { CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES = 1 };

struct cublasLtContext {};
using cublasLtHandle_t = cublasLtContext*;
struct cublasLtMatmulDescOpaque_t {
  cublasComputeType_t compute;
  int transposes[2] = {CUBLAS_OP_N, CUBLAS_OP_N};
  cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  void const* bias = nullptr;
};
using cublasLtMatmulDesc_t = cublasLtMatmulDescOpaque_t*;
struct cublasLtMatrixLayoutOpaque_t {
  cudaDataType_t type;
  std::uint64_t rows, cols;
  std::int64_t stride;
};
using cublasLtMatrixLayout_t = cublasLtMatrixLayoutOpaque_t*;
struct cublasLtMatmulAlgo_t {};
struct cublasLtMatmulPreferenceOpaque_t {};
using cublasLtMatmulPreference_t = cublasLtMatmulPreferenceOpaque_t*;
struct cublasLtMatmulHeuristicResult_t {
  cublasLtMatmulAlgo_t algo;
  std::size_t workspaceSize = 0;
};

inline cublasStatus_t cublasLtCreate(cublasLtHandle_t* h) {
  *h = std::make_unique<cublasLtContext>().release();
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasLtDestroy(cublasLtHandle_t h) {
  std::unique_ptr<cublasLtContext>{h}.reset();
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* d, cublasComputeType_t compute, cudaDataType_t) {
  *d = std::make_unique<cublasLtMatmulDescOpaque_t>(cublasLtMatmulDescOpaque_t{compute}).release();
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t d, cublasLtMatmulDescAttributes_t which,
                                                     void const* value, std::size_t) {
  switch (which) {
    case CUBLASLT_MATMUL_DESC_EPILOGUE:
      std::memcpy(&d->epilogue, value, sizeof d->epilogue);
      break;
    case CUBLASLT_MATMUL_DESC_BIAS_POINTER:
      std::memcpy(&d->bias, value, sizeof d->bias);
      break;
    default:
      std::memcpy(&d->transposes[which - CUBLASLT_MATMUL_DESC_TRANSA], value, sizeof(int));
  }
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t d) {
  std::unique_ptr<cublasLtMatmulDescOpaque_t>{d}.reset();
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* l, cudaDataType_t type, std::uint64_t rows,
                                                 std::uint64_t cols, std::int64_t stride) {
  *l = std::make_unique<cublasLtMatrixLayoutOpaque_t>(cublasLtMatrixLayoutOpaque_t{type, rows, cols, stride}).release();
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t l) {
  std::unique_ptr<cublasLtMatrixLayoutOpaque_t>{l}.reset();
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* p) {
  *p = std::make_unique<cublasLtMatmulPreferenceOpaque_t>().release();
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t,
                                                           cublasLtMatmulPreferenceAttributes_t, void const*,
                                                           std::size_t) {
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t p) {
  std::unique_ptr<cublasLtMatmulPreferenceOpaque_t>{p}.reset();
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t, cublasLtMatrixLayout_t,
                                                     cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                                     cublasLtMatrixLayout_t, cublasLtMatmulPreference_t, int,
                                                     cublasLtMatmulHeuristicResult_t* results, int* found) {
  results[0] = {};
  *found = 1;
  return CUBLAS_STATUS_SUCCESS;
}

namespace emulated {
template <class T>
void matmul(cublasLtMatmulDescOpaque_t d, T alpha, T const* a, cublasLtMatrixLayoutOpaque_t la, T const* b,
            cublasLtMatrixLayoutOpaque_t lb, T beta, T* c, cublasLtMatrixLayoutOpaque_t lc) {
  opened const access;
  bool const ta = d.transposes[0] == CUBLAS_OP_T, tb = d.transposes[1] == CUBLAS_OP_T;
  std::uint64_t const depth = ta ? la.rows : la.cols;
  // To so many bits below those of a float, ties to even.
  unsigned const drops = d.compute == CUBLAS_COMPUTE_32F_FAST_16BF   ? 16
                         : d.compute == CUBLAS_COMPUTE_32F_FAST_TF32 ? 13
                                                                     : 0;
  auto const at = [drops](T const* x, cublasLtMatrixLayoutOpaque_t l, std::uint64_t row, std::uint64_t col) {
    T const number = x[col * static_cast<std::uint64_t>(l.stride) + row];
    if (drops == 0) return number;
    auto const bits = std::bit_cast<std::uint32_t>(static_cast<float>(number));
    std::uint32_t const half = (1u << (drops - 1)) - 1 + (bits >> drops & 1u);
    return static_cast<T>(std::bit_cast<float>((bits + half) >> drops << drops));
  };
  for (std::uint64_t j = 0; j < lc.cols; ++j) {
    for (std::uint64_t i = 0; i < lc.rows; ++i) {
      double sum = 0;
      for (std::uint64_t k = 0; k < depth; ++k) {
        sum += double{ta ? at(a, la, k, i) : at(a, la, i, k)} * double{tb ? at(b, lb, j, k) : at(b, lb, k, j)};
      }
      T& to = c[j * static_cast<std::uint64_t>(lc.stride) + i];
      to = static_cast<T>(double{alpha} * sum + (beta == T{0} ? 0.0 : double{beta} * double{to}));
      if (d.bias) to += static_cast<T const*>(d.bias)[i];
      if (d.epilogue == CUBLASLT_EPILOGUE_RELU_BIAS && !(to > T{0})) to = T{0};
    }
  }
}
}  // namespace emulated

inline cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t d, void const* alpha, void const* a,
                                     cublasLtMatrixLayout_t la, void const* b, cublasLtMatrixLayout_t lb,
                                     void const* beta, void const*, cublasLtMatrixLayout_t, void* out,
                                     cublasLtMatrixLayout_t lo, cublasLtMatmulAlgo_t const*, void*, std::size_t,
                                     cudaStream_t stream) {
  auto const run = [=]<class T>(T) {
    emulated::submit(stream, [=, desc = *d, first = *la, second = *lb, third = *lo, x = *static_cast<T const*>(alpha),
                              y = *static_cast<T const*>(beta)] {
      emulated::matmul<T>(desc, x, static_cast<T const*>(a), first, static_cast<T const*>(b), second, y,
                          static_cast<T*>(out), third);
    });
  };
  if (lo->type == CUDA_R_64F) {
    run(double{});
  } else {
    run(float{});
  }
  return CUBLAS_STATUS_SUCCESS;
}
