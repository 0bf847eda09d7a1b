// Ids as a catalogue writes them, any text, and the row numbers that the library counts with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <intarsia/io/tsv.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace intarsia::inline v0 {

// Numbers texts 0, 1, 2, ... in the order in which they come. Movable, not copyable.
class id_index {
 public:
  id_index() = default;
  // The ids of a column, where each row has its own; throws io_error at the first that is empty or there twice.
  explicit id_index(tsv_column const& ids) {
    numbers_.reserve(ids.rows());
    for (std::size_t row = 0; row < ids.rows(); ++row) {
      if (ids[row].empty()) ids.fail(row, "is no id", "give every row an id");
      if (add(ids[row]) == row) continue;
      ids.fail(row, "is there twice, first in line " + std::to_string(*find(ids[row]) + 2),
               "give every row an id of its own");
    }
  }
  id_index(id_index&&) noexcept = default;
  id_index& operator=(id_index&&) noexcept = default;

  [[nodiscard]] std::size_t size() const { return names_.size(); }
  // The text with that number.
  [[nodiscard]] std::string const& operator[](std::size_t number) const { return *names_[number]; }

  // The number of a text, a new one where it has none yet.
  std::uint32_t add(std::string_view text) {
    if (auto const known = numbers_.find(text); known != numbers_.end()) return known->second;
    expects<io_error>(names_.size() < UINT32_MAX, "there are more than 4294967295 different ids; split the catalogue");
    auto const number = static_cast<std::uint32_t>(names_.size());
    names_.push_back(&numbers_.emplace(std::string{text}, number).first->first);
    return number;
  }
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view text) const {
    auto const known = numbers_.find(text);
    return known == numbers_.end() ? std::nullopt : std::optional{known->second};
  }
  // The number of the id in a cell; throws io_error, naming line and column, where it is unknown. `where` says what
  // knows the ids: "items.tsv".
  [[nodiscard]] std::uint32_t at(tsv_column const& ids, std::size_t row, std::string_view where) const {
    if (auto const number = find(ids[row])) return *number;
    ids.fail(row, "is an unknown id", "add it to " + std::string{where} + " or remove the line");
  }

 private:
  struct hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  std::unordered_map<std::string, std::uint32_t, hash, std::equal_to<>> numbers_;
  std::vector<std::string const*> names_;
};

}  // namespace intarsia::inline v0
