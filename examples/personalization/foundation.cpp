#include "foundation.hpp"

#include <cmath>
#include <intarsia/cpu/cpu.hpp>
#include <intarsia/exec/scope.hpp>
#include <intarsia/graph/co_interaction.hpp>
#include <intarsia/graph/summary.hpp>
#include <intarsia/graph/text_neighbors.hpp>
#include <intarsia/models/baselines.hpp>
#include <intarsia/models/features.hpp>
#include <numeric>

#include "foundation_training.hpp"
#include "on_cpu.hpp"

namespace personalization {
namespace {

constexpr std::size_t z_width = item_encoder::width;

// The edges that keep(target, source) keeps; without values unless `weighted`.
template <class Keep>
ia::csr filtered(ia::csr const& edges, bool weighted, Keep keep) {
  ia::csr out{.rows = edges.rows, .cols = edges.cols, .offsets = {0}, .columns = {}, .values = {}, .positions = {}};
  for (std::size_t i = 0; i < edges.rows; ++i) {
    for (auto e = edges.offsets[i]; e < edges.offsets[i + 1]; ++e) {
      if (!keep(i, edges.columns[e])) continue;
      out.columns.push_back(edges.columns[e]);
      if (weighted) out.values.push_back(edges.values[e]);
    }
    out.offsets.push_back(out.columns.size());
  }
  return out;
}

// Edges in both directions, each pair of nodes once: links to learn from do not depend on who chose whom as a neighbor.
ia::csr both_ways(ia::csr const& edges) {
  ia::csr const back = ia::transposed(edges.view());
  ia::csr out{.rows = edges.rows, .cols = edges.cols, .offsets = {0}, .columns = {}, .values = {}, .positions = {}};
  for (std::size_t i = 0; i < edges.rows; ++i) {
    auto a = edges.offsets[i], b = back.offsets[i];
    while (a < edges.offsets[i + 1] || b < back.offsets[i + 1]) {
      bool const left = b == back.offsets[i + 1] || (a < edges.offsets[i + 1] && edges.columns[a] <= back.columns[b]);
      std::uint32_t const column = left ? edges.columns[a] : back.columns[b];
      out.columns.push_back(column);
      if (!edges.values.empty()) out.values.push_back(edges.values[left ? a : back.positions[b]]);
      if (a < edges.offsets[i + 1] && edges.columns[a] == column) ++a;
      if (b < back.offsets[i + 1] && back.columns[b] == column) ++b;
    }
    out.offsets.push_back(out.columns.size());
  }
  return out;
}

foundation_graphs build(ia::cpu::context& ctx, ia::interactions const& train_on, numbers const& text,
             foundation_settings const& s) {
  auto const& nodes = train_on.numbering();
  auto const hidden = Catalogue::node_index<hidden_type>;
  ia::csr const co = filtered(
      ia::co_interaction(ctx, train_on, {.neighbors = s.neighbors, .groups = ia::neighbor_groups::source_type}),
      s.weighted, [&](std::size_t target, std::size_t source) {
        auto const t = nodes.type(target), f = nodes.type(source);
        if (s.hide_type && (t == hidden || f == hidden)) return false;
        return s.relations == relation_choice::all || (t == f) == (s.relations == relation_choice::within_types);
      });
  std::vector<std::uint8_t> known(nodes.size());
  for (std::size_t i = 0; i < known.size(); ++i) known[i] = co.offsets[i] < co.offsets[i + 1] ? 1 : 0;
  ia::csr text_rows{
      .rows = nodes.size(), .cols = nodes.size(), .offsets = {}, .columns = {}, .values = {}, .positions = {}};
  text_rows.offsets.assign(nodes.size() + 1, 0);
  if (s.text_edges) {
    text_rows =
        filtered(ia::text_neighbors(ctx, text.view(), nodes, known, {.neighbors = 10}), s.weighted,
                 [&](std::size_t target, std::size_t source) {
                   return s.relations == relation_choice::all ||
                          (nodes.type(target) == nodes.type(source)) == (s.relations == relation_choice::within_types);
                 });
  }
  auto const typed = [&](ia::csr const& edges) { return ia::typed_graph<Catalogue, CoWatched>(edges.view(), nodes); };
  ia::csr heard = ia::filled_up(co.view(), text_rows.view());
  auto by_rows = typed(heard);
  return {std::move(by_rows), typed(text_rows), typed(both_ways(co)), std::move(heard), std::move(known)};
}

template <class Features>
numbers embed_all(ia::cpu::context& ctx, item_encoder const& network, ia::graph<Catalogue> const& graph,
                  Features const& features, ia::node_numbering const& nodes) {
  ia::scope const temporary{ctx};
  auto const z = network(ctx, graph, features);
  numbers all(nodes.size(), z_width);
  Catalogue::each_node([&](auto n) {
    auto const members = nodes.members(Catalogue::node_index<decltype(n)>);
    for (std::size_t i = 0; i < members.size(); ++i) std::copy_n(z[n].value[i].data(), z_width, all[members[i]].data());
  });
  return all;
}

}  // namespace

foundation_settings paper_settings() {
  return {.neighbors = 0,
          .weighted = false,
          .text_edges = false,
          .text_share = 0,
          .max_pool = true,
          .last_relu = true,
          .margin_loss = true,
          .negatives = 5,
          .negatives_of_any_type = true,
          .sampled = true,
          .batch = 256,
          .steps = 400,
          .rate = 0.001F};
}

foundation train_foundation(ia::cpu::context& ctx, ia::interactions const& train_on, numbers const& text,
                            foundation_settings const& settings, training_stage const& stage) {
  auto& log = stage.log;
  auto const& nodes = train_on.numbering();
  log.bar.begin(stage.name + ": graph");
  auto const graph = build(ctx, train_on, text, settings);
  log.bar.end(train_on.size());
  if (log.relations.empty()) {
    for (auto const& r : ia::summarize(graph.heard).relations) {
      log.relations.push_back({r.relation, r.edges, r.targets, r.isolated, r.most});
    }
  }
  auto const features = ia::tables_by_type<Catalogue>(text.view(), nodes);

  auto network = new_encoder(ctx, settings);
  auto const judge = stage.judged(settings.steps, [&] {
    numbers const z = embed_all(ctx, network, graph.heard, features, nodes);
    return scoring_of(ctx, ia::text_knn{train_on, z.view()});
  });
  log.bar.begin(stage.name, settings.steps, settings.batch);
  foundation_task const task{graph, features, settings, stage, {judge.every, judge.score}};
  if (stage.on == device::cuda) {
    train_network_on_device(ctx.random_seed(), ctx.streams(), network, task);
  } else {
    train_network(on_cpu{ctx}, network, task);
  }
  log.bar.end();
  auto z = embed_all(ctx, network, graph.heard, features, nodes),
       z_text = embed_all(ctx, network, graph.by_text, features, nodes);
  return {std::move(z), std::move(z_text), std::make_shared<item_encoder const>(std::move(network)), graph.heard_rows,
          graph.known};
}

numbers embed_new_item(ia::cpu::context& ctx, item_encoder const& network, ia::csr const& heard,
                       std::span<std::uint8_t const> known, ia::node_numbering const& nodes, numbers const& text,
                       std::uint16_t type, std::span<float const> own_text) {
  constexpr std::size_t neighbors = 10;
  std::size_t const items = nodes.size();
  numbers all_text(items + 1, text.cols());
  std::copy_n(text.data(), text.size(), all_text.data());
  std::copy(own_text.begin(), own_text.end(), all_text[items].begin());
  std::vector<std::uint16_t> types(items + 1, type);
  for (std::size_t i = 0; i < items; ++i) types[i] = nodes.type(i);
  ia::node_numbering const all_nodes{nodes.types(), std::move(types)};

  std::vector<ia::heaviest> nearest(nodes.types(), ia::heaviest{neighbors});
  auto const length = [](std::span<float const> x) {
    return std::sqrt(std::inner_product(x.begin(), x.end(), x.begin(), 0.0));
  };
  double const own_length = length(own_text);
  for (std::uint32_t i = 0; i < items; ++i) {
    double const lengths = own_length * length(text[i]);
    if (!known[i] || lengths == 0) continue;
    double const cosine = std::inner_product(own_text.begin(), own_text.end(), text[i].begin(), 0.0) / lengths;
    if (cosine > 0) nearest[nodes.type(i)].offer(static_cast<float>(cosine), i);
  }
  ia::csr all_heard = heard;
  std::vector<ia::scored> row;
  for (auto& of_type : nearest) {
    for (auto const& x : of_type.sorted()) row.push_back(x);
  }
  ia::append_row(row, all_heard.columns, all_heard.values);
  all_heard.offsets.push_back(all_heard.columns.size());
  all_heard.rows = all_heard.cols = items + 1;
  return embed_all(ctx, network, ia::typed_graph<Catalogue, CoWatched>(all_heard.view(), all_nodes),
                   ia::tables_by_type<Catalogue>(all_text.view(), all_nodes), all_nodes);
}

item_encoder new_encoder(ia::cpu::context& ctx, foundation_settings const& settings) {
  return item_encoder{
      ctx,
      {.sage = {.how = settings.max_pool ? ia::aggregation::pool : ia::aggregation::mean},
       .neighbors = settings.max_pool ? ia::neighbor_sharing::per_relation : ia::neighbor_sharing::per_source,
       .self = settings.shared_self ? ia::self_sharing::shared : ia::self_sharing::per_type,
       .last = settings.last_relu ? ia::activation::relu : ia::activation::none}};
}

numbers standardized(numbers const& z, numbers const& reference) {
  numbers out = z;
  std::vector<double> mean(z.cols());
  double squares = 0;
  for (std::size_t i = 0; i < reference.rows(); ++i) {
    for (std::size_t c = 0; c < z.cols(); ++c) mean[c] += static_cast<double>(reference[i][c]);
  }
  for (auto& m : mean) m /= std::max<double>(1, static_cast<double>(reference.rows()));
  for (std::size_t i = 0; i < reference.rows(); ++i) {
    for (std::size_t c = 0; c < z.cols(); ++c) squares += std::pow(static_cast<double>(reference[i][c]) - mean[c], 2);
  }
  double const deviation = std::sqrt(squares / std::max<double>(1, static_cast<double>(reference.size()))) + 1e-9;
  for (std::size_t i = 0; i < out.rows(); ++i) {
    for (std::size_t c = 0; c < out.cols(); ++c)
      out[i][c] = static_cast<float>((static_cast<double>(z[i][c]) - mean[c]) / deviation);
  }
  return out;
}

}  // namespace personalization
