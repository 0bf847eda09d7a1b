// Which links supervise an epoch, when relations differ in size by orders of magnitude.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <intarsia/core/expects.hpp>
#include <intarsia/sampling/alias.hpp>
#include <intarsia/sampling/permutation.hpp>
#include <intarsia/sampling/relations.hpp>
#include <memory>
#include <span>
#include <utility>

namespace intarsia::inline v0 {

// How many links of each relation enter the loss in an epoch. A relation and its reverse count as one.
enum class balance {
  as_is,           // all links
  by_relation,     // of each as many as the smallest that is not empty has: a fresh uniform subset every epoch
  inverse_degree,  // as many as by_relation; a link from u to v with weight 1 / degree(u) + 1 / degree(v), so that
                   // every node with links has the same weight as an end, and hubs do not fill the batches
};

// What the balance applies to.
enum class balance_scope {
  seeds,  // the links that supervise; messages pass along the whole graph
  graph,  // messages, too, pass only along the links of the epoch (and relations that do not supervise)
};

namespace detail {

// One supervising link, as an edge of a relation.
struct seed_edge {
  std::uint32_t relation, source, target;
  std::uint64_t entry;
};

// Source and target of edges whose relations and entries are known. A search for a row waits for memory at each of its
// steps, so that some go side by side.
inline void find_ends(std::vector<relation_rows> const& relations, std::span<seed_edge> edges) {
  constexpr std::size_t together = 16;
  while (!edges.empty()) {
    auto const some = edges.first(std::min(together, edges.size()));
    std::uint64_t const* row[together];  // not behind the last row that begins at the entry or before it
    std::size_t among[together], most = 1;
    for (std::size_t k = 0; k < some.size(); ++k) {
      auto const& rows = relations[some[k].relation].rows;
      row[k] = rows.offsets;
      among[k] = rows.rows;
      most = std::max(most, rows.rows);
    }
    for (; most > 1; most -= most / 2) {
      for (std::size_t k = 0; k < some.size(); ++k) {
        std::size_t const half = among[k] / 2;
        row[k] += half * static_cast<std::size_t>(row[k][half] <= some[k].entry);
        among[k] -= half;
      }
    }
    for (std::size_t k = 0; k < some.size(); ++k) {
      auto const& rows = relations[some[k].relation].rows;
      some[k].source = rows.columns[some[k].entry];
      some[k].target = static_cast<std::uint32_t>(row[k] - rows.offsets);
    }
    edges = edges.subspan(some.size());
  }
}

// The links of a relation and its reverse, each pair of nodes once per parallel edge.
class seed_group {
 public:
  // `with` is the reverse of `first`, `first` itself for a symmetric verb within a type, or no_relation.
  seed_group(std::vector<relation_rows> const& relations, std::uint32_t first)
      : relation_{first}, reverse_{relations[first].reverse} {
    auto const rows = relations[first].rows;
    bool const within = relations[first].source == relations[first].target;
    if (!within) {
      count_first_ = rows.entries();
    } else {
      each_entry(rows, [&](std::uint64_t e, std::uint32_t source, std::uint32_t target) {
        bool const mirrored = reverse_ != no_relation && has_entry(relations[reverse_].rows, source, target);
        bool const again = reverse_ == relation_ && source > target && mirrored;
        if (source != target && !again) kept_first_.push_back(place(e));
      });
      count_first_ = kept_first_.size();
    }
    if (reverse_ != no_relation && reverse_ != relation_) {
      each_entry(relations[reverse_].rows, [&](std::uint64_t e, std::uint32_t source, std::uint32_t target) {
        if ((!within || source != target) && !has_entry(rows, source, target)) kept_second_.push_back(place(e));
      });
    }
  }

  [[nodiscard]] std::uint32_t relation() const { return relation_; }
  [[nodiscard]] std::uint32_t reverse() const { return reverse_; }
  [[nodiscard]] std::uint64_t size() const { return count_first_ + kept_second_.size(); }

  // The i-th link, as the edge that the graph stores; find_ends tells its ends.
  [[nodiscard]] seed_edge operator()(std::uint64_t i) const {
    if (i >= count_first_) return {reverse_, 0, 0, kept_second_[i - count_first_]};
    return {relation_, 0, 0, kept_first_.empty() ? i : kept_first_[i]};
  }
  // The entry of the same link against the arrow, or no_entry where the graph has none.
  static constexpr std::uint64_t no_entry = ~std::uint64_t{0};
  [[nodiscard]] static std::uint64_t mirror(std::vector<relation_rows> const& relations, seed_edge const& link) {
    std::uint32_t const back = relations[link.relation].reverse;
    if (back == no_relation) return no_entry;
    auto const rows = relations[back].rows;
    std::uint64_t const e = find_entry(rows, link.source, link.target);
    return e == rows.entries() ? no_entry : e;
  }

