// The graph of one epoch: of the relations that supervise, only the links that were chosen.
#pragma once

#include <intarsia/sampling/balance.hpp>
#include <utility>

namespace intarsia::inline v0::detail {

class thinned_rows {
 public:
  // Memory for any epoch.
  void reserve(std::vector<relation_rows> const& relations, seed_plan const& seeds) {
    edges_.resize(relations.size());
    rows_.resize(relations.size());
    std::vector<std::uint64_t> most(relations.size(), 0);
    for (std::size_t g = 0; g < seeds.groups().size(); ++g) {
      auto const& group = seeds.groups()[g];
      most[group.relation()] += seeds.chosen_count(g);  // of each link one edge, or its mirror
      if (group.reverse() != no_relation) most[group.reverse()] += seeds.chosen_count(g);
    }
    for (std::size_t r = 0; r < relations.size(); ++r) {
      edges_[r].reserve(most[r]);
      rows_[r].columns.reserve(most[r]);
      if (relations[r].rows.values) rows_[r].values.reserve(most[r]);
      rows_[r].offsets.reserve(relations[r].rows.rows + 1);
    }
    most_ = std::move(most);
  }
  // The most edges that a relation has in any epoch; 0 where it is left as it is.
  [[nodiscard]] std::size_t most(std::size_t relation) const { return most_[relation]; }

  // Points the supervising relations of `thinned` to the links of the epoch, with their mirrors where the graph has
  // them.
  void build(std::vector<relation_rows> const& relations, seed_plan const& seeds, std::vector<relation_rows>& thinned) {
    for (auto& edges : edges_) edges.clear();
    for (std::size_t g = 0; g < seeds.groups().size(); ++g) {
      auto const chosen = [&](std::uint64_t i) { return seeds.chosen(g, i); };
      each_link(relations, 0, seeds.chosen_count(g), chosen, [&](std::uint64_t, seed_edge const& link) {
        add(relations, link.relation, link.source, link.target, link.entry);
        std::uint64_t const mirror = seed_group::mirror(relations, link);
        if (mirror != seed_group::no_entry)
          add(relations, relations[link.relation].reverse, link.target, link.source, mirror);
      });
    }
    for (std::size_t g = 0; g < seeds.groups().size(); ++g) {
      replace(relations, thinned, seeds.groups()[g].relation());
      if (seeds.groups()[g].reverse() != no_relation) replace(relations, thinned, seeds.groups()[g].reverse());
    }
  }

 private:
  void add(std::vector<relation_rows> const& relations, std::uint32_t r, std::uint32_t source, std::uint32_t target,
           std::uint64_t entry) {
    float const* const values = relations[r].rows.values;
    edges_[r].emplace_back((std::uint64_t{target} << 32) | source, values ? values[entry] : 1.0f);
  }
  void replace(std::vector<relation_rows> const& relations, std::vector<relation_rows>& thinned, std::uint32_t r) {
    csr& rows = rows_[r];
    std::sort(edges_[r].begin(), edges_[r].end());
    rows.rows = relations[r].rows.rows;
    rows.cols = relations[r].rows.cols;
    rows.offsets.assign(rows.rows + 1, 0);
    rows.columns.clear();
    rows.values.clear();
    for (auto const& [key, value] : edges_[r]) {
      ++rows.offsets[(key >> 32) + 1];
      rows.columns.push_back(static_cast<std::uint32_t>(key));
      if (relations[r].rows.values) rows.values.push_back(value);
    }
    for (std::size_t row = 0; row < rows.rows; ++row) rows.offsets[row + 1] += rows.offsets[row];
    thinned[r].rows = rows.view();
  }

  std::vector<std::vector<std::pair<std::uint64_t, float>>> edges_;
  std::vector<csr> rows_;
  std::vector<std::uint64_t> most_;
};

}  // namespace intarsia::inline v0::detail
