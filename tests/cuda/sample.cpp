#include <intarsia/cpu/sample.hpp>
#include <intarsia/cuda/memory.cuh>
#include <intarsia/cuda/sample.cuh>
#include <limits>
#include <numeric>
#include <utility>

#include "../sampling/graphs.hpp"
#include "schedules.hpp"

namespace ia = intarsia;
using namespace sampling_test;

namespace {

struct order {
  std::uint32_t fanout;
  bool replace = false, weighted = false, values = true;
  std::vector<std::uint64_t> hidden = {};
};
struct answer {
  std::vector<std::uint64_t> offsets;
  std::vector<std::uint32_t> columns;
  std::vector<float> values;
  friend bool operator==(answer const&, answer const&) = default;
};

// Rows without entries, with one, with parallel entries, and a hub.
ia::csr some_rows() {
  std::vector<entry> entries = some(40, 90, 300, 5);
  for (std::uint32_t c = 0; c < 700; ++c) {
    entries.push_back({40, c % 650, c % 7 == 0 ? 0.0f : 0.25f * static_cast<float>(c % 11 + 1)});
  }
  entries.push_back({42, 3, 2.0f});
  for (int i = 0; i < 5; ++i) entries.push_back({43, 8, 1.0f});
  for (std::uint32_t c = 0; c < 30; ++c) entries.push_back({44, c, c < 28 ? 0.0f : -1.0f});
  return rows_of_entries(46, 650, entries, true, true);
}

answer by_cpu(ia::csr const& rows, std::vector<std::uint32_t> const& targets, order const& o) {
  ia::cpu::context ctx{ia::inline_executor{}, ia::seed{11}};
  answer a;
  a.offsets.resize(targets.size() + 1);
  ia::neighbor_draws<> q;
  q.rows = rows.view();
  q.targets = targets;
  q.hidden = o.hidden;
  q.fanout = o.fanout;
  q.replace = o.replace;
  q.weighted = o.weighted;
  q.key = ctx.random_seed();
  q.stream = 77;
  q.offsets = a.offsets.data();
  count_draws(ctx, q);
  a.columns.resize(a.offsets.back());
  std::vector<float> work(a.offsets.back());
  if (o.values) a.values.resize(a.offsets.back());
  q.columns = a.columns.data();
  q.values = o.values ? a.values.data() : nullptr;
  q.work = work.data();
  draw_entries(ctx, q);
  return a;
}

// `beyond` targets are there that do not count.
answer by_device(ia::csr const& rows, std::vector<std::uint32_t> targets, order const& o, std::uint32_t beyond,
                 bool found) {
  ia::cuda::context ctx{ia::seed{11}};
  auto const count = static_cast<std::uint32_t>(targets.size());
  targets.resize(count + beyond, 0xFFFFFFF0u);
  auto const up = [&](auto const& x) {
    return ia::cuda::upload(ctx, std::span<std::remove_cvref_t<decltype(x[0])> const>{x});
  };
  auto const offsets = up(rows.offsets);
  auto const columns = up(rows.columns), given = up(targets), there = up(std::vector<std::uint32_t>{count});
  auto const values = up(rows.values);
  auto const hidden = up(o.hidden), stream = up(std::vector<std::uint64_t>{77});
  ia::cuda::device_array<std::uint64_t> places{ctx, targets.size() + 1}, words{ctx, targets.size()};
  ia::neighbor_draws<ia::device> q;
  q.rows = {rows.rows, rows.cols, offsets.data(), columns.data(), values.data(), nullptr, rows.columns.size()};
  q.targets = given.view();
  q.hidden = hidden.view();
  q.fanout = o.fanout;
  q.replace = o.replace;
  q.weighted = o.weighted;
  q.key = ctx.random_seed();
  q.stream = beyond > 0 ? 0 : 77;
  q.stream_at = beyond > 0 ? stream.data() : nullptr;
  q.target_count = beyond > 0 ? there.data() : nullptr;
  q.offsets = places.data();
  q.found = found ? words.data() : nullptr;
  count_draws(ctx, q);
  answer a;
  a.offsets = ia::cuda::download(ctx, places.view());
  ia::cuda::device_array<std::uint32_t> drawn{ctx, a.offsets.back()};
  ia::cuda::device_array<float> numbers{ctx, a.offsets.back()}, work{ctx, a.offsets.back()};
  q.columns = drawn.data();
  q.values = o.values ? numbers.data() : nullptr;
  q.work = work.data();
  draw_entries(ctx, q);
  a.columns = ia::cuda::download(ctx, drawn.view());
  if (o.values) a.values = ia::cuda::download(ctx, numbers.view());
  for (std::size_t i = count; i < targets.size(); ++i) REQUIRE(a.offsets[i + 1] == a.offsets[count]);
  a.offsets.resize(count + 1);
  return a;
}

}  // namespace

