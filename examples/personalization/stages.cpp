#include "stages.hpp"

#include <chrono>
#include <cmath>
#include <filesystem>
#include <intarsia/cpu/cpu.hpp>
#include <intarsia/models/baselines.hpp>
#include <intarsia/models/evaluation.hpp>
#include <memory>
#include <numeric>

#include "catalogue_types.hpp"
#include "foundation.hpp"
#include "item_map.hpp"
#include "joint.hpp"
#include "ridge_settings.hpp"
#include "rows.hpp"
#include "served.hpp"
#include "towers.hpp"

namespace personalization {
namespace {

using clock = std::chrono::steady_clock;

// The learned rows of one split and seed. Stages that several rows need are computed once, when the first asks.
class learned_rows {
 public:
  learned_rows(ia::cpu::context& ctx, catalogue const& of, split const& part, numbers const& text, options const& o,
               std::uint64_t seed, study_log& log)
      : ctx_{ctx},
        of_{of},
        part_{part},
        text_{text},
        options_{o},
        seed_{seed},
        log_{log},
        prefix_{part.name + (part.validation ? " (validation)" : "") +
                (o.seeds > 1 ? ", seed " + std::to_string(seed) : "")} {}

  std::vector<scored_model> all() {
    note_settings();
    row("hgnn-knn", [&] { return by_embedding(recommended()); });
    row("hgnn-with-users", [&] {
      return owned(train_with_users(*context_for("hgnn-with-users"), part_.train, text_,
                                    {.steps = scaled(with_users_settings{}.steps)}, training("hgnn-with-users")));
    });
    row("two-tower", [&] { return owned(two_tower({.text = &text_}, {.steps = tower_steps()}, "two-tower")); });
    row("two-tower-hgnn", [&] { return shared(recommended_towers()); });
    row("two-tower-hgnn+graph", [&] { return with_graph(); });
    row("two-tower-hgnn+text", [&] { return with_text(); });
    row("hgnn-knn/paper", [&] { return by_embedding(paper()); });
    row("two-tower-hgnn/paper",
        [&] { return owned(towers_on(paper(), text_, {.steps = tower_steps()}, "two-tower-hgnn/paper")); });
    save_served();
    ablations();
    return std::move(rows_);
  }

 private:
  template <class Make>
  void row(std::string const& name, Make make) {
    if (!options_.wants(name) || !is_defined(name, part_.name)) return;
    auto const start = clock::now();
    scoring score = make();
    rows_.push_back({name, std::move(score), std::chrono::duration<double>(clock::now() - start).count()});
  }
  template <class Scorer>
  scoring shared(std::shared_ptr<Scorer const> scorer) {
    return [&ctx = ctx_, scorer = std::move(scorer)](auto users, auto out) { scorer->score(ctx, users, out); };
  }
  template <class Scorer>
  scoring owned(Scorer scorer) {
    return shared(std::make_shared<Scorer const>(std::move(scorer)));
  }
  // The user is the mean of the embeddings of the history, an item its own.
  scoring by_embedding(foundation const& made) { return owned(ia::text_knn{part_.train, made.z.view()}); }

