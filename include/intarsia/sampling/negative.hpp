// Nodes that an anchor is told apart from.
#pragma once

#include <cmath>
#include <intarsia/sampling/alias.hpp>
#include <intarsia/sampling/relations.hpp>
#include <span>

namespace intarsia::inline v0 {

// Where negatives come from.
enum class negative_source {
  none,
  uniform,    // the type of the positive, every node alike
  catalogue,  // all types, every node alike
  by_degree,  // the type of the positive, in proportion to degree^alpha over the supervising relations
  in_batch,   // the positives of the other links of the batch, relation by relation
};

// What happens to a negative that is the anchor itself or its neighbor in a supervising relation, in either
// direction; tested exactly against the graph.
enum class collision {
  keep,
  mask,      // marked invalid
  resample,  // drawn again, up to 64 times, then marked invalid; in a batch as mask
};

struct negative_options {
  negative_source from = negative_source::uniform;
  std::size_t each = 5;  // per link; in a batch: all others
  float alpha = 0.75f;   // by_degree
  collision on_collision = collision::mask;
};

namespace detail {

class negative_plan {
 public:
  negative_plan(std::vector<relation_rows> const& relations, std::vector<bool> const& supervises,
                std::vector<std::size_t> const& nodes, negative_options options)
      : relations_{relations}, nodes_{nodes}, options_{options}, tests_(nodes.size() * nodes.size()) {
    for (std::uint32_t r = 0; r < relations.size(); ++r) {
      if (!supervises[r] || relations[r].rows.entries() == 0) continue;
      tests_[relations[r].source * nodes.size() + relations[r].target].push_back({r, false});
      tests_[relations[r].target * nodes.size() + relations[r].source].push_back({r, true});
    }
    first_of_.push_back(0);
    for (std::size_t const n : nodes) first_of_.push_back(first_of_.back() + n);
    if (options_.from == negative_source::by_degree) by_degree(supervises);
  }

  [[nodiscard]] negative_options const& options() const { return options_; }
  [[nodiscard]] std::size_t each() const {
    return options_.from == negative_source::none || options_.from == negative_source::in_batch ? 0 : options_.each;
  }

  // Whether the graph joins the two nodes, or they are one.
  [[nodiscard]] bool collides(std::uint32_t anchor_type, std::uint32_t anchor, std::uint32_t type,
                              std::uint32_t node) const {
    if (anchor_type == type && anchor == node) return true;
    for (auto const& [relation, against] : tests_[anchor_type * nodes_.size() + type]) {
      auto const rows = relations_[relation].rows;
      if (against ? has_entry(rows, anchor, node) : has_entry(rows, node, anchor)) return true;
    }
    return false;
  }

  // For backends that draw by themselves: the relations that join nodes of two types, whether they are read against the
  // arrow, and by type the chances of by_degree.
  struct test {
    std::uint32_t relation;
    bool against;
  };
  [[nodiscard]] std::span<test const> tests(std::size_t anchor_type, std::size_t type) const {
    return tests_[anchor_type * nodes_.size() + type];
  }
  [[nodiscard]] std::span<alias_table const> popular() const { return popular_; }
  [[nodiscard]] std::span<std::size_t const> nodes() const { return nodes_; }

  struct drawn {
    std::uint32_t type, node;
    bool valid;
  };
  // A negative for an anchor whose positive has type `type`.
  [[nodiscard]] drawn draw(random& dice, std::uint32_t anchor_type, std::uint32_t anchor, std::uint32_t type) const {
    drawn x = once(dice, type);
    if (options_.on_collision == collision::keep) return x;
    x.valid = !collides(anchor_type, anchor, x.type, x.node);
    for (int again = 0; options_.on_collision == collision::resample && !x.valid && again < 64; ++again) {
      x = once(dice, type);
      x.valid = !collides(anchor_type, anchor, x.type, x.node);
    }
    return x;
  }

 private:
  [[nodiscard]] drawn once(random& dice, std::uint32_t type) const {
    if (options_.from == negative_source::by_degree) return {type, popular_[type].draw(dice), true};
    if (options_.from == negative_source::uniform)
      return {type, dice.below(static_cast<std::uint32_t>(nodes_[type])), true};
    std::uint32_t const any = dice.below(static_cast<std::uint32_t>(first_of_.back()));
    auto const t =
        static_cast<std::size_t>(std::upper_bound(first_of_.begin(), first_of_.end(), any) - first_of_.begin() - 1);
    return {static_cast<std::uint32_t>(t), static_cast<std::uint32_t>(any - first_of_[t]), true};
  }
  void by_degree(std::vector<bool> const& supervises) {
    std::vector<std::vector<double>> degree;
    for (std::size_t const n : nodes_) degree.emplace_back(n, 0.0);
    for (std::uint32_t r = 0; r < relations_.size(); ++r) {
      auto const& relation = relations_[r];
      if (!supervises[r]) continue;
      bool const told_by_reverse = relation.reverse != no_relation && supervises[relation.reverse];
      for (std::size_t target = 0; target < relation.rows.rows; ++target) {
        degree[relation.target][target] += static_cast<double>(relation.rows.degree(target));
        if (told_by_reverse) continue;
        for (std::uint32_t const source : relation.rows[target]) degree[relation.source][source] += 1;
      }
    }
    for (auto& of_type : degree) {
      for (double& d : of_type) d = d > 0 ? std::pow(d, static_cast<double>(options_.alpha)) : 0.0;
      popular_.emplace_back(of_type);
    }
  }

  std::vector<relation_rows> relations_;
  std::vector<std::size_t> nodes_;
  negative_options options_;
  std::vector<std::vector<test>> tests_;  // by anchor type and other type
  std::vector<std::uint64_t> first_of_;
  std::vector<alias_table> popular_;
};

}  // namespace detail
}  // namespace intarsia::inline v0