 private:
  static std::uint32_t place(std::uint64_t e) {
    expects(e < 0xFFFFFFFFu, "sample_links: a relation that mirrors itself has more than 2^32 edges, split it");
    return static_cast<std::uint32_t>(e);
  }
  template <class F>
  static void each_entry(csr_view<> rows, F&& f) {
    for (std::size_t target = 0; target < rows.rows; ++target) {
      for (std::uint64_t e = rows.offsets[target]; e < rows.offsets[target + 1]; ++e) {
        f(e, rows.columns[e], static_cast<std::uint32_t>(target));
      }
    }
  }

  std::uint32_t relation_, reverse_;
  std::uint64_t count_first_ = 0;
  std::vector<std::uint32_t> kept_first_, kept_second_;  // empty kept_first_: all entries
};

// f(i, link(i)) for i from begin to end, in order, with the ends that link(i) does not know.
template <class Link, class F>
void each_link(std::vector<relation_rows> const& relations, std::uint64_t begin, std::uint64_t end, Link const& link,
               F&& f) {
  std::array<seed_edge, 64> some;
  for (; begin < end; begin += some.size()) {
    std::size_t const size = std::min<std::uint64_t>(some.size(), end - begin);
    for (std::size_t k = 0; k < size; ++k) some[k] = link(begin + k);
    find_ends(relations, std::span{some}.first(size));
    for (std::size_t k = 0; k < size; ++k) f(begin + k, some[k]);
  }
}

// All links that may supervise: what is the same in every epoch.
struct seed_links {
  // supervises[r]: the relation's links enter the loss.
  seed_links(std::vector<relation_rows> const& relations, std::vector<bool> const& supervises, balance how,
             bool weighted) {
    for (std::uint32_t r = 0; r < relations.size(); ++r) {
      std::uint32_t const back = relations[r].reverse;
      bool const second_of_pair = back != no_relation && back < r;
      if (second_of_pair || !(supervises[r] || (back != no_relation && supervises[back]))) continue;
      seed_group group{relations, r};
      if (group.size() > 0) groups.push_back(std::move(group));
    }
    if (groups.empty()) return;
    smallest = groups.front().size();
    for (auto const& group : groups) smallest = std::min(smallest, group.size());
    for (auto const& group : groups) {
      ends.push_back((ends.empty() ? 0 : ends.back()) + (how == balance::as_is ? group.size() : smallest));
    }
    if (weighted || how == balance::inverse_degree) weigh(relations, how, weighted);
  }

  std::vector<seed_group> groups;
  std::vector<std::uint64_t> ends;  // of the groups among an epoch's links
  std::uint64_t smallest = 0;       // links of the smallest group
  // Links with replacement: the chances of groups, and of the links of each.
  alias_table group_weights;
  std::vector<alias_table> link_weights;
  // Links without replacement by balance::inverse_degree: the weights of each group's.
  std::vector<std::vector<float>> weights;

 private:
  void weigh(std::vector<relation_rows> const& relations, balance how, bool weighted) {
    std::vector<double> totals;
    for (auto const& group : groups) {
      std::vector<double> weight(group.size(), 1.0);
      std::vector<std::uint32_t> as_source, as_target;
      if (how == balance::inverse_degree) {
        bool const within = relations[group.relation()].source == relations[group.relation()].target;
        as_source.assign(relations[group.relation()].rows.cols, 0);
        as_target.assign(relations[group.relation()].rows.rows, 0);
        each_oriented(relations, group,
                      [&](std::uint64_t, seed_edge const&, std::uint32_t source, std::uint32_t target) {
                        ++as_source[source];
                        ++(within && group.reverse() == group.relation() ? as_source : as_target)[target];
                      });
        if (within && group.reverse() == group.relation()) as_target = as_source;
      }
      each_oriented(relations, group,
                    [&](std::uint64_t i, seed_edge const& link, std::uint32_t source, std::uint32_t target) {
                      if (how == balance::inverse_degree)
                        weight[i] = 1.0 / as_source[source] + 1.0 / as_target[target];
                      if (!weighted) return;
                      double value = value_of(relations[link.relation].rows, link.entry);
                      std::uint64_t const mirror = seed_group::mirror(relations, link);
                      if (mirror != seed_group::no_entry)
                        value += value_of(relations[relations[link.relation].reverse].rows, mirror);
                      weight[i] *= value;
                    });
      if (weighted) {
        link_weights.emplace_back(weight);
        totals.push_back(link_weights.back().total());
      } else {
        weights.emplace_back(weight.begin(), weight.end());
      }
    }
    if (weighted) group_weights = alias_table{totals};
  }
  static double value_of(csr_view<> rows, std::uint64_t entry) {
    return rows.values ? static_cast<double>(rows.values[entry]) : 1.0;
  }
  // f(i, link, source, target) with the ends in the direction of the group's first relation.
  template <class F>
  static void each_oriented(std::vector<relation_rows> const& relations, seed_group const& group, F&& f) {
    each_link(relations, 0, group.size(), group, [&](std::uint64_t i, seed_edge const& link) {
      bool const along = link.relation == group.relation();
      f(i, link, along ? link.source : link.target, along ? link.target : link.source);
    });
  }
};

// Chooses the links of every epoch and the order they come in. Copies share what is the same in every epoch.
class seed_plan {
 public:
  // supervises[r]: the relation's links enter the loss. weighted: links are drawn with replacement, in proportion to
  // edge values (both directions added).
  seed_plan(std::vector<relation_rows> const& relations, std::vector<bool> const& supervises, balance how,
            bool weighted, seed key, std::uint64_t stream)
      : how_{how},
        weighted_{weighted},
        key_{key},
        stream_{stream},
        links_{std::make_shared<seed_links const>(relations, supervises, how, weighted)},
        chosen_(links_->weights.size(), std::vector<std::uint64_t>(links_->smallest)) {
    for (auto const& weights : links_->weights) keys_.reserve(weights.size());
  }

