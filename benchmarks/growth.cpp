// w14: how time and memory grow with the edges: building, the mean over the whole graph, sampling; twenty edges a node.
#include "generator.hpp"
#include "program.hpp"

namespace {

using bench::entry, bench::options;
namespace ia = intarsia;

struct Node : ia::node<"node", 32> {};
struct Links : ia::verb<"links"> {};
using Link = ia::relation<Node, Links, Node>;
struct Plain : ia::schema<ia::nodes<Node>, ia::relations<Link>> {};

[[nodiscard]] bench::relation_plan plan_of(std::uint64_t edges) {
  return {edges / 20 + 3, edges / 20 + 3, edges, 2, 2, 1, 12345, 67890};
}
[[nodiscard]] ia::csr rows_of(bench::relation_plan const& plan) {
  auto const list = bench::edges_of(plan);
  auto const rows = bench::by_row(list.target, list.source, plan.targets);
  return {.rows = plan.targets,
          .cols = plan.sources,
          .offsets = {rows.offsets.begin(), rows.offsets.end()},
          .columns = rows.columns,
          .values = {},
          .positions = {}};
}

void add(options const& o, std::vector<entry>& entries) {
  std::vector<std::uint64_t> sizes{6, 12, 25, 50, 100};
  if (o.large) sizes.insert(sizes.end(), {200, 400});
  for (std::uint64_t const millions : sizes) {
    auto const plan = plan_of(millions * 1'000'000);
    std::string const size = ", " + std::to_string(millions) + " M edges/f32";
    entries.push_back({"w14/build" + size, [=](benchmark::State& state) {
                         auto const list = bench::edges_of(plan);
                         std::vector<ia::edge> edges;
                         edges.reserve(list.source.size());
                         for (std::size_t e = 0; e < list.source.size(); ++e) {
                           edges.push_back({list.source[e], list.target[e], 1});
                         }
                         for (auto _ : state) {
                           benchmark::DoNotOptimize(ia::edges_to_csr(plan.targets, plan.sources, edges).rows);
                         }
                         state.counters["edges"] = static_cast<double>(plan.edges);
                       }, {}});
    entries.push_back({"w14/mean of width 32" + size, [=](benchmark::State& state) {
                         auto ctx = bench::make_context(o);
                         auto const rows = rows_of(plan);
                         ia::table<Node> x{rows.rows};
                         for (std::size_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(i % 7);
                         for (auto _ : state) {
                           ia::scope const step{ctx};
                           ia::adjacency_view<Node, Node> const links{{rows.view(), {}, {}, {}, nullptr}};
                           benchmark::DoNotOptimize(ia::aggregate(ctx, links, ctx.constant(x)).value.data);
                         }
                         state.counters["edges"] = static_cast<double>(plan.edges);
                       }, {}});
    entries.push_back({"w14/64 batches of [15,10]" + size, [=](benchmark::State& state) {
                         auto ctx = bench::make_context(o);
                         ia::graph<Plain> g{{{std::size_t{plan.targets}}}};
                         g.set(Link{}, rows_of(plan));
                         ia::neighbor_sampler<Plain, ia::context> sampler{ctx, g, {.fanout = {15, 10}}};
                         ia::block<Plain> block;
                         sampler.reserve(block, {1024});
                         std::vector<std::vector<std::uint32_t>> seeds;
                         for (std::uint64_t b = 0; b < 64; ++b) {
                           seeds.push_back(bench::distinct_nodes(9000 + b, plan.targets, 1024));
                         }
                         for (auto _ : state) {
                           for (std::uint64_t b = 0; b < 64; ++b) {
                             sampler.start(block);
                             for (std::uint32_t const s : seeds[b]) sampler.add(block, Node{}, ia::id<Node>{s});
                             sampler.fill(block, {0, b});
                           }
                         }
                         state.counters["edges"] = static_cast<double>(plan.edges);
                       }, {}});
  }
}

}  // namespace

int main(int count, char** words) { return bench::main_of(count, words, &add); }
