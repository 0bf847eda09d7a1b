// Aggregation over width 128: w6 the mean over the whole graph, w7 over one sampled block; forward and backward.
#include <algorithm>
#include <numeric>

#include "program.hpp"

namespace {

using bench::entry, bench::inputs, bench::lazy, bench::options;
namespace ia = intarsia;

struct Node : ia::node<"node", 128> {};
struct Target : ia::node<"target"> {};

// A relation whose rows are read: edges, and the ids of its sources where they are rows of a larger table.
struct block {
  ia::csr edges;   // (targets, sources)
  ia::csr global;  // (targets, rows of the table): the same edges by id
  std::vector<std::uint32_t> nodes;
};

template <class T>
using features = ia::table<Node, 128, T>;

struct loaded {
  ia::context ctx;
  block of;
  features<float> table, slope;  // slope (targets, 128): the gradient that arrives at the mean
  features<ia::bf16> halves;     // the table as bf16

  explicit loaded(options const& o) : ctx{bench::make_context(o)} {
    inputs const in{o.data};
    table = ia::load_table<Node>(in.path("x_g2m"));
    halves = ia::load_table<Node, 128, ia::bf16>(in.path("x_g2m"));
    slope = ia::load_table<Node>(in.path("w7_gout"));
    of.nodes = in.list("w7_nodes");
    auto const offsets = ia::load_npy<ia::dyn, ia::dyn, std::uint64_t>(in.path("w7_indptr"));
    of.edges = {.rows = offsets.size() - 1,
                .cols = of.nodes.size(),
                .offsets = {offsets.data(), offsets.data() + offsets.size()},
                .columns = in.list("w7_src"),
                .values = {},
                .positions = {}};
    of.global = of.edges;
    of.global.cols = table.rows();
    of.global.columns = in.list("w7_gsrc");
  }
};

// Records one op on a tape. The gradient that arrives at the op's result is known beforehand and is read where it lies,
// as by a backward pass that is handed it.
struct with_slope {
  using context_type = ia::context;
  static constexpr bool records = true;

  ia::tape<ia::context>& tape;
  ia::dense<float> slope;

