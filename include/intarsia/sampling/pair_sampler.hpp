// Batches of pairs, a user and an item they chose: in a fresh order every epoch, without a copy of the pairs.
#pragma once

#include <intarsia/core/expects.hpp>
#include <intarsia/core/id.hpp>
#include <intarsia/sampling/buffer.hpp>
#include <intarsia/sampling/permutation.hpp>
#include <intarsia/sampling/position.hpp>
#include <optional>

namespace intarsia::inline v0 {

struct pair_options {
  std::size_t batch = 512;  // pairs; the last of an epoch has what is left
  std::uint64_t epochs = 1;
  std::uint64_t steps = 0;  // batches of an epoch; 0: until all pairs are used
  bool shuffle = true;
  bool whole_batches = false;  // leave out what does not fill the last batch of an epoch
};

namespace detail {
// What a pair sampler needs to know about its pairs: `first` and `second`, ranges of plain data of equal size.
template <class Pairs>
using first_of_pairs = std::remove_cvref_t<decltype(*std::data(std::declval<Pairs const&>().first))>;
template <class Pairs>
using second_of_pairs = std::remove_cvref_t<decltype(*std::data(std::declval<Pairs const&>().second))>;
}  // namespace detail

// Part of the pairs, in the order of the epoch. First and Second are id<User> and id<Item>, or plain row numbers for
// a catalogue whose items have several types.
template <class First, class Second>
class pair_batch {
 public:
  std::span<First const> first;              // (batch)
  std::span<Second const> second;            // (batch)
  std::span<std::uint64_t const> positions;  // (batch): which pairs of the data these are
  sampler_position position;

  // For samplers: the storage behind.
  detail::buffer<First> firsts;
  detail::buffer<Second> seconds;
  detail::buffer<std::uint64_t> places;
};

// A range of batches: for (auto& batch : pairs) {...}. Loops go on from position(); at the end, seek({}) starts over.
// A batch is refilled by the next one. The pairs outlive the sampler.
template <class First, class Second>
class pair_sampler {
 public:
  using batch_type = pair_batch<First, Second>;

  template <class Context>
  pair_sampler(Context& ctx, std::span<First const> first, std::span<Second const> second, pair_options options)
      : first_{first},
        second_{second},
        options_{options},
        key_{ctx.random_seed()},
        stream_{detail::stream_of(0x7061697273u, ctx.next_stream())} {
    expects(first.size() == second.size(), "sample_pairs: there is one second for each first");
    expects(options.batch > 0, "sample_pairs: a batch has at least one pair");
    std::uint64_t const all = (first.size() + (options.whole_batches ? 0 : options.batch - 1)) / options.batch;
    steps_ = options.steps == 0 ? all : std::min(all, options.steps);
  }

  // Batches of an epoch.
  [[nodiscard]] std::uint64_t steps() const { return steps_; }
  [[nodiscard]] std::uint64_t epochs() const { return options_.epochs; }
  // The batch that comes next.
  [[nodiscard]] sampler_position position() const { return next_; }
  void seek(sampler_position at) {
    expects(at.batch == 0 || at.batch < steps_,
            "sample_pairs: seek to a batch of the epoch, or to batch 0 of the next");
    next_ = at;
  }

  // A batch with memory for whatever may come; refilling it allocates nothing.
  [[nodiscard]] batch_type make_batch() const {
    batch_type b;
    b.firsts.reserve(options_.batch);
    b.seconds.reserve(options_.batch);
    b.places.reserve(options_.batch);
    return b;
  }
  // Fills a batch of make_batch() with the next one; false at the end of the last epoch.
  bool next(batch_type& b) {
    if (steps_ == 0 || next_.epoch >= options_.epochs) return false;
    permutation const order{first_.size(), key_, detail::stream_of(stream_, next_.epoch)};
    std::uint64_t const begin = next_.batch * options_.batch;
    std::uint64_t const end = std::min<std::uint64_t>(begin + options_.batch, first_.size());
    b.firsts.clear();
    b.seconds.clear();
    b.places.clear();
    for (std::uint64_t i = begin; i < end; ++i) {
      std::uint64_t const place = options_.shuffle ? order[i] : i;
      b.firsts.push(first_[place]);
      b.seconds.push(second_[place]);
      b.places.push(place);
    }
    b.first = b.firsts.view();
    b.second = b.seconds.view();
    b.positions = b.places.view();
    b.position = next_;
    next_ = next_position(next_, steps_);
    return true;
  }

  // The sampler's own batch, for loops.
  bool advance() {
    if (!current_) current_.emplace(make_batch());
    return next(*current_);
  }
  [[nodiscard]] batch_type& current() { return *current_; }
  [[nodiscard]] auto begin() { return batch_iterator<pair_sampler>{*this}; }
  [[nodiscard]] end_of_batches end() const { return {}; }

 private:
  std::span<First const> first_;
  std::span<Second const> second_;
  pair_options options_;
  seed key_;
  std::uint64_t stream_, steps_ = 0;
  sampler_position next_;
  std::optional<batch_type> current_;
};

// Pairs of typed ids, or of plain row numbers: anything with contiguous members `first` and `second`.
//   for (auto& batch : sample_pairs(ctx, listens, {.batch = 512, .epochs = 5})) {batch.first, batch.second}
template <class Context, class Pairs>
[[nodiscard]] auto sample_pairs(Context& ctx, Pairs const& pairs, pair_options options = {}) {
  using First = detail::first_of_pairs<Pairs>;
  using Second = detail::second_of_pairs<Pairs>;
  return pair_sampler<First, Second>{ctx, std::span<First const>{pairs.first}, std::span<Second const>{pairs.second},
                                     options};
}
template <class Context, class Pairs>
requires(!std::is_lvalue_reference_v<Pairs>) void sample_pairs(Context&, Pairs&&, pair_options = {}) = delete;

}  // namespace intarsia::inline v0
