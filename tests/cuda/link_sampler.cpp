// Batches of links on a device are those of the CPU: links, negatives, marks, and the blocks around them.
#include <intarsia/cpu/sample.hpp>
#include <intarsia/cuda/link_sampler.cuh>
#include <intarsia/exec/tape.hpp>
#include <intarsia/loss/in_batch_softmax.hpp>
#include <set>

#include "../sampling/graphs.hpp"
#include "parity.hpp"
#include "same_block.hpp"

namespace ia = intarsia;
using namespace sampling_test;
using namespace cuda_test;

namespace {

using options = ia::link_options<Catalogue>;

template <class T>
std::vector<T> read(ia::cuda::context& ctx, std::span<T const> from) {
  return ia::cuda::download(ctx, from);
}

void same_links(ia::cuda::context& ctx, ia::link_set<Catalogue> const& expected,
                ia::cuda::device_links<Catalogue> const& got) {
  std::vector<std::uint32_t> anchors, positives, negatives, anchor_types, positive_types, negative_types;
  std::vector<std::uint8_t> valid;
  std::vector<std::uint64_t> begins{0};
  Catalogue::each_relation([&](auto r) {
    auto const& of = expected.data()[Catalogue::relation_index<decltype(r)>];
    std::uint32_t const source = Catalogue::node_index<typename decltype(r)::source_type>,
                        target = Catalogue::node_index<typename decltype(r)::target_type>;
    for (std::size_t i = 0; i < of.anchors.size(); ++i) {
      anchors.push_back(of.anchors[i]);
      positives.push_back(of.positives[i]);
      anchor_types.push_back(source);
      positive_types.push_back(target);
    }
    for (std::size_t j = 0; j < of.negatives.size(); ++j) {
      negatives.push_back(of.negatives[j]);
      negative_types.push_back(of.types.size() > 0 ? of.types[j] : target);
    }
    valid.insert(valid.end(), of.valid.data(), of.valid.data() + of.valid.size());
    begins.push_back(anchors.size());
  });
  REQUIRE(got.size() == anchors.size());
  CHECK(std::vector<std::uint64_t>(got.begins().begin(), got.begins().end()) == begins);
  CHECK(read(ctx, got.anchors()) == anchors);
  CHECK(read(ctx, got.positives()) == positives);
  CHECK(read(ctx, got.anchor_types()) == anchor_types);
  CHECK(read(ctx, got.positive_types()) == positive_types);
  CHECK(read(ctx, got.negatives()) == negatives);
  CHECK(read(ctx, got.negative_types()) == negative_types);
  CHECK(read(ctx, got.valid()) == valid);
}

// Edges of the block that are links of the batch or their reverses.
std::size_t leaked(ia::cuda::context& ctx, ia::cuda::link_batch<Catalogue> const& b) {
  std::set<std::array<std::uint32_t, 3>> seeds;  // relation, source, target
  auto const anchors = read(ctx, b.links.anchors()), positives = read(ctx, b.links.positives());
  std::size_t sum = 0;
  Catalogue::each_relation([&](auto r) {
    auto const source = ia::cuda::download(ctx, b.graph.ids(r.source));
    auto const target = ia::cuda::download(ctx, b.graph.ids(r.target));
    constexpr std::size_t number = Catalogue::relation_index<decltype(r)>;
    for (auto i = b.links.begins()[number]; i < b.links.begins()[number + 1]; ++i) {
      std::uint32_t const from = source[anchors[i]].value, to = target[positives[i]].value;
      seeds.insert({static_cast<std::uint32_t>(number), from, to});
      seeds.insert({static_cast<std::uint32_t>(Catalogue::relation_index<ia::reverse<decltype(r)>>), to, from});
    }
  });
  for (std::size_t layer = 0; layer < b.graph.layers(); ++layer) {
    Catalogue::each_relation([&](auto r) {
      auto const rows = b.graph.hop(layer, b.graph.layers())[r].forward;
      auto const offsets = ia::cuda::download(ctx, std::span{rows.offsets, rows.rows + 1});
      auto const columns = ia::cuda::download(ctx, std::span{rows.columns, rows.entries()});
      auto const source = ia::cuda::download(ctx, b.graph.ids(r.source));
      auto const target = ia::cuda::download(ctx, b.graph.ids(r.target));
      for (std::size_t t = 0; t < rows.rows; ++t) {
        for (auto e = offsets[t]; e < offsets[t + 1]; ++e) {
          sum += seeds.count({static_cast<std::uint32_t>(Catalogue::relation_index<decltype(r)>),
                              source[columns[e]].value, target[t].value});
        }
      }
    });
  }
  return sum;
}

void check(ia::graph<Catalogue> const& g, options const& how) {
  ia::cpu::context cpu{ia::inline_executor{}, ia::seed{11}};
  ia::cuda::context ctx{ia::seed{11}};
  auto expected = ia::sample_links(cpu, g, how);
  auto links = ia::cuda::sample_links(ctx, g, how);
  CHECK(links.steps() == expected.steps());
  CHECK(links.links() == expected.links());
  std::size_t batches = 0;
  while (expected.advance()) {
    REQUIRE(links.advance());
    CAPTURE(batches++);
    CHECK(links.current().position == expected.current().position);
    same_links(ctx, expected.current().links, links.current().links);
    if (!how.full_graph) same_block(ctx, expected.current().graph, links.current().graph);
  }
  CHECK(batches == how.epochs * expected.steps());
  CHECK(!links.advance());
}

}  // namespace

