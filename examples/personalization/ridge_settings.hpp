// Lambda and number of neighbors of the ridge edges, chosen by the library on the validation twin of a split.
#pragma once

#include <intarsia/cpu/context.hpp>
#include <string>

#include "catalogue.hpp"
#include "study_log.hpp"

namespace personalization {

// The settings for a split by name; chosen once and kept in log.ridge, with the trials among the validation figures.
// On cold, where the edges rank nothing, they are those of warm.
[[nodiscard]] ia::ridge_options ridge_settings(ia::cpu::context& ctx, catalogue const& of,
                                               std::string const& split_name, study_log& log);

}  // namespace personalization
