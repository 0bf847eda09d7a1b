// A catalogue in memory: items of several types, users, interactions, and the text vectors of the items.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <intarsia/graph/interactions.hpp>
#include <intarsia/io/id_index.hpp>
#include <intarsia/tensor/tensor.hpp>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace personalization {
namespace ia = intarsia;

using numbers = ia::tensor<ia::dyn, ia::dyn>;

// Items are numbered by their rows of items.tsv, users by their ids: in the order of the numbers where all ids are
// whole numbers, else in the order in which they appear.
struct catalogue {
  std::string name;                     // the last part of the folder's path
  std::vector<std::string> type_names;  // of the schema, in its order

  // Items, by row.
  ia::id_index item_ids;
  std::vector<std::string> titles, genres;              // genres are empty where the column is missing
  std::shared_ptr<ia::node_numbering const> numbering;  // type of a row (a place in type_names), place within the type
  std::vector<std::uint8_t> cold;                       // 1: held out whole in the split `cold`

  // Users.
  ia::id_index user_ids;
  std::vector<std::uint64_t> user_number;  // the id where ids are numbers, else a hash of the id

  // Interactions, one per user and item, in the order of the file.
  std::vector<ia::interaction> pairs;
  std::vector<float> rating;  // 0 where the column is missing
  std::vector<std::uint8_t> fold, weak;
  std::size_t repeats = 0;  // lines that repeated a pair: they count once, with the fold of their first line

  // Text vectors as they came, one matrix (items, width) per file, and the files.
  std::vector<numbers> vectors;
  std::vector<std::string> vector_files;

  [[nodiscard]] std::size_t items() const { return item_ids.size(); }
  [[nodiscard]] std::size_t users() const { return user_ids.size(); }
  [[nodiscard]] std::size_t types() const { return type_names.size(); }
  [[nodiscard]] std::size_t interactions() const { return pairs.size(); }
  [[nodiscard]] std::uint16_t type(std::size_t row) const { return numbering->type(row); }
  [[nodiscard]] std::string const& type_name(std::size_t row) const { return type_names[type(row)]; }

  // The row of an item or user, or the place of a type. Throw user_error where there is none.
  [[nodiscard]] std::uint32_t find_item(std::string_view id) const;
  [[nodiscard]] std::uint32_t find_user(std::string_view id) const;
  [[nodiscard]] std::uint16_t find_type(std::string_view type_name) const;

  // Types that have items, by falling number of interactions, ties by name.
  [[nodiscard]] std::vector<std::uint16_t> types_by_size() const;
};

// Reads items.tsv, interactions.tsv and the vector files of a folder. A file of `vectors` is looked for as given and
// then inside the folder; an empty list means every .npy file of the folder, by name. Throws ia::io_error or
// user_error with a sentence that names file, line and remedy.
[[nodiscard]] catalogue read_catalogue(std::filesystem::path const& folder, std::span<std::string const> vectors);

// The interactions whose mask is not 0.
[[nodiscard]] ia::interactions pairs_of(catalogue const& from, std::span<std::uint8_t const> mask);

}  // namespace personalization
