#include "charts.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

namespace personalization {
namespace {

constexpr double width = 440;

std::string n1(double x) { return decimals(x, 1); }

std::string opening(double height, std::string_view what) {
  return "<svg viewBox=\"0 0 " + n1(width) + " " + n1(height) + "\" role=\"img\" aria-label=\"" + escaped(what) + "\">";
}

std::string text(double x, double y, std::string_view words, std::string_view anchor = "start",
                 std::string_view kind = "") {
  return "<text x=\"" + n1(x) + "\" y=\"" + n1(y) + "\" text-anchor=\"" + std::string{anchor} + "\"" +
         (kind.empty() ? "" : " class=\"" + std::string{kind} + "\"") + ">" + escaped(words) + "</text>";
}

std::string stroke(double x1, double y1, double x2, double y2, std::string_view kind) {
  return "<line x1=\"" + n1(x1) + "\" y1=\"" + n1(y1) + "\" x2=\"" + n1(x2) + "\" y2=\"" + n1(y2) + "\" class=\"" +
         std::string{kind} + "\"/>";
}

std::string box(double x, double y, double w, double h, std::string_view kind) {
  return "<rect x=\"" + n1(x) + "\" y=\"" + n1(y) + "\" width=\"" + n1(std::max(w, 0.0)) + "\" height=\"" + n1(h) +
         "\" rx=\"2\" class=\"" + std::string{kind} + "\"/>";
}

// A round step that divides a range into about `parts`.
double round_step(double range, double parts) {
  double const rough = range / parts, unit = std::pow(10.0, std::floor(std::log10(rough)));
  for (double const times : {1.0, 2.0, 5.0}) {
    if (times * unit >= rough) return times * unit;
  }
  return 10 * unit;
}

std::string short_number(double x) {
  char words[32];
  std::snprintf(words, sizeof words, "%.4g", std::abs(x) < 1e-12 ? 0.0 : x);
  return words;
}

// The widest label, in the chart's units, up to half of the chart.
template <class Items>
double label_width(Items const& items) {
  std::size_t longest = 0;
  for (auto const& item : items) longest = std::max(longest, item.label.size());
  return std::min(width * 0.5, 7.6 * static_cast<double>(longest) + 10);
}

double quantile(std::vector<float> values, double share) {
  if (values.empty()) return 0;
  auto const place = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + place, values.end());
  return static_cast<double>(values[static_cast<std::size_t>(place)]);
}

struct legend_entry {
  std::string label;
  std::string_view color;
};

// Entries in as many lines as they need; returns the text and the height used.
std::pair<std::string, double> legend(std::vector<legend_entry> const& entries, double left, double top) {
  std::string out;
  double x = left, y = top;
  for (auto const& entry : entries) {
    double const need = 24 + 6.6 * static_cast<double>(entry.label.size());
    if (x > left && x + need > width) {
      x = left;
      y += 17;
    }
    out += "<rect x=\"" + n1(x) + "\" y=\"" + n1(y - 9) + "\" width=\"10\" height=\"10\" rx=\"2\" fill=\"" +
           std::string{entry.color} + "\"/>" + text(x + 14, y, entry.label, "start", "small");
    x += need;
  }
  return {out, y - top + 17};
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char const sign : text) {
    switch (sign) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += static_cast<unsigned char>(sign) < 0x20 ? ' ' : sign;
    }
  }
  return out;
}

std::string decimals(double x, int places) {
  if (!std::isfinite(x)) return "-";
  char words[64];
  std::snprintf(words, sizeof words, "%.*f", places, x);
  return words;
}

std::string thousands(std::size_t n) {
  std::string digits = std::to_string(n);
  for (auto place = static_cast<std::ptrdiff_t>(digits.size()) - 3; place > 0; place -= 3) {
    digits.insert(static_cast<std::size_t>(place), ",");
  }
  return digits;
}

std::string_view category_color(std::size_t place) {
  static constexpr std::array<std::string_view, 10> colors = {"#4269d0", "#e69a10", "#e5533d", "#2a9d8f", "#8a5cd6",
                                                              "#d6589a", "#5a9e3a", "#9c6b4e", "#5fa8e8", "#8b919c"};
  return colors[place % colors.size()];
}