  // A context of its own per stage, so that a row's numbers do not depend on which other rows were asked for.
  std::unique_ptr<ia::cpu::context> context_for(std::string const& name) {
    std::uint64_t key = seed_;
    for (char const c : name) key = key * 0x100000001B3u + static_cast<unsigned char>(c);
    return std::make_unique<ia::cpu::context>(ctx_.threads(), ia::seed{key}, ctx_.instructions());
  }
  std::string stage(std::string const& what) const { return prefix_ + ": " + what; }
  ia::checkpoints keep(std::string name) const {
    for (char& c : name) c = c == '/' ? '-' : c;
    std::string const file =
        part_.name + (part_.validation ? "-validation-" : "-") + std::to_string(seed_) + '-' + name;
    if (options_.checkpoint_every == 0) return {};
    std::filesystem::create_directories(options_.out / "checkpoints");
    return {(options_.out / "checkpoints" / (file + ".safetensors")).string(), options_.checkpoint_every,
            options_.resume};
  }
  curve& new_curve(std::string const& title, std::string const& figure) {
    return log_.curves.emplace_back(curve{title, part_.name, seed_, figure, {}});
  }
  training_stage training(std::string const& name) {
    auto const title = stage(name);
    training_stage made{title, keep(name), log_, new_curve(title, "loss")};
    made.on = options_.on;
    made.products = options_.products;
    if (!part_.validation) return made;
    made.judge = [this, title, line = static_cast<curve*>(nullptr)](std::size_t done, scoring const& score) mutable {
      auto const& ranked = part_.rankings.front();
      double const reached =
          ia::evaluate(ctx_, as_scorer{score}, part_.train.by_user(), {ranked.candidates, ranked.test.by_user()}).ndcg;
      if (line == nullptr) line = &new_curve(title, "validation NDCG@10");
      line->points.emplace_back(static_cast<double>(done), reached);
      return reached;
    };
    return made;
  }

  // What the stages assume, once per study: see docs/decisions/settings.md.
  void note_settings() {
    auto const noted = [](auto const& setting) { return setting.first == "hgnn"; };
    if (std::any_of(log_.settings.begin(), log_.settings.end(), noted)) return;
    foundation_settings const h, p = paper_settings();
    auto const described = [this](foundation_settings const& f) {
      return (f.neighbors == 0 ? "all pairs with a shared user"
                               : std::to_string(f.neighbors) + " neighbors per source type") +
             (f.max_pool ? ", max pool" : ", weighted mean") +
             (f.sampled ? ", 10 sampled per relation" : ", full graph") +
             (f.margin_loss ? ", margin " + decimal(f.margin) : ", softmax temperature " + decimal(f.temperature)) +
             ", " + std::to_string(f.negatives) + " negatives, " + std::to_string(scaled(f.steps)) + " steps of " +
             std::to_string(f.batch) + ", Adam " + decimal(f.rate) + ", " + decimal(f.text_share) +
             " of the items hear text";
    };
    ia::tower_training const t;
    with_users_settings const u;
    log_.settings.emplace_back("hgnn", described(h));
    if (options_.paper) log_.settings.emplace_back("hgnn/paper", described(p));
    log_.settings.emplace_back("towers", "512-256-128, in-batch softmax with log q, " + std::to_string(t.batch) +
                                             " pairs, Adam " + decimal(t.rate) + " falling to 0, " +
                                             decimal(t.cold_share) + " of the items shown as cold");
    log_.settings.emplace_back("hgnn-with-users", "2 hops of width 128, temperature " + decimal(u.temperature) + ", " +
                                                      std::to_string(scaled(u.steps)) + " steps of " +
                                                      std::to_string(u.batch) + " pairs, Adam " + decimal(u.rate) +
                                                      " falling to 0");
  }
  static std::string decimal(float x) {
    std::string text = std::to_string(x);
    text.erase(text.find_last_not_of('0') + 1);
    return text;
  }

  // Steps of the towers as chosen on validation, or as given; other stages scale alike.
  std::size_t chosen_tower_steps() const { return part_.name == "warm" ? 1500 : 1000; }
  std::size_t tower_steps() const {
    return options_.steps > 0 ? options_.steps : options_.quick ? 250 : chosen_tower_steps();
  }
  std::size_t scaled(std::size_t steps) const {
    return std::max<std::size_t>(1, steps * std::min(tower_steps(), chosen_tower_steps()) / chosen_tower_steps());
  }

