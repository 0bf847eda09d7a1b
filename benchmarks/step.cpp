// w8: one whole training step on the typed graph: sample two hops around 1,024 links, two layers of typed mean SAGE of
// width 128, in-batch softmax over the links, Adam.
#include "program.hpp"

namespace {

using bench::entry, bench::inputs, bench::lazy, bench::options;
namespace ia = intarsia;

struct Item : ia::node<"item", 128> {};
struct Tag : ia::node<"tag", 128> {};
struct Co : ia::verb<"co"> {};
struct Has : ia::verb<"has"> {};
using ItemItem = ia::relation<Item, Co, Item>;
using ItemTag = ia::relation<Item, Has, Tag>;
using TagItem = ia::reverse<ItemTag>;
struct Shop : ia::schema<ia::nodes<Item, Tag>, ia::relations<ItemItem, TagItem, ItemTag>> {};
using encoder_type = ia::hetero_sage<Shop, 128, 128>;

constexpr std::size_t batch = 1024, batches = 64;
constexpr float temperature = 0.1f;

// The relation's name in the input files.
[[nodiscard]] std::string file_of(ItemItem) { return "co"; }
[[nodiscard]] std::string file_of(TagItem) { return "rhas"; }
[[nodiscard]] std::string file_of(ItemTag) { return "has"; }

// The block that peers are fed with as well: layer 0 reads all of its rows, layer 1 those of the seeds.
struct fed_block {
  std::array<ia::csr, 3> edges;
  ia::per_node<Shop, std::vector<std::uint32_t>> ids;
  std::array<ia::hop<Shop>, 2> hops;
  std::vector<std::uint32_t> anchors, positives;

  explicit fed_block(inputs const& in) {
    auto const sizes = in.list("w8_blk_sizes");  // seeds, targets of layer 0 by type
    ids[Item{}] = in.list("w8_blk_nodes_item");
    ids[Tag{}] = in.list("w8_blk_nodes_tag");
    hops[0].sources[Item{}] = ids[Item{}].size();
    hops[0].sources[Tag{}] = ids[Tag{}].size();
    hops[0].targets[Item{}] = hops[1].sources[Item{}] = sizes[1];
    hops[0].targets[Tag{}] = hops[1].sources[Tag{}] = sizes[2];
    hops[1].targets[Item{}] = sizes[0];
    hops[1].targets[Tag{}] = 0;
    Shop::each_relation([&](auto r) {
      auto& of = edges[Shop::relation_index<decltype(r)>];
      auto const offsets = in.list("w8_blk_" + file_of(r) + "_indptr");
      of = {.rows = hops[0].targets[r.target],
            .cols = hops[0].sources[r.source],
            .offsets = {offsets.begin(), offsets.end()},
            .columns = in.list("w8_blk_" + file_of(r) + "_src"),
            .values = {},
            .positions = {}};
      hops[0].edges[r].forward = hops[1].edges[r].forward = of.view();
      hops[1].edges[r].forward.rows = hops[1].targets[r.target];
      hops[1].edges[r].forward.cols = hops[1].sources[r.source];
    });
    auto const pairs = in.list("w8_blk_pairs");
    for (std::size_t i = 0; i < pairs.size(); i += 2) {
      anchors.push_back(pairs[i]);
      positives.push_back(pairs[i + 1]);
    }
  }
  [[nodiscard]] ia::hop<Shop> const& hop(std::size_t layer, std::size_t /*layers*/) const { return hops[layer]; }
};

// Features are stored as T.
template <class Node, class T>
[[nodiscard]] ia::table<Node, 128, T> stored(inputs const& in, std::string const& name) {
  return ia::load_table<Node, 128, T>(in.path(name));
}

template <class T>
struct training {
  ia::context ctx;
  ia::graph<Shop> graph;
  ia::table<Item, 128, T> items;
  ia::table<Tag, 128, T> tags;
  std::vector<std::uint32_t> pairs;
  ia::neighbor_sampler<Shop, ia::context> sampler;
  ia::block<Shop> block;
  encoder_type encoder;
  ia::adam<> learn;
  std::vector<ia::slot<Item>> anchors, positives;
  inputs in;
  std::uint64_t next = 0;
  float last_loss = 0;