TEST_CASE("a device draws the batches of links of the CPU") {
  auto const plain = make_graph({50, 30, 20, 80, 150, 100, 60}, true, false),
             weighted = make_graph({50, 30, 20, 80, 150, 100, 60}, false, true);
  using from = ia::negative_source;
  in_every_order([&] {
    check(plain, {.batch = 24, .fanout = {3, 2}, .epochs = 2, .steps = 2});
    check(plain, {.batch = 70, .fanout = {4}, .balance = ia::balance::as_is, .negatives = {from::catalogue, 3}});
    check(weighted, {.batch = 16,
                     .fanout = {2, 2},
                     .balance = ia::balance::inverse_degree,
                     .steps = 3,
                     .negatives = {from::by_degree, 4, 0.75f, ia::collision::resample},
                     .weighted_neighbors = true});
    check(weighted, {.batch = 16,
                     .fanout = {2, 2},
                     .steps = 2,
                     .negatives = {from::none},
                     .exclude_seeds = false,
                     .weighted = true,
                     .replace = true,
                     .outermost_by_id = true});
    check(plain,
          {.batch = 40, .steps = 2, .negatives = {from::uniform, 2, 0, ia::collision::keep}, .full_graph = true});
  });
}

TEST_CASE("a device draws the negatives of the batch of the CPU") {
  auto const g = make_graph({50, 30, 20, 80, 150, 100, 60}, true, false);
  using from = ia::negative_source;
  in_every_order([&] {
    check(g, {.batch = 40, .fanout = {3, 2}, .epochs = 2, .steps = 2, .negatives = {from::in_batch}});
    check(g, {.batch = 70,
              .fanout = {4},
              .balance = ia::balance::as_is,
              .steps = 2,
              .negatives = {.from = from::in_batch, .on_collision = ia::collision::keep}});
    check(g, {.batch = 33, .steps = 2, .negatives = {from::in_batch}, .full_graph = true});
  });
}

TEST_CASE("a device draws the batches of a balanced graph of the CPU") {
  auto const plain = make_graph({50, 30, 20, 80, 150, 100, 60}, true, false),
             weighted = make_graph({50, 30, 20, 80, 150, 100, 60}, false, true);
  using from = ia::negative_source;
  auto const whole = ia::balance_scope::graph;
  in_every_order([&] {
    check(plain, {.batch = 24, .fanout = {3, 2}, .scope = whole, .epochs = 3, .steps = 2});
    check(plain, {.batch = 30, .fanout = {ia::all_neighbors}, .scope = whole, .epochs = 2, .steps = 1});
    check(plain, {.batch = 30,
                  .fanout = {3},
                  .balance = ia::balance::as_is,
                  .scope = whole,
                  .epochs = 2,
                  .steps = 2,
                  .negatives = {from::in_batch}});
    check(weighted, {.batch = 16,
                     .fanout = {2, 2},
                     .balance = ia::balance::inverse_degree,
                     .scope = whole,
                     .epochs = 2,
                     .negatives = {from::by_degree, 4, 0.75f, ia::collision::resample},
                     .weighted_neighbors = true,
                     .outermost_by_id = true});
    auto only_one = ia::link_options<Catalogue>::all_of_them();
    only_one.values.fill(false);
    only_one.values[0] = true;
    check(weighted, {.batch = 16,
                     .fanout = {3},
                     .scope = whole,
                     .epochs = 2,
                     .steps = 2,
                     .exclude_seeds = false,
                     .replace = true,
                     .supervise = only_one});
  });
}

