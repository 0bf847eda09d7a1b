#include "ridge_settings.hpp"

#include <intarsia/intarsia.hpp>
#include <intarsia/models/ridge_selection.hpp>

#include "charts.hpp"
#include "protocol.hpp"

namespace personalization {

ia::ridge_options ridge_settings(ia::cpu::context& ctx, catalogue const& of, std::string const& split_name,
                                 study_log& log) {
  std::string const name = ranks_cold(split_name) ? "warm" : split_name;
  if (auto const known = log.ridge.find(name); known != log.ridge.end()) return known->second;
  log.bar.begin(name + ": choose ridge settings");
  split const twin = make_validation(of, name);
  auto const& task = twin.rankings.front();
  auto const choice = ia::select_ridge(ctx, twin.train, task.test.by_user(), task.candidates);
  log.bar.end(choice.tried.size() * twin.train.size());
  for (auto const& t : choice.tried) {
    log.validation.emplace_back(name + "/ridge-graph/lambda=" + decimals(static_cast<double>(t.lambda), 0) +
                                    "/neighbors=" + std::to_string(t.neighbors) + "/ndcg10",
                                t.ndcg);
  }
  std::string const chosen = "lambda " + decimals(static_cast<double>(choice.options.lambda), 0) + ", " +
                             std::to_string(choice.options.own) + " + " + std::to_string(choice.options.other) +
                             " neighbors";
  log.settings.emplace_back("ridge edges, " + name, chosen);
  log.bar.say("  ridge edges for " + name + ": " + chosen);
  return log.ridge[name] = choice.options;
}

}  // namespace personalization
