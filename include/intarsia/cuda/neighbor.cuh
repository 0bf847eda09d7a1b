// From some nodes outwards on the device: the neighborhoods of sampling/neighbor.hpp, node for node and edge for edge.
#pragma once

#include <algorithm>
#include <intarsia/cuda/device_block.cuh>
#include <intarsia/cuda/sample.cuh>
#include <intarsia/cuda/slot_table.cuh>
#include <intarsia/sampling/neighbor.hpp>
#include <utility>

namespace intarsia::inline v0::cuda {

namespace detail {
// The edges of one relation on the device.
struct device_rows {
  std::size_t rows = 0, cols = 0, entries = 0;
  std::uint32_t source = 0, target = 0;
  device_array<std::uint64_t> offsets;
  device_array<std::uint32_t> columns;
  device_array<float> values;
};
}  // namespace detail

// For the same seed, stream and position it draws what neighbor_sampler draws on the CPU:
//   cuda::neighbor_sampler sampler{ctx, graph, {.fanout = {15, 10}}};   // moves the graph to the device, once
//   sampler.start(block); sampler.add(block, Audiobook{}, id); sampler.fill(block, position);
// Nothing is read back from the device. The context outlives the sampler.
template <schema_type S>
class neighbor_sampler {
 public:
  neighbor_sampler(context& ctx, graph<S> const& g, neighbor_options<S> options = {}, std::uint64_t stream = 0)
      : context_{&ctx}, options_{std::move(options)}, stream_{stream} {
    expects(!options_.fanout.empty(),
            "neighbor_sampler: give one fan-out for each layer of the model, for example {15, 10}");
    intarsia::detail::typed_rows<S> const rows{g};
    nodes_ = rows.nodes();
    for (auto const& relation : rows.all()) {
      csr_view<> const a = relation.rows;
      rows_.push_back({a.rows, a.cols, a.entries(), relation.source, relation.target,
                       upload(ctx, std::span{a.offsets, a.offsets ? a.rows + 1 : 0}),
                       upload(ctx, std::span{a.columns, a.entries()}),
                       upload(ctx, std::span{a.values, a.values ? a.entries() : 0})});
    }
    for (std::size_t const n : nodes_) met_.emplace_back(n);
    asked_.resize(S::node_count);
    hidden_.resize(S::relation_count);
    tables_.resize(S::node_count);
    lay_out();
  }

  [[nodiscard]] std::size_t layers() const { return options_.fanout.size(); }

  // The edges of a relation on the device, sources rising in every row.
  [[nodiscard]] csr_view<device> rows(std::size_t relation) const {
    auto const& r = rows_[relation];
    float const* const values = r.values.size() > 0 ? r.values.data() : nullptr;
    return {r.rows, r.cols, r.offsets.data(), r.columns.data(), values, nullptr, r.entries};
  }

  // Hands out the edges of a relation and takes memory for at most so many others, which read() writes. To be called
  // before batches are reserved.
  [[nodiscard]] detail::device_rows hand_out(std::size_t relation, std::size_t most) {
    detail::device_rows& now = rows_[relation];
    detail::device_rows other{now.rows,
                              now.cols,
                              most,
                              now.source,
                              now.target,
                              {*context_, now.rows + 1},
                              {*context_, most},
                              {*context_, now.values.size() > 0 ? most : 0}};
    return std::exchange(now, std::move(other));
  }
  // The edges of a relation that was handed out, from the next draw on. Does not block.
  void read(std::size_t relation, csr_view<> edges) {
    detail::device_rows& now = rows_[relation];
    upload(*context_, std::span{edges.offsets, edges.rows + 1}, now.offsets);
    upload(*context_, std::span{edges.columns, edges.entries()}, now.columns);
    upload(*context_, std::span{edges.values, edges.values ? edges.entries() : 0}, now.values);
  }

