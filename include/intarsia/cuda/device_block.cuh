// The sampled neighborhood of some nodes in device memory: sampling/block.hpp on the device.
#pragma once

#include <intarsia/core/id.hpp>
#include <intarsia/cuda/memory.cuh>
#include <intarsia/graph/graph.hpp>
#include <intarsia/sampling/block_hops.hpp>
#include <vector>

namespace intarsia::inline v0::cuda {

namespace detail {

// The edges of one relation in one hop; columns lie in those of the hop's source type.
struct device_edges {
  device_array<std::uint64_t> offsets, found;
  device_array<float> values, work;
  std::size_t first = 0, most = 0;  // of its columns, in the list of the source type; entries that may be drawn
};

struct device_hop {
  std::vector<device_edges> relations;
  std::vector<device_array<std::uint32_t>> columns;  // by source type: those of its relations, one after the other
  std::vector<std::size_t> targets, sources;         // by node type: at most
};

}  // namespace detail

// What cuda::neighbor_sampler fills; the interface of graph<S> and block<S>. How many nodes and edges were drawn, only
// the device knows: sizes here are those that any batch has room for. Rows of edges beyond the targets of a batch are
// empty, and ids beyond its nodes and columns beyond its edges are 0. All pointers stay the same from batch to batch
// until the block is reserved anew, so that the work on them may be captured in a CUDA graph.
template <schema_type S>
class device_block : public block_hops<S, device> {
  using base = block_hops<S, device>;
  using base::hops_;

 public:
  using space = device;
  using base::layers;

  [[nodiscard]] bool whole() const { return false; }
  // The nodes behind the slots, on the device.
  template <key_of<typename S::node_keys> N>
  [[nodiscard]] std::span<id<N> const> ids(N n) const {
    return base::ids_of(n, ids_);
  }
  // Per type the rows of a table that the slots stand for, without a copy. features[n]: a device tensor or view.
  template <class Features>
  [[nodiscard]] auto rows(Features const& features) const {
    return base::rows_of(features, ids_);
  }
  // How many edges of a relation a layer reads at most.
  template <key_of<typename S::relation_keys> R>
  [[nodiscard]] std::size_t most_edges(std::size_t layer, R) const {
    return data_[layer].relations[S::template relation_index<R>].most;
  }
  // One number on the device: how many nodes of type N this batch has as targets of a layer; those of layer 0 are all
  // that have slots if it names its sources by id.
  template <key_of<typename S::node_keys> N>
  [[nodiscard]] std::uint32_t const* target_count(std::size_t layer, N) const {
    return counts_.data() + (layers() - layer) * S::node_count + S::template node_index<N>;
  }
  // The same of its sources; not where they are named by id.
  template <key_of<typename S::node_keys> N>
  [[nodiscard]] std::uint32_t const* source_count(std::size_t layer, N) const {
    return counts_.data() + (layers() - layer + 1) * S::node_count + S::template node_index<N>;
  }

  // For samplers: the storage behind, and the views of it once it has its sizes.
  [[nodiscard]] std::vector<detail::device_hop>& data() { return data_; }
  [[nodiscard]] std::vector<device_array<std::uint32_t>>& id_lists() { return ids_; }
  [[nodiscard]] device_array<std::uint32_t>& counts() { return counts_; }  // (layers + 2, node types)
  void refresh(bool outermost_by_id) {
    hops_.assign(data_.size(), {});
    for (std::size_t h = 0; h < hops_.size(); ++h) {
      auto& from = data_[h];
      std::copy(from.sources.begin(), from.sources.end(), hops_[h].sources.values.begin());
      std::copy(from.targets.begin(), from.targets.end(), hops_[h].targets.values.begin());
      hops_[h].by_id = outermost_by_id && h == 0;
      S::each_relation([&](auto r) {
        auto& edges = from.relations[S::template relation_index<decltype(r)>];
        std::size_t const targets = hops_[h].targets[r.target], sources = hops_[h].sources[r.source];
        float const* const values = edges.values.size() > 0 ? edges.values.data() : nullptr;
        std::uint32_t const* const columns =
            from.columns[S::template node_index<typename decltype(r)::source_type>].data() + edges.first;
        hops_[h].edges[r] =
            edges_view<device>{{targets, sources, edges.offsets.data(), columns, values, nullptr, edges.most},
                               {sources, targets, nullptr, nullptr, values, nullptr, edges.most},
                               {},
                               {},
                               nullptr};
      });
    }
  }

 private:
  std::vector<detail::device_hop> data_;
  std::vector<device_array<std::uint32_t>> ids_;
  device_array<std::uint32_t> counts_;
};

}  // namespace intarsia::inline v0::cuda
