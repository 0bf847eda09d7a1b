// From some nodes outwards: a few neighbors per node, relation and hop, drawn anew for every batch.
#pragma once

#include <concepts>
#include <intarsia/exec/neighbor_draws.hpp>
#include <intarsia/sampling/block.hpp>
#include <intarsia/sampling/permutation.hpp>
#include <intarsia/sampling/position.hpp>
#include <intarsia/sampling/relations.hpp>
#include <intarsia/sampling/slot_table.hpp>

namespace intarsia::inline v0 {

// How many neighbors a node hears in one hop: one number for every relation, or one for each.
template <schema_type S>
struct fanout {
  per_relation<S, std::uint32_t> most;

  template <std::integral Number>
  fanout(Number all) {
    most.values.fill(
        static_cast<std::uint32_t>(std::min<std::uint64_t>(static_cast<std::uint64_t>(all), all_neighbors)));
  }
  fanout(per_relation<S, std::uint32_t> each) : most{each} {}
};

template <schema_type S>
struct neighbor_options {
  std::vector<intarsia::fanout<S>> fanout = {15, 10};  // from the targets outwards: as many as the model has layers
  bool replace = false;                                // with replacement: always as many as the fan-out says
  bool weighted = false;                               // neighbors in proportion to edge values
  // The outermost hop names its sources by id and gives them no slots: less work where the first layer reads the rows
  // of whole tables, as hetero_sage does with block.rows(features).
  bool outermost_by_id = false;
};

namespace detail {

// Fan-outs by hop (innermost first) and relation.
struct hop_plan {
  std::vector<std::vector<std::uint32_t>> fanout;
  bool replace = false, weighted = false, outermost_by_id = false;
};

// What drawing needs beside the graph; kept, so that batches allocate nothing.
struct draw_memory {
  std::vector<slot_table> slots;              // by node type
  std::vector<buffer<std::uint64_t>> hidden;  // by relation: the entries never drawn
  std::vector<buffer<std::uint64_t>> hiding;  // by relation: neighbor_draws::hiding
  row_words words;
  std::vector<neighbor_draws<>> draws;
};

// Reserves what any batch of at most `seeds[type]` targets may need, so that filling never allocates.
inline void reserve_block(block_data& b, std::vector<relation_rows> const& relations,
                          std::vector<std::size_t> const& nodes, hop_plan const& plan, std::vector<std::size_t> seeds) {
  std::size_t const depth = plan.fanout.size();
  b.hops.resize(depth);
  b.ids.resize(nodes.size());
  for (std::size_t n = 0; n < nodes.size(); ++n) seeds[n] = std::min(seeds[n], nodes[n]);
  std::vector<std::size_t> edges(relations.size());
  for (std::size_t h = 0; h < depth; ++h) {
    block_hop& hop = b.hops[depth - 1 - h];
    hop.relations.resize(relations.size());
    hop.sources.resize(nodes.size());
    hop.targets.resize(nodes.size());
    std::vector<std::size_t> sources = seeds;
    for (std::size_t r = 0; r < relations.size(); ++r) {
      auto const& relation = relations[r];
      std::size_t const fanout = plan.fanout[h][r], targets = seeds[relation.target], all = relation.rows.entries();
      bool const grows = plan.replace && fanout != all_neighbors;
      edges[r] = fanout == all_neighbors ? all : targets * fanout;
      if (!grows) edges[r] = std::min(edges[r], all);
      if (all == 0) edges[r] = 0;
      hop.relations[r].offsets.reserve(targets + 1);
      hop.relations[r].found.reserve(targets);
      hop.relations[r].columns.reserve(edges[r]);
      if (relation.rows.values) hop.relations[r].values.reserve(edges[r]);
      if (plan.weighted) hop.relations[r].work.reserve(edges[r]);
      sources[relation.source] = std::min(nodes[relation.source], sources[relation.source] + edges[r]);
    }
    hop.by_id = plan.outermost_by_id && h + 1 == depth;
    if (!hop.by_id) seeds = sources;
  }
  // One more, so that a node may be written before it is known whether it is new.
  for (std::size_t n = 0; n < nodes.size(); ++n) b.ids[n].reserve(seeds[n] + 1);
}

// Draws the hops of a block around the nodes already in b.ids.
// Draws of a node depend on seed, stream, hop, relation and the node's id alone.
template <class Context>
void expand(Context& ctx, block_data& b, draw_memory& memory, std::vector<relation_rows> const& relations,
            std::vector<std::size_t> const& nodes, hop_plan const& plan, std::uint64_t stream) {
  std::size_t const depth = plan.fanout.size();
  for (std::size_t h = 0; h < depth; ++h) {
    block_hop& hop = b.hops[depth - 1 - h];
    for (std::size_t n = 0; n < b.ids.size(); ++n) {
      hop.targets[n] = b.ids[n].size();
      memory.draws.clear();
      for (std::size_t r = 0; r < relations.size(); ++r) {
        if (relations[r].target != n) continue;
        block_edges& edges = hop.relations[r];
        edges.offsets.resize(hop.targets[n] + 1);
        edges.found.resize(hop.targets[n]);
        neighbor_draws<> draws{.rows = relations[r].rows,
                               .targets = b.ids[n].view(),
                               .hidden = memory.hidden[r].view(),
                               .fanout = plan.fanout[h][r],
                               .replace = plan.replace,
                               .weighted = plan.weighted,
                               .key = ctx.random_seed(),
                               .stream = stream_of(stream, h, r),
                               .offsets = edges.offsets.data(),
                               .found = edges.found.data(),
                               .hiding = memory.hiding[r].data()};
        memory.words.show(draws, r, n);
        memory.draws.push_back(draws);
      }
      count_draws(ctx, std::span<neighbor_draws<> const>{memory.draws});
      auto draws = memory.draws.begin();
      for (std::size_t r = 0; r < relations.size(); ++r) {
        if (relations[r].target != n) continue;
        block_edges& edges = hop.relations[r];
        std::size_t const count = edges.offsets[hop.targets[n]];
        edges.columns.resize(count);
        edges.values.resize(relations[r].rows.values ? count : 0);
        edges.work.resize(plan.weighted ? count : 0);
        draws->columns = edges.columns.data();
        draws->values = relations[r].rows.values ? edges.values.data() : nullptr;
        draws->work = plan.weighted ? edges.work.data() : nullptr;
        draw_entries(ctx, *draws++);
      }
    }
    hop.by_id = plan.outermost_by_id && h + 1 == depth;
    if (hop.by_id) {
      hop.sources = nodes;
      return;
    }
    // A type's new slots are given in the order of relations, targets and draws: one owner per source type.
    ctx.threads().bulk(b.ids.size(), 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t n = begin; n < end; ++n) {
        for (std::size_t r = 0; r < relations.size(); ++r) {
          if (relations[r].source != n) continue;
          auto& columns = hop.relations[r].columns;
          memory.slots[n].insert({columns.data(), columns.size()}, b.ids[n]);
        }
      }
    });
    for (std::size_t n = 0; n < b.ids.size(); ++n) hop.sources[n] = b.ids[n].size();
  }
}

}  // namespace detail

