#include <intarsia/cpu/sample.hpp>
#include <intarsia/cuda/neighbor.cuh>
#include <intarsia/sampling/neighbor.hpp>

#include "../sampling/graphs.hpp"
#include "same_block.hpp"
#include "schedules.hpp"

namespace ia = intarsia;
using namespace sampling_test;
using cuda_test::same_block;

namespace {

using options = ia::neighbor_options<Catalogue>;

// With a hub, isolated nodes, parallel edges, and no edge from users.
ia::graph<Catalogue> crowded(bool sorted, bool values) {
  auto g = make_graph({50, 30, 20, 80, 150, 100, 0}, sorted, values);
  auto entries = some(30, 50, 60, 8);
  for (std::uint32_t c = 0; c < 50; ++c) entries.push_back({7, c, 1.5f});
  for (std::uint32_t c = 0; c < 50; ++c) entries.push_back({7, c, 0.5f});
  g.set(BookShow{}, rows_of_entries(30, 50, entries, sorted, values));
  return g;
}

template <class Sampler, class Block>
void ask(Sampler& sampler, Block& block, ia::graph<Catalogue> const& g, std::uint32_t first, bool hides) {
  sampler.start(block);
  for (std::uint32_t const i : {5u, 3u, 5u, 9u, 30u}) {
    static_cast<void>(sampler.add(block, Book{}, ia::id<Book>{(i + first) % 50}));
  }
  for (std::uint32_t const i : {7u, 29u}) static_cast<void>(sampler.add(block, Show{}, ia::id<Show>{(i + first) % 30}));
  if (!hides) return;
  std::vector<std::uint64_t> keys;
  auto const rows = g[BookShow{}].forward;
  for (std::uint32_t t = 0; t < 30; ++t) {
    for (std::uint64_t e = rows.offsets[t]; e < rows.offsets[t + 1]; ++e) {
      if (rows.columns[e] % 4 == 1) keys.push_back((std::uint64_t{t} << 32) | rows.columns[e]);
    }
  }
  sampler.hide(Catalogue::relation_index<BookShow>, keys);
}

void check(ia::graph<Catalogue> const& g, options const& how, bool hides) {
  ia::cpu::context cpu{ia::inline_executor{}, ia::seed{3}};
  ia::cuda::context ctx{ia::seed{3}};
  ia::neighbor_sampler expected{cpu, g, how, 5};
  ia::cuda::neighbor_sampler sampler{ctx, g, how, 5};
  ia::block<Catalogue> a;
  ia::cuda::device_block<Catalogue> b;
  // The second batch finds the memory of the first.
  for (std::uint32_t batch = 0; batch < 2; ++batch) {
    ask(expected, a, g, batch, hides);
    expected.fill(a, {1, batch});
    ask(sampler, b, g, batch, hides);
    sampler.fill(b, {1, batch});
    same_block(ctx, a, b);
  }
}

}  // namespace

TEST_CASE("the device samples the block of the CPU: equal nodes in equal slots, equal edges in equal places") {
  auto const plain = crowded(true, false), weighted = crowded(false, true);
  ia::per_relation<Catalogue, std::uint32_t> each;
  each.values = {3, ia::all_neighbors, 0, 2, 4, 1};
  cuda_test::in_every_order([&] {
    check(plain, {.fanout = {4, 3}}, false);
    check(plain, {.fanout = {3, ia::all_neighbors}}, true);
    check(weighted, {.fanout = {each, 2}, .weighted = true}, true);
    check(weighted, {.fanout = {2, each}, .replace = true, .outermost_by_id = true}, false);
  });
}

TEST_CASE("no nodes, one node, nothing asked for") {
  for (bool const nothing : {true, false}) {
    ia::graph<Catalogue> g = nothing ? make_graph({0, 0, 0, 0, 0, 0, 0})
                                     : ia::graph<Catalogue>{ia::per_node<Catalogue, std::size_t>{{1, 0, 0}}};
    if (!nothing) g.set(BookBook{}, rows_of_entries(1, 1, {{0, 0}}));
    ia::cpu::context cpu;
    ia::cuda::context ctx;
    ia::neighbor_sampler expected{cpu, g, {.fanout = {2, 2}}};
    ia::cuda::neighbor_sampler sampler{ctx, g, {.fanout = {2, 2}}};
    ia::block<Catalogue> a;
    ia::cuda::device_block<Catalogue> b;
    expected.start(a);
    sampler.start(b);
    if (!nothing) {
      CHECK(expected.add(a, Book{}, ia::id<Book>{0}).value == 0);
      CHECK(sampler.add(b, Book{}, ia::id<Book>{0}).value == 0);
    }
    expected.fill(a, {});
    sampler.fill(b, {});
    same_block(ctx, a, b);
    CHECK_THROWS_AS(b.hop(0, 3), ia::shape_error);
  }
  ia::cuda::context ctx;
  auto const g = make_graph();
  CHECK_THROWS_AS((ia::cuda::neighbor_sampler<Catalogue>{ctx, g, {.fanout = {}}}), ia::shape_error);
}

