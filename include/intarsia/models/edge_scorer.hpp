// Scores by item-item edges: no vectors, just what a user's history points at.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <intarsia/models/scorer.hpp>
#include <intarsia/tensor/transpose.hpp>
#include <span>
#include <utility>

namespace intarsia::inline v0 {

// score(user, i) = sum over j in the history of value(i, j), edges (items x items) with row i the sources of target i.
// Looks at the histories (users x items), which must outlive it; owns its edges, kept by source.
class edge_scorer {
 public:
  edge_scorer(csr_view<> edges, csr_view<> histories) : histories_{histories}, by_source_{mirrored(edges)} {
    by_source_.values.resize(by_source_.columns.size(), 1.0f);
  }

  // Edges by source: row j lists the targets that j speaks for.
  [[nodiscard]] csr_view<> by_source() const { return by_source_.view(); }

  // The score of every item for one history.
  void score(std::span<std::uint32_t const> history, std::span<float> out) const {
    std::fill(out.begin(), out.end(), 0.0f);
    csr_view<> const edges = by_source_.view();
    for (std::uint32_t const source : history) {
      for (std::uint64_t e = edges.offsets[source]; e < edges.offsets[source + 1]; ++e) {
        out[edges.columns[e]] += edges.values[e];
      }
    }
  }
  template <class Context>
  void score(Context& ctx, std::span<std::uint32_t const> users, dense<float> out) const {
    ctx.threads().bulk(users.size(), 8, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) score(histories_[users[i]], out[i]);
    });
  }

 private:
  csr_view<> histories_;
  csr by_source_;
};

}  // namespace intarsia::inline v0
