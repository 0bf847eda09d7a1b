// What the CUDA runtime says when it cannot, as one sentence with a remedy.
#pragma once

#include <cuda_runtime.h>

#include <stdexcept>
#include <string>

namespace intarsia::inline v0::cuda {

// Thrown where the device, its driver or its memory fail. The library's own state is as it was before the call.
class error : public std::runtime_error {
 public:
  error(cudaError_t code, std::string const& sentence) : std::runtime_error{sentence}, code_{code} {}
  // The runtime's own name for it.
  [[nodiscard]] cudaError_t code() const { return code_; }

 private:
  cudaError_t code_;
};

namespace detail {
[[nodiscard]] inline char const* remedy(cudaError_t code) {
  switch (code) {
    case cudaErrorNoDevice:
      return "no CUDA device was found: run on a machine with one, or use cpu::context";
    case cudaErrorInsufficientDriver:
      return "no CUDA driver was found, or one older than this program's CUDA runtime: install or update the driver, "
             "build with an older toolkit, or use cpu::context";
    case cudaErrorMemoryAllocation:
      return "the device's memory is full: use smaller batches or fan-outs, or free what others hold there";
    case cudaErrorNoKernelImageForDevice:
      return "this program was not compiled for the device: add its architecture to CMAKE_CUDA_ARCHITECTURES";
    case cudaErrorStreamCaptureUnsupported:
    case cudaErrorStreamCaptureInvalidated:
      return "a step that is captured only puts work on the stream: read results and move batches outside of it";
    default:
      return "the device reports an error: run the program under compute-sanitizer to find the kernel";
  }
}
}  // namespace detail

// Throws error unless `code` is success; `doing` completes "while ...".
inline void check(cudaError_t code, char const* doing) {
  if (code == cudaSuccess) return;
  // Out of memory and its like are not sticky: the next call is not to find them again.
  static_cast<void>(cudaGetLastError());
  throw error{code, std::string{detail::remedy(code)} + " (" + cudaGetErrorName(code) + " while " + doing + ')'};
}

}  // namespace intarsia::inline v0::cuda
