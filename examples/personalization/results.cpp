#include "results.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <intarsia/core/random.hpp>
#include <intarsia/io/file.hpp>
#include <nlohmann/json.hpp>

namespace personalization {
namespace ia = intarsia;
namespace {

using json = nlohmann::ordered_json;

struct figure {
  char const* title;
  double result_row::*member;
};
constexpr std::array<figure, 5> figures = {{{"HR@10", &result_row::hr10},
                                            {"NDCG@10", &result_row::ndcg10},
                                            {"Recall@10", &result_row::recall10},
                                            {"MRR@10", &result_row::mrr10},
                                            {"coverage", &result_row::coverage}}};

json finite(double x) { return std::isfinite(x) ? json(x) : json(nullptr); }

// A setting that reads as a number or as true or false is written as one.
json setting(std::string const& text) {
  json const value = json::parse(text, nullptr, false);
  return value.is_number() || value.is_boolean() ? value : json(text);
}

std::string padded(std::string text, std::size_t width, bool left = false) {
  if (text.size() < width) text.insert(left ? text.size() : 0, width - text.size(), ' ');
  return text;
}

std::string decimals(double x) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4f", x);
  return text;
}

std::string cell(spread const& s) { return decimals(s.mean) + (s.count > 1 ? " ± " + decimals(s.deviation) : ""); }

// The text in bold, where it is wanted.
std::string marked(std::string const& text, bool bold) { return bold ? "\033[1m" + text + "\033[0m" : text; }

// Columns on a terminal: "±" is two bytes and one sign.
std::size_t signs(std::string const& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

struct grid {
  std::vector<std::string> heads, names;
  std::vector<std::vector<spread>> cells;  // (names, heads); count 0: none
};

std::string drawn(std::string const& title, grid const& g, bool bold) {
  std::size_t name_width = title.size();
  for (auto const& name : g.names) name_width = std::max(name_width, name.size());
  std::vector<std::size_t> widths;
  std::vector<double> best;
  for (std::size_t c = 0; c < g.heads.size(); ++c) {
    widths.push_back(g.heads[c].size());
    best.push_back(-1);
    for (auto const& row : g.cells) {
      if (row[c].count == 0) continue;
      widths.back() = std::max(widths.back(), signs(cell(row[c])));
      best.back() = std::max(best.back(), row[c].mean);
    }
  }
  std::string text = padded(title, name_width, true);
  for (std::size_t c = 0; c < g.heads.size(); ++c) text += "  " + padded(g.heads[c], widths[c]);
  text += '\n';
  for (std::size_t r = 0; r < g.names.size(); ++r) {
    text += padded(g.names[r], name_width, true);
    for (std::size_t c = 0; c < g.heads.size(); ++c) {
      auto const& s = g.cells[r][c];
      std::string const number = s.count == 0 ? "-" : cell(s);
      text +=
          "  " + std::string(widths[c] - signs(number), ' ') + marked(number, bold && s.count > 0 && s.mean == best[c]);
    }
    text += '\n';
  }
  return text;
}

}  // namespace

std::string to_json(study_results const& results) {
  json all;
  all["catalogue"] = results.catalogue;
  all["seeds"] = results.seeds;
  all["threads"] = results.threads;
  all["settings"] = json::object();
  for (auto const& [name, value] : results.settings) all["settings"][name] = setting(value);
  all["seconds"] = json::object();
  for (auto const& stage : results.stages) all["seconds"][stage.name] = finite(stage.seconds);
  all["rows_per_second"] = json::object();
  for (auto const& stage : results.stages) {
    if (stage.rows > 0 && stage.seconds > 0) {
      all["rows_per_second"][stage.name] = finite(static_cast<double>(stage.rows) / stage.seconds);
    }
  }
  all["peak_mib"] = finite(results.peak_mib);
  all["validation"] = json::object();
  for (auto const& [name, value] : results.validation) all["validation"][name] = finite(value);
  all["rows"] = json::array();
  for (auto const& row : results.rows) {
    all["rows"].push_back({{"split", row.split},
                           {"model", row.model},
                           {"seed", row.seed},
                           {"users", row.users},
                           {"hr10", finite(row.hr10)},
                           {"ndcg10", finite(row.ndcg10)},
                           {"recall10", finite(row.recall10)},
                           {"mrr10", finite(row.mrr10)},
                           {"coverage", finite(row.coverage)}});
  }
  return all.dump(1, ' ', false, json::error_handler_t::replace) + '\n';
}

void write_results(std::filesystem::path const& file, study_results const& results) {
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path());
  ia::write_beside(file.string(), to_json(results));
}

