// From some nodes outwards: a few neighbors per node, relation and hop, drawn anew for every batch.
#pragma once

#include <concepts>
#include <intarsia/exec/neighbor_draws.hpp>
#include <intarsia/sampling/block.hpp>
#include <intarsia/sampling/permutation.hpp>
#include <intarsia/sampling/position.hpp>
#include <intarsia/sampling/relations.hpp>

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
};

namespace detail {

// Which slot a node has in the block under way; emptied by counting up a stamp.
class slot_table {
 public:
  explicit slot_table(std::size_t nodes = 0) { entries_.assign(nodes, {}); }

  void clear() {
    if (++stamp_ == 0) {
      std::fill(entries_.begin(), entries_.end(), entry{});
      stamp_ = 1;
    }
  }
  // Brings the entry of a node near before it is needed.
  void prefetch(std::uint32_t node) const { __builtin_prefetch(&entries_[node]); }
  // The slot of a node; new nodes get the next one and are appended to `ids`.
  std::uint32_t insert(std::uint32_t node, buffer<std::uint32_t>& ids) {
    entry& e = entries_[node];
    if (e.stamp != stamp_) {
      e = {stamp_, static_cast<std::uint32_t>(ids.size())};
      ids.push(node);
    }
    return e.slot;
  }
  [[nodiscard]] std::size_t nodes() const { return entries_.size(); }

 private:
  struct entry {
    std::uint32_t stamp = 0, slot = 0;
  };
  std::vector<entry> entries_;
  std::uint32_t stamp_ = 0;
};

// Fan-outs by hop (innermost first) and relation.
struct hop_plan {
  std::vector<std::vector<std::uint32_t>> fanout;
  bool replace = false, weighted = false;
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
      hop.relations[r].columns.reserve(edges[r]);
      hop.relations[r].back_columns.reserve(edges[r]);
      hop.relations[r].positions.reserve(edges[r]);
      if (relation.rows.values) hop.relations[r].values.reserve(edges[r]);
      if (plan.weighted) hop.relations[r].work.reserve(edges[r]);
      sources[relation.source] = std::min(nodes[relation.source], sources[relation.source] + edges[r]);
    }
    for (std::size_t r = 0; r < relations.size(); ++r)
      hop.relations[r].back_offsets.reserve(sources[relations[r].source] + 1);
    seeds = sources;
  }
  for (std::size_t n = 0; n < nodes.size(); ++n) b.ids[n].reserve(seeds[n]);
}

