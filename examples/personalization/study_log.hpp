// What the stages of a study leave behind for the terminal, results.json and the report.
#pragma once

#include <cstdint>
#include <deque>
#include <intarsia/graph/ridge.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "progress.hpp"

namespace personalization {

// One line of a chart: a loss or a validation figure over training steps.
struct curve {
  std::string stage;  // "hgnn", "towers", ...
  std::string split;
  std::uint64_t seed = 0;
  std::string figure;                             // "loss", "validation NDCG@10", ...: one chart for each
  std::vector<std::pair<double, double>> points;  // (step, value), steps rising
};

// A relation of the graph that was trained on.
struct relation_summary {
  std::string name;
  std::size_t edges = 0, targets = 0, isolated = 0, largest_degree = 0;
};

// An item on the map.
struct map_point {
  float x = 0, y = 0;
  std::string type, title;
};

struct study_log {
  progress bar;
  std::deque<curve> curves;                                   // references to them stay good
  std::vector<std::pair<std::string, double>> validation;     // "warm/two-tower/ndcg10/steps=1000", 0.21
  std::vector<std::pair<std::string, std::string>> settings;  // every setting that was assumed or chosen
  std::map<std::string, intarsia::ridge_options> ridge;       // what was chosen for the ridge edges, by split
  std::vector<relation_summary> relations;
  std::vector<map_point> map;
  std::string map_of;  // a sentence: which embedding, and how it became two numbers
};

}  // namespace personalization
