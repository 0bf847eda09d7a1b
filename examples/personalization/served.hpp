// The model behind `recommend`, `similar` and `embed`, as one file.
#pragma once

#include <intarsia/models/edge_scorer.hpp>

#include "foundation.hpp"
#include "options.hpp"
#include "stages.hpp"
#include "towers.hpp"

namespace personalization {

// Writes o.out / "model" / "model.safetensors": the network, whom items hear, the query tower, item vectors, edges and
// gates (items).
void save_served_model(options const& o, catalogue const& of, foundation const& made, numbers const& item_inputs,
                       history_tower const& query, ia::dot_scorer const& towers, ia::edge_scorer const& edges,
                       std::span<float const> gate);

}  // namespace personalization
