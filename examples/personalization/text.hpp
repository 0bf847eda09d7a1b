// The text vectors of a catalogue, made fit for training.
#pragma once

#include <intarsia/cpu/context.hpp>

#include "catalogue.hpp"

namespace personalization {

// All vector files side by side, centred and whitened on the catalogue: (items, at most 384).
[[nodiscard]] numbers text_vectors(ia::cpu::context& ctx, catalogue const& of);

}  // namespace personalization
