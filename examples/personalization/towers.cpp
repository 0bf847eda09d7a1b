#include "towers.hpp"

#include <intarsia/cpu/cpu.hpp>
#include <intarsia/nn/mlp.hpp>

namespace personalization {

namespace {

// Columns of two matrices side by side.
numbers beside(numbers const& left, numbers const& right) {
  numbers out(left.rows(), left.cols() + right.cols());
  for (std::size_t i = 0; i < out.rows(); ++i) {
    std::copy_n(left[i].data(), left.cols(), out[i].data());
    std::copy_n(right[i].data(), right.cols(), out[i].data() + left.cols());
  }
  return out;
}

template <std::size_t In>
ia::dot_scorer trained(ia::cpu::context& ctx, ia::interactions const& train_on, ia::tower_inputs const& inputs,
                       std::vector<std::size_t> blocks, ia::tower_training const& settings,
                       training_stage const& stage) {
  ia::two_tower towers{ia::mlp<In, 512, 256, 128>{ctx}, ia::mlp<In, 512, 256, 128>{ctx}};
  ia::history_mean const histories{ctx, train_on.by_user(), inputs.histories, std::move(blocks)};
  auto const scorer = [&] {
    return ia::dot_scorer{ia::user_outputs(ctx, towers.query, histories),
                          ia::tower_outputs(ctx, towers.item, inputs.items)};
  };
  stage.log.bar.begin(stage.name, settings.steps, settings.batch);
  ia::train_towers(ctx, towers, train_on, histories, inputs, settings, stage.name, stage.keep, stage.watch(10),
                   stage.judged(settings.steps, [&] { return scoring_of(ctx, scorer()); }));
  stage.log.bar.end();
  return scorer();
}

}  // namespace

ia::dot_scorer train_two_tower(ia::cpu::context& ctx, ia::interactions const& train_on, tower_features const& given,
                               ia::tower_training const& settings, training_stage const& stage) {
  auto const text = static_cast<ia::dense<float const>>(given.text->view());
  if (!given.z) return trained<384>(ctx, train_on, {text, {}, text}, {384}, settings, stage);
  numbers const items = beside(*given.z, *given.text);
  numbers const cold = given.z_text ? beside(*given.z_text, *given.text) : numbers{};
  auto const all = static_cast<ia::dense<float const>>(items.view());
  auto const unseen = given.z_text ? static_cast<ia::dense<float const>>(cold.view()) : ia::dense<float const>{};
  return trained<512>(ctx, train_on, {all, unseen, all}, {128, 384}, settings, stage);
}

}  // namespace personalization
