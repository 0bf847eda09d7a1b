// The names of the rows of the study and where each is defined.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace personalization {

// The rows of every run, in the order of the tables.
[[nodiscard]] std::vector<std::string> ladder_rows();
// The rows of --ablations, each beginning with "ablation/".
[[nodiscard]] std::vector<std::string> ablation_rows();
// The rows of --paper, each ending in "/paper".
[[nodiscard]] std::vector<std::string> paper_rows();
// All of these.
[[nodiscard]] std::vector<std::string> every_row();

// Whether a row can rank anything in a split: rows that know items by their interactions alone are not defined on cold,
// the row with text neighbors added is defined there only.
[[nodiscard]] bool is_defined(std::string_view row, std::string_view split);

}  // namespace personalization
