// The rows of the ladder that need no training by gradient.
#pragma once

#include <functional>

#include "stages.hpp"

namespace personalization {

// Makes each row that o.wants() and that is defined on the split, one after another, and calls use(row) with it. A row
// lives during its call only: EASE alone holds two dense matrices of items x items.
void each_classical_row(ia::cpu::context& ctx, catalogue const& of, split const& part, numbers const& text,
                        options const& o, study_log& log, std::function<void(scored_model const&)> const& use);

}  // namespace personalization