TEST_CASE("a device goes on in the middle of an epoch of a balanced graph") {
  auto const g = make_graph({50, 30, 20, 80, 150, 100, 60}, true, false);
  options const how{.batch = 20, .fanout = {3, 2}, .scope = ia::balance_scope::graph, .epochs = 3};
  ia::cpu::context cpu{ia::inline_executor{}, ia::seed{11}};
  ia::cuda::context ctx{ia::seed{11}};
  auto expected = ia::sample_links(cpu, g, how);
  auto links = ia::cuda::sample_links(ctx, g, how);
  for (ia::sampler_position const at : {ia::sampler_position{2, 1}, {0, 1}, {1, 0}}) {
    expected.seek(at);
    links.seek(at);
    REQUIRE(expected.advance());
    REQUIRE(links.advance());
    same_links(ctx, expected.current().links, links.current().links);
    same_block(ctx, expected.current().graph, links.current().graph);
  }
}

TEST_CASE("no batch on a device hears along its own links") {
  auto const g = make_graph({50, 30, 20, 80, 150, 100, 60}, true, false);
  ia::cuda::context ctx{ia::seed{2}};
  for (bool const excludes : {true, false}) {
    auto links =
        ia::cuda::sample_links(ctx, g, {.batch = 64, .fanout = {20, 20}, .steps = 2, .exclude_seeds = excludes});
    std::size_t sum = 0;
    for (auto& batch : links) sum += leaked(ctx, batch);
    if (excludes) {
      CHECK(sum == 0);
    } else {
      CHECK(sum > 20);
    }
  }
}

TEST_CASE("batches of links without edges, and what a device does not offer") {
  ia::cuda::context ctx;
  auto const nothing = make_graph({0, 0, 0, 0, 0, 0, 0});
  CHECK(!ia::cuda::sample_links(ctx, nothing).advance());
  auto const g = make_graph();
  auto const whole = ia::balance_scope::graph;
  CHECK(!ia::cuda::sample_links(ctx, nothing, {.scope = whole}).advance());
  CHECK_THROWS_WITH(ia::cuda::sample_links(ctx, g, {.scope = whole, .full_graph = true}),
                    Catch::Contains("full_graph reads every edge"));
  CHECK_THROWS_WITH(ia::cuda::sample_links(ctx, g, {.scope = whole, .weighted = true}),
                    Catch::Contains("drawn one by one"));
  auto in_batch = ia::cuda::sample_links(ctx, g, {.negatives = {ia::negative_source::in_batch}, .full_graph = true});
  REQUIRE(in_batch.advance());
  auto const z = ia::cuda::upload(ctx, Catalogue::map_nodes([&](auto n) {
                                    return noise<float, ia::rows_of<decltype(n)>, ia::dim<4>>(g.nodes(n), 4, 1);
                                  }));
  auto const rows = Catalogue::map_nodes([&](auto n) { return ctx.constant(z[n]); });
  CHECK_THROWS_WITH(link_contrastive(ctx, rows, in_batch.current().links), Catch::Contains("negatives of each link"));
}

namespace {
[[nodiscard]] auto six_numbers_a_node(ia::graph<Catalogue> const& g) {
  return Catalogue::map_nodes([&](auto n) {
    return noise<double, ia::rows_of<decltype(n)>, ia::dim<6>>(g.nodes(n), 6, Catalogue::node_index<decltype(n)>);
  });
}
}  // namespace