spread over_seeds(std::vector<result_row> const& rows, std::string const& split, std::string const& model,
                  double result_row::*figure) {
  spread s;
  double sum = 0, squares = 0;
  for (auto const& row : rows) {
    if (row.split != split || row.model != model) continue;
    sum += row.*figure;
    ++s.count;
  }
  if (s.count == 0) return s;
  s.mean = sum / static_cast<double>(s.count);
  for (auto const& row : rows) {
    if (row.split == split && row.model == model) squares += (row.*figure - s.mean) * (row.*figure - s.mean);
  }
  if (s.count > 1) s.deviation = std::sqrt(squares / static_cast<double>(s.count - 1));
  return s;
}

std::vector<std::string> splits_of(std::vector<result_row> const& rows) {
  std::vector<std::string> names;
  for (auto const& row : rows) {
    if (std::find(names.begin(), names.end(), row.split) == names.end()) names.push_back(row.split);
  }
  return names;
}

std::vector<std::string> models_of(std::vector<result_row> const& rows, std::string const& split) {
  std::vector<std::string> names;
  for (auto const& row : rows) {
    if (row.split == split && std::find(names.begin(), names.end(), row.model) == names.end())
      names.push_back(row.model);
  }
  return names;
}

std::string to_table(study_results const& results, bool bold) {
  std::string text;
  grid by_type;
  for (auto const& split : splits_of(results.rows)) {
    auto const models = models_of(results.rows, split);
    if (split.find('/') != std::string::npos) {
      by_type.heads.push_back(split);
      for (auto const& model : models) {
        if (std::find(by_type.names.begin(), by_type.names.end(), model) == by_type.names.end())
          by_type.names.push_back(model);
      }
      continue;
    }
    grid g;
    for (auto const& f : figures) g.heads.emplace_back(f.title);
    g.names = models;
    for (auto const& model : models) {
      auto& cells = g.cells.emplace_back();
      for (auto const& f : figures) cells.push_back(over_seeds(results.rows, split, model, f.member));
    }
    text += drawn(split, g, bold) + '\n';
  }
  for (auto const& model : by_type.names) {
    auto& cells = by_type.cells.emplace_back();
    for (auto const& split : by_type.heads)
      cells.push_back(over_seeds(results.rows, split, model, &result_row::ndcg10));
  }
  if (!by_type.heads.empty()) text += drawn("NDCG@10", by_type, bold) + '\n';
  return text;
}

difference paired_bootstrap(std::vector<float> const& row, std::vector<float> const& other, std::size_t draws,
                            std::uint64_t seed) {
  ia::expects(row.size() == other.size(), "paired_bootstrap: both lists are of the same users");
  if (row.empty() || draws == 0) return {};
  constexpr std::uint64_t bootstrap_stream = 0x626f6f74;
  auto const users = static_cast<std::uint32_t>(row.size());
  std::vector<double> gap(users), means(draws);
  double total = 0;
  for (std::size_t u = 0; u < users; ++u) total += gap[u] = static_cast<double>(row[u]) - static_cast<double>(other[u]);
  for (std::size_t d = 0; d < draws; ++d) {
    ia::random chance{ia::seed{seed}, bootstrap_stream, d};
    double sum = 0;
    for (std::uint32_t u = 0; u < users; ++u) sum += gap[chance.below(users)];
    means[d] = sum / users;
  }
  std::sort(means.begin(), means.end());
  auto const at = [&](double share) {
    return means[static_cast<std::size_t>(share * static_cast<double>(draws - 1) + 0.5)];
  };
  return {total / users, at(0.025), at(0.975)};
}

std::vector<float> mean_user_ndcg(std::vector<result_row> const& rows, std::string const& split,
                                  std::string const& model) {
  std::vector<float> mean;
  float seeds = 0;
  for (auto const& row : rows) {
    if (row.split != split || row.model != model || row.user_ndcg.empty()) continue;
    if (mean.empty()) mean.resize(row.user_ndcg.size());
    ia::expects(mean.size() == row.user_ndcg.size(), "mean_user_ndcg: every seed of a row ranks the same users");
    for (std::size_t u = 0; u < mean.size(); ++u) mean[u] += row.user_ndcg[u];
    ++seeds;
  }
  for (auto& x : mean) x /= seeds;
  return mean;
}

}  // namespace personalization
