// The links of a batch: who is to be close to whom, and far from whom.
#pragma once

#include <intarsia/core/id.hpp>
#include <intarsia/sampling/buffer.hpp>
#include <intarsia/sampling/negative.hpp>
#include <intarsia/schema/schema.hpp>
#include <intarsia/tensor/space.hpp>
#include <span>
#include <vector>

namespace intarsia::inline v0 {

// The links of one relation. All numbers are slots: rows of what the encoder gives for the batch.
template <class Source, class Target>
struct links_view {
  using source_type = Source;
  using target_type = Target;

  std::span<slot<Source> const> anchors;    // (links)
  std::span<slot<Target> const> positives;  // (links)
  // (links, each): empty where negatives come from the whole catalogue or from the batch.
  std::span<slot<Target> const> negatives;
  std::size_t each = 0;  // negatives per link; in a batch: links
  // (links, each): 0 for what must not count as a negative; in a batch column j is the positive of link j.
  std::span<std::uint8_t const> valid;

  [[nodiscard]] std::size_t size() const { return anchors.size(); }
};

// Negatives of one type among those of a relation's links, where they come from the whole catalogue.
template <class Node>
struct negatives_view {
  std::span<slot<Node> const> slots;
  std::span<std::uint32_t const> links;   // which link each belongs to
  std::span<std::uint32_t const> places;  // where in the (links, each) matrix it stands
};

namespace detail {
struct typed_negatives {
  buffer<std::uint32_t> slots, links, places;
};
struct relation_links {
  buffer<std::uint32_t> anchors, positives, negatives, types;
  buffer<std::uint8_t> valid;
  std::vector<typed_negatives> by_type;  // catalogue only
};
}  // namespace detail

// Links by relation, in the direction they are read: anchors are the relation's sources, positives its targets.
template <schema_type S>
class link_set {
 public:
  using schema = S;
  using space = host;

  [[nodiscard]] negative_source from() const { return from_; }
  // Links of all relations.
  [[nodiscard]] std::size_t size() const {
    std::size_t sum = 0;
    for (auto const& links : data_) sum += links.anchors.size();
    return sum;
  }
  template <key_of<typename S::relation_keys> R>
  [[nodiscard]] auto operator[](R) const {
    using Source = typename R::source_type;
    using Target = typename R::target_type;
    auto const& links = data_[S::template relation_index<R>];
    bool const own_type = from_ == negative_source::uniform || from_ == negative_source::by_degree;
    return links_view<Source, Target>{
        detail::as<slot<Source>>(links.anchors.view()), detail::as<slot<Target>>(links.positives.view()),
        detail::as<slot<Target>>(own_type ? links.negatives.view() : std::span<std::uint32_t const>{}),
        from_ == negative_source::in_batch ? links.anchors.size() : each_, links.valid.view()};
  }
  // The negatives of type N of a relation's links where they come from the whole catalogue; otherwise none.
  template <key_of<typename S::relation_keys> R, key_of<typename S::node_keys> N>
  [[nodiscard]] negatives_view<N> negatives(R, N) const {
    auto const& links = data_[S::template relation_index<R>];
    if (links.by_type.empty()) return {};
    auto const& of_type = links.by_type[S::template node_index<N>];
    return {detail::as<slot<N>>(of_type.slots.view()), of_type.links.view(), of_type.places.view()};
  }

  // For samplers and losses: the storage behind, one for each relation.
  [[nodiscard]] std::vector<detail::relation_links> const& data() const { return data_; }
  [[nodiscard]] std::vector<detail::relation_links>& data() { return data_; }
  void describe(negative_source from, std::size_t each) {
    from_ = from;
    each_ = each;
  }

 private:
  std::vector<detail::relation_links> data_;
  negative_source from_ = negative_source::none;
  std::size_t each_ = 0;
};

}  // namespace intarsia::inline v0
