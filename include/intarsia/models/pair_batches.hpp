// Batches of who chose what, for a softmax over the items of the batch, and those of the batches where a step reads
// them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <intarsia/core/expects.hpp>
#include <intarsia/core/random.hpp>
#include <intarsia/exec/backend.hpp>
#include <intarsia/exec/csr_in.hpp>
#include <intarsia/exec/module.hpp>
#include <intarsia/exec/row_draws.hpp>
#include <intarsia/graph/interactions.hpp>
#include <intarsia/ops/gather.hpp>
#include <intarsia/ops/rows.hpp>
#include <intarsia/sampling/permutation.hpp>
#include <span>
#include <vector>

namespace intarsia::inline v0 {

// Pairs of a user and an item for step after step, each with what the loss has to know. Batches follow from the
// context's seed and the step alone; buffers are kept, so that a step allocates nothing. `from` outlives it.
class pair_batches {
 public:
  // Throws shape_error for a batch of nothing.
  template <class Context>
  pair_batches(Context& ctx, interactions const& from, std::size_t batch)
      : from_{from},
        seed_{ctx.random_seed()},
        stream_{detail::stream_of(0x746F77657273u, ctx.next_stream())},
        users(batch),
        items(batch),
        log_q(batch),
        first_(from.items(), no_entry),
        next_(batch) {
    expects(batch > 0, "pair_batches: a batch has at least one pair");
    listed_.reserve(batch);
    for (std::size_t u = 0; u < from.users(); ++u) {
      // A user with one item would be a mean of nothing.
      if (from.by_user().degree(u) < 2) continue;
      for (std::uint32_t const i : from.by_user()[u]) pairs_.push_back({static_cast<std::uint32_t>(u), i});
    }
    double const all = std::max<double>(1, static_cast<double>(from.size()));
    for (std::size_t i = 0; i < from.items(); ++i) {
      log_share_.push_back(
          static_cast<float>(std::log(std::max(1.0, static_cast<double>(from.by_item().degree(i))) / all)));
    }
  }
  // Pairs whose user has another item.
  [[nodiscard]] std::size_t size() const { return pairs_.size(); }

  // Fills users, items and log_q with the pairs of a step: every pair once an epoch, in a fresh order.
  void fill(std::size_t step) {
    std::size_t const batch = users.size(), per_epoch = std::max<std::size_t>(1, pairs_.size() / batch);
    permutation const order{pairs_.size(), seed_, detail::stream_of(stream_, step / per_epoch)};
    for (std::size_t k = 0; k < batch; ++k) {
      // Fewer pairs than a batch are repeated within it.
      auto const pair = pairs_[order[((step % per_epoch) * batch + k) % pairs_.size()]];
      users[k] = pair.user;
      items[k] = pair.item;
      log_q[k] = log_share_[pair.item];
    }
    for (std::uint32_t const item : listed_) first_[item] = no_entry;
    // For each item of the batch, the list of its columns.
    for (std::size_t k = batch; k-- > 0;) {
      next_[k] = first_[items[k]];
      first_[items[k]] = static_cast<std::uint32_t>(k);
    }
    listed_ = items;
  }

  // Whether the item of a column is also one of the user of a row; valid until the next fill(). Reads what is there in
  // any case: memory grows as the batch, not as its square.
  class mask {
   public:
    explicit mask(pair_batches const& of) : of_{&of} {}
    [[nodiscard]] bool operator()(std::size_t query, std::size_t item) const {
      auto const known = of_->from_.by_user()[of_->users[query]];
      return std::binary_search(known.begin(), known.end(), of_->items[item]);
    }
    // f(column) for each column whose item is one of the user of a row.
    template <class F>
    void each(std::size_t query, F&& f) const {
      for (std::uint32_t const item : of_->from_.by_user()[of_->users[query]]) {
        for (std::uint32_t k = of_->first_[item]; k != no_entry; k = of_->next_[k]) f(std::size_t{k});
      }
    }

   private:
    pair_batches const* of_;
  };
  // (users x items): the items of each user.
  [[nodiscard]] csr_view<> chosen() const { return from_.by_user(); }
  // (row, column) -> bool, for in_batch_softmax.
  [[nodiscard]] mask known() const { return mask{*this}; }
  // Whether the item of a pair is shown as if it had no interactions.
  [[nodiscard]] bool cold(std::size_t step, std::size_t pair, float share) const {
    return random{seed_, detail::stream_of(stream_, 0x636F6C64u, step), pair}.uniform() < share;
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
  std::vector<std::uint32_t> first_, next_, listed_;  // first column of an item, next one of the same, items listed
};

namespace detail {

// Whether the item of a column is also one of the user of a row, as pair_batches::mask answers on the host.
template <class Space>
struct chosen_pair {
  csr_view<Space> chosen;
  std::uint32_t const *users, *items;
  [[nodiscard]] INTARSIA_FN bool operator()(std::size_t query, std::size_t item) const {
    std::uint64_t const begin = chosen.offsets[users[query]], end = chosen.offsets[users[query] + 1];
    std::uint32_t const* const row = chosen.columns + begin;
    std::size_t const count = static_cast<std::size_t>(end - begin), place = lower_place(row, count, items[item]);
    return place < count && row[place] == items[item];
  }
};

// What the item tower reads for the pairs of a batch: each item once, or twice where some of its pairs show it as cold.
// Popular items are in many pairs, and a row less is a row less in every product of the tower.
class item_inputs {
 public:
  item_inputs(std::size_t items, std::size_t batch) : row_of_(2 * items, no_entry), of_pairs_(batch) {
    items_.reserve(batch);
    cold_.reserve(batch);
  }
  // One item per pair, and 1 where it is shown as cold, else 0.
  void fill(std::span<std::uint32_t const> items, std::span<std::uint8_t const> cold) {
    clear();
    for (std::size_t k = 0; k < items.size(); ++k) {
      std::uint32_t& row = row_of_[2 * std::size_t{items[k]} + cold[k]];
      if (row == no_entry) row = add(items[k], cold[k]);
      of_pairs_[k] = {row};
    }
  }
  // A row for each pair.
  void fill_apart(std::span<std::uint32_t const> items, std::span<std::uint8_t const> cold) {
    clear();
    for (std::size_t k = 0; k < items.size(); ++k) of_pairs_[k] = {add(items[k], cold[k])};
  }
  [[nodiscard]] std::span<std::uint32_t const> items() const { return items_; }
  [[nodiscard]] std::uint8_t const* cold() const { return cold_.data(); }
  [[nodiscard]] std::span<slot<void> const> of_pairs() const { return of_pairs_; }