TEST_CASE("the softmax over a batch of links on a device is that of the CPU, marks and all") {
  auto const g = make_graph({50, 30, 20, 80, 150, 100, 60}, true, false);
  ia::cpu::context cpu{ia::inline_executor{}, ia::seed{4}};
  ia::cuda::context ctx{ia::seed{4}};
  options const how{.batch = 90, .steps = 1, .negatives = {ia::negative_source::in_batch}, .full_graph = true};
  auto expected = ia::sample_links(cpu, g, how);
  auto links = ia::cuda::sample_links(ctx, g, how);
  REQUIRE(expected.advance());
  REQUIRE(links.advance());
  auto const rows = six_numbers_a_node(g);
  auto const rows2 = ia::cuda::upload(ctx, rows);
  auto const loss = [](auto& on, auto const& z, auto const& all, auto r) {
    auto const of = all[r];
    return in_batch_softmax(on, gather(on, z[r.source], of.anchors), gather(on, z[r.target], of.positives), {},
                            ia::marked_pairs{of});
  };
  int relations = 0;  // with a pair that is masked beside the links' own
  Catalogue::each_relation([&](auto r) {
    auto const of = expected.current().links[r];
    REQUIRE(links.current().links[r].size() == of.size());
    relations += of.size() > 5 && std::count(of.valid.begin(), of.valid.end(), 0) > static_cast<int>(of.size()) ? 1 : 0;
    ia::tape on{cpu};
    auto const z = Catalogue::map_nodes([&](auto n) { return on.watch(rows[n]); });
    auto const y = loss(on, z, expected.current().links, r);
    static_cast<void>(on.backward(y));
    ia::tape on2{ctx};
    auto const z2 = Catalogue::map_nodes([&](auto n) { return on2.watch(rows2[n]); });
    auto const y2 = loss(on2, z2, links.current().links, r);
    static_cast<void>(on2.backward(y2));
    CHECK(ia::cuda::download(ctx, y2)[0][0] == Approx(y.value[0][0]).epsilon(1e-12));
    std::span<double const> const by{z[r.target].grad.data, z[r.target].rows() * 6};
    auto const by2 = ia::cuda::download(ctx, std::span<double const>{z2[r.target].grad.data, by.size()});
    CHECK(relative_distance<double>(by2, by) < 1e-12);
  });
  CHECK(relations > 2);
}

TEST_CASE("the contrastive loss of links on a device is that of the CPU") {
  auto const g = make_graph({50, 30, 20, 80, 150, 100, 60}, true, false);
  ia::cpu::context cpu{ia::inline_executor{}, ia::seed{4}};
  ia::cuda::context ctx{ia::seed{4}};
  for (auto const from : {ia::negative_source::uniform, ia::negative_source::catalogue}) {
    options const how{.batch = 32, .steps = 1, .negatives = {from, 5}, .full_graph = true};
    auto expected = ia::sample_links(cpu, g, how);
    auto links = ia::cuda::sample_links(ctx, g, how);
    REQUIRE(expected.advance());
    REQUIRE(links.advance());
    auto const rows = six_numbers_a_node(g);
    auto const rows2 = ia::cuda::upload(ctx, rows);
    ia::tape on{cpu};
    auto const z = Catalogue::map_nodes([&](auto n) { return on.watch(rows[n]); });
    auto const loss = link_contrastive(on, z, expected.current().links);
    auto const slopes = on.backward(loss);
    ia::tape on2{ctx};
    auto const z2 = Catalogue::map_nodes([&](auto n) { return on2.watch(rows2[n]); });
    auto const loss2 = link_contrastive(on2, z2, links.current().links);
    static_cast<void>(on2.backward(loss2));
    static_cast<void>(slopes);
    CHECK(ia::cuda::download(ctx, loss2)[0][0] == Approx(loss.value[0][0]).epsilon(1e-12));
    Catalogue::each_node([&](auto n) {
      matrix<double> by(z[n].rows(), 6);
      for (std::size_t i = 0; i < by.size(); ++i) by.data()[i] = z[n].grad.data[i];
      auto const by2 = ia::cuda::download(ctx, std::span<double const>{z2[n].grad.data, by.size()});
      CHECK(relative_distance<double>(by2, {by.data(), by.size()}) < 1e-12);
    });
  }
}