  // Device memory for batches of at most so many nodes of each type, listed as often as they are asked for.
  void reserve(device_block<S>& b, std::vector<std::size_t> most) {
    std::size_t const depth = layers();
    auto& data = b.data();
    data.clear();
    data.resize(depth);
    b.counts() = {*context_, (depth + 2) * S::node_count};
    for (std::size_t n = 0; n < S::node_count; ++n) {
      if (most[n] > seeds_of(n)) reserve_inputs(n, most[n]);
      most[n] = std::min(most[n], nodes_[n]);
    }
    for (std::size_t h = 0; h < depth; ++h) {
      detail::device_hop& hop = data[depth - 1 - h];
      hop.relations.resize(S::relation_count);
      hop.targets = most;
      std::vector<std::size_t> columns(S::node_count, 0);
      for (std::size_t r = 0; r < S::relation_count; ++r) {
        auto const& relation = rows_[r];
        detail::device_edges& edges = hop.relations[r];
        std::size_t const targets = hop.targets[relation.target];
        edges.most = most_entries(h, r, targets);
        edges.first = columns[relation.source];
        columns[relation.source] += edges.most;
        edges.offsets = {*context_, targets + 1};
        edges.found = {*context_, targets};
        if (relation.values.size() > 0) edges.values = {*context_, edges.most};
        if (options_.weighted) edges.work = {*context_, edges.most};
      }
      for (std::size_t n = 0; n < S::node_count; ++n) {
        hop.columns.emplace_back(*context_, columns[n]);
        if (!by_id(h)) most[n] = std::min(nodes_[n], most[n] + columns[n]);
      }
      hop.sources = by_id(h) ? nodes_ : most;
    }
    b.id_lists().clear();
    for (std::size_t n = 0; n < S::node_count; ++n) {
      b.id_lists().emplace_back(*context_, most[n]);
      if (tables_[n].most() < most[n]) tables_[n] = slot_table{*context_, nodes_[n], most[n]};
    }
    b.refresh(options_.outermost_by_id);
  }
  // Device memory for so many hidden edges of each relation.
  void reserve_hidden(std::size_t most) {
    if (most <= most_hidden_) return;
    most_hidden_ = most;
    lay_out();
  }

  // An empty block: to be called before its nodes are added.
  void start(device_block<S>& b) {
    if (b.data().size() != layers()) reserve(b, std::vector<std::size_t>(S::node_count, 0));
    for (auto& nodes : asked_) nodes.clear();
    for (auto& table : met_) table.clear();
    for (auto& keys : hidden_) keys.clear();
  }
  // The slot of a node among the targets of the last layer.
  std::uint32_t add(device_block<S>&, std::size_t type, std::uint32_t node) {
    return met_[type].insert(node, asked_[type]);
  }
  template <key_of<typename S::node_keys> N>
  slot<N> add(device_block<S>& b, N, id<N> node) {
    return {add(b, S::template node_index<N>, node.value)};
  }
  // No draw of the block under way takes these edges of a relation, nor their parallels: target id << 32 | source id.
  void hide(std::size_t relation, std::span<std::uint64_t const> edges) {
    hidden_[relation].insert(hidden_[relation].end(), edges.begin(), edges.end());
  }

  // Draws the hops around the nodes that were added. Does not block; takes device memory only where a batch is larger
  // than what was reserved.
  void fill(device_block<S>& b, sampler_position at) {
    stage(b, at);
    draw(b);
  }

