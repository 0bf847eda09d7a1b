#include "foundation.hpp"

#include <cmath>
#include <intarsia/cpu/cpu.hpp>
#include <intarsia/exec/scope.hpp>
#include <intarsia/exec/tape.hpp>
#include <intarsia/graph/co_interaction.hpp>
#include <intarsia/graph/summary.hpp>
#include <intarsia/graph/text_neighbors.hpp>
#include <intarsia/loss/link_contrastive.hpp>
#include <intarsia/models/baselines.hpp>
#include <intarsia/models/features.hpp>
#include <intarsia/optim/adam.hpp>
#include <intarsia/optim/schedule.hpp>
#include <intarsia/sampling/link_sampler.hpp>
#include <numeric>

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

// The graphs of one training.
struct graphs {
  ia::graph<Catalogue> heard;       // what the network hears
  ia::graph<Catalogue> by_text;     // what it hears of a node as if it had no interactions
  ia::graph<Catalogue> links;       // what it learns to predict
  ia::csr heard_rows;               // the edges of `heard`, all types together
  std::vector<std::uint8_t> known;  // items that hear by interactions
};

graphs build(ia::cpu::context& ctx, ia::interactions const& train_on, numbers const& text,
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

// A graph of which some nodes hear another one: the neighborhood of a step.
class mixed {
 public:
  mixed(ia::graph<Catalogue> const& first, ia::graph<Catalogue> const& second) : hop_{first.hop()} {
    auto const other = second.hop();
    for (std::size_t r = 0; r < hop_.edges.values.size(); ++r) {
      hop_.edges.values[r].other_forward = other.edges.values[r].forward;
      hop_.edges.values[r].other_backward = other.edges.values[r].backward;
    }
    for (std::size_t n = 0; n < marks_.values.size(); ++n) marks_.values[n].resize(hop_.targets.values[n]);
    Catalogue::each_relation([&](auto r) { hop_.edges[r].other = marks_[r.target].data(); });
  }
  // A node of each `share` hears the second graph, drawn anew for every step.
  void draw(ia::seed s, std::uint64_t stream, std::size_t step, float share) {
    for (std::size_t n = 0; n < marks_.values.size(); ++n) {
      ia::random dice{s, stream, (std::uint64_t{step} << 8) | n};
      for (auto& mark : marks_.values[n]) mark = dice.uniform() < share ? 1 : 0;
    }
  }
  [[nodiscard]] ia::hop<Catalogue> const& hop(std::size_t /*layer*/, std::size_t /*layers*/) const { return hop_; }

 private:
  ia::hop<Catalogue> hop_;
  ia::per_node<Catalogue, std::vector<std::uint8_t>> marks_;
};

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

ia::link_options<Catalogue> link_settings(foundation_settings const& s) {
  return {.batch = s.batch,
          .fanout = {10, 10},
          .balance = s.balanced ? ia::balance::by_relation : ia::balance::as_is,
          .epochs = s.sampled ? s.steps : 1,
          .steps = s.sampled ? 0 : s.steps,
          .negatives = {.from = s.negatives_of_any_type ? ia::negative_source::catalogue : ia::negative_source::uniform,
                        .each = s.negatives,
                        .on_collision = ia::collision::mask},
          .exclude_seeds = s.sampled,
          .full_graph = !s.sampled,
          .weighted = s.weighted};
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
  ia::adam learn{network, {.rate = settings.rate}};
  auto sampler = ia::sample_links(ctx, settings.sampled ? graph.heard : graph.links, link_settings(settings));
  auto batch = sampler.make_batch();
  mixed neighborhood{graph.heard, graph.by_text};
  std::uint64_t const stream = ctx.next_stream();
  ia::link_contrastive_options const objective{
      .kind = settings.margin_loss ? ia::contrast_kind::margin : ia::contrast_kind::softmax,
      .temperature = settings.temperature,
      .margin = settings.margin};

  log.bar.begin(stage.name, settings.steps, settings.batch);
  ia::train(
      stage.name, network, learn, sampler.steps() == 0 ? 0 : settings.steps, stage.keep,
      [&](std::size_t step) {
        sampler.seek({step / sampler.steps(), step % sampler.steps()});
        sampler.next(batch);
        learn.rate(settings.rate * (settings.sampled ? 1 : ia::schedule::linear_decay(step, settings.steps)));
        ia::tape tape{ctx};
        auto const loss = [&] {
          if (settings.sampled)
            return ia::link_contrastive(tape, network(tape, batch.graph, batch.rows(features)), batch.links, objective);
          neighborhood.draw(ctx.random_seed(), stream, step, settings.text_share);
          return ia::link_contrastive(tape, network(tape, neighborhood, features), batch.links, objective);
        }();
        learn.step(tape.backward(loss));
        return static_cast<double>(loss.value.data[0]);
      },
      stage.watch(), stage.judged(settings.steps, [&] {
        numbers const z = embed_all(ctx, network, graph.heard, features, nodes);
        return scoring_of(ctx, ia::text_knn{train_on, z.view()});
      }));
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
