// Training of two towers on who chose what: the user as the mean of the other choices, the item by its own vectors,
// and a softmax over the items of the batch (arXiv 2403.07478; loss after Yi et al., RecSys 2019).
#pragma once

#include <cmath>
#include <intarsia/exec/scope.hpp>
#include <intarsia/exec/steps.hpp>
#include <intarsia/exec/tape.hpp>
#include <intarsia/loss/in_batch_softmax.hpp>
#include <intarsia/loss/pairwise_difference.hpp>
#include <intarsia/models/history.hpp>
#include <intarsia/models/pair_batches.hpp>
#include <intarsia/models/training.hpp>
#include <intarsia/models/two_tower.hpp>
#include <intarsia/optim/adam.hpp>
#include <intarsia/optim/schedule.hpp>
#include <numeric>
#include <type_traits>
#include <vector>

namespace intarsia::inline v0 {

// softmax: over the items of the batch, corrected for how often each is drawn. literal: Eq. 5 of arXiv 2403.05185, its
// negatives weighted by the inverse of their frequency.
enum class tower_loss { softmax, literal };

struct tower_training {
  tower_loss loss = tower_loss::softmax;
  std::size_t batch = 1024;  // pairs
  std::size_t steps = 1000;
  float rate = 1e-3f;       // of Adam, falling in a line to 0
  float cold_share = 0.2f;  // pairs whose item is shown as if it had no interactions
};

// What the towers read of each item, all (items, width), where the context computes.
template <class Space = host>
struct tower_inputs {
  dense<float const, Space> items;       // the item tower's input
  dense<float const, Space> cold_items;  // the same for an item without interactions; no data: not trained on
  dense<float const, Space> histories;   // what a user's mean is taken of
};

namespace detail {
// The item tower's input, as of an item without interactions where it is marked.
template <class Space>
struct item_rows {
  dense<float const, Space> items, cold_items;
  std::uint32_t const* ids;
  std::uint8_t const* cold;  // (rows); read where there are cold items
  dense<float, Space> out;
  INTARSIA_FN void operator()(std::size_t k) const {
    auto const& from = cold_items.data && cold[k] != 0 ? cold_items : items;
    for (std::size_t c = 0; c < out.cols; ++c) {
      out.data[k * out.stride + c] = from.data[ids[k] * from.stride + c];
    }
  }
};
}  // namespace detail

// Trains towers.query (histories.width() -> d) and towers.item (items.cols -> d), a two_tower or an uploaded one. The
// loss of a pair is the softmax of its item among those of the batch, minus the log of each item's share of the
// interactions; other items of the user are left out. Pairs are drawn on the host, the same wherever the step is
// computed. `stage` names the training in messages; watch(step, loss) is called after each step; `judge` is as of
// train(). Throws shape_error where vectors and interactions do not fit and for the literal loss on a device, and what
// train() throws.
template <class Context, class Towers, class Space, class Watch, class Judge = not_judged>
void train_towers(Context& ctx, Towers& towers, interactions const& train_on, history_mean<Space> const& histories,
                  tower_inputs<std::type_identity_t<Space>> const& inputs, tower_training const& options,
                  std::string const& stage, checkpoints const& keep, Watch&& watch, Judge&& judge = {}) {
  static_assert(std::is_same_v<Space, typename Context::space>, "train_towers: make the histories by the same context");
  using model = std::remove_cvref_t<decltype(on_host(towers))>;
  constexpr std::size_t query_width = decltype(model::query)::in, item_width = decltype(model::item)::in;
  expects(inputs.items.cols == item_width, "train_towers: the item vectors are not as wide as the item tower's input");
  expects(histories.width() == query_width,
          "train_towers: the histories are not as wide as the query tower's input");
  expects(histories.users() == train_on.users() && inputs.items.rows == train_on.items() &&
              inputs.histories.rows == train_on.items() && inputs.histories.cols == histories.width() &&
              (!inputs.cold_items.data ||
               (inputs.cold_items.rows == train_on.items() && inputs.cold_items.cols == item_width)),
          "train_towers: give one history per user and one row of each kind of vectors per item");
  pair_batches pairs{ctx, train_on, options.batch};
  if (pairs.size() == 0) return;
  adam learn{towers, {.rate = options.rate}};
  detail::placed_pairs<Space> placed{ctx, pairs};
  std::vector<std::uint8_t> cold(options.batch);
  std::vector<float> rarity(options.loss == tower_loss::literal ? options.batch : 0, 1.0f);  // 1 / share of each item
  auto const loss_on = [&](auto& t) {
    auto const who = t.template fresh<batch_rows, dim<query_width>>(options.batch, query_width, false);
    histories.rows_without(ctx, placed.users(), placed.items(), inputs.histories, who.value);
    auto const shown = placed.inputs();
    auto const what = t.template fresh<batch_rows, dim<item_width>>(shown.size(), item_width, false);
    each_row(ctx, shown.size(), item_width,
             detail::item_rows<Space>{inputs.items, inputs.cold_items, shown.data(), placed.cold(), what.value});
    auto const users = with(t, towers, [&](auto& on, auto const& both) { return both.query(on, who); });
    auto const outputs = with(t, towers, [&](auto& on, auto const& both) { return both.item(on, what); });
    auto const items = placed.of_pairs(t, outputs);
    return options.loss == tower_loss::literal
               ? pairwise_difference(t, users, items, rarity)
               : in_batch_softmax(t, users, items, {.log_q = placed.log_q()}, placed.known());
  };
  if constexpr (std::is_same_v<Space, host>) {
    // Steps have as many rows as their batch has items. One that has the most takes the memory for all, and is not
    // learned from.
    pairs.fill(0);
    placed.place_apart(cold);
    tape t{ctx};
    static_cast<void>(t.backward(loss_on(t)));
  }
  steps_of<Context> run{ctx};
  train(
      stage, towers, learn, options.steps, keep,
      [&](std::size_t step) {
        pairs.fill(step);
        for (std::size_t k = 0; inputs.cold_items.data && k < cold.size(); ++k) {
          cold[k] = pairs.cold(step, k, options.cold_share) ? 1 : 0;
        }
        for (std::size_t k = 0; k < rarity.size(); ++k) rarity[k] = std::exp(-pairs.log_q[k]);
        placed.place(pairs, cold);
        learn.rate(options.rate * schedule::linear_decay(step, options.steps));
        return run([&] {
          tape t{ctx};
          auto const loss = loss_on(t);
          learn.step(t.backward(loss));
          run.keep(loss);
        });
      },
      watch, judge);
}

// The outputs of a tower for every row of `inputs` (rows, in): (rows, out), on the host. In pieces, so that
// memory stays small.
template <class Context, class Tower>
[[nodiscard]] tensor<dyn, dyn> tower_outputs(Context& ctx, Tower const& tower, dense<float const> inputs) {
  constexpr std::size_t piece = 2048;
  tensor<dyn, dyn> out(inputs.rows, Tower::out);
  for (std::size_t begin = 0; begin < inputs.rows; begin += piece) {
    scope const temporary{ctx};
    std::size_t const rows = std::min(piece, inputs.rows - begin);
    view<batch_rows, dim<Tower::in>, float const> const given{inputs.row_range(begin, rows)};
    auto const y = tower(ctx, ctx.constant(given));
    copy(ctx, dense<float const>(y.value), out.view().row_range(begin, rows));
  }
  return out;
}

// The outputs of the query tower for the whole history of every user: (users, out), on the host.
template <class Context, class Tower>
[[nodiscard]] tensor<dyn, dyn> user_outputs(Context& ctx, Tower const& tower, history_mean<> const& histories) {
  constexpr std::size_t piece = 2048;
  tensor<dyn, dyn> out(histories.users(), Tower::out), given(std::min(piece, histories.users()), Tower::in);
  std::vector<std::uint32_t> users(given.rows());
  for (std::size_t begin = 0; begin < histories.users(); begin += piece) {
    scope const temporary{ctx};
    std::size_t const rows = std::min(piece, histories.users() - begin);
    std::iota(users.begin(), users.end(), static_cast<std::uint32_t>(begin));
    histories.rows(ctx, std::span{users}.first(rows), given.view());
    view<batch_rows, dim<Tower::in>, float const> const means{dense<float const>(given.view()).row_range(0, rows)};
    auto const y = tower(ctx, ctx.constant(means));
    copy(ctx, dense<float const>(y.value), out.view().row_range(begin, rows));
  }
  return out;
}

}  // namespace intarsia::inline v0
