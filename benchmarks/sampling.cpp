// Sampling: w2 two hops of one relation, w3 three hops and hubs, w4 typed, w5 around links with their edges hidden.
#include <concepts>

#include "program.hpp"

namespace {

using bench::entry, bench::inputs, bench::lazy, bench::options;
namespace ia = intarsia;

struct Node : ia::node<"node", 128> {};
struct Links : ia::verb<"links"> {};
using Link = ia::relation<Node, Links, Node>;
struct Plain : ia::schema<ia::nodes<Node>, ia::relations<Link>> {};

struct User : ia::node<"user", 64> {};
struct Item : ia::node<"item", 128> {};
struct Tag : ia::node<"tag", 128> {};
struct Clicks : ia::verb<"clicks"> {};
struct Co : ia::verb<"co", ia::symmetric> {};  // so that w5 hides links in both directions
struct Has : ia::verb<"has"> {};
using UserItem = ia::relation<User, Clicks, Item>;
using ItemItem = ia::relation<Item, Co, Item>;
using ItemTag = ia::relation<Item, Has, Tag>;
struct Typed : ia::schema<ia::nodes<User, Item, Tag>,
                          ia::relations<UserItem, ia::reverse<UserItem>, ItemItem, ItemTag, ia::reverse<ItemTag>>> {};

constexpr std::size_t batch = 1024, batches = 64;

// What the roof formula needs to know of a block: 64-byte lines of row pointers and of columns, and numbers relabelled.
struct traffic {
  double pointer_lines = 0, column_lines = 0, edges = 0, numbered = 0, nodes = 0;
};

template <class S>
[[nodiscard]] traffic traffic_of(ia::graph<S> const& g, ia::block<S> const& b,
                                 std::vector<std::uint32_t> const& fanout) {
  traffic sum;
  for (std::size_t h = 0; h < fanout.size(); ++h) {
    auto const& hop = b.hop(fanout.size() - 1 - h, fanout.size());
    std::vector<double> frontier(S::node_count);
    S::each_relation([&](auto r) {
      auto const rows = hop.edges[r].forward;
      auto const all = g[r].forward;
      auto const ids = b.ids(r.target);
      // A node's row pointers for all its relations could lie on one line, so they are counted once per node.
      frontier[S::template node_index<typename decltype(r)::target_type>] = static_cast<double>(rows.rows) * 1.125;
      sum.edges += static_cast<double>(rows.entries());
      if (!hop.by_id) sum.numbered += static_cast<double>(rows.entries());
      for (std::size_t t = 0; t < rows.rows; ++t) {
        auto const degree = static_cast<double>(all.degree(ids[t].value));
        if (degree == 0) continue;
        double const lines = degree * 4 / 64 + 15.0 / 16, draws = std::min<double>(degree, fanout[h]);
        sum.column_lines += degree <= fanout[h] ? lines : lines * (1 - std::pow(1 - 1 / std::max(lines, 1.0), draws));
      }
    });
    for (double const lines : frontier) sum.pointer_lines += lines;
  }
  S::each_node([&](auto n) { sum.nodes += static_cast<double>(b.ids(n).size()); });
  return sum;
}
// The mean of some batches, each made by a call.
[[nodiscard]] traffic mean_traffic(std::invocable auto&& next) {
  constexpr double count = 4;
  traffic sum;
  for (int b = 0; b < count; ++b) {
    traffic const t = next();
    sum.edges += t.edges / count, sum.numbered += t.numbered / count, sum.nodes += t.nodes / count;
    sum.pointer_lines += t.pointer_lines / count, sum.column_lines += t.column_lines / count;
  }
  return sum;
}
template <class S>
[[nodiscard]] double bytes_of(ia::graph<S> const& g) {
  double bytes = 0;
  S::each_relation([&](auto r) {
    auto const rows = g[r].forward;
    bytes += 4 * static_cast<double>(rows.entries()) + 8 * static_cast<double>(rows.rows);
  });
  return bytes;
}
// Of all types together.
template <class S>
[[nodiscard]] double nodes_of(ia::graph<S> const& g) {
  double nodes = 0;
  S::each_node([&](auto n) { nodes += static_cast<double>(g.nodes(n)); });
  return nodes;
}
template <class S>
void report(benchmark::State& state, traffic const& t, ia::graph<S> const& g) {
  state.counters["edges"] = t.edges;
  state.counters["numbered"] = t.numbered;
  state.counters["nodes"] = t.nodes;
  state.counters["pointer_lines"] = t.pointer_lines;
  state.counters["column_lines"] = t.column_lines;
  state.counters["table_bytes"] = bytes_of(g);
  state.counters["node_table"] = nodes_of(g);
}

// Batches of seeds of one type, in a circle: a sampler as `prefetch` wants it.
template <class S, class Seed>
class node_batches {
 public:
  using batch_type = ia::block<S>;

