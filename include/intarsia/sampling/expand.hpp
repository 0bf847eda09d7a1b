// The hops of a block around its innermost nodes: entries are drawn, and their sources get slots.
#pragma once

#include <algorithm>
#include <atomic>
#include <intarsia/exec/neighbor_draws.hpp>
#include <intarsia/sampling/block.hpp>
#include <intarsia/sampling/hidden_edges.hpp>
#include <intarsia/sampling/permutation.hpp>
#include <intarsia/sampling/relations.hpp>
#include <intarsia/sampling/slot_table.hpp>
#include <vector>

namespace intarsia::inline v0::detail {

inline constexpr std::size_t targets_of_a_piece = 512;

// Fan-outs by hop (innermost first) and relation.
struct hop_plan {
  std::vector<std::vector<std::uint32_t>> fanout;
  bool replace = false, weighted = false, outermost_by_id = false;
};

// What drawing needs beside the graph; kept, so that batches allocate nothing.
struct draw_memory {
  std::vector<slot_table> slots;     // by node type
  std::vector<hidden_edges> hidden;  // by relation
  row_words words;
  std::vector<neighbor_draws<>> draws;  // of one hop, those of a target type side by side
  std::vector<std::size_t> place;       // by relation: in draws
  std::vector<std::size_t> first_item;  // by relation, and the end: of a hop's pieces of targets
  std::vector<std::size_t> next_item;   // by source type: the piece whose sources get slots next
};

// The relation that a piece of a hop belongs to.
[[nodiscard]] inline std::size_t relation_of(draw_memory const& memory, std::size_t item) {
  auto const after = std::upper_bound(memory.first_item.begin(), memory.first_item.end(), item);
  return static_cast<std::size_t>(after - memory.first_item.begin()) - 1;
}

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
    std::size_t pieces = 0;
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
      pieces += targets / targets_of_a_piece + 1;
      hop.relations[r].offsets.reserve(targets + 1);
      hop.relations[r].found.reserve(targets);
      hop.relations[r].columns.reserve(edges[r]);
      if (relation.rows.values) hop.relations[r].values.reserve(edges[r]);
      if (plan.weighted) hop.relations[r].work.reserve(edges[r]);
      sources[relation.source] = std::min(nodes[relation.source], sources[relation.source] + edges[r]);
    }
    hop.done.reserve(pieces);
    hop.by_id = plan.outermost_by_id && h + 1 == depth;
    if (!hop.by_id) seeds = sources;
  }
  // One more, so that a node may be written before it is known whether it is new.
  for (std::size_t n = 0; n < nodes.size(); ++n) b.ids[n].reserve(seeds[n] + 1);
}

// Gives slots to the sources of a hop while it is drawn, piece by piece in one order for each source type: of
// relations, targets and draws. Whoever has drawn a piece goes on with what can be done; nobody waits.
class slot_chain {
 public:
  slot_chain(block_data& b, block_hop& hop, draw_memory& memory, std::vector<relation_rows> const& relations)
      : block_{b}, hop_{hop}, memory_{memory}, relations_{relations} {
    hop.done.resize(memory.first_item.back());
    std::fill(hop.done.begin(), hop.done.end(), std::uint8_t{0});
    std::fill(memory.next_item.begin(), memory.next_item.end(), std::size_t{0});
    for (std::size_t n = 0; n < memory.next_item.size(); ++n) memory.next_item[n] = following(n, 0) << 1;
  }

  // A piece of a relation was drawn.
  void drawn(std::size_t item, std::size_t relation) {
    std::atomic_ref{hop_.done[item]}.store(1);
    // The number of the next piece, and in its last bit whether somebody is at work on it.
    std::size_t const type = relations_[relation].source;
    std::atomic_ref next{memory_.next_item[type]};
    for (std::size_t state = next.load(); (state & 1) == 0 && is_done(state >> 1);) {
      if (!next.compare_exchange_weak(state, state | 1)) continue;
      place(state >> 1);
      state = following(type, (state >> 1) + 1) << 1;
      next.store(state);
    }
  }

