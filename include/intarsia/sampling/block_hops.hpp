// What a sampled block is to those who read it, in any memory: hops of edges, and the nodes behind its slots.
#pragma once

#include <intarsia/core/id.hpp>
#include <intarsia/graph/graph.hpp>
#include <intarsia/sampling/buffer.hpp>
#include <intarsia/tensor/view.hpp>
#include <span>
#include <vector>

namespace intarsia::inline v0 {

template <schema_type S, class Space>
class block_hops {
 public:
  using schema = S;

  // What layer `layer` of `layers` reads; layer 0 is computed first and has the outermost sources. Valid until the
  // block is refilled. Throws shape_error where the model has another number of layers than there were fan-outs.
  [[nodiscard]] intarsia::hop<S, Space> const& hop(std::size_t layer, std::size_t layers) const {
    expects(layers == hops_.size() && layer < layers,
            "block: give the sampler one fan-out for each layer of the model");
    return hops_[layer];
  }
  [[nodiscard]] std::size_t layers() const { return hops_.size(); }
  // How many nodes of a type the last layer computes; on a device, at most.
  template <key_of<typename S::node_keys> N>
  [[nodiscard]] std::size_t targets(N n) const {
    return hops_.back().targets[n];
  }

 protected:
  // `lists`: by node type the nodes behind the slots.
  template <class N, class Lists>
  [[nodiscard]] static std::span<id<N> const> ids_of(N, Lists const& lists) {
    return detail::as<id<N>>(lists[S::template node_index<N>].view());
  }
  // Per type the rows of a table that the slots stand for, without a copy.
  template <class Features, class Lists>
  [[nodiscard]] static auto rows_of(Features const& features, Lists const& lists) {
    return S::map_nodes([&](auto n) {
      auto const named = [&](auto table) {
        using View = decltype(table);
        using T = typename View::scalar;
        using Rows = typename View::row_axis;
        using Cols = typename View::col_axis;
        return indexed_view<Rows, Cols, T, Space>{view<Rows, Cols, T const, Space>{dense<T const, Space>(table)},
                                                  lists[S::template node_index<decltype(n)>].view()};
      };
      if constexpr (requires { features[n].view(); }) {
        return named(features[n].view());
      } else {
        return named(features[n]);
      }
    });
  }

  std::vector<intarsia::hop<S, Space>> hops_;
};

}  // namespace intarsia::inline v0