  foundation foundation_of(std::string const& name, foundation_settings settings, numbers const& text,
                           ia::interactions const& train_on) {
    settings.steps = scaled(settings.steps);
    return train_foundation(*context_for(name), train_on, text, settings, training(name));
  }
  foundation const& recommended() {
    if (recommended_) return *recommended_;
    recommended_ = std::make_unique<foundation>(foundation_of("hgnn", {}, text_, part_.train));
    if (part_.name == "warm" && !part_.validation && seed_ == options_.seed) {
      log_.map = draw_map(ctx_, of_, recommended_->z);
      log_.map_of =
          "The embeddings that the graph network learned: each title lies near those whose embeddings are most like "
          "its own.";
    }
    return *recommended_;
  }
  foundation const& paper() {
    if (!paper_)
      paper_ = std::make_unique<foundation>(foundation_of("hgnn/paper", paper_settings(), text_, part_.train));
    return *paper_;
  }

  ia::dot_scorer two_tower(tower_features const& given, ia::tower_training const& settings, std::string const& name) {
    return two_tower(given, settings, name, part_.train);
  }
  ia::dot_scorer two_tower(tower_features const& given, ia::tower_training const& settings, std::string const& name,
                           ia::interactions const& train_on) {
    return train_two_tower(*context_for(name), train_on, given, settings, training(name));
  }
  ia::dot_scorer towers_on(foundation const& made, numbers const& text, ia::tower_training const& settings,
                           std::string const& name) {
    return towers_on(made, text, settings, name, part_.train);
  }
  ia::dot_scorer towers_on(foundation const& made, numbers const& text, ia::tower_training const& settings,
                           std::string const& name, ia::interactions const& train_on) {
    numbers const z = standardized(made.z, made.z), z_text = standardized(made.z_text, made.z);
    return two_tower({.text = &text, .z = &z, .z_text = &z_text}, settings, name, train_on);
  }
  std::shared_ptr<ia::dot_scorer const> recommended_towers() {
    if (!towers_) {
      towers_ = std::make_shared<ia::dot_scorer const>(
          towers_on(recommended(), text_, {.steps = tower_steps()}, "two-tower-hgnn"));
    }
    return towers_;
  }

