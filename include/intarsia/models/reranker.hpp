// Ridge edges choose a user's best candidates, and a head that has learned how far to trust them ranks these anew.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <intarsia/exec/scope.hpp>
#include <intarsia/models/rank_head.hpp>
#include <span>
#include <utility>
#include <vector>

namespace intarsia::inline v0 {

// The first `list` of the eligible items by the score of the edges stand above all others, in the order of the head;
// the others keep the score of the edges. Looks at the histories (users x items), which must outlive it.
template <std::size_t Features>
class reranker {
 public:
  // eligible (items): which may be among the first; items of a history never are.
  reranker(ridge_evidence evidence, rank_features features, rank_head<Features> head, csr_view<> histories,
           std::vector<std::uint8_t> eligible, std::size_t list = 100)
      : evidence_{std::move(evidence)}, features_{std::move(features)}, head_{std::move(head)}, histories_{histories},
        eligible_{std::move(eligible)}, list_{list} {
    expects(eligible_.size() == evidence_.items(), "reranker: `eligible` has one mark per item");
    expects(features_.width() == Features, "reranker: the features are not as wide as the head");
  }

  template <class Context>
  void score(Context& ctx, std::span<std::uint32_t const> users, dense<float> out) const {
    constexpr std::size_t piece = 128;
    for (std::size_t begin = 0; begin < users.size(); begin += piece) {
      std::size_t const count = std::min(piece, users.size() - begin);
      score_some(ctx, histories_, users.subspan(begin, count), out.row_range(begin, count));
    }
  }
  // The same for a history that need not be anyone's; out (items).
  template <class Context>
  void score_history(Context& ctx, std::span<std::uint32_t const> history, std::span<float> out) const {
    std::array<std::uint64_t, 2> const ends{0, history.size()};
    std::array<std::uint32_t, 1> const first{0};
    csr_view<> const one{1, out.size(), ends.data(), history.data(), nullptr, nullptr};
    score_some(ctx, one, first, dense<float>{out.data(), 1, out.size(), out.size()});
  }

  // The parts, for saving.
  [[nodiscard]] ridge_evidence const& evidence() const { return evidence_; }
  [[nodiscard]] rank_head<Features> const& head() const { return head_; }

 private:
  template <class Context>
  void score_some(Context& ctx, csr_view<> histories, std::span<std::uint32_t const> users, dense<float> out) const {
    scope const temporary{ctx};
    auto const x = ctx.template fresh<batch_rows, dim<Features>>(users.size() * list_, Features);
    fill(ctx, dense<float>(x.value), 0.0f);
    std::vector<std::vector<scored>> top(users.size());
    ctx.threads().bulk(users.size(), 8, [&](std::size_t begin, std::size_t end) {
      rank_features::work work;
      heaviest best;
      for (std::size_t u = begin; u < end; ++u) {
        auto const history = histories[users[u]];
        evidence_.score(history, out[u]);
        auto const found = best_outside(out[u], history, eligible_, list_, best);
        top[u].assign(found.begin(), found.end());
        dense<float> const rows = x.value.row_range(u * list_, top[u].size());
        features_.write(evidence_, history, top[u], work, rows);
        for (std::size_t c = 0; c < top[u].size(); ++c) head_.standardize(rows[c], rows[c]);
      }
    });
    auto const again = head_(ctx, x);
    ctx.threads().bulk(users.size(), 8, [&](std::size_t begin, std::size_t end) {
      for (std::size_t u = begin; u < end; ++u) {
        if (top[u].empty()) continue;
        float lowest = again.value[u * list_][0];
        for (std::size_t c = 0; c < top[u].size(); ++c) lowest = std::min(lowest, again.value[u * list_ + c][0]);
        float const lift = *std::max_element(out[u].begin(), out[u].end()) + 1 - lowest;
        for (std::size_t c = 0; c < top[u].size(); ++c) out[u][top[u][c].row] = again.value[u * list_ + c][0] + lift;
      }
    });
  }

  ridge_evidence evidence_;
  rank_features features_;
  rank_head<Features> head_;
  csr_view<> histories_;
  std::vector<std::uint8_t> eligible_;
  std::size_t list_;
};

}  // namespace intarsia::inline v0
