// The study as one page: report.html needs no other file, no network and no script.
#pragma once

#include <cstddef>
#include <deque>
#include <filesystem>
#include <string>
#include <vector>

#include "charts.hpp"
#include "results.hpp"
#include "study_log.hpp"

namespace personalization {

struct title_line {
  std::string title, type;
  double score = 0;
  bool found = false;  // held out, and recommended
};

// A user with what is known of the user and what is recommended.
struct example_user {
  std::string id;
  std::size_t history_size = 0;
  std::vector<title_line> history;  // the first few
  std::vector<title_line> top;
};

struct type_summary {
  std::string name;
  std::size_t items = 0, interactions = 0, cold = 0;
};

struct report_data {
  study_results results;
  std::size_t items = 0, users = 0, interactions = 0;
  std::vector<type_summary> types;
  std::deque<curve> curves;
  std::vector<relation_summary> relations;
  std::vector<map_point> map;
  std::string map_of;  // which embedding and how it became two numbers
  std::vector<example_user> examples;
  std::string examples_of;  // which row recommends
};

[[nodiscard]] std::string render_report(report_data const& data);

// Writes report.html and, where there are points, map.svg to a folder, each beside and then renamed.
void write_report(std::filesystem::path const& folder, report_data const& data);

}  // namespace personalization