std::string bar_chart(std::vector<bar> const& bars, std::optional<double> reference) {
  constexpr double row = 22;
  double const left = label_width(bars), right = width - 52;
  double top_value = reference.value_or(0), best = 0;
  for (auto const& b : bars) {
    top_value = std::max(top_value, b.mean + b.deviation);
    best = std::max(best, b.mean);
  }
  if (!(top_value > 0)) top_value = 1;
  auto const x = [&](double value) { return left + (right - left) * std::clamp(value / top_value, 0.0, 1.0); };
  double const height = row * static_cast<double>(bars.size()) + 8;
  std::string out = opening(height, "bars");
  double y = 4;
  for (auto const& b : bars) {
    out += text(left - 6, y + 14, b.label, "end");
    out += box(left, y + 3, x(b.mean) - left, row - 7, b.mean == best ? "bar best" : "bar");
    if (b.deviation > 0) {
      double const middle = y + 3 + (row - 7) / 2, low = x(b.mean - b.deviation), high = x(b.mean + b.deviation);
      out += stroke(low, middle, high, middle, "error") + stroke(low, middle - 3, low, middle + 3, "error") +
             stroke(high, middle - 3, high, middle + 3, "error");
    }
    out += text(x(b.mean + b.deviation) + 5, y + 14, decimals(b.mean, 3), "start", b.mean == best ? "strong" : "");
    y += row;
  }
  if (reference) out += stroke(x(*reference), 2, x(*reference), height - 2, "reference");
  return out + "</svg>";
}

std::string interval_chart(std::vector<interval> const& intervals) {
  constexpr double row = 22;
  double const left = label_width(intervals) + 4, right = width - 12;
  double low = 0, high = 0;
  for (auto const& i : intervals) {
    low = std::min(low, i.low);
    high = std::max(high, i.high);
  }
  double const range = high > low ? high - low : 1;
  auto const x = [&](double value) { return left + (right - left) * (value - low) / range; };
  double const height = row * static_cast<double>(intervals.size()) + 26;
  std::string out = opening(height, "differences with 95 % intervals");
  double const step = round_step(range, 4);
  for (double tick = std::ceil(low / step) * step; tick <= high + step * 1e-6; tick += step) {
    out += stroke(x(tick), 0, x(tick), height - 18, "grid") +
           text(x(tick), height - 5, short_number(tick), "middle", "small");
  }
  out += stroke(x(0), 0, x(0), height - 18, "reference");
  double y = 11;
  for (auto const& i : intervals) {
    std::string const kind = i.low > 0 ? "above" : i.high < 0 ? "below" : "open";
    out += text(left - 8, y + 4, i.label, "end") + stroke(x(i.low), y, x(i.high), y, "range " + kind);
    out += "<circle cx=\"" + n1(x(i.mean)) + "\" cy=\"" + n1(y) + "\" r=\"4\" class=\"dot " + kind + "\"><title>" +
           escaped(i.label) + ": " + decimals(i.mean) + " [" + decimals(i.low) + ", " + decimals(i.high) +
           "]</title></circle>";
    y += row;
  }
  return out + "</svg>";
}

