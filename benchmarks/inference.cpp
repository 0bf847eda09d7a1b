// w13: two layers of mean SAGE of width 128 over every node of a graph, layer by layer, in blocks of targets.
#include "program.hpp"

namespace {

using bench::entry;
using bench::inputs;
using bench::lazy;
using bench::options;
namespace ia = intarsia;

struct Node : ia::node<"node", 128> {};

struct loaded {
  ia::context ctx;
  ia::csr edges;
  ia::table<Node> features, hidden, out;
  std::array<ia::sage<128, 128, 128>, 2> layers;

  loaded(options const& o, std::string const& graph)
      : ctx{bench::make_context(o)}, layers{ia::sage<128, 128, 128>{ctx}, ia::sage<128, 128, 128>{ctx}} {
    inputs const in{o.data};
    features = ia::load_table<Node>(in.path("x_" + graph));
    edges = in.edges(graph, features.rows());
    hidden = out = ia::table<Node>{features.rows()};
    for (std::size_t layer = 0; layer < 2; ++layer) {
      ia::visit(layers[layer], [&](std::string const& path, auto& x) {
        std::fill_n(x.data(), x.size(), 0.0f);
        if (path.find("bias") != std::string::npos) return;
        bool const self = path.find("self") != std::string::npos;
        auto const given = ia::load_npy(in.path("w8_w" + std::to_string(layer + 1) + (self ? "_self_item" : "_co")));
        std::copy_n(given.data(), x.size(), x.data());
      });
    }
  }
  // Memory for one block beside the tables of two layers.
  void run() {
    constexpr std::size_t block = 16384;
    for (std::size_t layer = 0; layer < 2; ++layer) {
      auto const& from = layer == 0 ? features : hidden;
      auto& to = layer == 0 ? hidden : out;
      for (std::size_t begin = 0; begin < from.rows(); begin += block) {
        ia::scope const step{ctx};
        std::size_t const count = std::min(block, from.rows() - begin);
        auto rows = edges.view();
        rows.rows = count;
        rows.offsets += begin;
        auto const x = ctx.constant(from);
        auto const y = layers[layer](ctx, ia::adjacency_view<Node, Node>{{rows, {}, {}, {}, nullptr}}, x,
                                     ia::rows(ctx, x, begin, count));
        auto const z = layer == 0 ? ia::activate(ctx, y, ia::activation::relu) : y;
        std::copy_n(z.value.data, count * 128, to[begin].data());
      }
    }
  }
};

[[nodiscard]] double peak_bytes() {
  auto const status = ia::read_file("/proc/self/status");
  std::string const text{ia::text_of(status)};
  auto const at = text.find("VmHWM:");
  return at == std::string::npos ? 0 : 1024 * std::stod(text.substr(at + 6));
}

void add_graph(options const& o, std::vector<entry>& entries, std::string const& name, std::string const& graph) {
  auto const made = std::make_shared<lazy<loaded>>([=] { return std::make_unique<loaded>(o, graph); });
  entries.push_back({"w13/" + name + " two layers f32/sage by blocks",
                     [=](benchmark::State& state) {
                       auto& s = **made;
                       for (auto _ : state) s.run();
                       auto const n = static_cast<double>(s.features.rows());
                       state.counters["nodes_done"] = n;
                       state.counters["gathered_bytes"] = 2 * 512 * (static_cast<double>(s.edges.columns.size()) + n);
                       state.counters["row_bytes"] = 512;
                       state.counters["table_bytes"] = 512 * n;
                       state.counters["stored_bytes"] = 2 * 512 * n;
                       state.counters["flop"] = 2 * 2 * n * 256 * 128;
                       state.counters["peak_bytes"] = peak_bytes();
                     },
                     [=](std::string const& path) {
                       auto& s = **made;
                       s.run();
                       ia::tensor<ia::dyn, ia::dim<128>> some{2000};
                       for (std::size_t i = 0; i < 2000; ++i) {
                         std::copy_n(s.out[i * 1000].data(), 128, some[i].data());
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
