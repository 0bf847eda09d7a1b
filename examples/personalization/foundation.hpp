// The foundation layer: item embeddings learned from the typed co-interaction graph.
#pragma once

#include <cstdint>
#include <intarsia/cpu/context.hpp>
#include <intarsia/models/hetero_sage.hpp>
#include <memory>
#include <span>
#include <vector>

#include "catalogue.hpp"
#include "catalogue_types.hpp"
#include "training_stage.hpp"

namespace personalization {

// Which relations the network hears and learns from.
enum class relation_choice { all, within_types, across_types };

// The recommended configuration; paper_settings() are those of arXiv 2403.05185.
struct foundation_settings {
  // The graph.
  std::size_t neighbors = 10;  // heaviest per node and source type; 0: every pair with a shared user
  bool weighted = true;        // edges and positives by weight; else all alike
  relation_choice relations = relation_choice::all;
  bool text_edges = true;    // nodes without edges hear their neighbors by text
  float text_share = 0.15F;  // nodes that hear them in a step although they have edges
  bool hide_type = false;    // the type hidden_type has no edges and no part in the loss
  // The network.
  bool max_pool = false;  // else weighted mean
  bool shared_self = false;
  bool last_relu = false;
  // The loss.
  bool margin_loss = false;
  float temperature = 0.1F, margin = 0.3F;
  std::size_t negatives = 20;
  bool negatives_of_any_type = false;
  bool balanced = true;
  // The training.
  bool sampled = false;  // fan-outs of 10 per relation without the seed edges; else the full graph
  std::size_t batch = 2048, steps = 160;
  float rate = 0.003F;
};
[[nodiscard]] foundation_settings paper_settings();

using item_encoder = ia::hetero_sage<Catalogue, 128, 128>;

// What training leaves. Embeddings have a row of length 1 per item.
struct foundation {
  numbers z;       // (items, 128)
  numbers z_text;  // (items, 128): of every item as if it had no interactions
  std::shared_ptr<item_encoder const> network;
  ia::csr heard;                    // (items x items): whom each item hears
  std::vector<std::uint8_t> known;  // (items): 1 where an item hears by interactions, 0 where by text
};

// The embedding of an item that is not in the catalogue, as the last row behind those of all others: it hears its
// nearest known items of each type by text. text (items, 384), its own text (1, 384).
[[nodiscard]] numbers embed_new_item(ia::cpu::context& ctx, item_encoder const& network, ia::csr const& heard,
                                     std::span<std::uint8_t const> known, ia::node_numbering const& nodes,
                                     numbers const& text, std::uint16_t type, std::span<float const> own_text);
// The network that foundation_settings{} asks for, its weights still to be learned or loaded.
[[nodiscard]] item_encoder new_encoder(ia::cpu::context& ctx, foundation_settings const& settings);

// Trains on the interactions; text (items, 384).
[[nodiscard]] foundation train_foundation(ia::cpu::context& ctx, ia::interactions const& train_on, numbers const& text,
                                          foundation_settings const& settings, training_stage const& stage);

// (items, columns of z): each column centred, all divided by one deviation, both measured on `reference`.
[[nodiscard]] numbers standardized(numbers const& z, numbers const& reference);

}  // namespace personalization
