// w13: two layers of mean SAGE of width 128 over every node of a graph, layer by layer, in blocks of targets.
#include "program.hpp"

namespace {

using bench::entry, bench::inputs, bench::lazy, bench::options;
namespace ia = intarsia;

struct Node : ia::node<"node", 128> {};
struct Links : ia::verb<"links"> {};
using Link = ia::relation<Node, Links, Node>;
struct Plain : ia::schema<ia::nodes<Node>, ia::relations<Link>> {};

struct loaded {
  ia::context ctx;
  ia::graph<Plain> graph;
  decltype(Plain::map_nodes([](auto n) { return ia::table<decltype(n)>{}; })) features;
  ia::hetero_sage<Plain, 128, 128> model;
  decltype(model)::layer_tables tables;

  loaded(options const& o, std::string const& name)
      : ctx{bench::make_context(o)}, model{ctx, {.normalize = false}} {
    inputs const in{o.data};
    features[Node{}] = ia::load_table<Node>(in.path("x_" + name));
    std::size_t const nodes = features[Node{}].rows();
    graph = ia::graph<Plain>{{{nodes}}};
    graph.set(Link{}, in.edges(name, nodes));
    ia::visit(model, [&](std::string const& path, auto& x) {
      std::fill_n(x.data(), x.size(), 0.0f);
      if (path.find("bias") != std::string::npos) return;
      std::string const layer = path.find("first") != std::string::npos ? "1" : "2";
      bool const self = path.find("self") != std::string::npos;
      auto const given = ia::load_npy(in.path("w8_w" + layer + (self ? "_self_item" : "_co")));
      std::copy_n(given.data(), x.size(), x.data());
    });
  }
  [[nodiscard]] std::size_t nodes() const { return features[Node{}].rows(); }
  void run() { model.every_node(ctx, graph, features, tables); }
};

void add_graph(options const& o, std::vector<entry>& entries, std::string const& name, std::string const& graph) {
  auto const made = std::make_shared<lazy<loaded>>([=] { return std::make_unique<loaded>(o, graph); });
  entries.push_back({"w13/" + name + " two layers f32/hetero_sage, every_node",
                     [=](benchmark::State& state) {
                       auto& s = **made;
                       for (auto _ : state) s.run();
                       auto const n = static_cast<double>(s.nodes());
                       state.counters["nodes_done"] = n;
                       auto const edges = static_cast<double>(s.graph[Link{}].forward.entries());
                       state.counters["gathered_bytes"] = 2 * 512 * (edges + n);
                       state.counters["row_bytes"] = 512;
                       state.counters["table_bytes"] = 512 * n;
                       state.counters["stored_bytes"] = 2 * 512 * n;
                       state.counters["flop"] = 2 * 2 * n * 256 * 128;
                       state.counters["peak_bytes"] = bench::held_bytes("VmHWM:");
                       state.counters["feature_bytes"] = 512 * n;
                     },
                     [=](std::string const& path) {
                       auto& s = **made;
                       s.run();
                       ia::tensor<ia::dyn, ia::dim<128>> some{2000};
                       for (std::size_t i = 0; i < 2000; ++i) {
                         std::copy_n(s.tables.out[Node{}][i * 1000].data(), 128, some[i].data());
                       }
                       ia::save_npy(path + "_out.npy", some);
                     }});
}

void add(options const& o, std::vector<entry>& entries) {
  add_graph(o, entries, "G2M", "g2m");
  if (o.large) add_graph(o, entries, "G10M", "g10m");
}

}  // namespace

int main(int count, char** words) { return bench::main_of(count, words, &add); }
