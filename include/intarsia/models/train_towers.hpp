// Training of two towers on who chose what: the user as the mean of the other choices, the item by its own vectors,
// and a softmax over the items of the batch (arXiv 2403.07478; loss after Yi et al., RecSys 2019).
#pragma once

#include <cmath>
#include <intarsia/exec/scope.hpp>
#include <intarsia/exec/tape.hpp>
#include <intarsia/graph/interactions.hpp>
#include <intarsia/loss/in_batch_softmax.hpp>
#include <intarsia/models/history.hpp>
#include <intarsia/models/training.hpp>
#include <intarsia/models/two_tower.hpp>
#include <intarsia/optim/adam.hpp>
#include <intarsia/optim/schedule.hpp>
#include <intarsia/sampling/permutation.hpp>
#include <vector>

namespace intarsia::inline v0 {

struct tower_training {
  std::size_t batch = 1024;  // pairs
  std::size_t steps = 1000;
  float rate = 1e-3f;        // of Adam, falling in a line to 0
  float cold_share = 0.2f;   // pairs whose item is shown as if it had no interactions
};

// What the towers read of each item, all (items, width).
struct tower_inputs {
  dense<float const> items;       // the item tower's input
  dense<float const> cold_items;  // the same for an item without interactions; no data: not trained on
  dense<float const> histories;   // what a user's mean is taken of
};

namespace detail {

// The pairs of a step and what belongs to them, in buffers that are kept.
class pair_batches {
 public:
  template <class Context>
  pair_batches(Context& ctx, interactions const& from, std::size_t batch)
      : from_{from}, seed_{ctx.random_seed()}, stream_{stream_of(0x746F77657273u, ctx.next_stream())}, users(batch), items(batch),
        log_q(batch), first_(from.items(), no_entry), next_(batch), masked_(batch * batch) {
    for (std::size_t u = 0; u < from.users(); ++u) {
      // A user with one item would be a mean of nothing.
      if (from.by_user().degree(u) < 2) continue;
      for (std::uint32_t const i : from.by_user()[u]) pairs_.push_back({static_cast<std::uint32_t>(u), i});
    }
    double const all = std::max<double>(1, static_cast<double>(from.size()));
    for (std::size_t i = 0; i < from.items(); ++i) {
      log_share_.push_back(static_cast<float>(std::log(std::max(1.0, static_cast<double>(from.by_item().degree(i))) / all)));
    }
  }
  // Pairs whose user has another item.
  [[nodiscard]] std::size_t size() const { return pairs_.size(); }

  // Fills users, items, log_q and the mask with the pairs of a step: every pair once an epoch, in a fresh order.
  template <class Context>
  void fill(Context& ctx, std::size_t step) {
    std::size_t const batch = users.size(), per_epoch = std::max<std::size_t>(1, pairs_.size() / batch);
    permutation const order{pairs_.size(), seed_, stream_of(stream_, step / per_epoch)};
    for (std::size_t k = 0; k < batch; ++k) {
      // Fewer pairs than a batch are repeated within it.
      auto const pair = pairs_[order[((step % per_epoch) * batch + k) % pairs_.size()]];
      users[k] = pair.user;
      items[k] = pair.item;
      log_q[k] = log_share_[pair.item];
    }
    // For each item of the batch, the list of its columns.
    for (std::size_t k = batch; k-- > 0;) {
      next_[k] = first_[items[k]];
      first_[items[k]] = static_cast<std::uint32_t>(k);
    }
    each_row(ctx, batch, batch, [this, batch](std::size_t row) {
      std::uint8_t* const marks = masked_.data() + row * batch;
      std::fill_n(marks, batch, std::uint8_t{0});
      for (std::uint32_t const item : from_.by_user()[users[row]]) {
        for (std::uint32_t k = first_[item]; k != no_entry; k = next_[k]) marks[k] = 1;
      }
    });
    for (std::uint32_t const item : items) first_[item] = no_entry;
  }
  // Whether the item of column `item` is also one of the user of row `query`: (row, column) -> bool.
  [[nodiscard]] auto known() const {
    return [marks = masked_.data(), batch = users.size()](std::size_t query, std::size_t item) {
      return marks[query * batch + item] != 0;
    };
  }
  // Whether the item of a pair is shown as if it had no interactions.
  [[nodiscard]] bool cold(std::size_t step, std::size_t pair, float share) const {
    return random{seed_, stream_of(stream_, 0x636F6C64u, step), pair}.uniform() < share;
  }

 private:
  interactions const& from_;
  seed seed_;
  std::uint64_t stream_;
  std::vector<interaction> pairs_;
  std::vector<float> log_share_;

 public:
  std::vector<std::uint32_t> users, items;
  std::vector<float> log_q;

 private:
  std::vector<std::uint32_t> first_, next_;
  std::vector<std::uint8_t> masked_;
};

}  // namespace detail

// Trains towers.query (histories.width() -> d) and towers.item (items.cols -> d). The loss of a pair is the softmax of
// its item among those of the batch, minus the log of each item's share of the interactions; other items of the user are
// left out. `stage` names the training in messages; watch(step, loss) is called after each step.
template <class Context, class Query, class Item, class Watch>
void train_towers(Context& ctx, two_tower<Query, Item>& towers, interactions const& train_on, history_mean const& histories,
                  tower_inputs const& inputs, tower_training const& options, std::string const& stage, checkpoints const& keep,
                  Watch&& watch) {
  expects(inputs.items.cols == Item::in, "train_towers: the item vectors are not as wide as the item tower's input");
  expects(histories.width() == Query::in, "train_towers: the histories are not as wide as the query tower's input");
  detail::pair_batches pairs{ctx, train_on, options.batch};
  if (pairs.size() == 0) return;
  adam learn{towers, {.rate = options.rate}};
  train(stage, towers, learn, options.steps, keep, [&](std::size_t step) {
    pairs.fill(ctx, step);
    learn.rate(options.rate * schedule::linear_decay(step, options.steps));
    tape t{ctx};
    auto const who = t.template fresh<batch_rows, dim<Query::in>>(options.batch, Query::in, false);
    histories.rows_without(ctx, pairs.users, pairs.items, inputs.histories, who.value);
    auto const what = t.template fresh<batch_rows, dim<Item::in>>(options.batch, Item::in, false);
    each_row(ctx, options.batch, Item::in, [&, out = what.value](std::size_t k) {
      bool const cold = inputs.cold_items.data && pairs.cold(step, k, options.cold_share);
      auto const row = (cold ? inputs.cold_items : inputs.items)[pairs.items[k]];
      std::copy(row.begin(), row.end(), out[k].begin());
    });
    auto const loss = in_batch_softmax(t, towers.query(t, who), towers.item(t, what), {.log_q = pairs.log_q}, pairs.known());
    learn.step(t.backward(loss));
    return static_cast<double>(loss.value.data[0]);
  }, watch);
}

// The outputs of a tower for every row of `inputs` (rows, in): (rows, out). In pieces, so that memory stays small.
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

}  // namespace intarsia::inline v0
