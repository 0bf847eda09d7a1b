// The text vectors of a catalogue, made fit for training: joined, centred, whitened, and the same for new items.
#pragma once

#include <filesystem>
#include <intarsia/cpu/context.hpp>
#include <intarsia/models/features.hpp>
#include <span>

#include "catalogue.hpp"

namespace personalization {

struct whitened_text {
  ia::whitening transform;  // all vector files side by side -> (width of the item types)
  numbers vectors;          // (items, width); a row of zeros where an item has no text
};
[[nodiscard]] whitened_text whiten_text(ia::cpu::context& ctx, catalogue const& of);

// One new item: `vector` holds the vectors of all files side by side. (1, width)
[[nodiscard]] numbers whiten_new(ia::cpu::context& ctx, catalogue const& of, ia::whitening const& transform,
                                 std::span<float const> vector);

// The transform as part of a saved model, in folder / "text.safetensors". Throw ia::io_error.
void save_transform(std::filesystem::path const& folder, ia::whitening const& transform);
[[nodiscard]] ia::whitening load_transform(std::filesystem::path const& folder, catalogue const& of);

}  // namespace personalization
