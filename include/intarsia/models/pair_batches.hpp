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
        next_(batch),
        masked_(batch * batch) {
    expects(batch > 0, "pair_batches: a batch has at least one pair");
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

  // Fills users, items, log_q and the mask with the pairs of a step: every pair once an epoch, in a fresh order.
  template <class Context>
  void fill(Context& ctx, std::size_t step) {
    std::size_t const batch = users.size(), per_epoch = std::max<std::size_t>(1, pairs_.size() / batch);
    permutation const order{pairs_.size(), seed_, detail::stream_of(stream_, step / per_epoch)};
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
  std::vector<std::uint32_t> first_, next_;
  std::vector<std::uint8_t> masked_;
};

}  // namespace intarsia::inline v0
