#include "joint.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <intarsia/cpu/cpu.hpp>
#include <intarsia/models/baselines.hpp>
#include <intarsia/models/borrowed.hpp>
#include <intarsia/models/reranker.hpp>
#include <memory>

#include "catalogue_types.hpp"

namespace personalization {
namespace {

constexpr std::size_t tables = 3;  // text, z, towers
constexpr std::size_t features = ia::rank_features::width(Catalogue::node_count, tables);

bool of_one_type(ia::node_numbering const& nodes, std::span<std::uint32_t const> items) {
  std::size_t in_use = 0;
  for (std::size_t t = 0; t < nodes.types(); ++t) in_use += nodes.members(t).empty() ? 0U : 1U;
  return in_use > 1 &&
         std::all_of(items.begin(), items.end(), [&](auto i) { return nodes.type(i) == nodes.type(items[0]); });
}

scoring for_unmet(ia::cpu::context& ctx, ia::interactions const& train_on, numbers const& text,
                  ia::dot_scorer const& towers, ia::ridge_options const& ridge,
                  std::span<std::uint32_t const> candidates, joint_settings const& settings,
                  training_stage const& stage) {
  stage.log.bar.begin(stage.name + ": lenders");
  auto const borrowed =
      std::make_shared<ia::borrowed_scorer const>(ctx, train_on, ia::ridge_evidence{ctx, train_on, ridge}, text.view());
  auto const likes = std::make_shared<ia::text_knn const>(train_on, text.view());
  auto const two = std::make_shared<ia::dot_scorer const>(towers);
  stage.log.bar.end(train_on.items());
  return [&ctx, borrowed, likes, two, settings,
          ranked = std::vector<std::uint32_t>(candidates.begin(), candidates.end())](auto users, ia::dense<float> out) {
    borrowed->score(ctx, users, out);
    for (std::size_t u = 0; u < out.rows; ++u) standardize(out[u], ranked);
    auto const join = [&](auto const& model, float weight) {
      if (weight == 0) return;
      numbers more(out.rows, out.cols);
      model.score(ctx, users, more.view());
      for (std::size_t u = 0; u < out.rows; ++u) {
        standardize(more[u], ranked);
        for (std::size_t i = 0; i < out.cols; ++i) out[u][i] += weight * more[u][i];
      }
    };
    join(*two, settings.cold_towers);
    join(*likes, settings.cold_text);
  };
}

}  // namespace

scoring train_joint(ia::cpu::context& ctx, ia::interactions const& train_on, numbers const& text, numbers const& z,
                    ia::dot_scorer const& towers, ia::ridge_options const& ridge,
                    std::span<std::uint32_t const> candidates, joint_settings const& settings,
                    training_stage const& stage, std::shared_ptr<joint_ranker const>* ranker) {
  bool const met =
      std::any_of(candidates.begin(), candidates.end(), [&](auto i) { return train_on.by_item().degree(i) > 0; });
  if (!met) return for_unmet(ctx, train_on, text, towers, ridge, candidates, settings, stage);
  bool const typed = of_one_type(train_on.numbering(), candidates);

  // What is not to be read is a table of zeros.
  numbers const none(train_on.items(), 1);
  std::array<ia::dense<float const>, tables> const read{settings.text ? text.view() : none.view(),
                                                        settings.graph ? z.view() : none.view(),
                                                        settings.towers ? towers.items().view() : none.view()};
  ia::rank_features const known{train_on, read};
  stage.log.bar.begin(stage.name + ": lists");
  ia::rank_row_options const lists{.rounds = typed ? settings.typed_rounds : settings.rounds, .whole_types = typed};
  auto const rows = ia::make_rank_rows(ctx, train_on, known, ridge, lists);
  stage.log.bar.end(rows.size());

  ia::rank_training const training{.epochs = typed ? settings.typed_epochs : settings.epochs};
  ia::rank_head<features> head{ctx};
  stage.log.bar.begin(stage.name, ia::rank_steps(rows.size(), training), training.batch);
  ia::train_rank_head(ctx, head, rows, training, stage.name, stage.keep, stage.watch(10));
  stage.log.bar.end();

  auto eligible = ia::known_items(train_on);
  std::vector<std::uint8_t> ranked(eligible.size());
  for (auto const i : candidates) ranked[i] = 1;
  for (std::size_t i = 0; i < eligible.size(); ++i) eligible[i] = eligible[i] != 0 && ranked[i] != 0 ? 1 : 0;
  auto const model =
      std::make_shared<joint_ranker const>(ia::ridge_evidence{ctx, train_on, ridge, known.vectors()}, known, head,
                                           train_on.by_user(), std::move(eligible), lists.list);
  if (ranker) *ranker = model;
  return [&ctx, model](auto users, ia::dense<float> out) { model->score(ctx, users, out); };
}

}  // namespace personalization
