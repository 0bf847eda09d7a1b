// The one call of CUB that the library makes, as a stable sort on emulated device memory.
#pragma once

#include <cuda_runtime.h>

#include <numeric>

namespace cub {
struct DeviceRadixSort {
  template <class Key, class Value>
  static cudaError_t SortPairs(void* work, std::size_t& bytes, Key const* keys, Key* keys_out, Value const* values,
                               Value* values_out, int count, int begin_bit, int end_bit, cudaStream_t stream) {
    if (!work) {
      bytes = 64;
      return cudaSuccess;
    }
    emulated::submit(stream, [=] {
      emulated::opened const access;
      auto const digits = [&](std::size_t i) {
        std::uint64_t const key = keys[i];
        return (key & ((std::uint64_t{1} << end_bit) - 1)) >> begin_bit;
      };
      std::vector<std::size_t> order(static_cast<std::size_t>(count));
      std::iota(order.begin(), order.end(), std::size_t{0});
      std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return digits(a) < digits(b); });
      for (std::size_t i = 0; i < order.size(); ++i) {
        keys_out[i] = keys[order[i]];
        values_out[i] = values[order[i]];
      }
    });
    return cudaSuccess;
  }
};
}  // namespace cub