TEST_CASE("the device draws what the CPU draws, bit for bit") {
  auto const rows = some_rows();
  std::vector<std::uint32_t> targets(rows.rows);
  std::iota(targets.begin(), targets.end(), 0u);
  std::reverse(targets.begin(), targets.end());
  targets.push_back(40);
  auto const key = [](std::uint64_t row, std::uint64_t column) { return (row << 32) | column; };
  std::vector<std::uint64_t> hidden{key(40, 0), key(40, 1), key(40, 300), key(40, 649),
                                    key(42, 3), key(43, 7), key(43, 8),   key(45, 1)};
  for (std::uint32_t row = 0; row < 10; ++row) {
    for (std::uint32_t const column : rows.view()[row]) {
      if (column % 3 == 0) hidden.push_back(key(row, column));
    }
  }
  std::sort(hidden.begin(), hidden.end());
  hidden.erase(std::unique(hidden.begin(), hidden.end()), hidden.end());
  std::vector<std::uint32_t> fanouts{0, 1, 3, 10, 64, 65, 127, 128, 129, 200, 649, ia::all_neighbors};
  cuda_test::in_every_order([&] {
    for (std::uint32_t const fanout : std::exchange(fanouts, {4, 70})) {
      for (bool const replace : {false, true}) {
        for (bool const weighted : {false, true}) {
          for (bool const hides : {false, true}) {
            CAPTURE(fanout, replace, weighted, hides);
            order const o{fanout, replace, weighted, !replace, hides ? hidden : std::vector<std::uint64_t>{}};
            answer const expected = by_cpu(rows, targets, o);
            std::uint32_t const beyond = hides == replace ? 5 : 0;
            CHECK((by_device(rows, targets, o, beyond, hides) == expected));
          }
        }
      }
    }
  });
}

TEST_CASE("a relation without rows, and no targets") {
  ia::cuda::context ctx;
  std::vector<std::uint32_t> const three{0, 1, 2};
  auto const targets = ia::cuda::upload(ctx, std::span<std::uint32_t const>{three});
  ia::cuda::device_array<std::uint64_t> offsets{ctx, 4};
  ia::neighbor_draws<ia::device> q;
  q.rows = {3, 9, nullptr, nullptr, nullptr, nullptr};
  q.targets = targets.view();
  q.fanout = 2;
  q.offsets = offsets.data();
  count_draws(ctx, q);
  draw_entries(ctx, q);
  CHECK(ia::cuda::download(ctx, offsets.view()) == std::vector<std::uint64_t>(4, 0));
  q.targets = {};
  count_draws(ctx, q);
  draw_entries(ctx, q);
  CHECK(ia::cuda::download(ctx, offsets.view())[0] == 0);
}

TEST_CASE("of equal keys the first are drawn: a heap and a warp agree where weights are infinite or zero") {
  std::vector<entry> entries;
  for (std::uint32_t c = 0; c < 500; ++c) entries.push_back({0, c, std::numeric_limits<float>::infinity()});
  for (std::uint32_t c = 0; c < 500; ++c) entries.push_back({1, c, c < 490 ? 1e-38f : 1.0f});
  for (std::uint32_t c = 0; c < 500; ++c) entries.push_back({2, c, 0.0f});
  auto const rows = rows_of_entries(3, 500, entries, true, true);
  cuda_test::in_every_order([&] {
    for (std::uint32_t const fanout : {1u, 20u, 128u}) {
      order const o{fanout, false, true};
      answer const expected = by_cpu(rows, {0, 1, 2}, o);
      CHECK((by_device(rows, {0, 1, 2}, o, 0, false) == expected));
      for (std::uint32_t i = 0; i < fanout; ++i) CHECK(expected.columns[i] == i);
    }
  });
}
