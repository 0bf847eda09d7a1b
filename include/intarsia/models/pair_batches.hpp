// Batches of who chose what, for a softmax over the items of the batch.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <intarsia/core/expects.hpp>
#include <intarsia/core/random.hpp>
#include <intarsia/exec/backend.hpp>
#include <intarsia/graph/interactions.hpp>
#include <intarsia/sampling/permutation.hpp>
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

}  // namespace intarsia::inline v0
