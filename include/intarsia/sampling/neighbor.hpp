// From some nodes outwards: a few neighbors per node, relation and hop, drawn anew for every batch.
#pragma once

#include <concepts>
#include <intarsia/sampling/block.hpp>
#include <intarsia/sampling/expand.hpp>
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
  // The outermost hop names its sources by id and gives them no slots: less work where the first layer reads the rows
  // of whole tables, as hetero_sage does with block.rows(features).
  bool outermost_by_id = false;
};

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
    memory_.draws.reserve(S::relation_count);
    memory_.place.resize(S::relation_count);
    memory_.first_item.resize(S::relation_count + 1);
    memory_.next_item.resize(S::node_count);
    memory_.words.share(relations_.all(), relations_.nodes());
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
    for (auto& edges : memory_.hidden) edges.reserve(most);
  }
  // An empty block: to be called before its nodes are added.
  void start(block<S>& b) {
    if (b.data().hops.size() != layers() || b.data().ids.size() != S::node_count ||
        b.data().hops.front().relations.size() != S::relation_count) {
      reserve(b, std::vector<std::size_t>(S::node_count, 0));
    }
    for (auto& ids : b.data().ids) ids.clear();
    for (auto& table : memory_.slots) table.clear();
    for (auto& edges : memory_.hidden) edges.clear();
  }
  // The slot of a node among the targets of the last layer.
  std::uint32_t add(block<S>& b, std::size_t type, std::uint32_t node) {
    return memory_.slots[type].insert(node, b.data().ids[type]);
  }
  // The same for some nodes, in order, each of which becomes its slot.
  void add(block<S>& b, std::size_t type, std::span<std::uint32_t> nodes) {
    memory_.slots[type].insert(nodes, b.data().ids[type]);
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
    for (std::size_t r = 0; r < S::relation_count; ++r) memory_.hidden[r].find_in(relations_.all()[r].rows);
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