// Draws the hops of a block around the nodes already in b.ids. `hidden` holds, by relation, the entries never drawn.
// Draws of a node depend on seed, stream, hop, relation and the node's id alone.
template <class Context>
void expand(Context& ctx, block_data& b, std::vector<slot_table>& slots, std::vector<relation_rows> const& relations,
            hop_plan const& plan, std::vector<buffer<std::uint64_t>> const& hidden, std::uint64_t stream) {
  std::size_t const depth = plan.fanout.size();
  for (std::size_t h = 0; h < depth; ++h) {
    block_hop& hop = b.hops[depth - 1 - h];
    for (std::size_t n = 0; n < b.ids.size(); ++n) hop.targets[n] = b.ids[n].size();
    for (std::size_t r = 0; r < relations.size(); ++r) {
      block_edges& edges = hop.relations[r];
      edges.offsets.resize(hop.targets[relations[r].target] + 1);
      neighbor_draws<> draws{.rows = relations[r].rows,
                             .targets = b.ids[relations[r].target].view(),
                             .hidden = hidden[r].view(),
                             .fanout = plan.fanout[h][r],
                             .replace = plan.replace,
                             .weighted = plan.weighted,
                             .key = ctx.random_seed(),
                             .stream = stream_of(stream, h, r),
                             .offsets = edges.offsets.data()};
      count_draws(ctx, draws);
      std::size_t const count = edges.offsets[draws.targets.size()];
      edges.columns.resize(count);
      edges.values.resize(draws.rows.values ? count : 0);
      edges.work.resize(plan.weighted ? count : 0);
      draws.columns = edges.columns.data();
      draws.values = draws.rows.values ? edges.values.data() : nullptr;
      draws.work = plan.weighted ? edges.work.data() : nullptr;
      draw_entries(ctx, draws);
    }
    // A type's new slots are given in the order of relations, targets and draws: one owner per source type.
    ctx.threads().bulk(b.ids.size(), 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t n = begin; n < end; ++n) {
        for (std::size_t r = 0; r < relations.size(); ++r) {
          if (relations[r].source != n) continue;
          auto& columns = hop.relations[r].columns;
          for (std::size_t entry = 0; entry < columns.size(); ++entry) {
            if (entry + 16 < columns.size()) slots[n].prefetch(columns[entry + 16]);
            columns[entry] = slots[n].insert(columns[entry], b.ids[n]);
          }
        }
      }
    });
    for (std::size_t n = 0; n < b.ids.size(); ++n) hop.sources[n] = b.ids[n].size();
    ctx.threads().bulk(relations.size(), 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t r = begin; r < end; ++r) {
        hop.relations[r].transpose(hop.targets[relations[r].target], hop.sources[relations[r].source]);
      }
    });
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
    for (std::size_t n : relations_.nodes()) slots_.emplace_back(n);
    hidden_.resize(S::relation_count);
  }

  [[nodiscard]] std::size_t layers() const { return plan_.fanout.size(); }
  [[nodiscard]] detail::typed_rows<S> const& relations() const { return relations_; }
  [[nodiscard]] detail::typed_rows<S>& relations() { return relations_; }

  // Memory for batches of at most so many nodes of each type.
  void reserve(block<S>& b, std::vector<std::size_t> const& most) const {
    detail::reserve_block(b.data(), relations_.all(), relations_.nodes(), plan_, most);
  }
  // Memory for so many hidden edges of each relation.
  void reserve_hidden(std::size_t most) {
    for (auto& keys : hidden_) keys.reserve(most);
  }
  // An empty block: to be called before its nodes are added.
  void start(block<S>& b) {
    if (b.data().hops.size() != layers() || b.data().ids.size() != S::node_count ||
        b.data().hops.front().relations.size() != S::relation_count) {
      reserve(b, std::vector<std::size_t>(S::node_count, 0));
    }
    for (auto& ids : b.data().ids) ids.clear();
    for (auto& table : slots_) table.clear();
    for (auto& keys : hidden_) keys.clear();
  }
  // The slot of a node among the targets of the last layer.
  std::uint32_t add(block<S>& b, std::size_t type, std::uint32_t node) {
    return slots_[type].insert(node, b.data().ids[type]);
  }
  template <key_of<typename S::node_keys> N>
  slot<N> add(block<S>& b, N, id<N> node) {
    return {add(b, S::template node_index<N>, node.value)};
  }
  // No draw of the block under way takes these edges of a relation, nor their parallels: target id << 32 | source id.
  void hide(std::size_t relation, std::span<std::uint64_t const> edges) {
    for (std::uint64_t const edge : edges) hidden_[relation].push(edge);
  }

  // Draws the hops around the nodes that were added.
  void fill(block<S>& b, sampler_position at) {
    for (auto& keys : hidden_) {
      std::sort(keys.begin(), keys.end());
      keys.resize(static_cast<std::size_t>(std::unique(keys.begin(), keys.end()) - keys.begin()));
    }
    detail::expand(*context_, b.data(), slots_, relations_.all(), plan_, hidden_,
                   detail::stream_of(stream_, at.epoch, at.batch));
    b.refresh();
  }

 private:
  Context* context_;
  std::uint64_t stream_;
  detail::typed_rows<S> relations_;
  detail::hop_plan plan_;
  std::vector<detail::slot_table> slots_;
  std::vector<detail::buffer<std::uint64_t>> hidden_;
};
template <schema_type S, class Context>
neighbor_sampler(Context&, graph<S> const&) -> neighbor_sampler<S, Context>;
template <schema_type S, class Context>
neighbor_sampler(Context&, graph<S> const&, neighbor_options<S>) -> neighbor_sampler<S, Context>;
template <schema_type S, class Context>
neighbor_sampler(Context&, graph<S> const&, neighbor_options<S>, std::uint64_t) -> neighbor_sampler<S, Context>;

}  // namespace intarsia::inline v0