 private:
  void clear() {
    for (std::size_t r = 0; r < items_.size(); ++r) row_of_[2 * std::size_t{items_[r]} + cold_[r]] = no_entry;
    items_.clear();
    cold_.clear();
  }
  std::uint32_t add(std::uint32_t item, std::uint8_t cold) {
    items_.push_back(item);
    cold_.push_back(cold);
    return static_cast<std::uint32_t>(items_.size() - 1);
  }

  std::vector<std::uint32_t> row_of_, items_;  // the row of an item, and of it as cold; the item of a row
  std::vector<std::uint8_t> cold_;             // of a row
  std::vector<slot<void>> of_pairs_;
};

// The pairs of a step where a context computes: on the host they lie in the batches themselves, elsewhere they are
// moved there, always to the same place. `cold` marks pairs by 1.
template <class Space>
class placed_pairs {
  template <class T>
  using list = typename owned_in<Space, T>::type;

 public:
  placed_pairs(auto& ctx, pair_batches const& from)
      : chosen_{ctx, from.chosen()},
        users_{owned_in<Space, std::uint32_t>::in(ctx, from.users.size(), 1)},
        items_{owned_in<Space, std::uint32_t>::in(ctx, from.users.size(), 1)},
        log_q_{owned_in<Space, float>::in(ctx, from.users.size(), 1)},
        cold_{owned_in<Space, std::uint8_t>::in(ctx, from.users.size(), 1)} {}
  void place(pair_batches const& from, std::span<std::uint8_t const> cold) {
    owned_in<Space, std::uint32_t>::write(users_, from.users.data(), from.users.size());
    owned_in<Space, std::uint32_t>::write(items_, from.items.data(), from.items.size());
    owned_in<Space, float>::write(log_q_, from.log_q.data(), from.log_q.size());
    owned_in<Space, std::uint8_t>::write(cold_, cold.data(), cold.size());
  }
  [[nodiscard]] std::span<std::uint32_t const> users() const { return {users_.data(), users_.size()}; }
  [[nodiscard]] std::span<std::uint32_t const> items() const { return {items_.data(), items_.size()}; }
  [[nodiscard]] std::span<float const> log_q() const { return {log_q_.data(), log_q_.size()}; }
  [[nodiscard]] chosen_pair<Space> known() const { return {chosen_.view(), users_.data(), items_.data()}; }

  // What the item tower reads, and of its outputs the row of each pair. A step that is replayed has the same size
  // always: here each pair has a row of its own.
  [[nodiscard]] std::span<std::uint32_t const> inputs() const { return items(); }
  [[nodiscard]] std::uint8_t const* cold() const { return cold_.data(); }
  [[nodiscard]] auto of_pairs(auto& /*on*/, auto outputs) const { return outputs; }

 private:
  csr_in<Space> chosen_;
  list<std::uint32_t> users_, items_;
  list<float> log_q_;
  list<std::uint8_t> cold_;
};
template <>
class placed_pairs<host> {
 public:
  placed_pairs(auto& /*ctx*/, pair_batches const& from)
      : from_{from}, inputs_{from.chosen().cols, from.users.size()} {}
  void place(pair_batches const& /*from*/, std::span<std::uint8_t const> cold) { inputs_.fill(from_.items, cold); }
  // The same, but pairs share nothing: the most rows that a batch can ask for.
  void place_apart(std::span<std::uint8_t const> cold) { inputs_.fill_apart(from_.items, cold); }
  [[nodiscard]] std::span<std::uint32_t const> users() const { return from_.users; }
  [[nodiscard]] std::span<std::uint32_t const> items() const { return from_.items; }
  [[nodiscard]] std::span<float const> log_q() const { return from_.log_q; }
  [[nodiscard]] pair_batches::mask known() const { return from_.known(); }

  [[nodiscard]] std::span<std::uint32_t const> inputs() const { return inputs_.items(); }
  [[nodiscard]] std::uint8_t const* cold() const { return inputs_.cold(); }
  template <recorder On, axis C, class T>
  [[nodiscard]] var<batch_rows, C, T> of_pairs(On& on, var<batch_rows, C, T> outputs) const {
    return gather(on, rows_as<rows_of<void>>(on, outputs), inputs_.of_pairs());
  }

 private:
  pair_batches const& from_;
  item_inputs inputs_;
};

}  // namespace detail

}  // namespace intarsia::inline v0
