// The only macros of the library.
#pragma once

#if __cplusplus < 202002L
#error "intarsia needs C++20: compile with -std=c++20 or later, or link intarsia::intarsia in CMake"
#endif

// Marks a function that may run on the host and on a device: message rules, kernels' index arithmetic.
#ifdef __CUDACC__
#define INTARSIA_FN __host__ __device__
#else
#define INTARSIA_FN
#endif

// 1 where the bodies for AVX2 and AVX-512 can be compiled (chosen at run time, never by a user's flag).
#if defined(__x86_64__) && !defined(__CUDACC__)
#define INTARSIA_X86 1
#else
#define INTARSIA_X86 0
#endif
