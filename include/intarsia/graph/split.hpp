// Holding edges and interactions out, so that what is tested was not seen.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <intarsia/core/random.hpp>
#include <intarsia/graph/builder.hpp>
#include <intarsia/graph/interactions.hpp>
#include <utility>
#include <vector>

namespace intarsia::inline v0 {

// A graph without the held-out edges of one relation, and those edges.
template <schema_type S, class R>
struct link_split {
  graph<S> train;
  std::vector<edge> held_out;  // by target, then by source; of a symmetric relation within one type: source <= target
};

namespace detail {
// The entries of a matrix that stay, in their order.
template <class Keep>
[[nodiscard]] csr entries_where(csr_view<> a, Keep&& keep) {
  csr out{.rows = a.rows, .cols = a.cols, .offsets = {}, .columns = {}, .values = {}, .positions = {}};
  out.offsets.assign(1, 0);
  for (std::size_t row = 0; row < a.rows; ++row) {
    for (std::size_t e = 0; e < a.degree(row); ++e) {
      std::uint64_t const entry = a.offsets[row] + e;
      if (!keep(static_cast<std::uint32_t>(row), a.columns[entry])) continue;
      out.columns.push_back(a.columns[entry]);
      if (a.values) out.values.push_back(a.values[entry]);
    }
    out.offsets.push_back(out.columns.size());
  }
  return out;
}
}  // namespace detail

// Each link of relation r is held out with probability `share`, decided by its two ends alone: both directions of a
// link go together, in r itself where its verb is symmetric and its ends have one type, and in the reverse relation
// where the schema lists it. Repeats of an edge go together as well.
template <schema_type S, key_of<typename S::relation_keys> R>
[[nodiscard]] link_split<S, R> split_links(graph<S> const& g, R r, double share, seed s, std::uint64_t stream = 0) {
  using mirror = reverse<R>;
  constexpr bool own_mirror = std::is_same_v<R, mirror>;
  auto const held = [=](std::uint32_t target, std::uint32_t source) {
    if (own_mirror && source > target) std::swap(source, target);
    random draw{s, stream, (std::uint64_t{target} << 32) | source};
    return static_cast<double>(draw.uniform()) < share;
  };
  link_split<S, R> out{g, {}};
  csr_view<> const forward = g[r].forward;
  out.train.set(r, detail::entries_where(forward, [&](std::uint32_t i, std::uint32_t j) { return !held(i, j); }));
  for (std::size_t i = 0; i < forward.rows; ++i) {
    for (std::size_t e = 0; e < forward.degree(i); ++e) {
      std::uint64_t const entry = forward.offsets[i] + e;
      auto const target = static_cast<std::uint32_t>(i);
      std::uint32_t const source = forward.columns[entry];
      if (!held(target, source) || (own_mirror && source > target)) continue;
      out.held_out.push_back({source, target, forward.values ? forward.values[entry] : 1.0f});
    }
  }
  if constexpr (!own_mirror && S::relation_keys::template has<mirror>) {
    out.train.set(mirror{}, detail::entries_where(g[mirror{}].forward,
                                                  [&](std::uint32_t i, std::uint32_t j) { return !held(j, i); }));
  }
  return out;
}

// Interactions divided in two over the same users and items.
struct interaction_split {
  interactions train, held_out;
};

// Each pair is held out with probability `share`, decided by its user and item alone.
[[nodiscard]] inline interaction_split hold_out(interactions const& all, double share, seed s,
                                                std::uint64_t stream = 0) {
  auto const held = [=](std::uint32_t user, std::uint32_t item) {
    random draw{s, stream, (std::uint64_t{user} << 32) | item};
    return static_cast<double>(draw.uniform()) < share;
  };
  return {all.where([&](std::uint32_t u, std::uint32_t i) { return !held(u, i); }), all.where(held)};
}

}  // namespace intarsia::inline v0