// Samples the neighborhood of given nodes, for inference on a part of a graph or a training loop of one's own:
//   neighbor_sampler sampler{ctx, graph, {.fanout = {15, 10}}};
//   sampler.add(block, Audiobook{}, ids); sampler.fill(block, position);
// The context and the graph outlive the sampler.
template <schema_type S, class Context>
class neighbor_sampler {
 public:
  neighbor_sampler(Context& ctx, graph<S> const& g, neighbor_options<S> options = {}, std::uint64_t stream = 0)
      : context_{&ctx}, stream_{stream}, relations_{g} {
    expects(!options.fanout.empty(),
            "neighbor_sampler: give one fan-out for each layer of the model, for example {15, 10}");
    for (auto const& hop : options.fanout) plan_.fanout.emplace_back(hop.most.values.begin(), hop.most.values.end());
    plan_.replace = options.replace;
    plan_.weighted = options.weighted;
    plan_.outermost_by_id = options.outermost_by_id;
    for (std::size_t n : relations_.nodes()) memory_.slots.emplace_back(n);
    memory_.hidden.resize(S::relation_count);
    memory_.hiding.resize(S::relation_count);
    for (auto& bits : memory_.hiding) bits.resize(neighbor_draws<>::hiding_bits / 64);
    memory_.draws.reserve(S::relation_count);
    index();
  }

