// w1: from pairs to graphs: edges in any order to sorted rows of both directions, pairs to the heaviest
// co-interactions, pairs to ridge edges.
#include "generator.hpp"
#include "program.hpp"

namespace {

using bench::entry, bench::lazy, bench::options;
namespace ia = intarsia;
namespace plans = bench::plans;

struct User : ia::node<"user"> {};
struct Item : ia::node<"item"> {};
struct Clicks : ia::verb<"clicks"> {};
using Click = ia::relation<User, Clicks, Item>;
struct Shop : ia::schema<ia::nodes<User, Item>, ia::relations<Click, ia::reverse<Click>>> {};

// Users and items of one type, for co-interactions.
constexpr bench::relation_plan meetings{100'003, 20'011, 2'000'000, 2, 2, 4, 11, 22};
constexpr bench::relation_plan crowd{plans::whole.users, plans::whole.items, 100'000'000, 2, 2, 6, 11, 22};
constexpr std::size_t kept = 100;

struct edges {
  ia::context ctx;
  bench::edge_list all = bench::edges_of(plans::eighth.clicks);

  explicit edges(options const& o) : ctx{bench::make_context(o)} {}
  [[nodiscard]] ia::graph<Shop> build() const {
    ia::graph_builder<Shop> builder{{{std::size_t{plans::eighth.users}, std::size_t{plans::eighth.items}}}};
    builder.add(Click{}, all.source, all.target);
    return builder.build(ctx.threads());
  }
};

struct pairs {
  ia::context ctx;
  std::vector<ia::interaction> all;
  std::size_t users;
  std::vector<std::uint16_t> types;

  pairs(options const& o, bench::relation_plan const& plan)
      : ctx{bench::make_context(o)}, users{plan.sources}, types(plan.targets, 0) {
    all.reserve(plan.edges);
    for (std::uint64_t e = 0; e < plan.edges; ++e) all.push_back({plan.source(e), plan.target(e)});
  }
  [[nodiscard]] ia::interactions met() const { return {users, ia::node_numbering{1, types}, all}; }
  [[nodiscard]] ia::csr heaviest() {
    return ia::co_interaction(ctx, met(), {.weight = ia::co_weight::cosine, .minimum_support = 2, .neighbors = kept});
  }
  [[nodiscard]] ia::csr ridge() {
    return ia::ridge_edges(ctx, met(), {.type_dropout = 0, .own = kept / 2, .other = kept / 2, .minimum_support = 2});
  }
};

template <class T>
void save(std::string const& path, std::vector<T> const& x) {
  using Whole = std::conditional_t<std::is_floating_point_v<T>, float, std::int64_t>;
  ia::tensor<ia::dyn, ia::dim<1>, Whole> out{x.size()};
  std::copy(x.begin(), x.end(), out.data());
  ia::save_npy(path, out);
}
void save(std::string const& path, ia::csr const& x) {
  save(path + "_offsets.npy", x.offsets);
  save(path + "_columns.npy", x.columns);
  save(path + "_values.npy", x.values);
}

void add(options const& o, std::vector<entry>& entries) {
  auto const made = std::make_shared<lazy<edges>>([=] { return std::make_unique<edges>(o); });
  entries.push_back({"w1/Hs clicks, both directions/graph_builder",
                     [=](benchmark::State& state) {
                       auto& s = **made;
                       for (auto _ : state) benchmark::DoNotOptimize(s.build().nodes(User{}));
                       state.counters["edges"] = static_cast<double>(s.all.source.size());
                       state.counters["directions"] = 2;
                     },
                     [=](std::string const& path) {
                       auto const g = (**made).build();
                       for (bool const back : {false, true}) {
                         auto const rows = back ? g[ia::reverse<Click>{}].forward : g[Click{}].forward;
                         std::string const name = path + (back ? "_back" : "_forth");
                         save(name + "_offsets.npy",
                              std::vector<std::uint64_t>(rows.offsets, rows.offsets + rows.rows + 1));
                         save(name + "_columns.npy",
                              std::vector<std::uint32_t>(rows.columns, rows.columns + rows.entries()));
                       }
                     }});
  auto const met = std::make_shared<lazy<pairs>>([=] { return std::make_unique<pairs>(o, meetings); });
  auto const add_pairs = [&](std::string const& name, ia::csr (pairs::*make)()) {
    entries.push_back({name,
                       [=](benchmark::State& state) {
                         auto& s = **met;
                         for (auto _ : state) benchmark::DoNotOptimize((s.*make)().columns.data());
                         state.counters["meetings"] = static_cast<double>(s.all.size());
                       },
                       [=](std::string const& path) { save(path, ((**met).*make)()); }});
  };
  add_pairs("w1/co-interaction top 100, 2 M pairs/co_interaction", &pairs::heaviest);
  add_pairs("w1/ridge edges of 100, 2 M pairs/ridge_edges", &pairs::ridge);
  if (!o.large) return;
  // No peer: all pairs of items at once would not fit.
  entries.push_back({"w1/co-interaction top 100 of 1 M items, 100 M pairs/co_interaction",
                     [=](benchmark::State& state) {
                       pairs many{o, crowd};
                       bench::forget_peak();
                       for (auto _ : state) benchmark::DoNotOptimize(many.heaviest().columns.data());
                       state.counters["peak_bytes"] = bench::held_bytes("VmHWM:");
                       state.counters["meetings"] = static_cast<double>(many.all.size());
                     },
                     {}});
}

}  // namespace

int main(int count, char** words) { return bench::main_of(count, words, &add); }