  node_batches(ia::context& ctx, ia::graph<S> const& g, std::vector<std::uint32_t> const& seeds,
               std::vector<std::uint32_t> const& fanout, bool by_id)
      : seeds_{&seeds}, neighbors_{ctx, g, {.fanout = {fanout.begin(), fanout.end()}, .outermost_by_id = by_id}} {}

  [[nodiscard]] std::uint64_t steps() const { return batches; }
  [[nodiscard]] ia::sampler_position position() const { return next_; }
  void seek(ia::sampler_position at) { next_ = at; }
  [[nodiscard]] batch_type make_batch() const {
    batch_type made;
    std::vector<std::size_t> most(S::node_count, 0);
    most[S::template node_index<Seed>] = batch;
    neighbors_.reserve(made, most);
    return made;
  }
  bool next(batch_type& block) {
    neighbors_.start(block);
    auto const* const first = seeds_->data() + next_.batch * batch;
    for (std::size_t i = 0; i < batch; ++i) neighbors_.add(block, Seed{}, ia::id<Seed>{first[i]});
    neighbors_.fill(block, next_);
    next_ = ia::next_position(next_, batches);
    return true;
  }

 private:
  std::vector<std::uint32_t> const* seeds_;
  ia::neighbor_sampler<S, ia::context> neighbors_;
  ia::sampler_position next_;
};

// A graph, its sampler and a block.
template <class S, class Seed>
struct sampling {
  ia::context ctx, alone;
  ia::graph<S> graph;
  std::vector<std::uint32_t> seeds, fanout;
  bool by_id;
  node_batches<S, Seed> sampler;
  ia::block<S> block;

