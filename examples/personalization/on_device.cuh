// A place to train in: the first CUDA device, where everything is moved first. Compiled by nvcc.
#pragma once

#include <cstdint>
#include <intarsia/cuda/cuda.cuh>
#include <intarsia/cuda/link_sampler.cuh>
#include <span>
#include <utility>

#include "catalogue_types.hpp"
#include "tower_training.hpp"
#include "user_error.hpp"

namespace personalization {

struct on_device {
  using context = ia::cuda::context;
  using marks = ia::cuda::device_array<std::uint8_t>;
  context& ctx;

  template <class X>
  [[nodiscard]] auto moved(X const& x) const {
    return ia::cuda::upload(ctx, x);
  }
  [[nodiscard]] auto links(ia::graph<Catalogue> const& graph, ia::link_options<Catalogue> options) const {
    return ia::cuda::sample_links(ctx, graph, std::move(options));
  }
  [[nodiscard]] marks room(std::size_t count) const { return {ctx, count}; }
  void write(std::span<std::uint8_t const> from, marks& to) const { ia::cuda::upload(ctx, from, to); }
  [[nodiscard]] auto histories(tower_task const& task, ia::dense<float const, ia::device> items) const {
    return ia::history_mean<ia::device>{ctx, task.train_on.by_user(), items, task.blocks};
  }
};

// work(place) on the device, by a context of this seed from which so many streams were taken. What the device cannot is
// told as a mistake that the user can mend.
template <class Work>
void work_on_device(ia::seed seed, std::uint64_t streams, Work const& work) {
  try {
    ia::cuda::context ctx{seed};
    ctx.streams(streams);
    work(on_device{ctx});
  } catch (ia::cuda::error const& trouble) {
    throw user_error{trouble.what()};
  }
}

}  // namespace personalization
