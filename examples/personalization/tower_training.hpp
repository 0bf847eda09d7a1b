// The training of the towers, the same on the CPU and on a device.
#pragma once

#include <cstdint>
#include <functional>
#include <intarsia/models/train_towers.hpp>
#include <intarsia/nn/mlp.hpp>
#include <type_traits>
#include <vector>

#include "catalogue.hpp"
#include "training_stage.hpp"

namespace personalization {

template <std::size_t In>
using towers_of = ia::two_tower<ia::mlp<In, 512, 256, 128>, ia::mlp<In, 512, 256, 128>>;

// What a training reads, on the host. The judge, where there is one, reads the towers that are trained.
struct tower_task {
  ia::interactions const& train_on;
  numbers const &items, &cold_items;       // both (items, In); no rows of cold items: not trained on
  ia::history_mean<> const& histories;     // of `items`
  std::vector<std::size_t> const& blocks;  // of the histories
  ia::tower_training const& settings;
  training_stage const& stage;
  ia::judged<std::function<double(std::size_t)>> judge;
};

// Trains the towers, which lie on the host before and after.
template <class Place, std::size_t In>
void train_towers_in(Place const& place, towers_of<In>& towers, tower_task const& task) {
  using space = typename Place::context::space;
  auto&& model = place.moved(towers);
  auto&& items = place.moved(task.items);
  auto&& cold = place.moved(task.cold_items);
  ia::dense<float const, space> const all = items.view(), unseen = cold.view();
  auto&& histories = place.histories(task, all);
  auto const bring_back = [&] {
    if constexpr (!std::is_same_v<std::remove_cvref_t<decltype(model)>, towers_of<In>>) towers = ia::on_host(model);
  };
  auto const score = [&](std::size_t done) {
    bring_back();
    return task.judge.score(done);
  };
  place.ctx.products(task.stage.products);
  ia::train_towers(place.ctx, model, task.train_on, histories,
                   {all, task.cold_items.rows() > 0 ? unseen : ia::dense<float const, space>{}, all}, task.settings,
                   task.stage.name, task.stage.keep, task.stage.watch(10),
                   ia::judged<decltype(score)>{task.judge.every, score});
  place.ctx.products(ia::precision::full);
  bring_back();
}

// The same on the first CUDA device, as a context of this seed from which so many streams were taken. Throws user_error
// where there is no device, or the device cannot.
void train_towers_on_device(ia::seed seed, std::uint64_t streams, towers_of<384>& towers, tower_task const& task);
void train_towers_on_device(ia::seed seed, std::uint64_t streams, towers_of<512>& towers, tower_task const& task);

}  // namespace personalization
