// A map of a catalogue: item vectors laid out in the plane, so that near items lie near each other.
#pragma once

#include <intarsia/cpu/context.hpp>
#include <vector>

#include "catalogue.hpp"
#include "study_log.hpp"

namespace personalization {

// A point for each item, at most 6,000 of them (every second, third, ... item of a larger catalogue). Starts from the
// two principal components and pulls each item to its 15 nearest by cosine, while random others push it away (the
// layout of UMAP, arXiv 1802.03426, with the kernel 1 / (1 + d^2)). vectors (items, width). Same bits every time.
[[nodiscard]] std::vector<map_point> draw_map(ia::cpu::context& ctx, catalogue const& of, numbers const& vectors);

}  // namespace personalization
