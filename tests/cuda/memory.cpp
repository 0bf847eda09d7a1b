// Numbers set, copied and moved; memory of steps; devices that are full or not there.
#include <limits>

#include "parity.hpp"

using namespace cuda_test;

TEST_CASE("cuda: numbers are set and copied inside their strides") {
  in_every_order([] {
    ia::cuda::context ctx;
    for (double const value : {0.0, -0.0, 2.5, -std::numeric_limits<double>::infinity()}) {
      auto expected = noise<double>(5, 7, 1);
      auto x = ia::cuda::upload(ctx, expected);
      ia::cuda::fill(ctx, ia::dense<double, ia::device>{x.data() + 1, 4, 3, 7}, value);
      for (std::size_t i = 0; i < 4; ++i) std::fill_n(expected.data() + 1 + 7 * i, 3, value);
      auto const found = ia::cuda::download(ctx, x);
      CHECK(std::equal(found.data(), found.data() + found.size(), expected.data()));
      CHECK(std::signbit(found[0][1]) == std::signbit(value));
      ia::cuda::fill(ctx, ia::dense<double, ia::device>(x.view()), value);
      auto const all = ia::cuda::download(ctx, x);
      CHECK(std::count(all.data(), all.data() + all.size(), value) == 35);
      CHECK(std::signbit(all[4][6]) == std::signbit(value));
    }
    auto const from = noise<float>(4, 9, 2);
    auto expected = noise<float>(4, 6, 3);
    auto const source = ia::cuda::upload(ctx, from);
    auto to = ia::cuda::upload(ctx, expected);
    ia::cuda::copy(ctx, {source.data() + 2, 4, 5, 9}, ia::dense<float, ia::device>{to.data() + 1, 4, 5, 6});
    for (std::size_t i = 0; i < 4; ++i) std::copy_n(from.data() + 9 * i + 2, 5, expected.data() + 6 * i + 1);
    CHECK(distance(ia::cuda::download(ctx, to), expected) == 0);
  });
}

TEST_CASE("cuda: nothing is uploaded and downloaded") {
  ia::cuda::context ctx;
  CHECK(ia::cuda::download(ctx, ia::cuda::upload(ctx, matrix<float>(0, 4))).cols() == 4);
  CHECK(ia::cuda::download(ctx, ia::cuda::upload(ctx, std::vector<std::uint32_t>{}).view()).empty());
}

TEST_CASE("cuda: steps of equal size get the same addresses from the third on") {
  ia::cuda::context ctx;
  std::vector<void*> places[4];
  for (auto& of : places) {
    ia::scope const step{ctx};
    for (std::size_t const size : {100u, 3'000'000u, 1u, 500'000u}) of.push_back(ctx.scratch().take<float>(size));
  }
  CHECK(places[2] == places[3]);
  CHECK(ctx.scratch().capacity() > 0);
}

#ifndef __CUDACC__
namespace {

// Sets back what the emulation claims.
struct claims {
  int devices = emulated::here.devices;
  std::size_t memory = emulated::here.memory;
  ~claims() {
    emulated::here.devices = devices;
    emulated::here.memory = memory;
  }
};

}  // namespace

TEST_CASE("cuda: a full device is reported with a remedy, and the context goes on") {
  claims const keep;
  ia::cuda::context ctx;
  auto const x = noise<float>(8, 8, 1);
  auto const kept = ia::cuda::upload(ctx, x);
  emulated::here.memory = emulated::here.held + (1u << 20);
  std::size_t const held = emulated::here.held;
  CHECK_THROWS_WITH((ia::cuda::device_tensor<ia::dyn, ia::dyn>{ctx, 4096, 4096}), Catch::Contains("smaller batches"));
  {
    ia::scope const step{ctx};
    CHECK_THROWS_AS(ctx.scratch().take<float>(std::size_t{1} << 24), ia::cuda::error);
  }
  CHECK(emulated::here.held == held);
  auto const again = ia::cuda::upload(ctx, x);
  CHECK(distance(ia::cuda::download(ctx, kept), x) == 0);
  CHECK(distance(ia::cuda::download(ctx, again), x) == 0);
}

TEST_CASE("cuda: a machine without a device says what to do") {
  claims const keep;
  emulated::here.devices = 0;
  CHECK_THROWS_WITH(ia::cuda::context{}, Catch::Contains("no CUDA device was found"));
}
#endif
