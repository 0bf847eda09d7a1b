// A block on a device against one of the CPU.
#pragma once

#include <intarsia/cuda/device_block.cuh>
#include <intarsia/sampling/block.hpp>

#include "../catch.hpp"
#include "../sampling/graphs.hpp"

namespace cuda_test {

namespace ia = intarsia;
using sampling_test::Catalogue;

inline void same_block(ia::cuda::context& ctx, ia::block<Catalogue> const& expected,
                       ia::cuda::device_block<Catalogue> const& got) {
  std::size_t const layers = expected.layers();
  REQUIRE(got.layers() == layers);
  Catalogue::each_node([&](auto n) {
    auto const there = expected.ids(n);
    auto const ids = ia::cuda::download(ctx, got.ids(n));
    REQUIRE(ids.size() >= there.size());
    CHECK(std::equal(there.begin(), there.end(), ids.begin()));
    CHECK(std::all_of(ids.begin() + static_cast<std::ptrdiff_t>(there.size()), ids.end(),
                      [](auto x) { return x.value == 0; }));
    CHECK(got.targets(n) >= expected.targets(n));
  });
  for (std::size_t layer = 0; layer < layers; ++layer) {
    auto const& a = expected.hop(layer, layers);
    auto const& b = got.hop(layer, layers);
    CHECK(a.by_id == b.by_id);
    Catalogue::each_node([&](auto n) {
      CHECK(b.sources[n] >= a.sources[n]);
      CHECK(ia::cuda::download(ctx, std::span{got.target_count(layer, n), 1})[0] == a.targets[n]);
      if (!a.by_id) CHECK(ia::cuda::download(ctx, std::span{got.source_count(layer, n), 1})[0] == a.sources[n]);
    });
    Catalogue::each_relation([&](auto r) {
      auto const x = a[r].forward;
      auto const y = b[r].forward;
      REQUIRE(y.rows >= x.rows);
      REQUIRE(y.cols >= x.cols);
      auto offsets = ia::cuda::download(ctx, std::span{y.offsets, y.rows + 1});
      for (std::size_t t = x.rows; t <= y.rows; ++t) REQUIRE(offsets[t] == x.offsets[x.rows]);
      CHECK(std::equal(x.offsets, x.offsets + x.rows + 1, offsets.begin()));
      CHECK(y.entries() == got.most_edges(layer, r));
      auto const columns = ia::cuda::download(ctx, std::span{y.columns, y.entries()});
      REQUIRE(columns.size() >= x.entries());
      auto const end = columns.begin() + static_cast<std::ptrdiff_t>(x.entries());
      CHECK(std::equal(columns.begin(), end, x.columns));
      CHECK(std::all_of(end, columns.end(), [](auto column) { return column == 0; }));
      if (!x.values || x.entries() == 0) return;
      REQUIRE(y.values != nullptr);
      auto const values = ia::cuda::download(ctx, std::span{y.values, x.entries()});
      CHECK(std::equal(values.begin(), values.end(), x.values));
    });
  }
}

}  // namespace cuda_test
