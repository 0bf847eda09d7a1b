// What a regression of each item on its neighbors needs: which neighbors, and how they go together. The Gram matrix of
// the catalogue is never held: each of its rows is counted once per batch of targets and the few numbers that the
// targets want are picked out of it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <intarsia/core/aligned.hpp>
#include <intarsia/graph/co_interaction.hpp>
#include <span>
#include <vector>

namespace intarsia::inline v0 {

// The candidate sources of each target, heaviest first: `own` of its own type, then those of other types.
struct ridge_candidates {
  std::vector<std::uint64_t> offsets = {0};  // (targets + 1)
  std::vector<std::uint32_t> sources;        // global rows
  std::vector<float> weights;                // (sources): of the co-interaction edge
  std::vector<std::uint32_t> own;            // (targets): how many come from the target's own type

  [[nodiscard]] std::size_t targets() const { return own.size(); }
  [[nodiscard]] std::span<std::uint32_t const> operator[](std::size_t target) const {
    return std::span{sources}.subspan(offsets[target], offsets[target + 1] - offsets[target]);
  }
};

namespace detail {
[[nodiscard]] inline bool has_one_type(node_numbering const& nodes) {
  std::size_t in_use = 0;
  for (std::size_t t = 0; t < nodes.types(); ++t) in_use += nodes.members(t).empty() ? 0u : 1u;
  return in_use < 2;
}
}  // namespace detail

// The heaviest co-interaction neighbors by weight (groups and numbers in `options` are replaced): `own` of the
// target's own type and `other` of other types. A catalogue of one type takes own + other of it.
template <class Context>
[[nodiscard]] ridge_candidates find_ridge_candidates(Context& ctx, interactions const& from, std::size_t own,
                                                     std::size_t other, co_interaction_options options = {}) {
  auto const& nodes = from.numbering();
  if (detail::has_one_type(nodes)) own += other;
  options.groups = neighbor_groups::own_and_other;
  struct state {
    heaviest own, other;
  };
  ridge_candidates out;
  out.own.assign(from.items(), 0);
  csr lists = detail::co_interaction_rows(
      ctx, from, options, [] { return state{}; },
      [&](state& s, std::size_t i, auto&& each, std::vector<std::uint32_t>& columns, std::vector<float>& values) {
        s.own.reset(own);
        s.other.reset(other);
        each([&] { return std::min(s.own.bar(), s.other.bar()); },
             [&](std::uint32_t j, float w) { (nodes.type(j) == nodes.type(i) ? s.own : s.other).offer(w, j); });
        auto const mine = s.own.sorted();
        out.own[i] = static_cast<std::uint32_t>(mine.size());
        auto const keep = [&](std::span<scored const> list) {
          for (scored const& x : list) {
            columns.push_back(x.row);
            values.push_back(x.score);
          }
        };
        keep(mine);
        keep(s.other.sorted());
      });
  out.offsets = std::move(lists.offsets);
  out.sources = std::move(lists.columns);
  out.weights = std::move(lists.values);
  return out;
}

// The heaviest of the candidates: what find_ridge_candidates gives for a smaller `own` and `other`.
[[nodiscard]] inline ridge_candidates fewer_candidates(ridge_candidates const& all, node_numbering const& nodes,
                                                       std::size_t own, std::size_t other) {
  if (detail::has_one_type(nodes)) own += other;
  ridge_candidates out;
  out.own.reserve(all.targets());
  for (std::size_t i = 0; i < all.targets(); ++i) {
    std::size_t const mine = std::min<std::size_t>(own, all.own[i]),
                      theirs = std::min(other, all[i].size() - all.own[i]);
    auto const keep = [&](std::uint64_t begin, std::size_t count) {
      auto const from = static_cast<std::ptrdiff_t>(begin), to = static_cast<std::ptrdiff_t>(begin + count);
      out.sources.insert(out.sources.end(), all.sources.begin() + from, all.sources.begin() + to);
      out.weights.insert(out.weights.end(), all.weights.begin() + from, all.weights.begin() + to);
    };
    keep(all.offsets[i], mine);
    keep(all.offsets[i] + all.own[i], theirs);
    out.own.push_back(static_cast<std::uint32_t>(mine));
    out.offsets.push_back(out.sources.size());
  }
  return out;
}

// The Gram numbers among the candidates of the targets [begin, end): for target i with candidates s_0, s_1, ...,
// gram(i)[a (a + 1) / 2 + b] = C(s_a, s_b) for b <= a, and right(i)[a] = C(i, s_a), where C(j, k) is the sum of the
// weights of the users that j and k share.
class ridge_systems {
 public:
  // The first target after `begin` whose system would exceed the memory (bytes), at least begin + 1.
  [[nodiscard]] static std::size_t batch_end(ridge_candidates const& all, std::size_t begin, std::size_t memory) {
    std::size_t end = begin, numbers = 0;
    while (end < all.targets()) {
      numbers += size_of(all[end].size());
      if (end > begin && numbers * sizeof(float) > memory) break;
      ++end;
    }
    return end;
  }