  // Ridge edges choose and a head that also reads embeddings and towers ranks anew; unmet items borrow scores.
  scoring with_graph() {
    std::string const row = "two-tower-hgnn+graph";
    auto const ridge = ridge_settings(ctx_, of_, part_.name, log_);
    numbers const z = standardized(recommended().z, recommended().z);
    auto const towers = recommended_towers();
    std::shared_ptr<ia::cpu::context> const mine = context_for(row);
    auto const score = train_joint(*mine, part_.train, text_, z, *towers, ridge, part_.rankings.front().candidates, {},
                                   training(row), &ranker_);
    return [mine, score](auto users, ia::dense<float> out) { score(users, out); };
  }
  // The model of the recommended row on the warm split, for the commands that use it.
  void save_served() {
    if (part_.name != "warm" || part_.validation || !ranker_ || seed_ != options_.seed) return;
    log_.bar.begin(stage("save the model"));
    save_served_model(options_, of_, recommended(), text_, standardized(recommended().z, recommended().z), *towers_,
                      *ranker_);
    log_.bar.end();
  }
  // Both brought to mean 0 and deviation 1 over the items of a user, then added.
  scoring with_text() {
    auto const text = std::make_shared<ia::text_knn const>(part_.train, text_.view());
    std::vector<std::uint32_t> all(of_.items());
    std::iota(all.begin(), all.end(), std::uint32_t{0});
    return [&ctx = ctx_, text, towers = recommended_towers(), all](auto users, ia::dense<float> out) {
      numbers likeness(out.rows, out.cols);
      towers->score(ctx, users, out);
      text->score(ctx, users, likeness.view());
      ctx.threads().bulk(out.rows, 16, [&](std::size_t begin, std::size_t end) {
        for (std::size_t u = begin; u < end; ++u) {
          standardize(out[u], all);
          standardize(likeness[u], all);
          for (std::size_t i = 0; i < out.cols; ++i) out[u][i] += likeness[u][i];
        }
      });
    };
  }
  // two-tower-hgnn with one thing changed.
  void ablations() {
    auto const changed = [&](std::string const& name, foundation_settings const& settings) {
      row("ablation/" + name, [&] {
        return owned(towers_on(foundation_of("ablation/" + name + "/hgnn", settings, text_, part_.train), text_,
                               {.steps = tower_steps()}, "ablation/" + name));
      });
    };
    changed("no-balance", {.balanced = false});
    row("ablation/no-weak", [&] {
      auto const strong = strong_pairs(of_, part_);
      auto const made = foundation_of("ablation/no-weak/hgnn", {}, text_, strong);
      return owned(towers_on(made, text_, {.steps = tower_steps()}, "ablation/no-weak", strong));
    });
    changed("within-only", {.relations = relation_choice::within_types});
    changed("cross-only", {.relations = relation_choice::across_types});
    changed("hidden-" + std::string{hidden_type::name}, {.hide_type = true, .shared_self = true});
    row("ablation/literal-loss", [&] {
      return owned(towers_on(recommended(), text_, {.loss = ia::tower_loss::literal, .steps = tower_steps()},
                             "ablation/literal-loss"));
    });
    row("ablation/raw-text", [&] { return with_other_text("raw-text", raw_text(of_, text_.cols())); });
    row("ablation/random-features",
        [&] { return with_other_text("random-features", random_text(text_.rows(), text_.cols())); });
    row("ablation/no-text-edges", [&] {
      auto const made =
          foundation_of("ablation/no-text-edges/hgnn", {.text_edges = false, .text_share = 0}, text_, part_.train);
      numbers const z = standardized(made.z, made.z);
      return owned(two_tower({.text = &text_, .z = &z}, {.steps = tower_steps()}, "ablation/no-text-edges"));
    });
  }
  scoring with_other_text(std::string const& name, numbers const& text) {
    return owned(towers_on(foundation_of("ablation/" + name + "/hgnn", {}, text, part_.train), text,
                           {.steps = tower_steps()}, "ablation/" + name));
  }
  // The mean of the vector files as they came, rows of length 1.
  static numbers raw_text(catalogue const& of, std::size_t width) {
    numbers out(of.items(), width);
    for (auto const& file : of.vectors) {
      for (std::size_t i = 0; i < out.rows(); ++i) {
        for (std::size_t c = 0; c < std::min(width, file.cols()); ++c) out[i][c] += file[i][c];
      }
    }
    for (std::size_t i = 0; i < out.rows(); ++i) {
      double squares = 0;
      for (float const v : out[i]) squares += static_cast<double>(v) * static_cast<double>(v);
      for (float& v : out[i]) v = squares > 0 ? static_cast<float>(static_cast<double>(v) / std::sqrt(squares)) : 0.0F;
    }
    return out;
  }
  numbers random_text(std::size_t rows, std::size_t width) const {
    numbers out(rows, width);
    for (std::size_t i = 0; i < rows; ++i) {
      ia::random dice{ia::seed{seed_}, 0x72616E646F6Du, i};
      for (float& v : out[i]) v = static_cast<float>(dice.normal());
    }
    return out;
  }

  ia::cpu::context& ctx_;
  catalogue const& of_;
  split const& part_;
  numbers const& text_;
  options const& options_;
  std::uint64_t seed_;
  study_log& log_;
  std::string prefix_;
  std::vector<scored_model> rows_;
  std::unique_ptr<foundation> recommended_, paper_;
  std::shared_ptr<ia::dot_scorer const> towers_;
  std::shared_ptr<joint_ranker const> ranker_;
};

}  // namespace

std::vector<scored_model> run_learned_rows(ia::cpu::context& ctx, catalogue const& of, split const& part,
                                           numbers const& text, options const& o, std::uint64_t seed, study_log& log) {
  return learned_rows{ctx, of, part, text, o, seed, log}.all();
}

}  // namespace personalization
