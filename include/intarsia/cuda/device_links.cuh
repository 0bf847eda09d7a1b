// The links of a batch in device memory: sampling/links.hpp on the device.
#pragma once

#include <array>
#include <intarsia/core/id.hpp>
#include <intarsia/cuda/memory.cuh>
#include <intarsia/loss/link_contrastive.hpp>
#include <intarsia/sampling/links.hpp>
#include <intarsia/schema/schema.hpp>

namespace intarsia::inline v0::cuda {

namespace detail {
// Where links lie on the device: row numbers within a type, and the types, all of them (batch) or (batch, each).
struct link_columns {
  std::uint32_t *anchors, *positives, *negatives;
  std::uint32_t *anchor_types, *positive_types, *negative_types;
  std::uint8_t* valid;
};

template <std::size_t Types>
struct place_ends {
  link_columns from;
  std::array<std::uint32_t, Types> begin;  // of each type among the rows of all
  std::size_t each;
  slot<void>*anchors, *positives, *negatives;
  INTARSIA_FN void operator()(std::size_t i) const {
    anchors[i] = {begin[from.anchor_types[i]] + from.anchors[i]};
    positives[i] = {begin[from.positive_types[i]] + from.positives[i]};
    for (std::size_t j = i * each; j < (i + 1) * each; ++j) {
      negatives[j] = {begin[from.negative_types[j]] + from.negatives[j]};
    }
  }
};
}  // namespace detail

// Links of all relations together, in the order of link_set: relation by relation. How many there are, the host knows;
// which, and what is told apart from them, only the device. All pointers stay the same from batch to batch.
template <schema_type S>
class device_links {
 public:
  using schema = S;
  using space = device;

  [[nodiscard]] negative_source from() const { return from_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  // Negatives of a link; 0 where they come from the batch.
  [[nodiscard]] std::size_t each() const { return each_; }
  // The links of a relation, as link_set gives those of the host: slots and marks lie on the device.
  template <key_of<typename S::relation_keys> R>
  [[nodiscard]] auto operator[](R) const {
    using Source = typename R::source_type;
    using Target = typename R::target_type;
    constexpr std::size_t r = S::template relation_index<R>;
    std::size_t const first = begins_.empty() ? 0 : begins_[r], count = begins_.empty() ? 0 : begins_[r + 1] - first;
    bool const own_type = from_ == negative_source::uniform || from_ == negative_source::by_degree;
    bool const in_batch = from_ == negative_source::in_batch;
    std::size_t const each = in_batch ? count : each_;
    auto const slots = [](std::uint32_t const* from, std::size_t of) { return std::span{from, of}; };
    return links_view<Source, Target>{
        intarsia::detail::as<slot<Source>>(slots(at_.anchors + first, count)),
        intarsia::detail::as<slot<Target>>(slots(at_.positives + first, count)),
        intarsia::detail::as<slot<Target>>(slots(at_.negatives + first * each_, own_type ? count * each_ : 0)), each,
        std::span<std::uint8_t const>{at_.valid + (in_batch ? marks_before(r) : first * each_), count * each}};
  }
  // By relation where its links begin, and behind them all the end: on the host.
  [[nodiscard]] std::span<std::uint64_t const> begins() const { return begins_; }
  // (size) and (size, each): slots, or ids where nothing is sampled, each in the type that its list of types names.
  [[nodiscard]] std::span<std::uint32_t const> anchors() const { return {at_.anchors, size_}; }
  [[nodiscard]] std::span<std::uint32_t const> anchor_types() const { return {at_.anchor_types, size_}; }
  [[nodiscard]] std::span<std::uint32_t const> positives() const { return {at_.positives, size_}; }
  [[nodiscard]] std::span<std::uint32_t const> positive_types() const { return {at_.positive_types, size_}; }
  [[nodiscard]] std::span<std::uint32_t const> negatives() const { return {at_.negatives, size_ * each_}; }
  [[nodiscard]] std::span<std::uint32_t const> negative_types() const { return {at_.negative_types, size_ * each_}; }
  // (size, each): 0 for what must not count as a negative. In a batch, relation by relation (links, links).
  [[nodiscard]] std::span<std::uint8_t const> valid() const {
    bool const in_batch = from_ == negative_source::in_batch && !begins_.empty();
    return {at_.valid, in_batch ? marks_before(S::relation_count) : size_ * each_};
  }
  // In a batch: how many marks the relations before this one have.
  [[nodiscard]] std::size_t marks_before(std::size_t relation) const {
    std::size_t sum = 0;
    for (std::size_t r = 0; r < relation; ++r) sum += (begins_[r + 1] - begins_[r]) * (begins_[r + 1] - begins_[r]);
    return sum;
  }

  // For samplers: memory for at most so many links, and how many there are now.
  void reserve(context& ctx, std::size_t links, negative_source from, std::size_t each) {
    from_ = from;
    each_ = each;
    words_ = {ctx, links * (4 + 2 * each)};
    valid_ = {ctx, links * (from == negative_source::in_batch ? links : each)};
    std::uint32_t* at = words_.data();
    for (auto* list : {&at_.anchors, &at_.positives, &at_.anchor_types, &at_.positive_types}) {
      *list = at;
      at += links;
    }
    at_.negatives = at;
    at_.negative_types = at + links * each;
    at_.valid = valid_.data();
  }
  [[nodiscard]] detail::link_columns const& columns() const { return at_; }
  [[nodiscard]] std::vector<std::uint64_t>& begins() { return begins_; }
  void size(std::size_t links) { size_ = links; }

 private:
  negative_source from_ = negative_source::none;
  std::size_t size_ = 0, each_ = 0;
  std::vector<std::uint64_t> begins_;
  device_array<std::uint32_t> words_;
  device_array<std::uint8_t> valid_;
  detail::link_columns at_{};
};

// For link_contrastive: all ends as rows of a matrix in which the rows of type n begin at begin[n]. Does not block.
template <schema_type S>
[[nodiscard]] link_ends<device> ends_of(context& ctx, device_links<S> const& links,
                                        std::array<std::uint32_t, S::node_count> const& begin) {
  std::size_t const count = links.size(), each = links.each();
  auto* const anchors = ctx.scratch().template take<slot<void>>(count);
  auto* const positives = ctx.scratch().template take<slot<void>>(count);
  auto* const negatives = ctx.scratch().template take<slot<void>>(count * each);
  map(ctx, count, detail::place_ends<S::node_count>{links.columns(), begin, each, anchors, positives, negatives});
  return {{anchors, count}, {positives, count}, {negatives, count * each}, links.valid()};
}

}  // namespace intarsia::inline v0::cuda
