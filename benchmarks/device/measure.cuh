// Time of work on a stream, and one line of JSON for each figure.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <intarsia/cuda/context.cuh>
#include <string>
#include <vector>

namespace bench {

namespace ia = intarsia;

struct event {
  cudaEvent_t handle = nullptr;
  event() { ia::cuda::check(cudaEventCreate(&handle), "making an event"); }
  event(event const&) = delete;
  event& operator=(event const&) = delete;
  ~event() { static_cast<void>(cudaEventDestroy(handle)); }
};

// Milliseconds of f(), the median of nine rounds of about `seconds` / 9 each, after three calls that do not count.
template <class F>
double milliseconds(ia::cuda::context& ctx, F&& f, double seconds = 1) {
  event const begin, end;
  auto const round = [&](std::size_t calls) {
    ia::cuda::check(cudaEventRecord(begin.handle, ctx.stream()), "recording an event");
    for (std::size_t i = 0; i < calls; ++i) f();
    ia::cuda::check(cudaEventRecord(end.handle, ctx.stream()), "recording an event");
    ia::cuda::check(cudaEventSynchronize(end.handle), "waiting for an event");
    float passed = 0;
    ia::cuda::check(cudaEventElapsedTime(&passed, begin.handle, end.handle), "reading an event");
    return double{passed} / static_cast<double>(calls);
  };
  round(3);
  auto const calls = static_cast<std::size_t>(std::clamp(seconds * 1000 / 9 / std::max(round(1), 1e-4), 1.0, 1e5));
  std::vector<double> all;
  for (int i = 0; i < 9; ++i) all.push_back(round(calls));
  std::nth_element(all.begin(), all.begin() + 4, all.end());
  return all[4];
}

// who: "ours" or "roof"; higher is better unless the unit is a time.
inline void report(char const* who, std::string const& name, double value, char const* unit) {
  std::printf("{\"who\": \"%s\", \"case\": \"%s\", \"value\": %.6g, \"unit\": \"%s\"}\n", who, name.c_str(), value,
              unit);
  std::fflush(stdout);
}

// Runs f(context) and returns the exit code: 2 with a sentence where there is no device.
template <class F>
int run(F&& f) {
  try {
    ia::cuda::context ctx{ia::seed{42}};
    f(ctx);
    return 0;
  } catch (ia::cuda::error const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 2;
  } catch (std::exception const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}

}  // namespace bench
