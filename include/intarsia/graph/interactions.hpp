// Who met what: pairs of a user and an item, items of all types in one numbering.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <intarsia/core/expects.hpp>
#include <intarsia/graph/node_numbering.hpp>
#include <intarsia/tensor/csr.hpp>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace intarsia::inline v0 {

// A user and an item by their global numbers.
struct interaction {
  std::uint32_t user = 0, item = 0;
  friend bool operator==(interaction const&, interaction const&) = default;
};

// Users x items and its transpose, both ascending within a row; a pair given twice counts once. Users and items
// without a pair are ordinary. Copies share the numbering.
class interactions {
 public:
  interactions() : interactions{0, node_numbering{}, {}} {}
  // Throws shape_error where a pair names a user or an item that is not there.
  interactions(std::size_t users, node_numbering items, std::span<interaction const> pairs)
      : interactions{users, std::make_shared<node_numbering const>(std::move(items)), pairs,
                     [](std::size_t) { return true; }} {}
  // From the rows of a csr (users x items); its values do not matter.
  interactions(node_numbering items, csr_view<> by_user)
      : interactions{by_user.rows, std::move(items), listed(by_user)} {}
  // Only the pairs whose place p in the list has keep(p): how a split is made from a column of folds.
  template <class Keep>
  interactions(std::size_t users, std::shared_ptr<node_numbering const> items, std::span<interaction const> pairs,
               Keep&& keep)
      : items_{std::move(items)} {
    csr by_item{.rows = items_->size(), .cols = users, .offsets = {}, .columns = {}, .values = {}, .positions = {}};
    by_item.offsets.assign(by_item.rows + 1, 0);
    std::vector<std::uint8_t> kept(pairs.size());
    for (std::size_t p = 0; p < pairs.size(); ++p) {
      expects(pairs[p].user < users && pairs[p].item < by_item.rows,
              "interactions: a pair names a user or an item beyond the numbers given");
      kept[p] = keep(p) ? 1 : 0;
      by_item.offsets[pairs[p].item + 1] += kept[p];
    }
    for (std::size_t i = 0; i < by_item.rows; ++i) by_item.offsets[i + 1] += by_item.offsets[i];
    by_item.columns.resize(by_item.offsets.back());
    std::vector<std::uint64_t> next(by_item.offsets.begin(), by_item.offsets.end() - 1);
    for (std::size_t p = 0; p < pairs.size(); ++p) {
      if (kept[p]) by_item.columns[next[pairs[p].item]++] = pairs[p].user;
    }
    // Transposing twice sorts both; equal neighbors are then dropped.
    by_user_ = without_repeats(transposed(by_item.view()));
    by_item_ = without_positions(transposed(by_user_.view()));
  }

  [[nodiscard]] std::size_t users() const { return by_user_.rows; }
  [[nodiscard]] std::size_t items() const { return by_user_.cols; }
  // How many pairs there are.
  [[nodiscard]] std::size_t size() const { return by_user_.columns.size(); }
  // Items per user over all users, those without an item included; 0 without users.
  [[nodiscard]] double mean_history() const {
    return users() == 0 ? 0.0 : static_cast<double>(size()) / static_cast<double>(users());
  }
  [[nodiscard]] csr_view<> by_user() const { return by_user_.view(); }
  [[nodiscard]] csr_view<> by_item() const { return by_item_.view(); }
  [[nodiscard]] node_numbering const& numbering() const { return *items_; }
  [[nodiscard]] std::shared_ptr<node_numbering const> const& shared_numbering() const { return items_; }

  // The pairs for which keep(user, item) holds, over the same users and items.
  template <class Keep>
  [[nodiscard]] interactions where(Keep&& keep) const {
    auto const all = pairs();
    return {users(), items_, all, [&](std::size_t p) { return keep(all[p].user, all[p].item); }};
  }
  // All pairs, by user and then by item.
  [[nodiscard]] std::vector<interaction> pairs() const {
    return listed(by_user());
  }

 private:
  static std::vector<interaction> listed(csr_view<> by_user) {
    std::vector<interaction> list;
    list.reserve(by_user.entries());
    for (std::size_t u = 0; u < by_user.rows; ++u) {
      for (std::uint32_t const i : by_user[u]) list.push_back({static_cast<std::uint32_t>(u), i});
    }
    return list;
  }
  static csr without_positions(csr a) {
    a.positions = {};
    return a;
  }
  static csr without_repeats(csr a) {
    std::size_t kept = 0;
    for (std::size_t row = 0, begin = 0; row < a.rows; ++row) {
      std::size_t const end = a.offsets[row + 1], first = kept;
      for (std::size_t e = begin; e < end; ++e) {
        if (kept == first || a.columns[kept - 1] != a.columns[e]) a.columns[kept++] = a.columns[e];
      }
      begin = end;
      a.offsets[row + 1] = kept;
    }
    a.columns.resize(kept);
    return without_positions(std::move(a));
  }

  std::shared_ptr<node_numbering const> items_;
  csr by_user_, by_item_;
};

}  // namespace intarsia::inline v0
