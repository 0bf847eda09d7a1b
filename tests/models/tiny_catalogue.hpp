// The small real catalogue of the tests: 500 users, items of six types, folds, and items held out as cold.
#pragma once

#include <algorithm>
#include <intarsia/graph/interactions.hpp>
#include <intarsia/io/tsv.hpp>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace tiny {
namespace ia = intarsia;

struct catalogue {
  std::shared_ptr<ia::node_numbering const> items;
  std::vector<std::string> types;  // by falling number of interactions
  std::vector<ia::interaction> pairs;
  std::vector<int> fold, user_id;
  std::vector<std::uint8_t> cold;  // by item

  template <class Keep>
  [[nodiscard]] ia::interactions where(Keep keep) const {
    return {user_id.size(), items, pairs, keep};
  }
  [[nodiscard]] std::vector<std::uint32_t> of_type(std::size_t type) const {
    auto const rows = items->members(type);
    return {rows.begin(), rows.end()};
  }
};

inline catalogue read() {
  std::string const folder = std::string{INTARSIA_TEST_DATA} + "/anime-tiny";
  auto const items = ia::load_tsv(folder + "/items.tsv");
  auto const rows = ia::load_tsv(folder + "/interactions.tsv");
  catalogue c;
  std::map<std::string, std::uint32_t, std::less<>> row_of;
  for (std::uint32_t i = 0; i < items.rows(); ++i) row_of.emplace(items["id"][i], i);
  c.cold = items["cold"].numbers<std::uint8_t>();
  c.fold = rows["fold"].numbers<int>();
  auto const ids = rows["user"].numbers<int>();
  std::set<int> const sorted(ids.begin(), ids.end());
  c.user_id.assign(sorted.begin(), sorted.end());
  std::map<std::string, std::size_t, std::less<>> count;
  for (std::size_t p = 0; p < rows.rows(); ++p) {
    auto const user = std::lower_bound(c.user_id.begin(), c.user_id.end(), ids[p]) - c.user_id.begin();
    c.pairs.push_back({static_cast<std::uint32_t>(user), row_of.find(rows["item"][p])->second});
    ++count.try_emplace(std::string{items["type"][c.pairs.back().item]}, 0).first->second;
  }
  for (auto const& [type, n] : count) c.types.push_back(type);
  std::sort(c.types.begin(), c.types.end(),
            [&](auto const& a, auto const& b) { return count.find(a)->second > count.find(b)->second; });
  std::vector<std::uint16_t> type(items.rows());
  for (std::size_t i = 0; i < type.size(); ++i) {
    type[i] = static_cast<std::uint16_t>(std::find(c.types.begin(), c.types.end(), items["type"][i]) - c.types.begin());
  }
  c.items = std::make_shared<ia::node_numbering const>(c.types.size(), type);
  return c;
}

}  // namespace tiny