  // The first half of fill: moves what the batch consists of (its position, nodes, hidden edges) to the device. All
  // that the second half does is the same for every batch, so that it may be captured in a CUDA graph, and replayed
  // after further calls of stage. nodes_follow: nothing was added, the caller writes all of seeds() itself.
  void stage(device_block<S>& b, sampler_position at, bool nodes_follow = false) {
    std::vector<std::size_t> most(S::node_count);
    bool larger = false;
    for (std::size_t n = 0; n < S::node_count; ++n) {
      most[n] = std::max(b.data().back().targets[n], asked_[n].size());
      larger = larger || most[n] > b.data().back().targets[n];
    }
    if (larger) reserve(b, most);
    for (auto& keys : hidden_) {
      std::sort(keys.begin(), keys.end());
      keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
      if (keys.size() > most_hidden_) reserve_hidden(2 * keys.size());
    }
    std::fill(staged_.begin(), staged_.end(), ~std::uint64_t{0});
    std::uint64_t const base = intarsia::detail::stream_of(stream_, at.epoch, at.batch);
    for (std::size_t h = 0; h < layers(); ++h) {
      for (std::size_t r = 0; r < S::relation_count; ++r) {
        staged_[h * S::relation_count + r] = intarsia::detail::stream_of(base, h, r);
      }
    }
    for (std::size_t r = 0; r < S::relation_count; ++r) {
      std::copy(hidden_[r].begin(), hidden_[r].end(), staged_.begin() + static_cast<std::ptrdiff_t>(hidden_at(r)));
    }
    for (std::size_t n = 0; n < S::node_count; ++n) {
      std::uint32_t const* const nodes = asked_[n].data();
      std::size_t const count = asked_[n].size();
      for (std::size_t i = 0; i < count; i += 2) {
        std::uint64_t const second = i + 1 < count ? nodes[i + 1] : no_node;
        staged_[seeds_at_[n] + i / 2] = nodes[i] | (second << 32);
      }
    }
    std::size_t const moved = nodes_follow ? hidden_at(S::relation_count) : staged_.size();
    detail::to_device(context_->stream(), staged_.data(), inputs_.data(), moved * sizeof(std::uint64_t));
  }

  // The nodes of a type that the staged batch starts from, on the device: no_node where there is none, and repeats are
  // allowed. Whoever has nodes on the device writes them here between stage and draw, and after draw finds their slots
  // in their places.
  [[nodiscard]] std::span<std::uint32_t> seeds(std::size_t type) {
    auto* const from = static_cast<std::uint32_t*>(static_cast<void*>(inputs_.data() + seeds_at_[type]));
    return {from, seeds_of(type)};
  }

  // The second half of fill. Does not block, and takes no memory but scratch.
  void draw(device_block<S>& b) {
    context& ctx = *context_;
    std::size_t const depth = layers();
    std::uint32_t* const counts = b.counts().data();
    fill_bytes(counts, b.counts().size(), 0);
    lists_.clear();
    for (std::size_t n = 0; n < S::node_count; ++n) {
      auto& ids = b.id_lists()[n];
      fill_bytes(ids.data(), ids.size(), 0);
      tables_[n].clear(ctx);
      lists_.push_back({&tables_[n], seeds(n), ids.data(), counts + n, counts + S::node_count + n, no_node});
    }
    slot_table::insert(ctx, lists_);
    for (std::size_t h = 0; h < depth; ++h) {
      detail::device_hop& hop = b.data()[depth - 1 - h];
      for (auto& columns : hop.columns) {
        fill_bytes(columns.data(), columns.size(), by_id(h) ? 0 : 0xFF);
      }
      std::uint32_t* const now = counts + (h + 1) * S::node_count;
      draws_.clear();
      for (std::size_t r = 0; r < S::relation_count; ++r) draws_.push_back(order(b, hop, h, r, now));
      count_draws(ctx, std::span<neighbor_draws<device> const>{draws_});
      draw_entries(ctx, std::span<neighbor_draws<device> const>{draws_});
      lists_.clear();
      for (std::size_t n = 0; n < S::node_count; ++n) {
        std::span<std::uint32_t> const drawn{hop.columns[n].data(), by_id(h) ? 0 : hop.columns[n].size()};
        lists_.push_back({&tables_[n], drawn, b.id_lists()[n].data(), now + n, now + S::node_count + n, 0});
      }
      slot_table::insert(ctx, lists_);
    }
  }

