# What a target gets that runs the library on a CUDA device: the runtime, cuBLAS, and the two switches of the language
# by which ops are written once for host and device. The switches reach .cu files alone.
function(intarsia_require_cuda target)
  target_link_libraries(${target} INTERFACE intarsia::intarsia CUDA::cudart CUDA::cublas CUDA::cublasLt)
  target_compile_features(${target} INTERFACE cuda_std_20)
  target_compile_options(${target} INTERFACE
    "$<$<COMPILE_LANGUAGE:CUDA>:--extended-lambda;--expt-relaxed-constexpr>")
endfunction()
