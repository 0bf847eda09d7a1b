// w13: two layers of mean SAGE of width 128 over every node of a graph, layer by layer, in blocks of targets: to tables
// in memory, and to files with the tables of one layer in memory.
#include <filesystem>
#include <optional>

#include "program.hpp"

namespace {

using bench::entry, bench::inputs, bench::lazy, bench::options;
namespace ia = intarsia;

struct Node : ia::node<"node", 128> {};
struct Links : ia::verb<"links"> {};
using Link = ia::relation<Node, Links, Node>;
struct Plain : ia::schema<ia::nodes<Node>, ia::relations<Link>> {};

struct loaded {
  using features_of_all = decltype(Plain::map_nodes([](auto n) { return ia::table<decltype(n)>{}; }));

  ia::context ctx;
  std::string file, folder;  // of the features; for results
  ia::graph<Plain> graph;
  ia::hetero_sage<Plain, 128, 128> model;
  std::optional<features_of_all> features;
  decltype(model)::layer_tables tables;  // kept from call to call
  double graph_bytes;

  loaded(options const& o, std::string const& name)
      : ctx{bench::make_context(o)},
        file{inputs{o.data}.path("x_" + name)},
        folder{o.data + "/w13_" + name},
        model{ctx, {.normalize = false}} {
    inputs const in{o.data};
    std::size_t const nodes = ia::load_npy_header(file).shape[0];
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
    bench::forget_peak();
    graph_bytes = bench::held_bytes("VmRSS:");
  }
  [[nodiscard]] double nodes() const { return static_cast<double>(graph.nodes(Node{})); }
  // Reads the features where they are not there; what is measured begins after it.
  void prepare() {
    if (!features) features.emplace()[Node{}] = ia::load_table<Node>(file);
  }
  void to_tables() { model.every_node(ctx, graph, *features, tables); }
  // Gives the features away; to be called after prepare_files().
  void prepare_files() {
    prepare();
    tables = {};
    bench::forget_peak();
  }
  void to_files() {
    std::filesystem::create_directories(folder);
    auto given = std::move(*features);
    features.reset();
    model.every_node(ctx, graph, std::move(given), folder);
  }
  template <class Table>
  static void keep_some(Table const& all, std::string const& path) {
    ia::tensor<ia::dyn, ia::dim<128>> some{2000};
    for (std::size_t i = 0; i < 2000; ++i) std::copy_n(all[i * 1000].data(), 128, some[i].data());
    ia::save_npy(path + "_out.npy", some);
  }
  void count(benchmark::State& state) const {
    double const n = nodes(), edges = static_cast<double>(graph[Link{}].forward.entries());
    state.counters["nodes_done"] = n;
    state.counters["gathered_bytes"] = 2 * 512 * (edges + n);
    state.counters["row_bytes"] = 512;
    state.counters["table_bytes"] = 512 * n;
    state.counters["stored_bytes"] = 2 * 512 * n;
    state.counters["flop"] = 2 * 2 * n * 256 * 128;
    state.counters["peak_bytes"] = bench::held_bytes("VmHWM:");
    state.counters["graph_bytes"] = graph_bytes;
    state.counters["feature_bytes"] = 512 * n;
  }
};

void add_graph(options const& o, std::vector<entry>& entries, std::string const& name, std::string const& graph) {
  auto const made = std::make_shared<lazy<loaded>>([=] { return std::make_unique<loaded>(o, graph); });
  std::string const all = "w13/" + name + " two layers f32", how = "/hetero_sage, every_node";
  entries.push_back({all + how,
                     [=](benchmark::State& state) {
                       auto& s = **made;
                       s.prepare();
                       bench::forget_peak();
                       if (s.tables.out[Node{}].rows() == 0) s.to_tables();  // memory that was never touched
                       for (auto _ : state) s.to_tables();
                       s.count(state);
                     },
                     [=](std::string const& path) {
                       auto& s = **made;
                       s.prepare();
                       s.to_tables();
                       loaded::keep_some(s.tables.out[Node{}], path);
                     }});
  entries.push_back({all + " to files" + how,
                     [=](benchmark::State& state) {
                       auto& s = **made;
                       s.prepare_files();
                       for (auto _ : state) {
                         if (!s.features) {
                           state.PauseTiming();
                           s.prepare_files();
                           state.ResumeTiming();
                         }
                         s.to_files();
                       }
                       s.count(state);
                       std::filesystem::remove_all(s.folder);
                     },
                     [=](std::string const& path) {
                       auto& s = **made;
                       s.prepare_files();
                       s.to_files();
                       loaded::keep_some(ia::load_table<Node, 128>(s.folder + "/node.npy"), path);
                       std::filesystem::remove_all(s.folder);
                     }});
}

void add(options const& o, std::vector<entry>& entries) {
  add_graph(o, entries, "G2M", "g2m");
  if (o.large) add_graph(o, entries, "G10M", "g10m");
}

}  // namespace

int main(int count, char** words) { return bench::main_of(count, words, &add); }
