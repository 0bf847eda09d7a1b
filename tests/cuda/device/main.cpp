// Runs the tests on a device, or says in a sentence why not and leaves with 2.
#include <cstdio>
#include <intarsia/cuda/context.cuh>

#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif

int main(int count, char* words[]) {
  try {
    intarsia::cuda::context const ctx{};
  } catch (intarsia::cuda::error const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 2;
  }
  return Catch::Session().run(count, words);
}
