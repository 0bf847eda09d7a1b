#include "rows.hpp"

#include <algorithm>
#include <array>

#include "catalogue_types.hpp"
#include "protocol.hpp"

namespace personalization {

std::vector<std::string> ladder_rows() {
  return {"popularity",
          "text-knn",
          "item-knn",
          "ease",
          "graph-knn",
          "hgnn-knn",
          "hgnn-with-users",
          "two-tower",
          "two-tower-hgnn",
          "ridge-graph",
          "two-tower-hgnn+graph",
          "two-tower-hgnn+text"};
}

std::vector<std::string> ablation_rows() {
  std::vector<std::string> rows;
  for (auto const* name : {"no-balance", "no-weak", "within-only", "cross-only", "literal-loss", "raw-text",
                           "random-features", "no-text-edges"}) {
    rows.push_back(std::string{"ablation/"} + name);
  }
  rows.insert(rows.begin() + 4, "ablation/hidden-" + std::string{hidden_type::name});
  return rows;
}

std::vector<std::string> paper_rows() { return {"hgnn-knn/paper", "two-tower-hgnn/paper"}; }

std::vector<std::string> every_row() {
  auto rows = ladder_rows();
  for (auto const& more : {paper_rows(), ablation_rows()}) rows.insert(rows.end(), more.begin(), more.end());
  return rows;
}

bool is_defined(std::string_view row, std::string_view split) {
  constexpr std::array<std::string_view, 5> by_interactions = {"popularity", "item-knn", "ease", "graph-knn",
                                                               "ridge-graph"};
  if (ranks_cold(split)) return std::find(by_interactions.begin(), by_interactions.end(), row) == by_interactions.end();
  return row != "two-tower-hgnn+text";
}

}  // namespace personalization
