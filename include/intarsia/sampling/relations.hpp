// A typed graph as samplers walk it: relations by number, with rising columns in every row.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <intarsia/exec/neighbor_draws.hpp>
#include <intarsia/graph/graph.hpp>
#include <intarsia/sampling/buffer.hpp>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

namespace intarsia::inline v0::detail {

inline constexpr std::uint32_t no_relation = 0xFFFFFFFFu;

// Row v lists the sources of target v, rising.
struct relation_rows {
  csr_view<> rows;
  std::uint32_t source = 0, target = 0;  // node types
  std::uint32_t reverse = no_relation;   // the relation of the same edges against the arrow, if the schema has it
  bool symmetric = false;                // of a symmetric verb
};

[[nodiscard]] inline bool rows_rise(csr_view<> a) {
  for (std::size_t row = 0; row < a.rows; ++row) {
    if (!std::is_sorted(a[row].begin(), a[row].end())) return false;
  }
  return true;
}

// The same entries with rising columns; parallel edges keep their order.
[[nodiscard]] inline csr with_rising_rows(csr_view<> a) {
  csr sorted{.rows = a.rows, .cols = a.cols, .offsets = {}, .columns = {}, .values = {}, .positions = {}};
  sorted.offsets.assign(a.offsets, a.offsets + a.rows + 1);
  std::vector<std::uint64_t> order(a.entries());
  std::iota(order.begin(), order.end(), std::uint64_t{0});
  for (std::size_t row = 0; row < a.rows; ++row) {
    auto const at = [&](std::uint64_t e) { return order.begin() + static_cast<std::ptrdiff_t>(e); };
    std::stable_sort(at(a.offsets[row]), at(a.offsets[row + 1]),
                     [&](auto x, auto y) { return a.columns[x] < a.columns[y]; });
  }
  for (std::uint64_t const e : order) {
    sorted.columns.push_back(a.columns[e]);
    if (a.values) sorted.values.push_back(a.values[e]);
  }
  return sorted;
}

// The first entry of target <- source in `rows`, or rows.entries() where there is none.
[[nodiscard]] inline std::uint64_t find_entry(csr_view<> rows, std::uint32_t target, std::uint32_t source) {
  auto const row = rows[target];
  auto const place = std::lower_bound(row.begin(), row.end(), source);
  if (place == row.end() || *place != source) return rows.entries();
  return rows.offsets[target] + static_cast<std::uint64_t>(place - row.begin());
}
[[nodiscard]] inline bool has_entry(csr_view<> rows, std::uint32_t target, std::uint32_t source) {
  auto const row = rows[target];
  return std::binary_search(row.begin(), row.end(), source);
}

// The words of all rows, so that those of a node for all relations into its type lie side by side.
class row_words {
 public:
  // Of a graph that stays as it is: copies of a sampler read the same words.
  void share(std::vector<relation_rows> const& relations, std::vector<std::size_t> const& nodes) {
    auto made = std::make_shared<table>();
    made->build(relations, nodes);
    shared_ = std::move(made);
  }
  // Of rows that are others in every epoch: one's own, in memory that is used again.
  void build(std::vector<relation_rows> const& relations, std::vector<std::size_t> const& nodes) {
    own_.build(relations, nodes);
    shared_.reset();
  }
  // Points the order to the words of relation r into the type `target`.
  void show(neighbor_draws<>& order, std::size_t r, std::size_t target) const {
    table const& from = shared_ ? *shared_ : own_;
    order.words = from.words[target].data() + from.place[r];
    order.word_stride = from.stride[target];
  }

 private:
  struct table {
    std::vector<buffer<std::uint64_t>> words;  // by target type: (nodes, relations into it)
    std::vector<std::size_t> place, stride;

    void build(std::vector<relation_rows> const& relations, std::vector<std::size_t> const& nodes) {
      words.resize(nodes.size());
      place.resize(relations.size());
      stride.assign(nodes.size(), 0);
      for (std::size_t r = 0; r < relations.size(); ++r) place[r] = stride[relations[r].target]++;
      for (std::size_t n = 0; n < nodes.size(); ++n) words[n].resize(nodes[n] * stride[n]);
      for (std::size_t r = 0; r < relations.size(); ++r) {
        std::size_t const type = relations[r].target;
        std::uint64_t* const to = words[type].data() + place[r];
        for (std::size_t v = 0; v < nodes[type]; ++v) to[v * stride[type]] = row_word(relations[r].rows, v);
      }
    }
  };

  std::shared_ptr<table const> shared_;  // null: own_
  table own_;
};

// Looks at a graph; rows that do not rise are kept here as a sorted copy.
template <schema_type S>
class typed_rows {
 public:
  explicit typed_rows(graph<S> const& g) {
    nodes_.resize(S::node_count);
    S::each_node([&](auto n) { nodes_[S::template node_index<decltype(n)>] = g.nodes(n); });
    S::each_relation([&](auto r) {
      using R = decltype(r);
      relation_rows rows{g[r].forward, static_cast<std::uint32_t>(S::template node_index<typename R::source_type>),
                         static_cast<std::uint32_t>(S::template node_index<typename R::target_type>), no_relation,
                         R::verb_type::is_symmetric};
      if constexpr (S::relation_keys::template has<reverse<R>>) {
        rows.reverse = static_cast<std::uint32_t>(S::template relation_index<reverse<R>>);
      }
      if (!rows_rise(rows.rows)) {
        sorted_.push_back(std::make_shared<csr const>(with_rising_rows(rows.rows)));
        rows.rows = sorted_.back()->view();
      }
      all_.push_back(rows);
    });
  }

  [[nodiscard]] std::vector<relation_rows> const& all() const { return all_; }
  [[nodiscard]] std::vector<relation_rows>& all() { return all_; }
  [[nodiscard]] std::vector<std::size_t> const& nodes() const { return nodes_; }

 private:
  std::vector<relation_rows> all_;
  std::vector<std::size_t> nodes_;
  std::vector<std::shared_ptr<csr const>> sorted_;
};

}  // namespace intarsia::inline v0::detail
