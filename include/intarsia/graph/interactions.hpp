// Who met what: pairs of a user and an item, items of all types in one numbering.
#pragma once

#include <cstddef>
#include <cstdint>
#include <intarsia/core/executor.hpp>
#include <intarsia/graph/node_numbering.hpp>
#include <intarsia/tensor/csr.hpp>
#include <intarsia/tensor/row_sort.hpp>
#include <intarsia/tensor/transpose.hpp>
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
      : interactions{users, std::make_shared<node_numbering const>(std::move(items)), pairs} {}
  // From the rows of a csr (users x items); its values do not matter.
  interactions(node_numbering items, csr_view<> by_user)
      : interactions{by_user.rows, std::move(items), listed(by_user)} {}
  // Only the pairs whose place p in the list has keep(p): how a split is made from a column of folds.
  template <class Keep>
  interactions(std::size_t users, std::shared_ptr<node_numbering const> items, std::span<interaction const> pairs,
               Keep&& keep)
      : interactions{users, std::move(items), kept(pairs, keep)} {}

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
  interactions(std::size_t users, std::shared_ptr<node_numbering const> items, std::span<interaction const> pairs)
      : items_{std::move(items)} {
    static_assert(sizeof(interaction) == 2 * sizeof(std::uint32_t));
    auto const ends = [=](std::size_t, auto const& put) {
      if (!pairs.empty()) put(detail::edge_ends{&pairs.front().user, &pairs.front().item, pairs.size(), 2});
    };
    auto const each = [=](std::size_t, auto const& put) {
      for (interaction const& x : pairs) put(x.user, x.item, detail::no_load{});
    };
    by_user_ = detail::sort_rows<detail::no_load>(inline_executor{}, users, items_->size(), pairs.size(), false,
                                                  detail::repeats::drop, ends, each);
    by_item_ = mirrored(by_user_.view());
  }

  template <class Keep>
  static std::vector<interaction> kept(std::span<interaction const> pairs, Keep& keep) {
    std::vector<interaction> list;
    for (std::size_t p = 0; p < pairs.size(); ++p) {
      if (keep(p)) list.push_back(pairs[p]);
    }
    return list;
  }
  static std::vector<interaction> listed(csr_view<> by_user) {
    std::vector<interaction> list;
    list.reserve(by_user.entries());
    for (std::size_t u = 0; u < by_user.rows; ++u) {
      for (std::uint32_t const i : by_user[u]) list.push_back({static_cast<std::uint32_t>(u), i});
    }
    return list;
  }

  std::shared_ptr<node_numbering const> items_;
  csr by_user_, by_item_;
};

}  // namespace intarsia::inline v0
