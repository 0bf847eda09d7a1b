// The whole comparison: every split, every seed, every row, through one protocol.
#pragma once

#include "options.hpp"
#include "report.hpp"

namespace personalization {

// Reads the catalogue, runs what the options ask for, and gives everything that the report shows. Writes
// o.out / "results.json" after each split, so that an interrupted study keeps what it has.
[[nodiscard]] report_data run_study(options const& o);

}  // namespace personalization
