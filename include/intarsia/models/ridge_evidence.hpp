// Ridge edges together with what a second look at a candidate needs: each target's sources with the weights of the
// regression and of the co-interaction, side by side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <intarsia/graph/ridge.hpp>
#include <intarsia/models/edge_scorer.hpp>
#include <intarsia/ops/dot.hpp>
#include <span>
#include <utility>
#include <vector>

namespace intarsia::inline v0 {

// The sources of one target: those of its own type first, each kind heaviest first. All lists are equally long;
// likeness is empty where no vectors were given.
struct ridge_sources {
  std::span<std::uint32_t const> items;
  std::span<float const> bond;      // regression weight b, signed
  std::span<float const> overlap;   // co-interaction weight W
  std::span<float const> likeness;  // inner product of the vectors of source and target
  std::size_t own = 0;              // how many are of the target's type
};

class ridge_evidence {
 public:
  // As ridge_edges(ctx, from, options); vectors (items, width), usually of length 1, or no data.
  template <class Context>
  ridge_evidence(Context& ctx, interactions const& from, ridge_options const& options = {},
                 dense<float const> vectors = {})
      : sources_{find_ridge_candidates(ctx, from, options.own, options.other,
                                       {.shrink = options.shrink, .minimum_support = options.minimum_support})},
        bonds_{std::move(detail::ridge_weights(ctx, from, sources_, std::span{&options, 1}).front())},
        scorer_{detail::edges_of(sources_, bonds_, from.items()).view(), {}} {
    if (!vectors.data) return;
    expects(vectors.rows == from.items(), "ridge_evidence: vectors have one row per item");
    likeness_.resize(bonds_.size());
    ctx.threads().bulk(sources_.targets(), 64, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        for (std::uint64_t e = sources_.offsets[i]; e < sources_.offsets[i + 1]; ++e) {
          likeness_[e] = detail::dot(vectors[i].data(), vectors[sources_.sources[e]].data(), vectors.cols);
        }
      }
    });
  }

  // From parts that were saved; throws shape_error where their lengths differ.
  ridge_evidence(ridge_candidates sources, std::vector<float> bonds, std::vector<float> likeness)
      : sources_{std::move(sources)}, bonds_{std::move(bonds)}, likeness_{std::move(likeness)},
        scorer_{detail::edges_of(sources_, bonds_, sources_.targets()).view(), {}} {
    expects(bonds_.size() == sources_.sources.size() && (likeness_.empty() || likeness_.size() == bonds_.size()),
            "ridge_evidence: there is one bond, and one likeness or none at all, for each source");
  }

  // The parts, for saving.
  [[nodiscard]] ridge_candidates const& sources() const { return sources_; }
  [[nodiscard]] std::span<float const> bonds() const { return bonds_; }
  [[nodiscard]] std::span<float const> likeness() const { return likeness_; }

  [[nodiscard]] std::size_t items() const { return sources_.targets(); }
  [[nodiscard]] ridge_sources operator[](std::size_t target) const {
    std::size_t const begin = sources_.offsets[target], count = sources_[target].size();
    return {sources_[target], std::span{bonds_}.subspan(begin, count),
            std::span{sources_.weights}.subspan(begin, count),
            likeness_.empty() ? std::span<float const>{} : std::span{likeness_}.subspan(begin, count),
            sources_.own[target]};
  }
  // out (items): the sum of the bonds that the history has with each item.
  void score(std::span<std::uint32_t const> history, std::span<float> out) const { scorer_.score(history, out); }

 private:
  ridge_candidates sources_;
  std::vector<float> bonds_, likeness_;
  edge_scorer scorer_;
};

}  // namespace intarsia::inline v0
