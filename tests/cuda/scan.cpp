#include <intarsia/cuda/memory.cuh>
#include <intarsia/cuda/scan.cuh>

#include "schedules.hpp"

namespace ia = intarsia;

namespace {

template <class T, class In>
void check_sums(std::size_t count) {
  CAPTURE(count, sizeof(T), sizeof(In));
  ia::cuda::context ctx;
  std::vector<In> counts(count);
  std::vector<T> expected{0};
  ia::random dice{ia::seed{1}, count};
  for (In& x : counts) {
    x = static_cast<In>(dice.below(sizeof(T) == 8 ? 0xFFFFFFFFu : 900u));
    expected.push_back(expected.back() + static_cast<T>(x));
  }
  auto const given = ia::cuda::upload(ctx, std::span<In const>{counts});
  ia::cuda::device_array<T> offsets{ctx, count + 1};
  ia::cuda::exclusive_sum(ctx, given.data(), count, offsets.data());
  CHECK(ia::cuda::download(ctx, offsets.view()) == expected);
}

}  // namespace

TEST_CASE("sums before each count, for any length") {
  cuda_test::in_every_order([] {
    for (std::size_t const count : {0u, 1u, 31u, 2047u, 2048u, 5000u}) {
      check_sums<std::uint32_t, std::uint32_t>(count);
      check_sums<std::uint64_t, std::uint32_t>(count);
      check_sums<std::uint64_t, std::uint64_t>(count);
      check_sums<std::uint32_t, std::uint8_t>(count);
    }
  });
}

TEST_CASE("sums of many tiles, in place") {
  std::size_t const tile = ia::cuda::detail::scan_tile;
  CHECK(ia::cuda::detail::scan_tiles(0) == 1);
  CHECK(ia::cuda::detail::scan_tiles(tile - 1) == 1);
  CHECK(ia::cuda::detail::scan_tiles(tile) == 2);
  ia::cuda::context ctx;
  std::size_t const count = 9 * tile + 3;
  ia::cuda::device_array<std::uint32_t> numbers{ctx, count + 1};
  ia::cuda::fill(ctx, ia::dense<std::uint32_t, ia::device>{numbers.data(), 1, count, count}, 1u);
  ia::cuda::exclusive_sum(ctx, numbers.data(), count, numbers.data());
  auto const sums = ia::cuda::download(ctx, numbers.view());
  bool same = true;
  for (std::size_t i = 0; i <= count; ++i) same = same && sums[i] == i;
  CHECK(same);
}