  training(options const& o, ia::precision products)
      : ctx{bench::make_context(o)},
        graph{graph_of(inputs{o.data})},
        items{stored<Item, T>(inputs{o.data}, "x_item")},
        tags{stored<Tag, T>(inputs{o.data}, "x_tag")},
        pairs{inputs{o.data}.list("w8_pairs")},
        sampler{ctx, graph, {.fanout = {15, 10}, .outermost_by_id = true}},
        encoder{ctx},
        learn{encoder, {.rate = 1e-3f}},
        in{o.data} {
    sampler.reserve(block, {2 * batch, 0});
    anchors.resize(batch), positives.resize(batch);
    first_weights();
    ctx.products(products);
  }
  static ia::graph<Shop> graph_of(inputs const& in) {
    std::size_t const item_count = in.list("hs_co_indptr").size() - 1, tag_count = in.list("hs_has_indptr").size() - 1;
    ia::graph<Shop> g{{{item_count, tag_count}}};
    Shop::each_relation([&](auto r) { g.set(r, in.edges("hs_" + file_of(r), g.nodes(r.source))); });
    return g;
  }
  // The weights that peers begin with as well; biases are zeros.
  void first_weights() {
    ia::visit(encoder, [&](std::string const& path, auto& x) {
      std::fill_n(x.data(), x.size(), 0.0f);
      if (std::string const file = file_of_weight(path); !file.empty()) {
        auto const given = ia::load_npy(in.path(file));
        std::copy_n(given.data(), x.size(), x.data());
      }
    });
  }
  static std::string file_of_weight(std::string const& path) {
    std::string const layer = path.rfind("first", 0) == 0 ? "w8_w1_" : "w8_w2_";
    if (path.find("bias") != std::string::npos) return {};
    if (path.find("self/item") != std::string::npos) return layer + "self_item";
    if (path.find("self/tag") != std::string::npos) return layer + "self_tag";
    if (path.find("item.co.item") != std::string::npos) return layer + "co";
    if (path.find("tag.~has.item") != std::string::npos) return layer + "rhas";
    return layer + "has";
  }

