// The training of the foundation layer, the same on the CPU and on a device.
#pragma once

#include <cstdint>
#include <functional>
#include <intarsia/exec/steps.hpp>
#include <intarsia/exec/tape.hpp>
#include <intarsia/loss/link_contrastive.hpp>
#include <intarsia/models/features.hpp>
#include <intarsia/optim/adam.hpp>
#include <intarsia/optim/schedule.hpp>
#include <intarsia/sampling/link_sampler.hpp>
#include <type_traits>
#include <vector>

#include "foundation.hpp"

namespace personalization {

// The graphs of one training.
struct foundation_graphs {
  ia::graph<Catalogue> heard;       // what the network hears
  ia::graph<Catalogue> by_text;     // what it hears of a node as if it had no interactions
  ia::graph<Catalogue> links;       // what it learns to predict
  ia::csr heard_rows;               // the edges of `heard`, all types together
  std::vector<std::uint8_t> known;  // items that hear by interactions
};
using item_features =
    decltype(ia::tables_by_type<Catalogue>(std::declval<ia::dense<float const>>(), std::declval<ia::node_numbering>()));

// What a training reads, on the host. The judge, where there is one, reads the network that is trained.
struct foundation_task {
  foundation_graphs const& graph;
  item_features const& features;
  foundation_settings const& settings;
  training_stage const& stage;
  ia::judged<std::function<double(std::size_t)>> judge;
};

// A graph of which some nodes hear another one: the neighborhood of a step. Graphs lie where `Place` computes.
template <class Place>
class mixed {
  using space = typename Place::context::space;

 public:
  template <class Graph>
  mixed(Place const& place, Graph const& first, Graph const& second) : place_{place}, hop_{first.hop()} {
    auto const other = second.hop();
    for (std::size_t r = 0; r < hop_.edges.values.size(); ++r) {
      hop_.edges.values[r].other_forward = other.edges.values[r].forward;
      hop_.edges.values[r].other_backward = other.edges.values[r].backward;
    }
    for (std::size_t n = 0; n < marks_.values.size(); ++n) {
      drawn_.values[n].resize(hop_.targets.values[n]);
      marks_.values[n] = place.room(hop_.targets.values[n]);
    }
    Catalogue::each_relation([&](auto r) { hop_.edges[r].other = marks_[r.target].data(); });
  }
  // A node of each `share` hears the second graph, drawn anew for every step.
  void draw(ia::seed s, std::uint64_t stream, std::size_t step, float share) {
    for (std::size_t n = 0; n < marks_.values.size(); ++n) {
      ia::random dice{s, stream, (std::uint64_t{step} << 8) | n};
      for (auto& mark : drawn_.values[n]) mark = dice.uniform() < share ? 1 : 0;
      place_.write(drawn_.values[n], marks_.values[n]);
    }
  }
  [[nodiscard]] ia::hop<Catalogue, space> const& hop(std::size_t /*layer*/, std::size_t /*layers*/) const {
    return hop_;
  }

 private:
  Place place_;
  ia::hop<Catalogue, space> hop_;
  ia::per_node<Catalogue, std::vector<std::uint8_t>> drawn_;
  ia::per_node<Catalogue, typename Place::marks> marks_;
};

[[nodiscard]] inline ia::link_options<Catalogue> link_settings(foundation_settings const& s) {
  return {.batch = s.batch,
          .fanout = {10, 10},
          .balance = s.balanced ? ia::balance::by_relation : ia::balance::as_is,
          .epochs = s.sampled ? s.steps : 1,
          .steps = s.sampled ? 0 : s.steps,
          .negatives = {.from = s.negatives_of_any_type ? ia::negative_source::catalogue : ia::negative_source::uniform,
                        .each = s.negatives,
                        .on_collision = ia::collision::mask},
          .exclude_seeds = s.sampled,
          .full_graph = !s.sampled,
          .weighted = s.weighted};
}

// Trains the network, which lies on the host before and after.
template <class Place>
void train_network(Place const& place, item_encoder& network, foundation_task const& task) {
  auto& ctx = place.ctx;
  auto const& s = task.settings;
  auto&& model = place.moved(network);
  auto&& features = place.moved(task.features);
  auto&& heard = place.moved(task.graph.heard);
  auto&& by_text = place.moved(task.graph.by_text);
  ia::adam learn{model, {.rate = s.rate}};
  auto sampler = place.links(s.sampled ? task.graph.heard : task.graph.links, link_settings(s));
  auto batch = sampler.make_batch();
  constexpr bool staged = requires { sampler.stage(batch); };  // the device draws within the step
  mixed<Place> neighborhood{place, heard, by_text};
  std::uint64_t const stream = ctx.next_stream();
  ia::link_contrastive_options const objective{
      .kind = s.margin_loss ? ia::contrast_kind::margin : ia::contrast_kind::softmax,
      .temperature = s.temperature,
      .margin = s.margin};
  auto const bring_back = [&] {
    if constexpr (!std::is_same_v<std::remove_cvref_t<decltype(model)>, item_encoder>) network = ia::on_host(model);
  };
  auto const score = [&](std::size_t done) {
    bring_back();
    return task.judge.score(done);
  };

  ctx.products(task.stage.products);
  ia::steps_of run{ctx};
  std::size_t links = 0;
  ia::train(
      task.stage.name, model, learn, sampler.steps() == 0 ? 0 : s.steps, task.stage.keep,
      [&](std::size_t step) {
        sampler.seek({step / sampler.steps(), step % sampler.steps()});
        if constexpr (staged) {
          sampler.stage(batch);
          if (batch.links.size() != links) run.forget();
          links = batch.links.size();
        } else {
          sampler.next(batch);
        }
        learn.rate(s.rate * (s.sampled ? 1 : ia::schedule::linear_decay(step, s.steps)));
        if (!s.sampled) neighborhood.draw(ctx.random_seed(), stream, step, s.text_share);
        return run([&] {
          if constexpr (staged) sampler.draw(batch);
          ia::tape tape{ctx};
          auto const loss =
              s.sampled
                  ? ia::link_contrastive(tape, model(tape, batch.graph, batch.rows(features)), batch.links, objective)
                  : ia::link_contrastive(tape, model(tape, neighborhood, features), batch.links, objective);
          learn.step(tape.backward(loss));
          run.keep(loss);
        });
      },
      task.stage.watch(), ia::judged<decltype(score)>{task.judge.every, score});
  ctx.products(ia::precision::full);
  bring_back();
}

// The same on the first CUDA device, as a context of this seed from which so many streams were taken. Throws user_error
// where there is no device, or the device cannot.
void train_network_on_device(ia::seed seed, std::uint64_t streams, item_encoder& network, foundation_task const& task);

}  // namespace personalization
