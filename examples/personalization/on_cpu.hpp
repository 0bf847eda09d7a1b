// A place to train in: the CPU, where everything lies already. That of a device is in on_device.cuh.
#pragma once

#include <algorithm>
#include <cstdint>
#include <intarsia/cpu/context.hpp>
#include <intarsia/sampling/link_sampler.hpp>
#include <span>
#include <vector>

#include "catalogue_types.hpp"
#include "tower_training.hpp"

namespace personalization {

struct on_cpu {
  using context = ia::cpu::context;
  using marks = std::vector<std::uint8_t>;
  context& ctx;

  // What a training reads and changes, where it is computed.
  template <class X>
  [[nodiscard]] X& moved(X& x) const {
    return x;
  }
  [[nodiscard]] auto links(ia::graph<Catalogue> const& graph, ia::link_options<Catalogue> options) const {
    return ia::sample_links(ctx, graph, std::move(options));
  }
  [[nodiscard]] marks room(std::size_t count) const { return marks(count); }
  void write(std::span<std::uint8_t const> from, marks& to) const { std::copy(from.begin(), from.end(), to.begin()); }
  [[nodiscard]] ia::history_mean<> const& histories(tower_task const& task, ia::dense<float const> /*items*/) const {
    return task.histories;
  }
};

}  // namespace personalization
