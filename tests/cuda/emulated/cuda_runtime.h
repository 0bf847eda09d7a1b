// A stand-in for the CUDA runtime, so that kernels run on the CPU under test, without nvcc and without a device. Every
// thread of a block is a fiber, so barriers, shuffles and votes behave as on the device; fibers take turns in an order
// that `schedule` chooses, so a missing barrier shows as another result. Device memory is closed to the host outside
// kernels and copies: reading it there ends the program. New memory holds not-a-numbers.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "machine.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __shared__ static
#define __launch_bounds__(...)
#define __grid_constant__

struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
struct alignas(8) uint2 {
  unsigned x, y;
};
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
inline float2 make_float2(float x, float y) { return {x, y}; }
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }
inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInsufficientDriver = 35,
  cudaErrorNoDevice = 100,
  cudaErrorNoKernelImageForDevice = 209,
  cudaErrorStreamCaptureUnsupported = 900,
  cudaErrorStreamCaptureInvalidated = 901,
  cudaErrorUnknown = 999
};
enum cudaMemcpyKind { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice, cudaMemcpyDefault };
enum cudaDeviceAttr { cudaDevAttrMultiProcessorCount = 16 };
enum cudaStreamCaptureMode {
  cudaStreamCaptureModeGlobal,
  cudaStreamCaptureModeThreadLocal,
  cudaStreamCaptureModeRelaxed
};

namespace emulated {

// Shows `mine` to the warp and reads lane `from`.
template <class T>
T exchange(unsigned mask, T mine, unsigned from) {
  static_assert(sizeof(T) <= 8);
  unsigned const thread = threadIdx.x, first = thread / 32 * 32;
  auto const need = static_cast<unsigned>(std::popcount(mask));
  std::memcpy(&running->slots[thread], &mine, sizeof(T));
  meet(meeting(mask), need);
  T theirs = mine;
  if (first + from < running->slots.size()) std::memcpy(&theirs, &running->slots[first + from], sizeof(T));
  meet(meeting(mask), need);
  return theirs;
}

// A stream does its work at once, or notes it down while a graph is captured.
struct stream {
  std::vector<std::function<void()>>* notes = nullptr;
};
inline void submit(stream* s, std::function<void()> work) {
  if (s && s->notes) {
    s->notes->push_back(std::move(work));
  } else {
    work();
  }
}
}  // namespace emulated

inline void __syncthreads() { emulated::meet(emulated::running->all, blockDim.x); }
inline void __syncwarp(unsigned mask = 0xFFFFFFFFu) {
  emulated::meet(emulated::meeting(mask), static_cast<unsigned>(std::popcount(mask)));
}
template <class T>
T __shfl_sync(unsigned mask, T x, int lane, int = 32) {
  return emulated::exchange(mask, x, static_cast<unsigned>(lane) % 32);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T x, int step, int = 32) {
  return emulated::exchange(mask, x, (threadIdx.x % 32) ^ static_cast<unsigned>(step));
}
template <class T>
T __shfl_up_sync(unsigned mask, T x, unsigned step, int = 32) {
  unsigned const lane = threadIdx.x % 32;
  return emulated::exchange(mask, x, lane >= step ? lane - step : lane);
}
template <class T>
T __shfl_down_sync(unsigned mask, T x, unsigned step, int = 32) {
  unsigned const lane = threadIdx.x % 32;
  return emulated::exchange(mask, x, lane + step < 32 ? lane + step : lane);
}
inline unsigned __ballot_sync(unsigned mask, int vote) {
  unsigned const thread = threadIdx.x, first = thread / 32 * 32;
  auto const need = static_cast<unsigned>(std::popcount(mask));
  emulated::running->slots[thread] = vote != 0;
  emulated::meet(emulated::meeting(mask), need);
  unsigned votes = 0;
  for (unsigned lane = 0; lane < 32 && first + lane < emulated::running->slots.size(); ++lane) {
    if (mask >> lane & 1 && emulated::running->slots[first + lane]) votes |= 1u << lane;
  }
  emulated::meet(emulated::meeting(mask), need);
  return votes;
}
inline int __any_sync(unsigned mask, int vote) { return __ballot_sync(mask, vote) != 0; }
inline int __all_sync(unsigned mask, int vote) { return __ballot_sync(mask, vote) == mask; }
inline int __popc(unsigned x) { return std::popcount(x); }
inline int __ffs(int x) { return x ? std::countr_zero(static_cast<unsigned>(x)) + 1 : 0; }
inline int __clz(int x) { return std::countl_zero(static_cast<unsigned>(x)); }
template <class T>
T __ldg(T const* x) {
  return *x;
}
inline void __threadfence() {}

template <class T>
T atomicAdd(T* place, std::type_identity_t<T> x) {
  static_assert(std::is_integral_v<T>, "the library adds no floats atomically");
  T const old = *place;
  *place = static_cast<T>(old + x);
  return old;
}
template <class T>
T atomicMax(T* place, std::type_identity_t<T> x) {
  return std::exchange(*place, std::max(*place, x));
}
template <class T>
T atomicMin(T* place, std::type_identity_t<T> x) {
  return std::exchange(*place, std::min(*place, x));
}
template <class T>
T atomicOr(T* place, std::type_identity_t<T> x) {
  return std::exchange(*place, *place | x);
}
template <class T>
T atomicExch(T* place, std::type_identity_t<T> x) {
  return std::exchange(*place, x);
}
template <class T>
T atomicCAS(T* place, std::type_identity_t<T> expected, std::type_identity_t<T> x) {
  return std::exchange(*place, *place == expected ? x : *place);
}