  [[nodiscard]] ia::context& backend() { return tape.backend(); }
  template <ia::axis Rows, ia::axis Cols, class T = float>
  [[nodiscard]] auto fresh(std::size_t rows, std::size_t cols, bool tracked = true) {
    auto made = backend().template fresh<Rows, Cols, T>(rows, cols);
    if (tracked) made.grad = slope;
    return made;
  }
  template <class Pull>
  void record(Pull const& pull) {
    tape.record(pull);
  }
  // From the slope to the inputs.
  void backward() { tape.backward(backend().fresh<ia::dim<1>, ia::dim<1>>(1, 1)); }
};

// The share of reads that go to the rows read most, as many as fill 32 MB: what a cache may spare the memory.
[[nodiscard]] double reads_of_hot_rows(std::span<std::uint32_t const> columns, std::size_t rows) {
  std::size_t const hot = std::min<std::size_t>(rows, (std::size_t{32} << 20) / 512);
  std::vector<std::uint32_t> reads(rows);
  for (auto const row : columns) ++reads[row];
  std::nth_element(reads.begin(), reads.begin() + static_cast<std::ptrdiff_t>(hot), reads.end(), std::greater<>{});
  auto const sum = std::accumulate(reads.begin(), reads.begin() + static_cast<std::ptrdiff_t>(hot), std::uint64_t{0});
  return static_cast<double>(sum) / static_cast<double>(std::max<std::size_t>(1, columns.size()));
}

void work_of(benchmark::State& state, ia::csr const& edges, std::size_t table_rows, double bytes_of_row) {
  state.counters["edges"] = static_cast<double>(edges.columns.size());
  state.counters["targets"] = static_cast<double>(edges.rows);
  state.counters["sources"] = static_cast<double>(edges.cols);
  state.counters["row_bytes"] = bytes_of_row;
  state.counters["table_bytes"] = static_cast<double>(table_rows) * bytes_of_row;
  state.counters["hot_reads"] = reads_of_hot_rows(edges.columns, edges.cols);
}

// The mean of a target's sources, read from the table of all nodes.
[[nodiscard]] auto forward(loaded& s) {
  ia::adjacency_view<Node, Target> const links{{s.of.global.view(), {}, {}, {}, nullptr}};
  return ia::aggregate(s.ctx, links, s.ctx.constant(s.table));
}
// The same from rows stored as bf16, by the ids of the block's nodes.
[[nodiscard]] auto forward_halves(loaded& s) {
  ia::adjacency_view<Node, Target> const links{{s.of.edges.view(), {}, {}, {}, nullptr}};
  return ia::aggregate(s.ctx, links,
                       ia::indexed_view<ia::rows_of<Node>, ia::dim<128>, ia::bf16>{s.halves.view(), s.of.nodes});
}
// The mean of the rows of the block's nodes, which are read where they lie, and a gradient for each of them.
[[nodiscard]] auto both(loaded& s, ia::tape<ia::context>& tape) {
  auto const x = ia::watch_rows(tape, ia::indexed_view<ia::rows_of<Node>, ia::dim<128>>{s.table.view(), s.of.nodes});
  ia::adjacency_view<Node, Target> const links{{s.of.edges.view(), {}, {}, {}, nullptr}};
  with_slope on{tape, ia::dense<float>(s.slope.view())};
  auto const y = ia::aggregate(on, links, x);
  on.backward();
  return std::pair{ia::gradient_of(s.ctx, x), y};
}

void add_block(options const& o, std::vector<entry>& entries) {
  auto const made = std::make_shared<lazy<loaded>>([=] { return std::make_unique<loaded>(o); });
  entries.push_back({"w7/block forward f32/fused",
                     [made](benchmark::State& state) {
                       auto& s = **made;
                       for (auto _ : state) {
                         ia::scope const step{s.ctx};
                         benchmark::DoNotOptimize(forward(s).value.data);
                       }
                       work_of(state, s.of.edges, s.table.rows(), 512);
                     },
                     [made](std::string const& path) {
                       auto& s = **made;
                       ia::scope const step{s.ctx};
                       ia::save_npy(path + "_out.npy", ia::own(forward(s)));
                     }});
  entries.push_back({"w7/block forward bf16/rows by id",
                     [made](benchmark::State& state) {
                       auto& s = **made;
                       for (auto _ : state) {
                         ia::scope const step{s.ctx};
                         benchmark::DoNotOptimize(forward_halves(s).value.data);
                       }
                       work_of(state, s.of.edges, s.table.rows(), 256);
                     },
                     [made](std::string const& path) {
                       auto& s = **made;
                       ia::scope const step{s.ctx};
                       ia::save_npy(path + "_out.npy", ia::own(forward_halves(s)));
                     }});
  entries.push_back({"w7/block forward and backward f32/pull",
                     [made](benchmark::State& state) {
                       auto& s = **made;
                       for (auto _ : state) {
                         ia::tape tape{s.ctx};
                         benchmark::DoNotOptimize(both(s, tape).first.data);
                       }
                       work_of(state, s.of.edges, s.table.rows(), 512);
                     },
                     [made](std::string const& path) {
                       auto& s = **made;
                       ia::tape tape{s.ctx};
                       auto const [gradient, y] = both(s, tape);
                       ia::save_npy(path + "_out.npy", ia::own(y));
                       ia::save_npy<float>(path + "_gx.npy", gradient);
                     }});
}

// The whole graph, with its transpose as the library keeps it.
struct whole {
  ia::context ctx;
  ia::adjacency links;
  features<float> table;  // also the gradient that arrives: memory is short beside two peers
  lazy<features<ia::bf16>> halves;
  double hot_reads = 0;