 private:
  [[nodiscard]] bool is_done(std::size_t item) const {
    return item < hop_.done.size() && std::atomic_ref{hop_.done[item]}.load() != 0;
  }
  // The first piece from `item` on whose sources are of a type.
  [[nodiscard]] std::size_t following(std::size_t type, std::size_t item) const {
    for (std::size_t r = 0; r < relations_.size(); ++r) {
      std::size_t const first = std::max(item, memory_.first_item[r]);
      if (relations_[r].source == type && first < memory_.first_item[r + 1]) return first;
    }
    return memory_.first_item.back();
  }
  void place(std::size_t item) {
    std::size_t const r = relation_of(memory_, item), type = relations_[r].source;
    block_edges& edges = hop_.relations[r];
    std::size_t const begin = (item - memory_.first_item[r]) * targets_of_a_piece;
    std::size_t const end = std::min(begin + targets_of_a_piece, edges.offsets.size() - 1);
    memory_.slots[type].insert({edges.columns.data() + edges.offsets[begin], edges.offsets[end] - edges.offsets[begin]},
                               block_.ids[type]);
  }

  block_data& block_;
  block_hop& hop_;
  draw_memory& memory_;
  std::vector<relation_rows> const& relations_;
};

// Draws the hops of a block around the nodes already in b.ids.
// Draws of a node depend on seed, stream, hop, relation and the node's id alone.
template <class Context>
void expand(Context& ctx, block_data& b, draw_memory& memory, std::vector<relation_rows> const& relations,
            std::vector<std::size_t> const& nodes, hop_plan const& plan, std::uint64_t stream) {
  std::size_t const depth = plan.fanout.size();
  for (std::size_t h = 0; h < depth; ++h) {
    block_hop& hop = b.hops[depth - 1 - h];
    hop.by_id = plan.outermost_by_id && h + 1 == depth;
    memory.draws.clear();
    for (std::size_t n = 0; n < b.ids.size(); ++n) {
      hop.targets[n] = b.ids[n].size();
      std::size_t const first = memory.draws.size();
      for (std::size_t r = 0; r < relations.size(); ++r) {
        if (relations[r].target != n) continue;
        block_edges& edges = hop.relations[r];
        edges.offsets.resize(hop.targets[n] + 1);
        edges.found.resize(hop.targets[n]);
        neighbor_draws<> draws{.rows = relations[r].rows,
                               .targets = b.ids[n].view(),
                               .hidden = {},
                               .fanout = plan.fanout[h][r],
                               .replace = plan.replace,
                               .weighted = plan.weighted,
                               .key = ctx.random_seed(),
                               .stream = stream_of(stream, h, r),
                               .offsets = edges.offsets.data(),
                               .found = edges.found.data()};
        memory.hidden[r].show(draws);
        memory.words.show(draws, r, n);
        memory.place[r] = memory.draws.size();
        memory.draws.push_back(draws);
      }
      count_draws(ctx, std::span<neighbor_draws<> const>{memory.draws}.subspan(first));
    }
    std::size_t items = 0;
    for (std::size_t r = 0; r < relations.size(); ++r) {
      block_edges& edges = hop.relations[r];
      neighbor_draws<>& draws = memory.draws[memory.place[r]];
      std::size_t const count = edges.offsets[draws.targets.size()];
      edges.columns.resize(count);
      edges.values.resize(relations[r].rows.values ? count : 0);
      edges.work.resize(plan.weighted ? count : 0);
      draws.columns = edges.columns.data();
      draws.values = relations[r].rows.values ? edges.values.data() : nullptr;
      draws.work = plan.weighted ? edges.work.data() : nullptr;
      memory.first_item[r] = items;
      items += count == 0 ? 0 : (draws.targets.size() + targets_of_a_piece - 1) / targets_of_a_piece;
    }
    memory.first_item.back() = items;
    // Nodes are added while targets are read: first all the room that they may need.
    for (std::size_t n = 0; !hop.by_id && n < b.ids.size(); ++n) {
      std::size_t most = b.ids[n].size();
      for (std::size_t r = 0; r < relations.size(); ++r) {
        if (relations[r].source == n) most += hop.relations[r].columns.size();
      }
      b.ids[n].reserve(std::min(most, nodes[n]) + 1);
    }
    for (std::size_t r = 0; r < relations.size(); ++r) {
      memory.draws[memory.place[r]].targets = b.ids[relations[r].target].view();
    }
    slot_chain chain{b, hop, memory, relations};
    ctx.threads().bulk(items, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t item = begin; item < end; ++item) {
        std::size_t const r = relation_of(memory, item);
        neighbor_draws<> const& draws = memory.draws[memory.place[r]];
        std::size_t const from = (item - memory.first_item[r]) * targets_of_a_piece;
        draw_entries(ctx, draws, from, std::min(from + targets_of_a_piece, draws.targets.size()));
        if (!hop.by_id) chain.drawn(item, r);
      }
    });
    for (std::size_t n = 0; n < b.ids.size(); ++n) hop.sources[n] = hop.by_id ? nodes[n] : b.ids[n].size();
  }
}

}  // namespace intarsia::inline v0::detail
