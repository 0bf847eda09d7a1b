// Threads of a stand-in device take turns in several orders; a real one has its own.
#pragma once

#include <cuda_runtime.h>

#include "../catch.hpp"

namespace cuda_test {

template <class F>
void in_every_order(F&& f) {
#ifdef __CUDACC__
  f();
#else
  for (unsigned const schedule : {0u, 1u, 7u}) {
    CAPTURE(schedule);
    emulated::here.schedule = schedule;
    f();
  }
  emulated::here.schedule = 0;
#endif
}

}  // namespace cuda_test
