// The adaptation layer: users and items in one space, whatever the item's type.
#pragma once

#include <intarsia/cpu/context.hpp>
#include <intarsia/models/dot_scorer.hpp>
#include <intarsia/models/train_towers.hpp>

#include "catalogue.hpp"
#include "training_stage.hpp"

namespace personalization {

// Trains towers on the text alone, or on text and item embeddings where z is given: z and z_text (items, 128) as
// standardized() makes them, z_text of every item as if it had no interactions. text (items, 384).
struct tower_features {
  numbers const* text = nullptr;
  numbers const* z = nullptr;
  numbers const* z_text = nullptr;
};
[[nodiscard]] ia::dot_scorer train_two_tower(ia::cpu::context& ctx, ia::interactions const& train_on,
                                             tower_features const& given, ia::tower_training const& settings,
                                             training_stage const& stage);

// The tripartite graph of items and users (arXiv 2403.05185, "HGNN-w-users"): users without features, trained on who
// had what.
struct with_users_settings {
  std::size_t batch = 1024, steps = 300;
  float rate = 0.003F, temperature = 0.1F;
};
[[nodiscard]] ia::dot_scorer train_with_users(ia::cpu::context& ctx, ia::interactions const& train_on,
                                              numbers const& text, with_users_settings const& settings,
                                              training_stage const& stage);

}  // namespace personalization