  // user_weight (users). Each number is a sum in the order of users.
  template <class Context>
  ridge_systems(Context& ctx, interactions const& from, ridge_candidates const& all, std::size_t begin, std::size_t end,
                std::span<float const> user_weight)
      : begin_{begin} {
    // Who wants row j: the (target, place of j among its candidates) for each j.
    std::vector<std::uint64_t> asked(from.items() + 1, 0);
    places_.reserve(end - begin + 1);
    places_.push_back(0);
    for (std::size_t i = begin; i < end; ++i) {
      for (std::uint32_t const j : all[i]) ++asked[j + 1];
      places_.push_back(places_.back() + size_of(all[i].size()));
    }
    for (std::size_t j = 0; j < from.items(); ++j) asked[j + 1] += asked[j];
    struct wish {
      std::uint32_t target, place;
    };
    std::vector<wish> wishes(asked.back());
    std::vector<std::uint64_t> next(asked.begin(), asked.end() - 1);
    for (std::size_t i = begin; i < end; ++i) {
      auto const sources = all[i];
      for (std::size_t a = 0; a < sources.size(); ++a) {
        wishes[next[sources[a]]++] = {static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(a)};
      }
    }
    numbers_ = aligned_buffer<float>{places_.back()};

    std::size_t const grain = detail::co_interaction_grain(from.items());
    ctx.threads().bulk(from.items(), grain, [&](std::size_t first, std::size_t last) {
      std::vector<float> row(from.items());
      for (std::size_t j = first; j < last; ++j) {
        if (asked[j] == asked[j + 1]) continue;
        std::fill(row.begin(), row.end(), 0.0f);
        for (std::uint32_t const user : from.by_item()[j]) {
          float const w = user_weight[user];
          for (std::uint32_t const other : from.by_user()[user]) row[other] += w;
        }
        for (std::uint64_t w = asked[j]; w < asked[j + 1]; ++w) {
          auto const [target, a] = wishes[w];
          auto const sources = all[target];
          float* const system = numbers_.data() + places_[target - begin_];
          float* const to = system + std::size_t{a} * (a + 1) / 2;
          for (std::size_t b = 0; b <= a; ++b) to[b] = row[sources[b]];
          system[sources.size() * (sources.size() + 1) / 2 + a] = row[target];
        }
      }
    });
  }

  [[nodiscard]] float const* gram(std::size_t target) const { return numbers_.data() + places_[target - begin_]; }
  [[nodiscard]] float const* right(std::size_t target, std::size_t candidates) const {
    return gram(target) + candidates * (candidates + 1) / 2;
  }

 private:
  [[nodiscard]] static std::size_t size_of(std::size_t candidates) { return candidates * (candidates + 3) / 2; }

  std::size_t begin_;
  std::vector<std::uint64_t> places_;
  aligned_buffer<float> numbers_;
};

}  // namespace intarsia::inline v0
