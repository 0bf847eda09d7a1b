#include "towers.hpp"

#include <intarsia/cpu/cpu.hpp>

#include "on_cpu.hpp"
#include "tower_training.hpp"

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

// cold: no rows where the towers are not to learn of items without interactions.
template <std::size_t In>
ia::dot_scorer trained(ia::cpu::context& ctx, ia::interactions const& train_on, numbers const& items,
                       numbers const& cold, std::vector<std::size_t> const& blocks,
                       ia::tower_training const& settings, training_stage const& stage) {
  towers_of<In> towers{ia::mlp<In, 512, 256, 128>{ctx}, ia::mlp<In, 512, 256, 128>{ctx}};
  ia::history_mean const histories{ctx, train_on.by_user(), items.view(), blocks};
  auto const scorer = [&] {
    return ia::dot_scorer{ia::user_outputs(ctx, towers.query, histories),
                          ia::tower_outputs(ctx, towers.item, items.view())};
  };
  auto const judge = stage.judged(settings.steps, [&] { return scoring_of(ctx, scorer()); });
  stage.log.bar.begin(stage.name, settings.steps, settings.batch);
  tower_task const task{train_on, items, cold, histories, blocks, settings, stage, {judge.every, judge.score}};
  // The literal loss weighs items, which a device cannot.
  if (stage.on == device::cuda && settings.loss == ia::tower_loss::softmax) {
    train_towers_on_device(ctx.random_seed(), ctx.streams(), towers, task);
  } else {
    train_towers_in(on_cpu{ctx}, towers, task);
  }
  stage.log.bar.end();
  return scorer();
}

}  // namespace

ia::dot_scorer train_two_tower(ia::cpu::context& ctx, ia::interactions const& train_on, tower_features const& given,
                               ia::tower_training const& settings, training_stage const& stage) {
  if (!given.z) return trained<384>(ctx, train_on, *given.text, {}, {384}, settings, stage);
  numbers const items = beside(*given.z, *given.text);
  numbers const cold = given.z_text ? beside(*given.z_text, *given.text) : numbers{};
  return trained<512>(ctx, train_on, items, cold, {128, 384}, settings, stage);
}

}  // namespace personalization
