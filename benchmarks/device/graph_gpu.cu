// w2g sampling, w7g means over sampled neighbors, w8g a whole training step as one CUDA graph.
//   graph_gpu [--large]      --large: 10 million nodes and 200 million edges instead of 2 and 40
#include <intarsia/cuda.cuh>

#include "../generator.hpp"
#include "measure.cuh"

namespace ia = intarsia;

struct Node : ia::node<"node", 128> {};
struct Knows : ia::verb<"knows"> {};
using NodeNode = ia::relation<Node, Knows, Node>;
struct Plain : ia::schema<ia::nodes<Node>, ia::relations<NodeNode>> {};

struct Item : ia::node<"item", 128> {};
struct Tag : ia::node<"tag", 128> {};
struct Co : ia::verb<"co"> {};
struct Has : ia::verb<"has"> {};
using ItemItem = ia::relation<Item, Co, Item>;
using ItemTag = ia::relation<Item, Has, Tag>;
using TagItem = ia::reverse<ItemTag>;
struct Shop : ia::schema<ia::nodes<Item, Tag>, ia::relations<ItemItem, TagItem, ItemTag>> {};

namespace {

ia::csr rows_by(std::span<std::uint32_t const> target, std::span<std::uint32_t const> source, std::size_t targets,
                std::size_t sources) {
  auto const made = bench::by_row(target, source, targets);
  return {.rows = targets,
          .cols = sources,
          .offsets = {made.offsets.begin(), made.offsets.end()},
          .columns = made.columns,
          .values = {},
          .positions = {}};
}

}  // namespace

// Random numbers in [-1/2, 1/2). Outside of the nameless namespace: kernels are made for it.
namespace bench_kernels {
template <class T>
struct random_numbers {
  T* out;
  INTARSIA_FN void operator()(std::size_t i) const {
    std::uint64_t const bits = bench::finish(i * 0x9E3779B97F4A7C15u + 7);
    out[i] = static_cast<T>(static_cast<float>(bits >> 40) * 0x1p-24f - 0.5f);
  }
};
}  // namespace bench_kernels

