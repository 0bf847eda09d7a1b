#include "study.hpp"

#include <algorithm>
#include <array>
#include <intarsia/core/thread_pool.hpp>
#include <intarsia/cpu/context.hpp>
#include <intarsia/models/evaluation.hpp>

#include "catalogue_types.hpp"
#include "classical.hpp"
#include "item_map.hpp"
#include "rows.hpp"
#include "stages.hpp"
#include "text.hpp"

namespace personalization {
namespace {

std::vector<std::string> wanted_splits(catalogue const& of, options const& o) {
  auto const known = split_names(of);
  if (std::find(o.splits.begin(), o.splits.end(), "all") != o.splits.end()) return known;
  if (!o.splits.empty()) return o.splits;
  std::vector<std::string> usual;
  for (auto const name : default_splits) {
    if (std::find(known.begin(), known.end(), name) != known.end()) usual.emplace_back(name);
  }
  return usual;
}

std::string joined(std::vector<std::string> const& words) {
  std::string all;
  for (auto const& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

void note_settings(study_log& log, catalogue const& of, options const& o, std::vector<std::string> const& splits) {
  auto const note = [&](char const* name, std::string value) { log.settings.emplace_back(name, std::move(value)); };
  note("splits", joined(splits));
  note("device", o.on == device::cuda ? "cuda: the graph network and the towers; the rest on the CPU" : "cpu");
  note("products", o.products == ia::precision::bf16 ? "bf16 while the graph network and the towers train" : "f32");
  note("configuration", o.quick ? "quick" : "recommended");
  note("paper", o.paper ? "true" : "false");
  note("ablations", o.ablations ? "true" : "false");
  if (!o.only.empty()) note("only", joined(o.only));
  note("steps", o.steps == 0 ? "as chosen" : std::to_string(o.steps));
  note("text vectors", joined(of.vector_files));
  note("repeated interactions", std::to_string(of.repeats));
  note("k of the metrics", "10");
}

// The rows by which example users are served, the best first.
constexpr std::array<std::string_view, 5> servers = {"two-tower-hgnn+graph", "ridge-graph", "two-tower-hgnn", "ease",
                                                     "popularity"};

class study {
 public:
  study(options const& o, study_log& log) : o_{o}, log_{log}, ctx_{ia::thread_pool{o.threads}, ia::seed{o.seed}} {}

  report_data run() {
    if (o_.on == device::cuda) expect_device();  // before any work
    log_.bar.begin("read " + o_.catalogue.filename().string());
    of_ = read_catalogue(o_.catalogue, o_.features);
    log_.bar.end(of_.interactions());
    auto const splits = wanted_splits(of_, o_);
    std::vector<split> parts;
    for (auto const& name : splits) parts.push_back(make_split(of_, name));  // unknown names are told before any work
    note_settings(log_, of_, o_, splits);
    log_.bar.begin("whiten text");
    auto text = whiten_text(ctx_, of_);
    text_ = std::move(text.vectors);
    log_.bar.end(of_.items());
    save_transform(o_.out / "model", text.transform);
    describe();
    for (auto& part : parts) {
      run_split(part);
      part = {};
      finish();
      write_results(o_.out / "results.json", data_.results);
    }
    if (log_.map.empty()) {
      log_.bar.begin("map");
      log_.map = draw_map(ctx_, of_, text_);
      log_.map_of = "The whitened text vectors: each title lies near those whose text is most like its own.";
      log_.bar.end(of_.items());
    }
    finish();
    write_results(o_.out / "results.json", data_.results);
    return std::move(data_);
  }

 private:
  void describe() {
    data_.results.catalogue = of_.name;
    data_.results.seeds = o_.seed_list();
    data_.results.threads = o_.threads;
    data_.items = of_.items();
    data_.users = of_.users();
    data_.interactions = of_.interactions();
    for (auto const t : of_.types_by_size()) {
      type_summary summary{of_.type_names[t], of_.numbering->members(t).size(), 0, 0};
      for (auto const row : of_.numbering->members(t)) summary.cold += of_.cold[row];
      for (auto const& pair : of_.pairs) summary.interactions += of_.type(pair.item) == t ? 1U : 0U;
      data_.types.push_back(summary);
    }
  }

  void run_split(split const& part) {
    bool const first = splits_run_++ == 0;
    if (o_.validation == validate_on::all || o_.validation == validate_on::only ||
        (o_.validation == validate_on::first && first && !o_.quick)) {
      validate(make_validation(of_, part.name));
    }
    if (o_.validation == validate_on::only) return;
    each_classical_row(ctx_, of_, part, text_, o_, log_,
                       [&](scored_model const& row) { rank(part, row, o_.seed_list()); });
    for (auto const seed : o_.seed_list()) {
      for (auto const& row : run_learned_rows(ctx_, of_, part, text_, o_, seed, log_)) rank(part, row, {seed});
    }
  }

  // Trains the rows of the ladder on a twin with the first seed and notes what they reach.
  void validate(split const& twin) {
    options plain = o_;
    plain.paper = plain.ablations = false;
    auto const note = [&](scored_model const& row) {
      ia::ranking_task const task{twin.rankings.front().candidates, twin.rankings.front().test.by_user()};
      double const ndcg = ia::evaluate(ctx_, as_scorer{row.score}, twin.train.by_user(), task).ndcg;
      log_.validation.emplace_back(twin.name + '/' + row.name + "/ndcg10", ndcg);
      if (o_.validation == validate_on::only)
        log_.bar.say(twin.name + " (validation): " + row.name + ' ' + std::to_string(ndcg));
    };
    each_classical_row(ctx_, of_, twin, text_, plain, log_, note);
    for (auto const& row : run_learned_rows(ctx_, of_, twin, text_, plain, o_.seed, log_)) note(row);
  }

  // Evaluates a row on every ranking of its split; one that has no randomness stands for all seeds.
  void rank(split const& part, scored_model const& row, std::vector<std::uint64_t> const& seeds) {
    log_.bar.begin_quietly(part.name + ": rank");
    std::vector<ia::ranking_task> tasks;
    for (auto const& r : part.rankings) tasks.push_back({r.candidates, r.test.by_user()});
    auto const reports = ia::evaluate(ctx_, as_scorer{row.score}, part.train.by_user(), tasks);
    for (std::size_t t = 0; t < reports.size(); ++t) {
      auto const& r = reports[t];
      if (r.users == 0) continue;
      for (auto const seed : seeds) {
        data_.results.rows.push_back({part.rankings[t].name,
                                      row.name,
                                      seed,
                                      r.users,
                                      r.hit_rate,
                                      r.ndcg,
                                      r.recall,
                                      r.mrr,
                                      r.coverage,
                                      {r.user_ndcg.begin(), r.user_ndcg.end()}});
      }
    }
    log_.bar.end(reports.empty() ? 0 : reports.front().users);
    serve_examples(part, row);
  }

  void serve_examples(split const& part, scored_model const& row) {
    auto const better = static_cast<std::size_t>(std::find(servers.begin(), servers.end(), row.name) - servers.begin());
    if (part.name != "warm" || better >= served_by_) return;
    auto const& test = part.rankings.front().test;
    std::vector<std::uint32_t> able;
    for (std::uint32_t u = 0; u < of_.users(); ++u) {
      if (test.by_user().degree(u) > 0 && part.train.by_user().degree(u) >= 5) able.push_back(u);
    }
    if (able.empty()) return;
    served_by_ = better;
    data_.examples.clear();
    data_.examples_of = row.name;
    std::vector<std::uint32_t> users;
    std::size_t const count = std::min<std::size_t>(10, able.size());
    for (std::size_t i = 0; i < count; ++i) users.push_back(able[(2 * i + 1) * able.size() / (2 * count)]);
    numbers scores{users.size(), of_.items()};
    row.score(users, scores.view());
    ia::csr const known = ia::rows_of_users(part.train.by_user(), users);
    auto const lists =
        ia::top_k_of_scores(ctx_, scores.view(), 10, {.candidates = {}, .exclude = known.view(), .mask = {}});
    for (std::size_t i = 0; i < users.size(); ++i) data_.examples.push_back(example(part, test, users[i], lists[i]));
  }

  example_user example(split const& part, ia::interactions const& test, std::uint32_t user,
                       std::span<ia::scored const> top) const {
    constexpr std::size_t shown = 12;
    auto const history = part.train.by_user()[user];
    auto const held = test.by_user()[user];
    example_user out{of_.user_ids[user], history.size(), {}, {}};
    std::size_t const count = std::min(shown, history.size());
    for (std::size_t i = 0; i < count; ++i) {
      std::uint32_t const item = history[i * history.size() / count];
      out.history.push_back({of_.titles[item], of_.type_name(item)});
    }
    for (auto const& x : top) {
      out.top.push_back({of_.titles[x.row], of_.type_name(x.row), static_cast<double>(x.score),
                         std::binary_search(held.begin(), held.end(), x.row)});
    }
    return out;
  }

  // Brings the rows into the order of the ladder and takes over what the log holds by now.
  void finish() {
    auto const order = every_row();
    auto const place = [&](result_row const& row) {
      return std::find(order.begin(), order.end(), row.model) - order.begin();
    };
    auto const splits = splits_of(data_.results.rows);
    auto const split_place = [&](result_row const& row) {
      return std::find(splits.begin(), splits.end(), row.split) - splits.begin();
    };
    std::stable_sort(data_.results.rows.begin(), data_.results.rows.end(), [&](auto const& a, auto const& b) {
      return std::tuple{split_place(a), place(a), a.seed} < std::tuple{split_place(b), place(b), b.seed};
    });
    data_.results.settings = log_.settings;
    data_.results.validation = log_.validation;
    data_.results.stages = log_.bar.times();
    data_.results.peak_mib = peak_mib();
    data_.curves = log_.curves;
    data_.relations = log_.relations;
    data_.map = log_.map;
    data_.map_of = log_.map_of;
  }

  options const& o_;
  study_log& log_;
  ia::cpu::context ctx_;
  catalogue of_;
  numbers text_;
  std::size_t splits_run_ = 0;
  std::size_t served_by_ = servers.size();
  report_data data_;
};

}  // namespace

report_data run_study(options const& o) {
  study_log log;
  return study{o, log}.run();
}

}  // namespace personalization