  sampling(options const& o, ia::graph<S> g, std::vector<std::uint32_t> batches_of, std::vector<std::uint32_t> fan,
           bool outermost_by_id)
      : ctx{bench::make_context(o)},
        alone{bench::make_context({})},
        graph{std::move(g)},
        seeds{std::move(batches_of)},
        fanout{std::move(fan)},
        by_id{outermost_by_id},
        sampler{ctx, graph, seeds, fanout, by_id},
        block{sampler.make_batch()} {}
  void sample() { sampler.next(block); }
  // The same for workers that make whole batches, each on its own thread.
  [[nodiscard]] node_batches<S, Seed> whole_batches() { return {alone, graph, seeds, fanout, by_id}; }
  void describe(benchmark::State& state) {
    auto const next = [this] {
      sample();
      return traffic_of(graph, block, fanout);
    };
    report(state, mean_traffic(next), graph);
  }
};

// Three sets of numbers by which samplers are compared: edges and nodes of each batch, how often the sources of each of
// 1024 residues were drawn, and the edges of the first batch with their ends as ids of the whole graph.
template <class S, class Seed>
void write_check(sampling<S, Seed>& s, std::string const& path) {
  ia::tensor<ia::dyn, ia::dyn, std::int64_t> sizes(batches, 1 + S::node_count), drawn(S::relation_count, 1024);
  s.sampler.seek({});
  for (std::uint64_t b = 0; b < batches; ++b) {
    s.sample();
    for (std::size_t layer = 0; layer < s.fanout.size(); ++layer) {
      auto const& hop = s.block.hop(layer, s.fanout.size());
      S::each_relation([&](auto r) {
        auto const rows = hop.edges[r].forward;
        sizes[b][0] += static_cast<std::int64_t>(rows.entries());
        auto const ids = s.block.ids(r.source);
        for (std::size_t e = 0; e < rows.entries(); ++e) {
          ++drawn[S::template relation_index<decltype(r)>][ids[rows.columns[e]].value % 1024];
        }
      });
    }
    S::each_node([&](auto n) {
      sizes[b][1 + S::template node_index<decltype(n)>] = static_cast<std::int64_t>(s.block.ids(n).size());
    });
    if (b != 0) continue;
    std::size_t entries = 0, place = 0;
    for (std::size_t layer = 0; layer < s.fanout.size(); ++layer) {
      S::each_relation([&](auto r) { entries += s.block.hop(layer, s.fanout.size()).edges[r].forward.entries(); });
    }
    ia::tensor<ia::dyn, ia::dyn, std::int64_t> first(entries, 4);  // layer, relation, target, source
    for (std::size_t layer = 0; layer < s.fanout.size(); ++layer) {
      S::each_relation([&](auto r) {
        auto const rows = s.block.hop(layer, s.fanout.size()).edges[r].forward;
        for (std::size_t t = 0; t < rows.rows; ++t) {
          for (std::uint32_t const source : rows[t]) {
            auto const row = first[place++];
            row[0] = static_cast<std::int64_t>(layer);
            row[1] = static_cast<std::int64_t>(S::template relation_index<decltype(r)>);
            row[2] = s.block.ids(r.target)[t].value;
            row[3] = s.block.ids(r.source)[source].value;
          }
        }
      });
    }
    ia::save_npy(path + "_edges.npy", first);
  }
  ia::save_npy(path + "_sizes.npy", sizes);
  ia::save_npy(path + "_drawn.npy", drawn);
}

// One batch after another, with as many made at a time as there are threads, and none ready when it begins.
template <class Sampler>
void measure_workers(benchmark::State& state, options const& o, Sampler sampler) {
  ia::prefetch ahead{std::move(sampler), {.workers = o.threads}};
  for (std::size_t i = 0; i <= 2 * o.threads; ++i) ahead.advance();
  for (auto _ : state) ahead.advance();
}

template <class S, class Seed>
void add_sampling(options const& o, std::vector<entry>& entries, std::string const& name,
                  std::shared_ptr<lazy<sampling<S, Seed>>> made, bool checked = true) {
  if (o.threads > 1) {
    entries.push_back({name + ", workers",
                       [made, o](benchmark::State& state) {
                         auto& s = **made;
                         s.describe(state);
                         measure_workers(state, o, s.whole_batches());
                       },
                       {}});
  }
  entries.push_back(
      {name,
       [made](benchmark::State& state) {
         auto& s = **made;
         s.describe(state);
         for (auto _ : state) s.sample();
       },
       checked ? std::function<void(std::string const&)>{[made](std::string const& path) { write_check(**made, path); }}
               : nullptr});
}

void add_plain(options const& o, std::vector<entry>& entries, std::string const& name, std::string const& graph,
               std::string const& seeds, std::vector<std::uint32_t> const& fanout, bool by_id = false) {
  auto const make = [=] {
    inputs const in{o.data};
    auto const offsets = ia::load_npy<ia::dyn, ia::dyn, std::int64_t>(in.path(graph + "_indptr"));
    ia::graph<Plain> g{{{offsets.size() - 1}}};
    g.set(Link{}, in.edges(graph, offsets.size() - 1));
    return std::make_unique<sampling<Plain, Node>>(o, std::move(g), in.list(seeds), fanout, by_id);
  };
  add_sampling(o, entries, name, std::make_shared<lazy<sampling<Plain, Node>>>(make), !by_id);
}

[[nodiscard]] ia::graph<Typed> typed_graph(inputs const& in, std::string const& name) {
  auto const count = [&](char const* file) { return in.list(name + file + "_indptr").size() - 1; };
  std::size_t const users = count("_rclicks"), items = count("_co"), tags = count("_has");
  ia::graph<Typed> g{{{users, items, tags}}};
  g.set(UserItem{}, in.edges(name + "_clicks", users));
  g.set(ia::reverse<UserItem>{}, in.edges(name + "_rclicks", items));
  g.set(ItemItem{}, in.edges(name + "_co", items));
  g.set(ItemTag{}, in.edges(name + "_has", items));
  g.set(ia::reverse<ItemTag>{}, in.edges(name + "_rhas", tags));
  return g;
}
void add_typed(options const& o, std::vector<entry>& entries, std::string const& name, std::string const& graph,
               std::string const& seeds) {
  auto const make = [=] {
    inputs const in{o.data};
    return std::make_unique<sampling<Typed, Item>>(o, typed_graph(in, graph), in.list(seeds),
                                                   std::vector<std::uint32_t>{10, 5}, false);
  };
  add_sampling(o, entries, name, std::make_shared<lazy<sampling<Typed, Item>>>(make));
}

// w5: batches of co links with a uniform negative each; no link of a batch, nor its reverse, is drawn.
struct linked {
  ia::context ctx, alone;
  ia::graph<Typed> graph;
  ia::link_sampler<Typed, ia::context> links;
  ia::link_batch<Typed> batch_of;

