// The recommended model: ridge edges choose, and a head that also reads the graph's embeddings, the towers and the text
// ranks anew. Items without interactions borrow the scores of their likes.
#pragma once

#include <cstdint>
#include <intarsia/cpu/context.hpp>
#include <intarsia/graph/ridge.hpp>
#include <intarsia/models/dot_scorer.hpp>
#include <intarsia/models/reranker.hpp>
#include <memory>
#include <span>

#include "catalogue.hpp"
#include "catalogue_types.hpp"
#include "training_stage.hpp"

namespace personalization {

// What the head reads of a candidate, with three tables of vectors: text, embeddings, and the towers' items.
using joint_ranker = ia::reranker<ia::rank_features::width(Catalogue::node_count, 3)>;

struct joint_settings {
  // Lists per user at most and epochs over them: where all types are ranked together, and where candidates are of one.
  std::size_t rounds = 7, epochs = 6;
  std::size_t typed_rounds = 2, typed_epochs = 8;
  // What the head reads besides the edges.
  bool text = true, graph = true, towers = true;
  // Weights of the towers and of the text beside the borrowed scores, all brought to mean 0 and deviation 1 for each
  // user, for candidates that nobody has met.
  float cold_towers = 0.25F, cold_text = 0.25F;
};

// Trains on the interactions and returns the score of every item by row for each of the users. text (items, 384), z
// (items, 128), towers of the same items. `candidates` are the items that will be ranked: of all types, of one type
// that the users may lack, or without interactions; each case has a model of its own. The interactions are to outlive
// the score. `ranker`, where given, receives the model for candidates that have interactions.
[[nodiscard]] scoring train_joint(ia::cpu::context& ctx, ia::interactions const& train_on, numbers const& text,
                                  numbers const& z, ia::dot_scorer const& towers, ia::ridge_options const& ridge,
                                  std::span<std::uint32_t const> candidates, joint_settings const& settings,
                                  training_stage const& stage, std::shared_ptr<joint_ranker const>* ranker = nullptr);

}  // namespace personalization
