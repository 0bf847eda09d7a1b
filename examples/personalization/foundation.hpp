// The foundation layer: item embeddings learned from the typed co-interaction graph.
#pragma once

#include <cstdint>
#include <intarsia/cpu/context.hpp>
#include <intarsia/exec/module.hpp>
#include <intarsia/models/training.hpp>
#include <string>
#include <vector>

#include "catalogue.hpp"
#include "study_log.hpp"

namespace personalization {

// Which relations the network hears and learns from.
enum class relation_choice { all, within_types, across_types };

// The recommended configuration; paper_settings() are those of arXiv 2403.05185.
struct foundation_settings {
  // The graph.
  std::size_t neighbors = 10;         // heaviest per node and source type; 0: every pair with a shared user
  bool weighted = true;               // edges and positives by weight; else all alike
  relation_choice relations = relation_choice::all;
  bool text_edges = true;             // nodes without edges hear their neighbors by text
  float text_share = 0.15F;           // nodes that hear them in a step although they have edges
  bool hide_type = false;             // the type hidden_type has no edges and no part in the loss
  // The network.
  bool max_pool = false;              // else weighted mean
  bool shared_self = false;
  bool last_relu = false;
  // The loss.
  bool margin_loss = false;
  float temperature = 0.1F, margin = 0.3F;
  std::size_t negatives = 20;
  bool negatives_of_any_type = false;
  bool balanced = true;
  // The training.
  bool sampled = false;               // fan-outs of 10 per relation without the seed edges; else the full graph
  std::size_t batch = 2048, steps = 80;
  float rate = 0.003F;
};
[[nodiscard]] foundation_settings paper_settings();

// Rows by item, of length 1.
struct foundation {
  numbers z;       // (items, 128)
  numbers z_text;  // (items, 128): of every item as if it had no interactions
};

// Trains on the interactions; text (items, 384). `name` is the stage's in progress, curves and messages.
[[nodiscard]] foundation train_foundation(ia::cpu::context& ctx, ia::interactions const& train_on, numbers const& text,
                                          foundation_settings const& settings, std::string const& name,
                                          ia::checkpoints const& keep, study_log& log, curve& loss);

// (items, columns of z): each column centred, all divided by one deviation, both measured on `reference`.
[[nodiscard]] numbers standardized(numbers const& z, numbers const& reference);

}  // namespace personalization
