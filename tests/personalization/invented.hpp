// A report of a study that nobody ran, with every part filled: what the tests of the report look at.
#pragma once

#include <cmath>
#include <cstdint>
#include <intarsia/core/random.hpp>
#include <string>
#include <vector>

#include "report.hpp"
#include "rows.hpp"

namespace invented {

using namespace personalization;

inline void add_row(report_data& d, std::string const& split, std::string const& model, std::uint64_t seed, double level) {
  intarsia::random draw{intarsia::seed{seed}, split.size() * 131 + model.size() * 7 + static_cast<std::uint64_t>(level * 1000)};
  double const ndcg = level + 0.004 * draw.normal();
  std::vector<float> users;
  for (int u = 0; u < 400; ++u) {
    intarsia::random own{intarsia::seed{1}, split.size(), static_cast<std::uint64_t>(u)};
    double const taste = own.normal() * 0.2;
    users.push_back(static_cast<float>(ndcg + taste + 0.05 * draw.normal()));
  }
  d.results.rows.push_back({split, model, seed, 400, ndcg * 1.7, ndcg, ndcg * 0.6, ndcg * 1.4, 0.2 + ndcg / 3, users});
}

inline report_data report(std::size_t points = 3000) {
  report_data d;
  d.results.catalogue = "invented <b>&";
  d.results.seeds = {1, 2, 3};
  d.results.threads = 2;
  d.results.settings = {{"splits", "warm, cold, new-to-movie, new-to-ona"}, {"towers: batch", "1024"},
                        {"towers: rate", "0.001, falling linearly to 0"},
                        {"text", "both vectors, centred, whitened to 384 columns, rows of length 1 times the root of 384"}};
  d.results.stages = {{"read anime", 0.31, 424280}, {"whiten text", 1.2, 5549}, {"warm: hgnn", 31, 163840}, {"warm: towers", 96, 1024000},
                      {"warm: ease", 6.2, 0}};
  d.results.peak_mib = 712;
  d.results.validation = {{"warm/ridge-graph/lambda=10/neighbors=50/ndcg10", .2746}, {"warm/two-tower-hgnn/steps=1000/ndcg10", .2282}};
  d.items = 5549, d.users = 4962, d.interactions = 424280;
  d.types = {{"tv", 2231, 289095, 334}, {"movie", 963, 63074, 144}, {"ova", 962, 32721, 144}, {"special", 988, 31980, 148},
             {"ona", 243, 5827, 36}, {"music", 162, 1583, 24}};

  auto models = ladder_rows();
  auto const more = ablation_rows();
  models.insert(models.end(), more.begin(), more.end());
  double level = 0.15;
  for (auto const& model : models) {
    level = level > 0.5 ? 0.33 : level + 0.035;
    for (auto const seed : d.results.seeds) {
      double place = 0;
      for (auto const* split : {"warm", "warm/tv", "warm/movie", "warm/ova", "warm/special", "warm/ona", "warm/music", "cold",
                                "new-to-movie", "new-to-ona"}) {
        place += 0.01;
        if (std::string{split}.find('/') == std::string::npos && !is_defined(model, split)) continue;
        if (std::string{split}.find('/') != std::string::npos && model == "two-tower-hgnn+text") continue;
        add_row(d, split, model, seed, level + place);
      }
    }
  }
  for (auto const* stage : {"hgnn", "towers"}) {
    for (auto const* split : {"warm", "cold", "new-to-movie", "new-to-ona"}) {
      curve loss{stage, split, 1, "loss", {}}, quality{stage, split, 1, "validation NDCG@10", {}};
      for (int step = 0; step <= 1000; step += 10) {
        double const t = step / 1000.0 + 0.001 * static_cast<double>(std::string{split}.size());
        loss.points.emplace_back(step, 2 + 4 * std::exp(-5 * t) + 0.08 * std::sin(step));
        if (step % 100 == 0) quality.points.emplace_back(step, 0.23 * (1 - std::exp(-4 * t)));
      }
      d.curves.push_back(loss);
      d.curves.push_back(quality);
    }
  }
  for (auto const& a : d.types) {
    for (auto const& b : d.types) d.relations.push_back({a.name + ".co_watched." + b.name, b.items * 9, b.items, b.items / 20, 10});
  }
  intarsia::random draw{intarsia::seed{5}, 1};
  for (std::size_t i = 0; i < points; ++i) {
    auto const& type = d.types[draw.below(6)];
    auto const x = draw.normal(), y = draw.normal();
    d.map.push_back({static_cast<float>(x + 2.5 * static_cast<double>(type.items % 5)), static_cast<float>(y + static_cast<double>(type.items % 3)),
                     type.name, "Title <" + std::to_string(i) + "> & \"more\""});
  }
  d.map_of = "The embeddings of the graph network, two principal components.";
  d.examples_of = "two-tower-hgnn+graph";
  for (int u = 0; u < 10; ++u) {
    example_user user{"user-" + std::to_string(u * 37), 85, {}, {}};
    for (int i = 0; i < 12; ++i) user.history.push_back({"Fullmetal \"Alchemist\": Brotherhood & <Friends>", "tv", 0, false});
    for (int i = 0; i < 10; ++i) user.top.push_back({"A rather long title of a special, number " + std::to_string(i), "special", 1.0 / (i + 1), i % 3 == 0});
    d.examples.push_back(user);
  }
  return d;
}

}  // namespace invented
