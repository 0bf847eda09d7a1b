// Scores for items that nobody has met: each borrows those of the known items that are most like it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <intarsia/graph/text_neighbors.hpp>
#include <intarsia/models/ridge_evidence.hpp>
#include <span>
#include <utility>
#include <vector>

namespace intarsia::inline v0 {

struct borrowing_options {
  std::size_t neighbors = 20;  // lenders, of the item's own type
  float power = 2;             // of the cosine, which is a lender's weight
};

// score(user, i) = the mean over the lenders k of i, weighted by cosine^power, of: 1 where k is in the history, else
// the score of the edges for k, brought into [-.05, 1]. Lenders have interactions and are not i; items without one
// score 0. Items that are known themselves are scored the same way. Looks at the interactions, which must outlive it.
class borrowed_scorer {
 public:
  // vectors (items, width)
  template <class Context>
  borrowed_scorer(Context& ctx, interactions const& known, ridge_evidence evidence, dense<float const> vectors,
                  borrowing_options const& options = {})
      : histories_{known.by_user()}, evidence_{std::move(evidence)} {
    std::vector<std::uint8_t> lends(known.items());
    for (std::size_t i = 0; i < lends.size(); ++i) lends[i] = known.by_item().degree(i) > 0 ? 1 : 0;
    auto const& nodes = known.numbering();
    csr const all = text_neighbors(ctx, vectors, nodes, lends, {.neighbors = options.neighbors});
    lenders_ = {.rows = all.rows, .cols = all.cols, .offsets = {}, .columns = {}, .values = {}, .positions = {}};
    lenders_.offsets.assign(1, 0);
    for (std::size_t i = 0; i < all.rows; ++i) {
      float sum = 0;
      std::size_t const first = lenders_.values.size();
      for (std::uint64_t e = all.offsets[i]; e < all.offsets[i + 1]; ++e) {
        if (nodes.type(all.columns[e]) != nodes.type(i)) continue;
        lenders_.columns.push_back(all.columns[e]);
        lenders_.values.push_back(std::pow(all.values[e], options.power));
        sum += lenders_.values.back();
      }
      for (std::size_t e = first; e < lenders_.values.size(); ++e) lenders_.values[e] /= sum;
      lenders_.offsets.push_back(lenders_.values.size());
    }
  }

  template <class Context>
  void score(Context& ctx, std::span<std::uint32_t const> users, dense<float> out) const {
    ctx.threads().bulk(users.size(), 8, [&](std::size_t begin, std::size_t end) {
      std::vector<float> lent(out.cols);
      for (std::size_t u = begin; u < end; ++u) {
        evidence_.score(histories_[users[u]], lent);
        for (float& s : lent) s = std::clamp(s, -0.05f, 1.0f);
        for (std::uint32_t const j : histories_[users[u]]) lent[j] = 1;
        for (std::size_t i = 0; i < out.cols; ++i) {
          float sum = 0;
          for (std::uint64_t e = lenders_.offsets[i]; e < lenders_.offsets[i + 1]; ++e) {
            sum += lenders_.values[e] * lent[lenders_.columns[e]];
          }
          out[u][i] = sum;
        }
      }
    });
  }

 private:
  csr_view<> histories_;
  ridge_evidence evidence_;
  csr lenders_;
};

}  // namespace intarsia::inline v0