  explicit whole(options const& o)
      : ctx{bench::make_context(o)}, halves{[=] {
          inputs const in{o.data};
          return std::make_unique<features<ia::bf16>>(ia::load_table<Node, 128, ia::bf16>(in.path("x_g2m")));
        }} {
    inputs const in{o.data};
    table = ia::load_table<Node>(in.path("x_g2m"));
    links = ia::adjacency{in.edges("g2m", table.rows())};
    hot_reads = reads_of_hot_rows({links.view().forward.columns, links.edges()}, table.rows());
  }
};
// Some rows of a large matrix: what is compared.
void save_rows(std::string const& path, ia::dense<float const> x) {
  ia::tensor<ia::dyn, ia::dyn> some(2000, x.cols);
  for (std::size_t i = 0; i < some.rows(); ++i) std::copy_n(x[i * 1000].data(), x.cols, some[i].data());
  ia::save_npy(path, some);
}
void add_whole(options const& o, std::vector<entry>& entries) {
  auto const made = std::make_shared<lazy<whole>>([=] { return std::make_unique<whole>(o); });
  auto const view = [](whole& s) { return ia::adjacency_view<Node, Node>{s.links.view()}; };
  auto const work = [](benchmark::State& state, whole& s) {
    state.counters["edges"] = static_cast<double>(s.links.edges());
    state.counters["targets"] = state.counters["sources"] = static_cast<double>(s.table.rows());
    state.counters["row_bytes"] = 512;
    state.counters["table_bytes"] = 512 * static_cast<double>(s.table.rows());
    state.counters["hot_reads"] = s.hot_reads;
  };
  entries.push_back({"w6/G2M mean forward f32/fused",
                     [=](benchmark::State& state) {
                       auto& s = **made;
                       for (auto _ : state) {
                         ia::scope const step{s.ctx};
                         benchmark::DoNotOptimize(ia::aggregate(s.ctx, view(s), s.ctx.constant(s.table)).value.data);
                       }
                       work(state, s);
                     },
                     [=](std::string const& path) {
                       auto& s = **made;
                       ia::scope const step{s.ctx};
                       auto const y = ia::aggregate(s.ctx, view(s), s.ctx.constant(s.table));
                       save_rows(path + "_out.npy", ia::dense<float const>(y.value));
                     }});
  auto const halves = [=](whole& s) {
    return ia::aggregate(s.ctx, view(s), std::as_const(*s.halves).view());
  };
  entries.push_back({"w6/G2M mean forward bf16/rows where they lie",
                     [=](benchmark::State& state) {
                       auto& s = **made;
                       for (auto _ : state) {
                         ia::scope const step{s.ctx};
                         benchmark::DoNotOptimize(halves(s).value.data);
                       }
                       work(state, s);
                       state.counters["row_bytes"] = 256;
                       state.counters["table_bytes"] = 256 * static_cast<double>(s.table.rows());
                     },
                     [=](std::string const& path) {
                       auto& s = **made;
                       ia::scope const step{s.ctx};
                       save_rows(path + "_out.npy", ia::dense<float const>(halves(s).value));
                     }});
  auto const both_ways = [=](whole& s, ia::tape<ia::context>& tape) {
    auto const x = ia::watch_rows(tape, std::as_const(s.table).view());
    with_slope on{tape, ia::dense<float>(s.table.view())};
    static_cast<void>(ia::aggregate(on, view(s), x));
    on.backward();
    return ia::gradient_of(s.ctx, x);
  };
  entries.push_back({"w6/G2M mean forward and backward f32/pull",
                     [=](benchmark::State& state) {
                       auto& s = **made;
                       for (auto _ : state) {
                         ia::tape tape{s.ctx};
                         benchmark::DoNotOptimize(both_ways(s, tape).data);
                       }
                       work(state, s);
                     },
                     [=](std::string const& path) {
                       auto& s = **made;
                       ia::tape tape{s.ctx};
                       save_rows(path + "_gx.npy", both_ways(s, tape));
                     }});
}

void add(options const& o, std::vector<entry>& entries) {
  add_block(o, entries);
  add_whole(o, entries);
}

}  // namespace

int main(int count, char** words) { return bench::main_of(count, words, &add); }
