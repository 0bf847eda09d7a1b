// One relation: which sources each target hears.
#pragma once

#include <intarsia/core/aligned.hpp>
#include <intarsia/core/executor.hpp>
#include <intarsia/schema/schema.hpp>
#include <intarsia/tensor/csr.hpp>
#include <intarsia/tensor/transpose.hpp>
#include <memory>
#include <utility>

namespace intarsia::inline v0 {

// The edges of a relation as kernels read them. Row i of `forward` lists the sources of target i, with an optional
// value per edge. `backward` is its transpose; where it has no offsets, whoever needs it makes it.
// A target that `other` marks reads the second pair instead (its neighbors by text, say, instead of co-interaction).
template <class Space = host>
struct edges_view {
  using space = Space;

  csr_view<Space> forward, backward;              // (targets x sources), (sources x targets)
  csr_view<Space> other_forward, other_backward;  // the alternative; read where `other` is not 0
  std::uint8_t const* other = nullptr;            // (targets); null: nobody reads the alternative

  [[nodiscard]] std::size_t targets() const { return forward.rows; }
  [[nodiscard]] std::size_t sources() const { return forward.cols; }
};

// The same with its ends as types: messages flow from Source to Target and in no other direction.
template <class Source, class Target, class Space = host>
struct adjacency_view : edges_view<Space> {
  using source_type = Source;
  using target_type = Target;
};

// Owns the edges of a relation and their transpose, which has values of its own and no positions. Copies, and the
// relation that goes the other way, share the memory.
class adjacency {
 public:
  adjacency() : adjacency{csr{}, csr{}} {}
  // `forward`: one row per target, columns are sources.
  explicit adjacency(csr forward, any_executor const& threads = inline_executor{})
      : forward_{owned(std::move(forward))}, backward_{owned(mirrored(forward_->view(), threads))} {}
  // `backward` is the transpose of `forward`; both own their values, or none has any.
  adjacency(csr forward, csr backward) : forward_{owned(std::move(forward))}, backward_{owned(std::move(backward))} {}
  // A matrix that is its own transpose.
  [[nodiscard]] static adjacency symmetric(csr both) {
    adjacency made;
    made.forward_ = made.backward_ = owned(std::move(both));
    return made;
  }

  [[nodiscard]] csr_view<> forward() const { return forward_->view(); }
  [[nodiscard]] csr_view<> backward() const { return backward_->view(); }
  [[nodiscard]] std::size_t edges() const { return forward_->columns.size(); }
  [[nodiscard]] edges_view<> view() const { return {forward(), backward(), {}, {}, nullptr}; }
  // The same edges with source and target exchanged.
  [[nodiscard]] adjacency reversed() const {
    adjacency turned = *this;
    std::swap(turned.forward_, turned.backward_);
    return turned;
  }

 private:
  [[nodiscard]] static std::shared_ptr<csr const> owned(csr a) {
    detail::use_large_pages(a.offsets.data(), a.offsets.size() * sizeof(std::uint64_t));
    detail::use_large_pages(a.columns.data(), a.columns.size() * sizeof(std::uint32_t));
    detail::use_large_pages(a.values.data(), a.values.size() * sizeof(float));
    return std::make_shared<csr const>(std::move(a));
  }

  std::shared_ptr<csr const> forward_, backward_;
};

}  // namespace intarsia::inline v0
