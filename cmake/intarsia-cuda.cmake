# What a target gets that runs the library on a CUDA device: the runtime, cuBLAS, C++20, and the two switches of the
# language by which ops are written once for host and device. They reach .cu files alone. (CMake 3.25 knows no
# cuda_std_20 for CUDA 13.)
function(intarsia_require_cuda target)
  target_link_libraries(${target} INTERFACE intarsia::intarsia CUDA::cudart CUDA::cublas CUDA::cublasLt)
  target_compile_options(${target} INTERFACE
    "$<$<COMPILE_LANGUAGE:CUDA>:-std=c++20;--extended-lambda;--expt-relaxed-constexpr>")
endfunction()