namespace {

template <class T>
ia::cuda::device_array<T> random_table(ia::cuda::context& ctx, std::size_t count) {
  ia::cuda::device_array<T> table{ctx, count};
  ia::cuda::map(ctx, count, bench_kernels::random_numbers<T>{table.data()});
  return table;
}

template <class T>
void means(ia::cuda::context& ctx, ia::edges_view<ia::device> const& edges, std::size_t nodes, std::uint64_t count,
           char const* name) {
  constexpr std::size_t width = 128;
  auto const table = random_table<T>(ctx, nodes * width);
  ia::cuda::device_array<float> out{ctx, edges.forward.rows * width}, scale{ctx, edges.forward.rows};
  row_sums(ctx, edges.forward, ia::dense<float, ia::device>{scale.data(), edges.forward.rows, 1, 1});
  ia::spmm_terms<float, ia::device> terms;
  terms.row_scale = scale.data();  // as much work as the mean's, whatever its numbers
  ia::dense<T const, ia::device> const from{table.data(), nodes, width, width};
  ia::dense<float, ia::device> const to{out.data(), edges.forward.rows, width, width};
  double const ms = bench::milliseconds(ctx, [&] { spmm(ctx, edges.forward, terms, from, to, false); });
  bench::report("ours", name, static_cast<double>(count * width * sizeof(T)) / ms / 1e6, "GB/s");
}

void sampled(ia::cuda::context& ctx, bool large) {
  std::size_t const nodes = large ? 10000019 : 2000003, count = large ? 200000000 : 40000000;
  bench::relation_plan const plan{nodes, nodes, count, 2, 2, 1, 12345, 67890};
  ia::graph<Plain> g{ia::per_node<Plain, std::size_t>{{nodes}}};
  {
    auto const edges = bench::edges_of(plan);
    g.set(NodeNode{}, rows_by(edges.target, edges.source, nodes, nodes));
  }
  for (std::size_t const batch : {std::size_t{1024}, std::size_t{8192}}) {
    ia::cuda::neighbor_sampler<Plain> sampler{ctx, g, {.fanout = {15, 10}}};
    ia::cuda::device_block<Plain> block;
    sampler.reserve(block, {batch});
    std::vector<ia::cuda::device_array<std::uint32_t>> seeds;
    for (std::uint64_t b = 0; b < 16; ++b) {
      seeds.push_back(ia::cuda::upload(ctx, bench::distinct_nodes(9000 + b, nodes, batch)));
    }
    sampler.start(block);
    sampler.stage(block, {}, true);
    std::size_t next = 0;
    auto const draw = [&] {
      auto const to = sampler.seeds(0);
      auto const& from = seeds[next++ % seeds.size()];
      ia::cuda::copy(ctx, {from.data(), 1, batch, batch},
                     ia::dense<std::uint32_t, ia::device>{to.data(), 1, batch, batch});
      sampler.draw(block);
    };
    double const ms = bench::milliseconds(ctx, draw);
    std::uint64_t drawn = 0, outer = 0;
    for (std::size_t layer = 0; layer < 2; ++layer) {
      auto const rows = block.hop(layer, 2)[NodeNode{}].forward;
      std::uint64_t const edges = ia::cuda::download(ctx, std::span{rows.offsets + rows.rows, 1})[0];
      drawn += edges;
      if (layer == 0) outer = edges;
    }
    std::string const size = std::to_string(batch);
    bench::report("ours", "w2g/" + size, static_cast<double>(drawn) / ms / 1e6, "Gedge/s");
    if (batch != 8192) continue;
    auto const& edges = block.hop(0, 2).edges[NodeNode{}];
    means<float>(ctx, edges, nodes, outer, "w7g/f32");
    means<ia::bf16>(ctx, edges, nodes, outer, "w7g/bf16");
  }
}

void steps(ia::cuda::context& ctx, ia::precision products, char const* name) {
  std::size_t const items = 125003, tags = 12503;
  ia::graph<Shop> g{ia::per_node<Shop, std::size_t>{{items, tags}}};
  {
    auto const co = bench::edges_of({items, items, 5000000, 3, 3, 3, 777, 777});
    auto const has = bench::edges_of({items, tags, 1250000, 2, 3, 4, 11, 13});
    g.set(ItemItem{}, rows_by(co.target, co.source, items, items));
    g.set(ItemTag{}, rows_by(has.target, has.source, tags, items));
    g.set(TagItem{}, rows_by(has.source, has.target, items, tags));
  }
  ctx.products(products);
  auto const item_rows = random_table<float>(ctx, items * 128), tag_rows = random_table<float>(ctx, tags * 128);
  ia::typed_map<Shop::node_keys, ia::view<ia::rows_of<Item>, ia::dim<128>, float const, ia::device>,
                ia::view<ia::rows_of<Tag>, ia::dim<128>, float const, ia::device>>
      features;
  features[Item{}] = ia::view<ia::rows_of<Item>, ia::dim<128>, float const, ia::device>{
      ia::dense<float const, ia::device>{item_rows.data(), items, 128, 128}};
  features[Tag{}] = ia::view<ia::rows_of<Tag>, ia::dim<128>, float const, ia::device>{
      ia::dense<float const, ia::device>{tag_rows.data(), tags, 128, 128}};
  auto encoder = ia::cuda::upload(ctx, ia::hetero_sage<Shop, 128, 128>{ctx});
  ia::adam learn{encoder, {.rate = 1e-3f}};
  ia::link_options<Shop> how{.batch = 1024, .fanout = {15, 10}, .balance = ia::balance::as_is, .epochs = 1000};
  how.negatives.from = ia::negative_source::none;
  how.outermost_by_id = true;
  how.supervise.values = {true, false, false};
  auto links = ia::cuda::sample_links(ctx, g, how);
  auto batch = links.make_batch();
  auto const train = [&] {
    links.draw(batch);
    ia::tape tape{ctx};
    auto const z = encoder(tape, batch.graph, batch.rows(features));
    auto const ends = [&](std::span<std::uint32_t const> slots) {
      return std::span{static_cast<ia::slot<Item> const*>(static_cast<void const*>(slots.data())), slots.size()};
    };
    auto const query = ia::gather(tape, z[Item{}], ends(batch.links.anchors()));
    auto const answer = ia::gather(tape, z[Item{}], ends(batch.links.positives()));
    learn.step(tape.backward(ia::in_batch_softmax(tape, query, answer, {.temperature = 0.1f})));
  };
  auto const stage = [&] {
    if (links.position().batch + 1 >= links.steps()) links.seek({});
    static_cast<void>(links.stage(batch));
  };
  bench::report("ours", std::string{"w8g/eager/"} + name, bench::milliseconds(ctx, [&] {
                  stage();
                  train();
                }),
                "ms");
  ia::cuda::replay graph{ctx};
  bench::report("ours", std::string{"w8g/graph/"} + name, bench::milliseconds(ctx, [&] {
                  stage();
                  graph(train);
                }),
                "ms");
  stage();
  graph(train);
  bench::report("ours", std::string{"w8g/graph_alone/"} + name, bench::milliseconds(ctx, [&] { graph(train); }), "ms");
  ctx.products(ia::precision::full);
}

}  // namespace

int main(int count, char** words) {
  bool const large = count > 1 && std::strcmp(words[1], "--large") == 0;
  return bench::run([&](ia::cuda::context& ctx) {
    sampled(ctx, large);
    steps(ctx, ia::precision::full, "f32");
    steps(ctx, ia::precision::tf32, "tf32");
    steps(ctx, ia::precision::bf16, "bf16");
  });
}