  linked(options const& o, ia::graph<Typed> g)
      : ctx{bench::make_context(o)},
        alone{bench::make_context({})},
        graph{std::move(g)},
        links{ctx, graph, wanted()},
        batch_of{links.make_batch()} {}
  [[nodiscard]] static ia::link_options<Typed> wanted() {
    ia::link_options<Typed> w{.batch = batch, .fanout = {10, 5}, .epochs = 1u << 20};
    w.supervise.values.fill(false);
    w.supervise[ItemItem{}] = true;
    w.negatives.each = 1;
    return w;
  }
};
void add_links(options const& o, std::vector<entry>& entries, std::string const& name, std::string const& graph) {
  auto const made =
      std::make_shared<lazy<linked>>([=] { return std::make_unique<linked>(o, typed_graph(inputs{o.data}, graph)); });
  auto const about = [](benchmark::State& state, linked& s) {
    std::size_t leaked = 0;
    auto const next = [&] {
      s.links.next(s.batch_of);
      leaked += s.batch_of.leaked_edges();
      return traffic_of(s.graph, s.batch_of.graph, {10, 5});
    };
    report(state, mean_traffic(next), s.graph);
    state.counters["leaked"] = static_cast<double>(leaked);
  };
  entries.push_back({name,
                     [made, about](benchmark::State& state) {
                       about(state, **made);
                       for (auto _ : state) (*made)->links.next((*made)->batch_of);
                     },
                     {}});
  if (o.threads > 1) {
    entries.push_back({name + ", workers",
                       [made, about, o](benchmark::State& state) {
                         auto& s = **made;
                         about(state, s);
                         measure_workers(state, o, ia::sample_links(s.alone, s.graph, linked::wanted()));
                       },
                       {}});
  }
}

void add(options const& o, std::vector<entry>& entries) {
  add_plain(o, entries, "w2/G2M [15,10]/int32", "g2m", "w2_seeds", {15, 10});
  add_plain(o, entries, "w2/G2M [15,10]/int32, sources of the last hop by id", "g2m", "w2_seeds", {15, 10}, true);
  add_plain(o, entries, "w3/G2M [15,10,5]/int32", "g2m", "w2_seeds", {15, 10, 5});
  add_plain(o, entries, "w3/G1M hubs [15,10]/int32", "g1m", "w3_seeds", {15, 10});
  add_typed(o, entries, "w4/Hs [10,5]/int32", "hs", "w4_seeds");
  add_links(o, entries, "w5/Hs co links [10,5]/int32", "hs");
  if (o.large) {
    add_plain(o, entries, "w2/G10M [15,10]/int32", "g10m", "g10m_seeds", {15, 10});
    add_plain(o, entries, "w3/G10M [15,10,5]/int32", "g10m", "g10m_seeds", {15, 10, 5});
    add_typed(o, entries, "w4/H [10,5]/int32", "h", "h_seeds");
    add_links(o, entries, "w5/H co links [10,5]/int32", "h");
  }
}

}  // namespace

int main(int count, char** words) { return bench::main_of(count, words, &add); }