TEST_CASE("batches of one size take no memory, and a captured draw serves any of them") {
  auto const g = crowded(true, true);
  ia::cpu::context cpu{ia::inline_executor{}, ia::seed{3}};
  ia::cuda::context ctx{ia::seed{3}};
  options const how{.fanout = {3, 2}};
  ia::neighbor_sampler expected{cpu, g, how, 5};
  ia::cuda::neighbor_sampler sampler{ctx, g, how, 5};
  ia::block<Catalogue> a;
  ia::cuda::device_block<Catalogue> b;
  sampler.reserve_hidden(200);
  sampler.reserve(b, {8, 8, 0});
  ask(sampler, b, g, 0, true);
  sampler.fill(b, {0, 0});
  ask(sampler, b, g, 0, true);
  sampler.fill(b, {0, 0});
#ifndef __CUDACC__
  std::size_t const held = emulated::here.held;
#endif
  cudaGraph_t work{};
  cudaGraphExec_t replay{};
  REQUIRE(cudaStreamBeginCapture(ctx.stream(), cudaStreamCaptureModeThreadLocal) == cudaSuccess);
  sampler.draw(b);
  REQUIRE(cudaStreamEndCapture(ctx.stream(), &work) == cudaSuccess);
  REQUIRE(cudaGraphInstantiate(&replay, work, 0) == cudaSuccess);
  for (std::uint32_t batch = 0; batch < 3; ++batch) {
    ask(expected, a, g, batch, true);
    expected.fill(a, {2, batch});
    ask(sampler, b, g, batch, true);
    sampler.stage(b, {2, batch});
    REQUIRE(cudaGraphLaunch(replay, ctx.stream()) == cudaSuccess);
    same_block(ctx, a, b);
  }
#ifndef __CUDACC__
  CHECK(emulated::here.held == held);
#endif
  static_cast<void>(cudaGraphExecDestroy(replay));
  static_cast<void>(cudaGraphDestroy(work));
}

TEST_CASE("nodes that the device knows start a batch, with repeats, and become slots") {
  auto const g = crowded(true, false);
  ia::cpu::context cpu{ia::inline_executor{}, ia::seed{3}};
  ia::cuda::context ctx{ia::seed{3}};
  ia::neighbor_sampler expected{cpu, g, {.fanout = {3}}};
  ia::cuda::neighbor_sampler sampler{ctx, g, {.fanout = {3}}};
  ia::block<Catalogue> a;
  ia::cuda::device_block<Catalogue> b;
  std::vector<std::uint32_t> const asked{9, 4, 9, ia::cuda::no_node, 40, 4};
  expected.start(a);
  for (std::uint32_t const node : asked) {
    if (node != ia::cuda::no_node) static_cast<void>(expected.add(a, Book{}, ia::id<Book>{node}));
  }
  expected.fill(a, {});
  sampler.reserve(b, {asked.size(), 0, 0});
  sampler.start(b);
  sampler.stage(b, {});
  auto const given = ia::cuda::upload(ctx, std::span{asked});
  auto const seeds = sampler.seeds(0);
  REQUIRE(seeds.size() == asked.size());
  ia::cuda::copy(ctx, {given.data(), 1, asked.size(), asked.size()},
                 ia::dense<std::uint32_t, ia::device>{seeds.data(), 1, seeds.size(), seeds.size()});
  sampler.draw(b);
  same_block(ctx, a, b);
  CHECK(ia::cuda::download(ctx, std::span<std::uint32_t const>{seeds}) ==
        std::vector<std::uint32_t>{0, 1, 0, ia::cuda::no_node, 2, 1});
}