  // The loss of links whose ends are rows of what the encoder gives for items.
  template <class Z>
  [[nodiscard]] auto loss_of(ia::recorder auto& on, Z const& z, std::span<ia::slot<Item> const> from,
                             std::span<ia::slot<Item> const> to) {
    auto const query = ia::gather(on, z[Item{}], from);
    auto const answer = ia::gather(on, z[Item{}], to);
    return ia::in_batch_softmax(on, query, answer, {.temperature = temperature});
  }
  void sample(std::uint64_t b) {
    std::uint32_t const* const ends = pairs.data() + b % batches * 2 * batch;
    sampler.start(block);
    for (std::size_t i = 0; i < batch; ++i) {
      anchors[i] = sampler.add(block, Item{}, ia::id<Item>{ends[2 * i]});
      positives[i] = sampler.add(block, Item{}, ia::id<Item>{ends[2 * i + 1]});
    }
    sampler.fill(block, {0, b});
  }
  [[nodiscard]] auto features() const {
    return Shop::map_nodes([&](auto n) {
      if constexpr (std::is_same_v<decltype(n), Item>) {
        return items.view();
      } else {
        return tags.view();
      }
    });
  }
  void step() {
    sample(next++);
    ia::tape tape{ctx};
    auto const z = encoder(tape, block, block.rows(features()));
    auto const loss = loss_of(tape, z, anchors, positives);
    learn.step(tape.backward(loss));
    last_loss = *loss.value.data;
  }
};

// How much there is to sample, to read and to multiply: what the roof of a step is made of.
template <class T>
void report(benchmark::State& state, training<T>& s) {
  constexpr double row = 128 * sizeof(T);
  double lines = 0, columns = 0, sampled = 0, numbered = 0, gathered = 0, stored = 0, flop = 0;
  constexpr int rounds = 4;
  std::array const fanout{10u, 15u};
  for (std::uint64_t b = 0; b < rounds; ++b) {
    s.sample(b);
    for (std::size_t layer = 0; layer < 2; ++layer) {
      auto const& hop = s.block.hop(layer, 2);
      double const backward = layer == 0 ? 2 : 3;  // features have no gradient
      Shop::each_relation([&](auto r) {
        auto const rows = hop.edges[r].forward;
        sampled += static_cast<double>(rows.entries());
        if (!hop.by_id) numbered += static_cast<double>(rows.entries());
        gathered += static_cast<double>(rows.entries()) * (layer == 0 ? row : 2 * 512.0);
        flop += backward * 2 * static_cast<double>(rows.rows) * 128 * 128;
        for (std::size_t t = 0; t < rows.rows; ++t) {
          auto const degree = static_cast<double>(s.graph[r].forward.degree(s.block.ids(r.target)[t].value));
          if (degree == 0) continue;
          double const most = fanout[layer], n = degree * 4 / 64 + 15.0 / 16;
          columns += degree <= most ? n : n * (1 - std::pow(1 - 1 / std::max(n, 1.0), most));
        }
      });
      Shop::each_node([&](auto n) {
        auto const targets = static_cast<double>(hop.targets[n]);
        lines += targets * 1.125;
        gathered += targets * (layer == 0 ? row : 512.0);
        stored += targets * 512 * backward;
        flop += backward * 2 * targets * 128 * 128;
      });
    }
    flop += 3 * 2.0 * batch * batch * 128;
  }
  double bytes = 0;
  Shop::each_relation([&](auto r) { bytes += 4 * static_cast<double>(s.graph[r].forward.entries()); });
  state.counters["pointer_lines"] = lines / rounds;
  state.counters["column_lines"] = columns / rounds;
  state.counters["numbered"] = numbered / rounds;
  state.counters["sampled_edges"] = sampled / rounds;
  state.counters["gathered_bytes"] = gathered / rounds;
  state.counters["stored_bytes"] = stored / rounds;
  state.counters["flop"] = flop / rounds;
  state.counters["bf16"] = s.ctx.products() == ia::precision::bf16;
  state.counters["graph_bytes"] = bytes;
  state.counters["row_bytes"] = row;
  state.counters["table_bytes"] = row * static_cast<double>(s.items.rows());
  state.counters["node_table"] = static_cast<double>(s.items.rows());
  state.counters["loss"] = static_cast<double>(s.last_loss);
}

// Loss and gradients on the fed-in block, with the first weights: what is compared.
template <class T>
void write_check(training<T>& s, std::string const& path) {
  fed_block const fed{s.in};
  s.first_weights();
  ia::tape tape{s.ctx};
  auto const rows = Shop::map_nodes([&](auto n) {
    auto const table = s.features()[n];
    return ia::indexed_view<ia::rows_of<decltype(n)>, ia::dim<128>, T>{
        ia::view<ia::rows_of<decltype(n)>, ia::dim<128>, T const>{ia::dense<T const>(table)}, fed.ids[n]};
  });
  auto const z = s.encoder(tape, fed, rows);
  std::vector<ia::slot<Item>> from, to;
  for (std::size_t i = 0; i < batch; ++i) from.push_back({fed.anchors[i]}), to.push_back({fed.positives[i]});
  auto const loss = s.loss_of(tape, z, from, to);
  auto const slopes = tape.backward(loss);
  ia::save_npy<float>(path + "_loss.npy", ia::dense<float const>{loss.value.data, 1, 1, 1});
  ia::visit(s.encoder, [&](std::string const& name, auto& x) {
    std::string const file = training<T>::file_of_weight(name);
    if (file.empty()) return;
    ia::tensor<ia::dyn, ia::dyn> slope(x.rows(), x.cols());
    if (float const* const given = slopes.by(x.data())) std::copy_n(given, x.size(), slope.data());
    ia::save_npy(path + "_" + file.substr(3) + ".npy", slope);
  });
}

template <class T>
void add_step(options const& o, std::vector<entry>& entries, std::string const& name,
              ia::precision products = ia::precision::full) {
  auto const made = std::make_shared<lazy<training<T>>>([=] { return std::make_unique<training<T>>(o, products); });
  entries.push_back({name,
                     [made](benchmark::State& state) {
                       auto& s = **made;
                       for (auto _ : state) s.step();
                       report(state, s);
                     },
                     [made](std::string const& path) { write_check(**made, path); }});
}

void add(options const& o, std::vector<entry>& entries) {
  add_step<float>(o, entries, "w8/Hs step f32/hetero_sage");
  add_step<ia::bf16>(o, entries, "w8/Hs step bf16/hetero_sage, bf16 rows, bf16 products", ia::precision::bf16);
  add_step<ia::bf16>(o, entries, "w8/Hs step bf16/hetero_sage, bf16 rows, f32 products");
}

}  // namespace

int main(int count, char** words) { return bench::main_of(count, words, &add); }