 private:
  // Hops count from the innermost.
  [[nodiscard]] bool by_id(std::size_t h) const { return options_.outermost_by_id && h + 1 == layers(); }
  [[nodiscard]] std::uint32_t fanout_of(std::size_t h, std::size_t r) const {
    return options_.fanout[h].most.values[r];
  }
  [[nodiscard]] std::size_t most_entries(std::size_t h, std::size_t r, std::size_t targets) const {
    std::size_t const fanout = fanout_of(h, r), all = rows_[r].entries;
    if (all == 0) return 0;
    if (fanout == all_neighbors) return options_.replace ? all : std::min(all, targets * all);
    return options_.replace ? targets * fanout : std::min(targets * fanout, all);
  }

  // Inputs: the streams of all hops and relations, the hidden edges of each relation, the nodes of each type.
  [[nodiscard]] std::size_t hidden_at(std::size_t r) const { return layers() * S::relation_count + r * most_hidden_; }
  [[nodiscard]] std::size_t seeds_of(std::size_t type) const { return most_seeds_.values[type]; }
  void reserve_inputs(std::size_t type, std::size_t most) {
    most_seeds_.values[type] = most;
    lay_out();
  }
  void lay_out() {
    std::size_t at = hidden_at(S::relation_count);
    for (std::size_t n = 0; n < S::node_count; ++n) {
      seeds_at_[n] = at;
      at += (seeds_of(n) + 1) / 2;
    }
    staged_.resize(at);
    inputs_ = {*context_, at};
  }

  void fill_bytes(std::uint32_t* numbers, std::size_t count, int byte) {
    if (count == 0) return;
    check(cudaMemsetAsync(numbers, byte, count * sizeof(std::uint32_t), context_->stream()), "clearing a block");
  }

  [[nodiscard]] neighbor_draws<device> order(device_block<S>& b, detail::device_hop& hop, std::size_t h, std::size_t r,
                                             std::uint32_t const* counts) {
    auto& relation = rows_[r];
    auto& edges = hop.relations[r];
    neighbor_draws<device> q;
    q.rows = rows(r);
    q.targets = b.id_lists()[relation.target].view().first(hop.targets[relation.target]);
    q.target_count = counts + relation.target;
    q.hidden = {inputs_.data() + hidden_at(r), most_hidden_};
    q.fanout = relation.entries > 0 ? fanout_of(h, r) : 0;
    q.replace = options_.replace;
    q.weighted = options_.weighted;
    q.key = context_->random_seed();
    q.stream_at = inputs_.data() + h * S::relation_count + r;
    q.offsets = edges.offsets.data();
    q.columns = hop.columns[relation.source].data() + edges.first;
    q.values = edges.values.size() > 0 ? edges.values.data() : nullptr;
    q.work = edges.work.size() > 0 ? edges.work.data() : nullptr;
    q.found = edges.found.data();
    return q;
  }

  context* context_;
  neighbor_options<S> options_;
  std::uint64_t stream_;
  std::vector<std::size_t> nodes_;
  std::vector<detail::device_rows> rows_;
  std::vector<slot_table> tables_;  // by node type
  // The batch under way, on the host and, in one piece, on the device.
  std::vector<intarsia::detail::slot_table> met_;
  std::vector<intarsia::detail::buffer<std::uint32_t>> asked_;
  std::vector<std::vector<std::uint64_t>> hidden_;
  std::vector<std::uint64_t> staged_;
  device_array<std::uint64_t> inputs_;
  std::array<std::size_t, S::node_count> seeds_at_{};
  per_node<S, std::size_t> most_seeds_{};
  std::size_t most_hidden_ = 0;
  std::vector<slot_table::list> lists_;
  std::vector<neighbor_draws<device>> draws_;
};
template <schema_type S>
neighbor_sampler(context&, graph<S> const&) -> neighbor_sampler<S>;
template <schema_type S>
neighbor_sampler(context&, graph<S> const&, neighbor_options<S>) -> neighbor_sampler<S>;
template <schema_type S>
neighbor_sampler(context&, graph<S> const&, neighbor_options<S>, std::uint64_t) -> neighbor_sampler<S>;

}  // namespace intarsia::inline v0::cuda