std::string line_chart(std::vector<line> const& lines, std::string_view x_label) {
  constexpr double left = 46, right = width - 10, top = 8, bottom = 190;
  constexpr double infinite = std::numeric_limits<double>::infinity();
  double x_low = infinite, x_high = -infinite, y_low = infinite, y_high = -infinite;
  for (auto const& l : lines) {
    for (auto const& [px, py] : l.points) {
      if (!std::isfinite(px) || !std::isfinite(py)) continue;
      x_low = std::min(x_low, px), x_high = std::max(x_high, px);
      y_low = std::min(y_low, py), y_high = std::max(y_high, py);
    }
  }
  if (!(x_low <= x_high)) x_low = 0, x_high = 1, y_low = 0, y_high = 1;
  double const step = round_step(y_high > y_low ? y_high - y_low : std::max(std::abs(y_high), 1.0), 4);
  y_low = std::floor(y_low / step) * step;
  y_high = std::max(std::ceil(y_high / step) * step, y_low + step);
  if (x_high == x_low) x_high = x_low + 1;
  auto const x = [&](double value) { return left + (right - left) * (value - x_low) / (x_high - x_low); };
  auto const y = [&](double value) { return bottom - (bottom - top) * (value - y_low) / (y_high - y_low); };

  std::string body;
  for (double tick = y_low; tick <= y_high + step * 1e-6; tick += step) {
    body +=
        stroke(left, y(tick), right, y(tick), "grid") + text(left - 6, y(tick) + 4, short_number(tick), "end", "small");
  }
  double const x_step = round_step(x_high - x_low, 5);
  for (double tick = std::ceil(x_low / x_step) * x_step; tick <= x_high + x_step * 1e-6; tick += x_step) {
    body += text(x(tick), bottom + 15, short_number(tick), "middle", "small");
  }
  body += text(right, bottom + 30, x_label, "end", "small");
  std::vector<legend_entry> entries;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::string path;
    for (auto const& [px, py] : lines[i].points) {
      if (std::isfinite(px) && std::isfinite(py)) path += (path.empty() ? "M" : "L") + n1(x(px)) + " " + n1(y(py));
    }
    body += "<path d=\"" + path + "\" fill=\"none\" stroke=\"" + std::string{category_color(i)} +
            "\" stroke-width=\"1.6\" stroke-linejoin=\"round\"/>";
    entries.push_back({lines[i].label, category_color(i)});
  }
  auto const [names, used] = legend(entries, left, bottom + 48);
  return opening(bottom + 48 + used, "lines") + body + names + "</svg>";
}

std::string map_chart(std::vector<map_point> const& points, bool standalone) {
  constexpr double size = width, margin = 8;
  std::vector<float> xs, ys;
  std::vector<std::pair<std::string, std::size_t>> types;
  for (auto const& p : points) {
    xs.push_back(p.x);
    ys.push_back(p.y);
    auto const same = std::find_if(types.begin(), types.end(), [&](auto const& t) { return t.first == p.type; });
    if (same == types.end())
      types.emplace_back(p.type, 1);
    else
      ++same->second;
  }
  std::stable_sort(types.begin(), types.end(), [](auto const& a, auto const& b) { return a.second > b.second; });
  double const x_low = quantile(xs, 0.005), x_high = quantile(xs, 0.995), y_low = quantile(ys, 0.005),
               y_high = quantile(ys, 0.995);
  auto const place = [](double value, double low, double high) {
    double const share = high > low ? std::clamp((value - low) / (high - low), -0.01, 1.01) : 0.5;
    return 2 * margin + (size - 4 * margin) * share;
  };

  std::vector<legend_entry> entries;
  std::string dots;
  // The largest type first, so that the small ones lie on top.
  for (std::size_t t = 0; t < types.size(); ++t) {
    std::string const color{category_color(t)};
    entries.push_back({types[t].first + " (" + thousands(types[t].second) + ")", category_color(t)});
    std::string path, circles;
    for (auto const& p : points) {
      if (p.type != types[t].first) continue;
      std::string const x = n1(place(static_cast<double>(p.x), x_low, x_high));
      std::string const y = n1(place(static_cast<double>(p.y), y_low, y_high));
      path += "M" + x + " " + y + "h0";
      circles += "<circle cx=\"" + x + "\" cy=\"" + y + "\" r=\"1.9\"><title>" + escaped(p.title) + "</title></circle>";
    }
    if (standalone) {
      dots += "<path d=\"" + path + "\" stroke=\"" + color +
              "\" stroke-width=\"3.4\" stroke-linecap=\"round\" stroke-opacity=\"0.65\"/>";
    } else {
      dots += "<g fill=\"" + color + "\" fill-opacity=\"0.65\">" + circles + "</g>";
    }
  }
  auto const [names, used] = legend(entries, margin, size + 16);
  double const height = size + 16 + used;
  if (!standalone) return opening(height, "map of items") + dots + names + "</svg>";
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + n1(width) + " " + n1(height) +
         "\" font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#333\"><rect width=\"100%\" height=\"100%\" "
         "fill=\"#fff\"/>" +
         dots + names + "</svg>\n";
}

}  // namespace personalization
