// Two ways to number nodes: one global row for nodes of all types, and a row of its own within each type.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <intarsia/core/expects.hpp>
#include <span>
#include <utility>
#include <vector>

namespace intarsia::inline v0 {

// The type of each global row and its place within the type; places follow the global order. The number of a type is
// its place in the schema's list of node types. A type without nodes is ordinary.
class node_numbering {
 public:
  node_numbering() = default;
  // type_of_row[row] < types; throws shape_error where it is not.
  node_numbering(std::size_t types, std::vector<std::uint16_t> type_of_row)
      : types_{std::move(type_of_row)}, locals_(types_.size()), members_(types) {
    for (std::size_t row = 0; row < types_.size(); ++row) {
      expects(types_[row] < types, "node_numbering: the type of a row is not below the number of types");
      auto& of_type = members_[types_[row]];
      locals_[row] = static_cast<std::uint32_t>(of_type.size());
      of_type.push_back(static_cast<std::uint32_t>(row));
    }
  }

  // How many rows there are over all types, and how many types.
  [[nodiscard]] std::size_t size() const { return types_.size(); }
  [[nodiscard]] std::size_t types() const { return members_.size(); }
  [[nodiscard]] std::uint16_t type(std::size_t row) const { return types_[row]; }
  // The place of a global row within its type.
  [[nodiscard]] std::uint32_t local(std::size_t row) const { return locals_[row]; }
  // The global rows of a type, ascending.
  [[nodiscard]] std::span<std::uint32_t const> members(std::size_t type) const { return members_[type]; }

 private:
  std::vector<std::uint16_t> types_;
  std::vector<std::uint32_t> locals_;
  std::vector<std::vector<std::uint32_t>> members_;
};

}  // namespace intarsia::inline v0