  [[nodiscard]] std::size_t layers() const { return plan_.fanout.size(); }
  [[nodiscard]] detail::typed_rows<S> const& relations() const { return relations_; }
  // Whoever changes them calls index() after it.
  [[nodiscard]] detail::typed_rows<S>& relations() { return relations_; }
  void index() { memory_.words.build(relations_.all(), relations_.nodes()); }

  // Memory for batches of at most so many nodes of each type.
  void reserve(block<S>& b, std::vector<std::size_t> const& most) const {
    detail::reserve_block(b.data(), relations_.all(), relations_.nodes(), plan_, most);
  }
  // Memory for so many hidden edges of each relation.
  void reserve_hidden(std::size_t most) {
    for (auto& keys : memory_.hidden) keys.reserve(most);
  }
  // An empty block: to be called before its nodes are added.
  void start(block<S>& b) {
    if (b.data().hops.size() != layers() || b.data().ids.size() != S::node_count ||
        b.data().hops.front().relations.size() != S::relation_count) {
      reserve(b, std::vector<std::size_t>(S::node_count, 0));
    }
    for (auto& ids : b.data().ids) ids.clear();
    for (auto& table : memory_.slots) table.clear();
    for (auto& keys : memory_.hidden) keys.clear();
  }
  // The slot of a node among the targets of the last layer.
  std::uint32_t add(block<S>& b, std::size_t type, std::uint32_t node) {
    return memory_.slots[type].insert(node, b.data().ids[type]);
  }
  template <key_of<typename S::node_keys> N>
  slot<N> add(block<S>& b, N, id<N> node) {
    return {add(b, S::template node_index<N>, node.value)};
  }
  // No draw of the block under way takes these edges of a relation, nor their parallels: target id << 32 | source id.
  void hide(std::size_t relation, std::span<std::uint64_t const> edges) {
    for (std::uint64_t const edge : edges) memory_.hidden[relation].push(edge);
  }

  // Draws the hops around the nodes that were added.
  void fill(block<S>& b, sampler_position at) {
    for (std::size_t r = 0; r < S::relation_count; ++r) {
      auto& keys = memory_.hidden[r];
      std::sort(keys.begin(), keys.end());
      keys.resize(static_cast<std::size_t>(std::unique(keys.begin(), keys.end()) - keys.begin()));
      auto& bits = memory_.hiding[r];
      std::fill(bits.begin(), bits.end(), std::uint64_t{0});
      for (std::uint64_t const key : keys) {
        std::size_t const bit = (key >> 32) % neighbor_draws<>::hiding_bits;
        bits[bit / 64] |= std::uint64_t{1} << (bit % 64);
      }
    }
    detail::expand(*context_, b.data(), memory_, relations_.all(), relations_.nodes(), plan_,
                   detail::stream_of(stream_, at.epoch, at.batch));
    b.refresh();
  }

 private:
  Context* context_;
  std::uint64_t stream_;
  detail::typed_rows<S> relations_;
  detail::hop_plan plan_;
  detail::draw_memory memory_;
};
template <schema_type S, class Context>
neighbor_sampler(Context&, graph<S> const&) -> neighbor_sampler<S, Context>;
template <schema_type S, class Context>
neighbor_sampler(Context&, graph<S> const&, neighbor_options<S>) -> neighbor_sampler<S, Context>;
template <schema_type S, class Context>
neighbor_sampler(Context&, graph<S> const&, neighbor_options<S>, std::uint64_t) -> neighbor_sampler<S, Context>;

}  // namespace intarsia::inline v0
