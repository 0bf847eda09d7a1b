// The sampled neighborhood of some nodes: a few hops of sparse edges between a few of the graph's nodes.
#pragma once

#include <intarsia/core/id.hpp>
#include <intarsia/graph/graph.hpp>
#include <intarsia/sampling/block_hops.hpp>
#include <intarsia/sampling/buffer.hpp>
#include <intarsia/tensor/tensor.hpp>
#include <numeric>
#include <vector>

namespace intarsia::inline v0 {

namespace detail {

// The edges of one relation in one hop, by local target. Who pulls gradients along them makes the transpose.
struct block_edges {
  buffer<std::uint64_t> offsets, found;
  buffer<std::uint32_t> columns;
  buffer<float> values, work;

  [[nodiscard]] edges_view<> view(std::size_t targets, std::size_t sources) const {
    float const* const numbers = values.size() > 0 ? values.data() : nullptr;
    return {csr_view<>{targets, sources, offsets.data(), columns.data(), numbers, nullptr},
            csr_view<>{sources, targets, nullptr, nullptr, numbers, nullptr},
            {},
            {},
            nullptr};
  }
};

struct block_hop {
  std::vector<block_edges> relations;
  std::vector<std::size_t> sources, targets;  // by node type
  bool by_id = false;                         // columns are ids of the graph, not slots
  buffer<std::uint8_t> done;                  // while it is drawn: pieces that are
};

// What a sampler fills: hops from the outermost to the innermost, and the nodes met by type, innermost first.
struct block_data {
  std::vector<block_hop> hops;
  std::vector<buffer<std::uint32_t>> ids;
};

}  // namespace detail

// A neighborhood of as many hops as a model has layers; the interface of graph<S>. Slots number its nodes: the
// targets of a hop are the first of its sources, for every type. Owned by a batch and refilled by a sampler.
template <schema_type S>
class block : public block_hops<S, host> {
  using base = block_hops<S, host>;
  using base::hops_;

 public:
  // Of the whole graph, any number of layers reads the same edges.
  [[nodiscard]] intarsia::hop<S> const& hop(std::size_t layer, std::size_t layers) const {
    return whole_ ? hops_.front() : base::hop(layer, layers);
  }
  // True where the block is the whole graph: slots are ids.
  [[nodiscard]] bool whole() const { return whole_; }

  // The nodes behind the slots: all sources of the outermost hop, or where that names its sources by id, all its
  // targets. The first targets(n) are those that were asked for.
  template <key_of<typename S::node_keys> N>
  [[nodiscard]] std::span<id<N> const> ids(N n) const {
    return base::ids_of(n, data_.ids);
  }
  // Per type the rows of a table that the slots stand for, without a copy. features[n]: a tensor or view per type.
  template <class Features>
  [[nodiscard]] auto rows(Features const& features) const {
    return base::rows_of(features, data_.ids);
  }

  // For samplers: the storage behind, and the views of it once it is filled.
  [[nodiscard]] detail::block_data& data() { return data_; }
  [[nodiscard]] detail::block_data const& data() const { return data_; }
  void refresh() {
    whole_ = false;
    hops_.resize(data_.hops.size());
    for (std::size_t h = 0; h < hops_.size(); ++h) {
      auto const& from = data_.hops[h];
      std::copy(from.sources.begin(), from.sources.end(), hops_[h].sources.values.begin());
      std::copy(from.targets.begin(), from.targets.end(), hops_[h].targets.values.begin());
      hops_[h].by_id = from.by_id;
      S::each_relation([&](auto r) {
        hops_[h].edges[r] = from.relations[S::template relation_index<decltype(r)>].view(hops_[h].targets[r.target],
                                                                                         hops_[h].sources[r.source]);
      });
    }
  }
  void refresh(intarsia::hop<S> const& all) {
    whole_ = true;
    hops_.assign(1, all);
    data_.ids.resize(S::node_count);
    for (std::size_t n = 0; n < S::node_count; ++n) {
      if (data_.ids[n].size() == all.sources.values[n]) continue;
      data_.ids[n].resize(all.sources.values[n]);
      std::iota(data_.ids[n].begin(), data_.ids[n].end(), std::uint32_t{0});
    }
  }

 private:
  detail::block_data data_;
  bool whole_ = false;
};

}  // namespace intarsia::inline v0
