#include "report.hpp"

#include <algorithm>
#include <array>
#include <intarsia/io/file.hpp>

#include "protocol.hpp"
#include "report_style.hpp"

namespace personalization {
namespace {

using member = double result_row::*;
constexpr std::array<std::pair<char const*, member>, 5> figures = {{{"HR@10", &result_row::hr10},
                                                                    {"NDCG@10", &result_row::ndcg10},
                                                                    {"Recall@10", &result_row::recall10},
                                                                    {"MRR@10", &result_row::mrr10},
                                                                    {"coverage", &result_row::coverage}}};

bool is_per_type(std::string const& split) { return split.find('/') != std::string::npos; }
bool is_ablation(std::string const& model) { return model.rfind("ablation/", 0) == 0; }

std::vector<std::string> whole_splits(std::vector<result_row> const& rows) {
  auto names = splits_of(rows);
  std::erase_if(names, is_per_type);
  return names;
}

std::vector<std::string> all_models(std::vector<result_row> const& rows, std::vector<std::string> const& splits) {
  std::vector<std::string> names;
  for (auto const& split : splits) {
    for (auto const& model : models_of(rows, split)) {
      if (std::find(names.begin(), names.end(), model) == names.end()) names.push_back(model);
    }
  }
  return names;
}

std::string number_cell(spread const& s, bool best) {
  if (s.count == 0) return "<td class=\"soft\">-</td>";
  return std::string{"<td"} + (best ? " class=\"best\"" : "") + ">" + decimals(s.mean) +
         (s.count > 1 && s.deviation > 0 ? "<small>± " + decimals(s.deviation) + "</small>" : "") + "</td>";
}

struct column {
  std::string head, split;
  member figure;
};

// Models x columns, the best of each column marked.
std::string figures_table(std::vector<result_row> const& rows, std::vector<std::string> const& models,
                          std::vector<column> const& columns) {
  std::string out = "<div class=\"wide\"><table><thead><tr><th>row</th>";
  std::vector<double> best;
  for (auto const& c : columns) {
    out += "<th>" + escaped(c.head) + "</th>";
    best.push_back(-1);
    for (auto const& model : models) {
      auto const s = over_seeds(rows, c.split, model, c.figure);
      if (s.count > 0) best.back() = std::max(best.back(), s.mean);
    }
  }
  out += "</tr></thead><tbody>";
  for (auto const& model : models) {
    out += "<tr><td>" + escaped(model) + "</td>";
    for (std::size_t c = 0; c < columns.size(); ++c) {
      auto const s = over_seeds(rows, columns[c].split, model, columns[c].figure);
      out += number_cell(s, s.count > 0 && s.mean == best[c]);
    }
    out += "</tr>";
  }
  return out + "</tbody></table></div>";
}

std::string fact(std::string const& value, std::string const& name) {
  return "<div class=\"fact\"><b>" + escaped(value) + "</b><span>" + escaped(name) + "</span></div>";
}

std::string facts(report_data const& d) {
  double seconds = 0;
  for (auto const& stage : d.results.stages) seconds += stage.seconds;
  return "<div class=\"facts\">" + fact(thousands(d.items), "items of " + std::to_string(d.types.size()) + " types") +
         fact(thousands(d.users), "users") + fact(thousands(d.interactions), "interactions") +
         fact(std::to_string(d.results.seeds.size()), d.results.seeds.size() == 1 ? "seed" : "seeds") +
         fact(readable_seconds(seconds),
              std::to_string(d.results.threads) + (d.results.threads == 1 ? " thread" : " threads")) +
         fact(thousands(static_cast<std::size_t>(d.results.peak_mib)) + " MiB", "most memory held") + "</div>";
}

std::string ladder(report_data const& d) {
  auto const& rows = d.results.rows;
  auto const splits = whole_splits(rows);
  auto models = all_models(rows, splits);
  std::erase_if(models, is_ablation);
  std::vector<column> columns;
  for (auto const& split : splits) columns.push_back({split, split, &result_row::ndcg10});
  std::string out =
      "<h2 id=\"ladder\">The ladder</h2><p>NDCG@10: how well the ten recommended titles, in their order, "
      "match what the user really had. Higher is better; the best of a column is marked" +
      std::string{d.results.seeds.size() > 1 ? ", ± is the standard deviation over the seeds" : ""} + ".</p>";
  out += figures_table(rows, models, columns) + "<div class=\"cards\">";
  for (auto const& split : splits) {
    std::vector<bar> bars;
    for (auto const& model : models) {
      auto const s = over_seeds(rows, split, model, &result_row::ndcg10);
      if (s.count > 0) bars.push_back({model, s.mean, s.deviation});
    }
    auto const ease = over_seeds(rows, split, "ease", &result_row::ndcg10);
    out += "<div class=\"card\"><h3>" + escaped(split) + "</h3>" +
           bar_chart(bars, ease.count > 0 ? std::optional{ease.mean} : std::nullopt) +
           (ease.count > 0 ? "<small>Dashed: EASE.</small>" : "") + "</div>";
  }
  out += "</div><h3>All figures</h3>";
  for (auto const& split : splits) {
    std::vector<column> all;
    for (auto const& [name, figure] : figures) all.push_back({name, split, figure});
    auto const of_split = models_of(rows, split);
    std::size_t users = 0;
    for (auto const& row : rows) users = row.split == split ? row.users : users;
    out += "<details" + std::string{split == splits.front() ? " open" : ""} + "><summary>" + escaped(split) + ", " +
           thousands(users) + " users ranked</summary>" + figures_table(rows, of_split, all) + "</details>";
  }
  return out;
}

// What a row is compared with: EASE, or text where EASE is not defined.
std::string rival(std::vector<result_row> const& rows, std::string const& split) {
  auto const models = models_of(rows, split);
  for (auto const* name : {"ease", "text-knn"}) {
    if (std::find(models.begin(), models.end(), name) != models.end()) return name;
  }
  return "";
}

std::string comparison(report_data const& d) {
  auto const& rows = d.results.rows;
  std::string cards;
  for (auto const& split : whole_splits(rows)) {
    auto const against = rival(rows, split);
    auto const other = mean_user_ndcg(rows, split, against);
    if (other.empty()) continue;
    std::vector<interval> intervals;
    for (auto const& model : models_of(rows, split)) {
      auto const own = mean_user_ndcg(rows, split, model);
      if (model == against || is_ablation(model) || own.size() != other.size()) continue;
      auto const gap = paired_bootstrap(own, other);
      intervals.push_back({model, gap.mean, gap.low, gap.high});
    }
    if (intervals.empty()) continue;
    std::sort(intervals.begin(), intervals.end(), [](auto const& a, auto const& b) { return a.mean > b.mean; });
    cards += "<div class=\"card\"><h3>" + escaped(split) + " against " + escaped(against) + "</h3>" +
             interval_chart(intervals) +
             "<details><summary>figures</summary><div class=\"wide\"><table><thead><tr><th>row</th><th>difference</th>"
             "<th>95 % interval</th></tr></thead><tbody>";
    for (auto const& i : intervals) {
      cards += "<tr><td>" + escaped(i.label) + "</td><td class=\"" +
               (i.low > 0    ? "plus"
                : i.high < 0 ? "minus"
                             : "soft") +
               "\">" + (i.mean >= 0 ? "+" : "") + decimals(i.mean) + "</td><td>" + decimals(i.low) + " to " +
               decimals(i.high) + "</td></tr>";
    }
    cards += "</tbody></table></div></details></div>";
  }
  if (cards.empty()) return {};
  return "<h2 id=\"comparison\">Is the difference real?</h2><p>Difference in NDCG@10 on the same users, with the "
         "interval "
         "that holds 95 of 100 re-drawn sets of users (paired bootstrap, 1,000 draws). An interval that stays on one "
         "side "
         "of the dashed line is a difference that chance does not explain.</p><div class=\"cards\">" +
         cards + "</div>";
}

std::string per_type(report_data const& d) {
  auto const& rows = d.results.rows;
  std::vector<column> columns;
  std::vector<std::string> splits;
  for (auto const& split : splits_of(rows)) {
    if (!is_per_type(split)) continue;
    splits.push_back(split);
    columns.push_back({split.substr(split.find('/') + 1), split, &result_row::ndcg10});
  }
  if (columns.empty()) return {};
  auto models = all_models(rows, splits);
  std::erase_if(models, is_ablation);
  return "<h2 id=\"types\">Type by type</h2><p>The split warm again, but only titles of one type are ranked "
         "(NDCG@10).</p>" +
         figures_table(rows, models, columns);
}

std::string held_out(report_data const& d) {
  auto const& rows = d.results.rows;
  std::vector<column> columns;
  std::vector<std::string> splits;
  for (auto const& split : whole_splits(rows)) {
    if (!ranks_cold(split) && split.rfind("new-to-", 0) != 0) continue;
    splits.push_back(split);
    columns.push_back({split + " HR", split, &result_row::hr10});
    columns.push_back({split + " NDCG", split, &result_row::ndcg10});
  }
  if (columns.empty()) return {};
  auto models = all_models(rows, splits);
  std::erase_if(models, is_ablation);
  return "<h2 id=\"held-out\">New titles, and users new to a type</h2><p>Cold: titles that nobody has met yet are "
         "ranked for "
         "everybody, by their text alone. New-to-TYPE: users without any history of a type get that type ranked.</p>" +
         figures_table(rows, models, columns);
}

std::string ablations(report_data const& d) {
  auto const& rows = d.results.rows;
  auto const splits = whole_splits(rows);
  auto models = all_models(rows, splits);
  std::erase_if(models, [](auto const& model) { return !is_ablation(model) && model != "two-tower-hgnn"; });
  if (std::none_of(models.begin(), models.end(), is_ablation)) return {};
  std::vector<column> columns;
  for (auto const& split : splits) columns.push_back({split, split, &result_row::ndcg10});
  return "<h2 id=\"ablations\">What each ingredient is worth</h2><p>The row two-tower-hgnn with one ingredient taken "
         "away "
         "(NDCG@10).</p>" +
         figures_table(rows, models, columns);
}

std::string training(report_data const& d) {
  std::vector<std::pair<std::string, std::vector<line>>> charts;
  for (auto const& c : d.curves) {
    std::string const name = c.stage + ": " + c.figure;
    auto chart = std::find_if(charts.begin(), charts.end(), [&](auto const& each) { return each.first == name; });
    if (chart == charts.end()) chart = charts.insert(charts.end(), {name, {}});
    chart->second.push_back(
        {c.split + (d.results.seeds.size() > 1 ? ", seed " + std::to_string(c.seed) : ""), c.points});
  }
  if (charts.empty() && d.results.validation.empty()) return {};
  std::string out = "<h2 id=\"training\">Training</h2>";
  if (!charts.empty()) out += "<div class=\"cards\">";
  for (auto const& [name, lines] : charts) {
    out += "<div class=\"card\"><h3>" + escaped(name) + "</h3>" + line_chart(lines, "step") + "</div>";
  }
  if (!charts.empty()) out += "</div>";
  if (d.results.validation.empty()) return out;
  out += "<details><summary>Validation figures (" + std::to_string(d.results.validation.size()) +
         "), on which settings were chosen</summary><div class=\"wide\"><table><tbody>";
  for (auto const& [name, value] : d.results.validation)
    out += "<tr><td>" + escaped(name) + "</td><td>" + decimals(value) + "</td></tr>";
  return out + "</tbody></table></div></details>";
}

std::string catalogue_and_graph(report_data const& d) {
  std::string out =
      "<h2 id=\"graph\">Catalogue and graph</h2><div class=\"wide\"><table><thead><tr><th>type</th><th>items</th>"
      "<th>interactions</th><th>per item</th><th>cold items</th></tr></thead><tbody>";
  for (auto const& t : d.types) {
    double const each = t.items == 0 ? 0 : static_cast<double>(t.interactions) / static_cast<double>(t.items);
    out += "<tr><td>" + escaped(t.name) + "</td><td>" + thousands(t.items) + "</td><td>" + thousands(t.interactions) +
           "</td><td>" + decimals(each, 1) + "</td><td>" + thousands(t.cold) + "</td></tr>";
  }
  out += "</tbody></table></div>";
  if (d.relations.empty()) return out;
  out += "<details><summary>Degrees of the " + std::to_string(d.relations.size()) +
         " relations (split warm)</summary><div "
         "class=\"wide\"><table><thead><tr><th>relation</th><th>edges</th><th>mean degree</th>"
         "<th>largest</th><th>without edges</th></tr></thead><tbody>";
  for (auto const& r : d.relations) {
    double const mean = r.targets == 0 ? 0 : static_cast<double>(r.edges) / static_cast<double>(r.targets);
    out += "<tr><td>" + escaped(r.name) + "</td><td>" + thousands(r.edges) + "</td><td>" + decimals(mean, 1) +
           "</td><td>" + thousands(r.largest_degree) + "</td><td>" + thousands(r.isolated) + "</td></tr>";
  }
  return out + "</tbody></table></div></details>";
}

std::string map_of_items(report_data const& d) {
  if (d.map.empty()) return {};
  return "<h2 id=\"map\">A map of the catalogue</h2><p>" + escaped(d.map_of) +
         " Each dot is a title; rest the pointer on one to read it.</p><div class=\"card map\">" +
         map_chart(d.map, false) + "</div>";
}

std::string title_text(title_line const& t) {
  return escaped(t.title) + "<span class=\"chip\">" + escaped(t.type) + "</span>";
}

std::string examples(report_data const& d) {
  if (d.examples.empty()) return {};
  std::string out =
      "<h2 id=\"users\">Ten users and their top ten</h2><p>Recommended by " + escaped(d.examples_of) +
      " from the training part of the user's list alone. \"✓ had it\" marks a title that was held out and that "
      "the user did have.</p><div class=\"cards\">";
  for (auto const& user : d.examples) {
    out += "<div class=\"card\"><h3>User " + escaped(user.id) + "</h3><div class=\"history\">Had ";
    for (std::size_t i = 0; i < user.history.size(); ++i) out += (i == 0 ? "" : " · ") + escaped(user.history[i].title);
    if (user.history_size > user.history.size())
      out += " · and " + thousands(user.history_size - user.history.size()) + " more";
    out += "</div><ol>";
    for (auto const& t : user.top)
      out += "<li>" + title_text(t) + (t.found ? "<span class=\"chip hit\">✓ had it</span>" : "") + "</li>";
    out += "</ol></div>";
  }
  return out + "</div>";
}

std::string settings_and_time(report_data const& d) {
  std::string out =
      "<h2 id=\"settings\">Settings and time</h2><p>Every setting that was assumed or chosen.</p><div "
      "class=\"wide\"><table>"
      "<tbody>";
  for (auto const& [name, value] : d.results.settings) {
    out += "<tr><td>" + escaped(name) + "</td><td class=\"text\">" + escaped(value) + "</td></tr>";
  }
  out +=
      "</tbody></table></div><div class=\"wide\"><table><thead><tr><th>stage</th><th>time</th><th>rows per "
      "second</th></tr></thead><tbody>";
  for (auto const& stage : d.results.stages) {
    std::string const speed = stage.rows > 0 && stage.seconds > 0
                                  ? thousands(static_cast<std::size_t>(static_cast<double>(stage.rows) / stage.seconds))
                                  : "-";
    out += "<tr><td>" + escaped(stage.name) + "</td><td>" + readable_seconds(stage.seconds) + "</td><td>" + speed +
           "</td></tr>";
  }
  return out + "</tbody></table></div>";
}

// "Best on warm: ridge-graph .5291 (EASE .4747)."
std::string headline(report_data const& d) {
  std::string out;
  for (auto const& split : whole_splits(d.results.rows)) {
    std::string best;
    spread top;
    for (auto const& model : models_of(d.results.rows, split)) {
      if (is_ablation(model)) continue;
      auto const s = over_seeds(d.results.rows, split, model, &result_row::ndcg10);
      if (best.empty() || s.mean > top.mean) best = model, top = s;
    }
    auto const against = rival(d.results.rows, split);
    if (best.empty()) continue;
    out += (out.empty() ? "" : "; ") +
           ("best on <b>" + escaped(split) + "</b> is " + escaped(best) + " with " + decimals(top.mean, 3));
    if (!against.empty() && against != best) {
      out += " (" + against + " " + decimals(over_seeds(d.results.rows, split, against, &result_row::ndcg10).mean, 3) +
             ")";
    }
  }
  return out.empty() ? out : "<p>By NDCG@10, " + out + ".</p>";
}

}  // namespace

std::string render_report(report_data const& d) {
  std::array<std::pair<char const*, char const*>, 10> const parts = {{{"ladder", "Ladder"},
                                                                      {"comparison", "Differences"},
                                                                      {"types", "Types"},
                                                                      {"held-out", "New titles"},
                                                                      {"ablations", "Ablations"},
                                                                      {"training", "Training"},
                                                                      {"graph", "Graph"},
                                                                      {"map", "Map"},
                                                                      {"users", "Users"},
                                                                      {"settings", "Settings"}}};
  std::string const body = ladder(d) + comparison(d) + per_type(d) + held_out(d) + ablations(d) + map_of_items(d) +
                           examples(d) + training(d) + catalogue_and_graph(d) + settings_and_time(d);
  std::string links;
  for (auto const& [id, name] : parts) {
    if (body.find("id=\"" + std::string{id} + "\"") != std::string::npos)
      links += "<a href=\"#" + std::string{id} + "\">" + name + "</a>";
  }
  return "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
         "content=\"width=device-width,initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\"><title>" +
         escaped(d.results.catalogue) + ": recommendation study</title><style>" + std::string{report_style} +
         "</style></head><body><main><h1>" + escaped(d.results.catalogue) + ": from a catalogue to a top ten</h1>" +
         headline(d) + facts(d) + "<nav>" + links + "</nav>" + body + "</main></body></html>\n";
}

void write_report(std::filesystem::path const& folder, report_data const& data) {
  std::filesystem::create_directories(folder);
  intarsia::write_beside((folder / "report.html").string(), render_report(data));
  if (!data.map.empty()) intarsia::write_beside((folder / "map.svg").string(), map_chart(data.map, true));
}

}  // namespace personalization