  // Links of one epoch.
  [[nodiscard]] std::uint64_t size() const { return links_->ends.empty() ? 0 : links_->ends.back(); }
  [[nodiscard]] std::vector<seed_group> const& groups() const { return links_->groups; }

  // To be called before links of another epoch are asked for.
  void start(std::uint64_t epoch) {
    epoch_ = epoch;
    order_ = permutation{size(), key_, stream_of(stream_, 1, epoch)};
    subsets_.clear();
    for (std::size_t g = 0; g < groups().size(); ++g) {
      subsets_.emplace_back(groups()[g].size(), key_, stream_of(stream_, 2, epoch, g));
    }
    for (std::size_t g = 0; g < chosen_.size(); ++g) choose_weighted(g);
  }

  // Link `i` of the epoch, without its ends; with weights any i, otherwise i < size().
  [[nodiscard]] seed_edge operator()(std::uint64_t i) const {
    if (weighted_) {
      random dice{key_, stream_of(stream_, 3, epoch_), i};
      std::size_t const g =
          how_ == balance::as_is ? links_->group_weights.draw(dice) : static_cast<std::size_t>(i % groups().size());
      return groups()[g](links_->link_weights[g].draw(dice));
    }
    std::uint64_t const place = order_[i];
    auto const& ends = links_->ends;
    auto const g = static_cast<std::size_t>(std::upper_bound(ends.begin(), ends.end(), place) - ends.begin());
    return chosen(g, place - (g == 0 ? 0 : ends[g - 1]));
  }
  // The i-th link that the epoch has of a group, without its ends.
  [[nodiscard]] seed_edge chosen(std::size_t g, std::uint64_t i) const {
    if (how_ == balance::by_relation) i = subsets_[g][i];
    if (how_ == balance::inverse_degree) i = chosen_[g][i];
    return groups()[g](i);
  }
  [[nodiscard]] std::uint64_t chosen_count(std::size_t g) const {
    return links_->ends[g] - (g == 0 ? 0 : links_->ends[g - 1]);
  }

 private:
  // Without replacement, in proportion to weights: the largest log(u) / w.
  void choose_weighted(std::size_t g) {
    std::vector<float> const& weights = links_->weights[g];
    std::vector<std::uint64_t>& chosen = chosen_[g];
    keys_.clear();
    for (std::uint64_t i = 0; i < weights.size(); ++i) {
      random dice{key_, stream_of(stream_, 4, epoch_, g), i};
      double const u = (static_cast<double>(dice.bits()) + 1.0) * 0x1p-32;
      keys_.emplace_back(-std::log(u) / static_cast<double>(weights[i]), i);
    }
    std::nth_element(keys_.begin(), keys_.begin() + static_cast<std::ptrdiff_t>(chosen.size()) - 1, keys_.end());
    for (std::size_t i = 0; i < chosen.size(); ++i) chosen[i] = keys_[i].second;
    std::sort(chosen.begin(), chosen.end());
  }

  balance how_;
  bool weighted_;
  seed key_;
  std::uint64_t stream_, epoch_ = 0;
  std::shared_ptr<seed_links const> links_;
  permutation order_;
  std::vector<permutation> subsets_;
  // Of balance::inverse_degree: by group the links of the epoch, and memory to choose them.
  std::vector<std::vector<std::uint64_t>> chosen_;
  std::vector<std::pair<double, std::uint64_t>> keys_;
};

}  // namespace detail
}  // namespace intarsia::inline v0
