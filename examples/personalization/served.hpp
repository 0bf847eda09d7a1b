// The model behind `recommend`, `similar` and `embed`, as one file.
#pragma once

#include <intarsia/models/dot_scorer.hpp>

#include "foundation.hpp"
#include "joint.hpp"
#include "options.hpp"
#include "stages.hpp"

namespace personalization {

// Writes o.out / "model" / "model.safetensors": the network and whom items hear, the vectors that the ranker reads
// (text, standardized z, item vectors of the towers), and the ranker.
void save_served_model(options const& o, catalogue const& of, foundation const& made, numbers const& text,
                       numbers const& z, ia::dot_scorer const& towers, joint_ranker const& ranker);

}  // namespace personalization
