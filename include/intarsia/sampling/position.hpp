// Where a sampler is, and walking over its batches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>

namespace intarsia::inline v0 {

// The batch that comes next. Batches depend on their position, not on those before: a sampler that was set to a
// position goes on with the same bits as one that has arrived there.
struct sampler_position {
  std::uint64_t epoch = 0, batch = 0;
  friend bool operator==(sampler_position const&, sampler_position const&) = default;
};

// The position after another one, in epochs of so many batches.
[[nodiscard]] constexpr sampler_position next_position(sampler_position at, std::uint64_t batches) {
  return at.batch + 1 < batches ? sampler_position{at.epoch, at.batch + 1} : sampler_position{at.epoch + 1, 0};
}

// Marks the end of a loop over batches.
struct end_of_batches {};

// Steps through a sampler: `advance()` makes its next batch, false at the end; `current()` is that batch, which the
// next step refills.
template <class Sampler>
class batch_iterator {
 public:
  using iterator_concept = std::input_iterator_tag;
  using value_type = typename Sampler::batch_type;
  using difference_type = std::ptrdiff_t;

  explicit batch_iterator(Sampler& sampler) : sampler_{&sampler}, more_{sampler.advance()} {}
  [[nodiscard]] value_type& operator*() const { return sampler_->current(); }
  batch_iterator& operator++() {
    more_ = sampler_->advance();
    return *this;
  }
  void operator++(int) { ++*this; }
  friend bool operator==(batch_iterator const& a, end_of_batches) { return !a.more_; }

 private:
  Sampler* sampler_;
  bool more_;
};

}  // namespace intarsia::inline v0
