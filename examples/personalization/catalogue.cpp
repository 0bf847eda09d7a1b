#include "catalogue.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <intarsia/io/npy.hpp>
#include <intarsia/io/tsv.hpp>
#include <numeric>
#include <optional>
#include <utility>

#include "catalogue_types.hpp"
#include "user_error.hpp"

namespace personalization {
namespace {

namespace fs = std::filesystem;

std::string listed(std::vector<std::string> const& words) {
  std::string all;
  for (auto const& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

// The column of a split, which `split` can write.
ia::tsv_column split_column(ia::tsv_table const& table, std::string_view name, fs::path const& folder) {
  if (auto const column = table.find(name)) return *column;
  throw user_error{table.file() + " has no column '" + std::string{name} + "': write one with `split --catalogue " +
                   folder.string() + " --by random`"};
}

// A whole number written the one way: no sign, no leading zero.
std::optional<std::uint64_t> plain_number(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  std::uint64_t value = 0;
  auto const [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (trouble != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// FNV-1a: the same number for the same id on every machine.
std::uint64_t stable_hash(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (char const sign : text) hash = (hash ^ static_cast<unsigned char>(sign)) * 0x100000001B3U;
  return hash ^ (hash >> 32);
}

void read_items(catalogue& into, fs::path const& folder) {
  auto const table = ia::load_tsv((folder / "items.tsv").string());
  if (table.rows() == 0) throw user_error{table.file() + " has no items: add one line for each"};
  into.item_ids = ia::id_index{table[columns::item_id]};
  auto const type = table[columns::item_type], title = table[columns::title];
  auto const cold = split_column(table, columns::cold, folder);
  auto const genres = table.find(columns::optional::genres);
  std::vector<std::uint16_t> types(table.rows());
  for (std::size_t row = 0; row < table.rows(); ++row) {
    auto const found = std::find(into.type_names.begin(), into.type_names.end(), type[row]);
    if (found == into.type_names.end()) {
      type.fail(row, "is not a type of this program",
                "use one of " + listed(into.type_names) + " or add it to catalogue_types.hpp");
    }
    types[row] = static_cast<std::uint16_t>(found - into.type_names.begin());
    if (cold[row] != "0" && cold[row] != "1") cold.fail(row, "is neither 0 nor 1", "mark held-out items with 1");
    into.cold.push_back(cold[row] == "1");
    into.titles.emplace_back(title[row].empty() ? into.item_ids[row] : title[row]);
    into.genres.emplace_back(genres ? (*genres)[row] : "");
  }
  into.numbering = std::make_shared<ia::node_numbering const>(into.type_names.size(), std::move(types));
}

// The users in their order, and the place of each in the order of appearance.
std::vector<std::uint32_t> number_users(catalogue& into, ia::tsv_column const& column) {
  ia::id_index seen;
  for (std::size_t line = 0; line < column.rows(); ++line) {
    if (column[line].empty()) column.fail(line, "is no id", "name the user or remove the line");
    seen.add(column[line]);
  }
  std::vector<std::uint32_t> order(seen.size());
  std::iota(order.begin(), order.end(), 0U);
  std::vector<std::uint64_t> number(seen.size());
  bool all_numbers = true;
  for (std::size_t u = 0; u < seen.size() && all_numbers; ++u) {
    auto const value = plain_number(seen[u]);
    all_numbers = value.has_value();
    number[u] = value.value_or(0);
  }
  if (all_numbers) {
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return number[a] < number[b]; });
  } else {
    for (std::size_t u = 0; u < seen.size(); ++u) number[u] = stable_hash(seen[u]);
  }
  std::vector<std::uint32_t> place(seen.size());
  for (std::uint32_t u = 0; u < order.size(); ++u) {
    place[order[u]] = u;
    into.user_ids.add(seen[order[u]]);
    into.user_number.push_back(number[order[u]]);
  }
  std::vector<std::uint32_t> user(column.rows());
  for (std::size_t line = 0; line < user.size(); ++line) user[line] = place[*seen.find(column[line])];
  return user;
}

// A pair that is there several times keeps its first line, the highest rating, and is weak only if every line is.
void merge_repeats(catalogue& into) {
  std::vector<std::uint32_t> order(into.pairs.size());
  std::iota(order.begin(), order.end(), 0U);
  auto const key = [&](std::uint32_t i) { return std::uint64_t{into.pairs[i].user} << 32 | into.pairs[i].item; };
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return std::pair{key(a), a} < std::pair{key(b), b}; });
  std::vector<std::uint8_t> drop(into.pairs.size());
  for (std::size_t i = 1, first = 0; i < order.size(); ++i) {
    if (key(order[i]) != key(order[first])) {
      first = i;
      continue;
    }
    drop[order[i]] = 1;
    into.rating[order[first]] = std::max(into.rating[order[first]], into.rating[order[i]]);
    into.weak[order[first]] = into.weak[order[first]] != 0 && into.weak[order[i]] != 0;
    ++into.repeats;
  }
  if (into.repeats == 0) return;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < drop.size(); ++i) {
    if (drop[i] != 0) continue;
    into.pairs[kept] = into.pairs[i];
    into.rating[kept] = into.rating[i];
    into.fold[kept] = into.fold[i];
    into.weak[kept++] = into.weak[i];
  }
  into.pairs.resize(kept);
  into.rating.resize(kept);
  into.fold.resize(kept);
  into.weak.resize(kept);
}

void read_interactions(catalogue& into, fs::path const& folder) {
  auto const table = ia::load_tsv((folder / "interactions.tsv").string());
  if (table.rows() == 0) throw user_error{table.file() + " has no interactions: add one line for each"};
  auto const user = number_users(into, table[columns::user]);
  auto const item = table[columns::item], fold = split_column(table, columns::fold, folder);
  auto const rating = table.find(columns::rating), event = table.find(columns::optional::event);
  for (std::size_t line = 0; line < table.rows(); ++line) {
    into.pairs.push_back({user[line], into.item_ids.at(item, line, "items.tsv")});
    float const value = rating && !(*rating)[line].empty() ? rating->number<float>(line) : 0.0F;
    into.rating.push_back(value);
    into.weak.push_back(is_weak(value, event ? (*event)[line] : std::string_view{}));
    if (fold[line].size() != 1 || fold[line][0] < '0' || fold[line][0] > '9') {
      fold.fail(line, "is not a fold", "number the ten folds 0 to 9");
    }
    into.fold.push_back(static_cast<std::uint8_t>(fold[line][0] - '0'));
  }
  merge_repeats(into);
}

std::vector<fs::path> vector_files_of(fs::path const& folder, std::span<std::string const> named) {
  std::vector<fs::path> files;
  for (auto const& name : named) files.push_back(fs::exists(name) ? fs::path{name} : folder / name);
  if (named.empty()) {
    for (auto const& entry : fs::directory_iterator{folder}) {
      if (entry.path().extension() == ".npy") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
  }
  if (files.empty()) {
    throw user_error{folder.string() +
                     " has no text vectors: make some with featurize.py or name them with --features"};
  }
  return files;
}

void read_vectors(catalogue& into, fs::path const& folder, std::span<std::string const> named) {
  for (auto const& file : vector_files_of(folder, named)) {
    auto table = ia::load_npy(file.string());
    if (table.rows() != into.items()) {
      throw user_error{file.string() + " has " + std::to_string(table.rows()) + " rows where items.tsv has " +
                       std::to_string(into.items()) +
                       " items: give one vector for each item, in the order of items.tsv"};
    }
    for (std::size_t row = 0; row < table.rows(); ++row) {
      if (std::all_of(table[row].begin(), table[row].end(), [](float x) { return std::isfinite(x); })) continue;
      throw user_error{file.string() + ": row " + std::to_string(row) + " (item '" + into.item_ids[row] +
                       "') has a number that is not finite: write zeros where an item has no text"};
    }
    into.vectors.push_back(std::move(table));
    into.vector_files.push_back(file.filename().string());
  }
}

}  // namespace

std::uint32_t catalogue::find_item(std::string_view id) const {
  if (auto const row = item_ids.find(id)) return *row;
  throw user_error{"the catalogue " + name + " has no item '" + std::string{id} +
                   "': ids are those of the column 'id' of items.tsv"};
}

std::uint32_t catalogue::find_user(std::string_view id) const {
  if (auto const row = user_ids.find(id)) return *row;
  throw user_error{"the catalogue " + name + " has no user '" + std::string{id} +
                   "': ids are those of interactions.tsv"};
}

std::uint16_t catalogue::find_type(std::string_view type_name) const {
  auto const found = std::find(type_names.begin(), type_names.end(), type_name);
  if (found != type_names.end()) return static_cast<std::uint16_t>(found - type_names.begin());
  throw user_error{"there is no item type '" + std::string{type_name} + "': the types are " + listed(type_names)};
}

std::vector<std::uint16_t> catalogue::types_by_size() const {
  std::vector<std::size_t> met(types());
  for (auto const& pair : pairs) ++met[type(pair.item)];
  std::vector<std::uint16_t> order;
  for (std::uint16_t t = 0; t < types(); ++t) {
    if (!numbering->members(t).empty()) order.push_back(t);
  }
  std::sort(order.begin(), order.end(),
            [&](auto a, auto b) { return met[a] != met[b] ? met[a] > met[b] : type_names[a] < type_names[b]; });
  return order;
}

catalogue read_catalogue(fs::path const& folder, std::span<std::string const> vectors) {
  if (!fs::is_directory(folder)) {
    throw user_error{folder.string() +
                     " is not a folder: give --catalogue the folder that holds items.tsv and interactions.tsv"};
  }
  catalogue into;
  auto const whole = fs::absolute(folder).lexically_normal();
  into.name = (whole.has_filename() ? whole : whole.parent_path()).filename().string();
  Catalogue::each_node([&](auto n) { into.type_names.emplace_back(n.name); });
  read_items(into, folder);
  read_interactions(into, folder);
  read_vectors(into, folder, vectors);
  return into;
}

ia::interactions pairs_of(catalogue const& from, std::span<std::uint8_t const> mask) {
  return {from.users(), from.numbering, from.pairs, [&](std::size_t i) { return mask[i] != 0; }};
}

}  // namespace personalization