using cudaStream_t = emulated::stream*;
using cudaGraph_t = std::vector<std::function<void()>>*;
using cudaGraphExec_t = std::vector<std::function<void()>>*;

struct cudaLaunchConfig_t {
  dim3 gridDim, blockDim;
  std::size_t dynamicSmemBytes = 0;
  cudaStream_t stream = nullptr;
};

template <class... Parameters, class... Arguments>
cudaError_t cudaLaunchKernelEx(cudaLaunchConfig_t const* config, void (*kernel)(Parameters...),
                               Arguments&&... arguments) {
  ++emulated::here.launches;
  emulated::submit(config->stream,
                   [kernel, grid = config->gridDim, block = config->blockDim, ... kept = Parameters(arguments)] {
                     emulated::opened const access;
                     gridDim = grid;
                     blockDim = block;
                     for (unsigned b = 0; b < grid.x; ++b) {
                       blockIdx = {b, 0, 0};
                       emulated::run_block(block.x, [&] { kernel(kept...); });
                     }
                   });
  return cudaSuccess;
}

inline char const* cudaGetErrorName(cudaError_t code) {
  switch (code) {
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorNoDevice:
      return "cudaErrorNoDevice";
    case cudaErrorInsufficientDriver:
      return "cudaErrorInsufficientDriver";
    default:
      return "an emulated error";
  }
}
inline cudaError_t cudaGetLastError() { return cudaSuccess; }
inline cudaError_t cudaGetDeviceCount(int* count) {
  *count = emulated::here.devices;
  return *count > 0 ? cudaSuccess : cudaErrorNoDevice;
}
inline cudaError_t cudaSetDevice(int) { return cudaSuccess; }
inline cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr, int) {
  *value = 2;
  return cudaSuccess;
}
inline cudaError_t cudaStreamCreateWithFlags(cudaStream_t* s, unsigned) {
  *s = std::make_unique<emulated::stream>().release();
  return cudaSuccess;
}
inline constexpr unsigned cudaStreamNonBlocking = 1;
inline cudaError_t cudaStreamDestroy(cudaStream_t s) {
  std::unique_ptr<emulated::stream>{s}.reset();
  return cudaSuccess;
}
inline cudaError_t cudaStreamSynchronize(cudaStream_t s) {
  ++emulated::here.waits;
  return s && s->notes ? cudaErrorStreamCaptureUnsupported : cudaSuccess;
}

inline cudaError_t cudaMallocAsync(void** place, std::size_t bytes, cudaStream_t) {
  auto& m = emulated::here;
  if (m.held + bytes > m.memory) return cudaErrorMemoryAllocation;
  m.reserve();
  std::size_t const size = (bytes + 255) / 256 * 256;
  std::size_t at = 0;
  for (auto const& [offset, length] : m.taken) {
    if (offset - at >= size) break;
    at = offset + length;
  }
  if (at + size > m.size) return cudaErrorMemoryAllocation;
  m.taken[at] = size;
  m.held += size;
  *place = m.base + at;
  emulated::opened const access;
  std::memset(*place, 0xFF, bytes);
  return cudaSuccess;
}
inline cudaError_t cudaFreeAsync(void* place, cudaStream_t) {
  auto& m = emulated::here;
  auto const found = m.taken.find(static_cast<std::size_t>(static_cast<std::byte*>(place) - m.base));
  if (found == m.taken.end()) std::abort();
  m.held -= found->second;
  m.taken.erase(found);
  return cudaSuccess;
}
inline cudaError_t cudaMemsetAsync(void* place, int value, std::size_t bytes, cudaStream_t s) {
  emulated::submit(s, [=] {
    emulated::opened const access;
    std::memset(place, value, bytes);
  });
  return cudaSuccess;
}
inline cudaError_t cudaMemcpyAsync(void* to, void const* from, std::size_t bytes, cudaMemcpyKind, cudaStream_t s) {
  emulated::submit(s, [=] {
    emulated::opened const access;
    std::memcpy(to, from, bytes);
  });
  return cudaSuccess;
}
inline cudaError_t cudaMemcpy2DAsync(void* to, std::size_t to_pitch, void const* from, std::size_t from_pitch,
                                     std::size_t width, std::size_t height, cudaMemcpyKind, cudaStream_t s) {
  emulated::submit(s, [=] {
    emulated::opened const access;
    for (std::size_t row = 0; row < height; ++row) {
      std::memcpy(static_cast<std::byte*>(to) + row * to_pitch, static_cast<std::byte const*>(from) + row * from_pitch,
                  width);
    }
  });
  return cudaSuccess;
}

inline cudaError_t cudaStreamBeginCapture(cudaStream_t s, cudaStreamCaptureMode) {
  s->notes = std::make_unique<std::vector<std::function<void()>>>().release();
  return cudaSuccess;
}
inline cudaError_t cudaStreamEndCapture(cudaStream_t s, cudaGraph_t* made) {
  *made = std::exchange(s->notes, nullptr);
  return cudaSuccess;
}
inline cudaError_t cudaGraphInstantiate(cudaGraphExec_t* made, cudaGraph_t from, unsigned long long = 0) {
  *made = std::make_unique<std::vector<std::function<void()>>>(*from).release();
  return cudaSuccess;
}
inline cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t) {
  ++emulated::here.launches;
  for (auto const& work : *graph) work();
  return cudaSuccess;
}
inline cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  std::unique_ptr<std::vector<std::function<void()>>>{graph}.reset();
  return cudaSuccess;
}
inline cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graph) { return cudaGraphDestroy(graph); }
