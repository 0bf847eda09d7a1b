// Charts as SVG text, drawn for a width of a phone's screen and scalable. Colors come from the page's CSS variables.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "study_log.hpp"

namespace personalization {

// Text made safe inside HTML and SVG, also within quoted attributes: & < > " '.
[[nodiscard]] std::string escaped(std::string_view text);
// Four decimals; "-" where the number is not finite.
[[nodiscard]] std::string decimals(double x, int places = 4);
// 12,345
[[nodiscard]] std::string thousands(std::size_t n);
// The color of a category by its place in a list.
[[nodiscard]] std::string_view category_color(std::size_t place);

struct bar {
  std::string label;
  double mean = 0, deviation = 0;  // no error bar where the deviation is 0
};
// Horizontal bars; the best is marked, and a dashed line stands at the reference.
[[nodiscard]] std::string bar_chart(std::vector<bar> const& bars, std::optional<double> reference);

struct interval {
  std::string label;
  double mean = 0, low = 0, high = 0;
};
// Intervals around a line at zero; those that do not touch it are colored by their side.
[[nodiscard]] std::string interval_chart(std::vector<interval> const& intervals);

struct line {
  std::string label;
  std::vector<std::pair<double, double>> points;
};
// Lines with a legend. Points that are not finite are left out.
[[nodiscard]] std::string line_chart(std::vector<line> const& lines, std::string_view x_label);

// Points colored by type, with a legend by falling number of points. Where `standalone`, a file of its own: a white
// ground, no titles on points.
[[nodiscard]] std::string map_chart(std::vector<map_point> const& points, bool standalone);

}  // namespace personalization
