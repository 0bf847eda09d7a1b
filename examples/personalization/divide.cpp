#include "divide.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <functional>
#include <intarsia/core/random.hpp>
#include <intarsia/io/id_index.hpp>
#include <intarsia/io/tsv.hpp>
#include <intarsia/io/tsv_writer.hpp>
#include <map>
#include <numeric>
#include <optional>

#include "catalogue_types.hpp"
#include "user_error.hpp"

namespace personalization {
namespace {

// For each line, its place among all times; equal times keep the order of the file. Times are compared as numbers where
// all of them are numbers, else as text, which is right for 2024-05-31T12:00:00.
std::vector<std::uint32_t> time_order(ia::tsv_column const& times) {
  std::vector<double> number(times.rows());
  bool all_numbers = true;
  for (std::size_t line = 0; line < number.size() && all_numbers; ++line) {
    auto const text = times[line];
    auto const [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), number[line]);
    all_numbers = trouble == std::errc{} && end == text.data() + text.size() && std::isfinite(number[line]);
  }
  std::vector<std::uint32_t> order(times.rows()), place(times.rows());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return all_numbers ? number[a] < number[b] : times[a] < times[b]; });
  for (std::uint32_t i = 0; i < order.size(); ++i) place[order[i]] = i;
  return place;
}

// A drawn place for each of `count` things.
std::vector<std::uint32_t> drawn_order(std::size_t count, std::uint64_t seed, std::uint64_t stream) {
  std::vector<std::uint32_t> place(count);
  std::iota(place.begin(), place.end(), 0U);
  ia::random chance{ia::seed{seed}, stream};
  for (std::size_t i = count; i > 1; --i) std::swap(place[i - 1], place[chance.below(static_cast<std::uint32_t>(i))]);
  return place;
}

// Folds within each group, by falling place: the last tenth is fold 0.
std::vector<int> folds_within(std::vector<std::uint32_t> const& group, std::vector<std::uint32_t> const& place) {
  std::vector<std::uint32_t> order(group.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(),
            [&](auto a, auto b) { return group[a] != group[b] ? group[a] < group[b] : place[a] > place[b]; });
  std::vector<int> fold(group.size());
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin;
    while (end < order.size() && group[order[end]] == group[order[begin]]) ++end;
    std::size_t const size = end - begin;
    for (std::size_t i = 0; i < size; ++i) fold[order[begin + i]] = static_cast<int>(10 * (2 * i + 1) / (2 * size));
    begin = end;
  }
  return fold;
}

// 15 % of the items of each type, those with the largest numbers; items without a number are not chosen.
std::vector<bool> cold_items(ia::tsv_column const& type, std::vector<std::optional<std::uint32_t>> const& number) {
  std::map<std::string_view, std::vector<std::uint32_t>> of_type;
  std::map<std::string_view, std::size_t> count;
  for (std::uint32_t row = 0; row < number.size(); ++row) {
    ++count[type[row]];
    if (number[row]) of_type[type[row]].push_back(row);
  }
  std::vector<bool> cold(number.size());
  for (auto& [name, rows] : of_type) {
    std::sort(rows.begin(), rows.end(), [&](auto a, auto b) {
      return std::pair{*number[a], a} > std::pair{*number[b], b};
    });
    rows.resize(std::min(rows.size(), count[name] * 15 / 100));
    for (auto const row : rows) cold[row] = true;
  }
  return cold;
}

// The table with one column set, an older one of that name replaced; written to `path`.
void save_with(ia::tsv_table const& table, std::string_view name, std::function<std::string(std::size_t)> const& value,
               std::string const& path) {
  std::vector<std::string> names;
  std::vector<std::size_t> kept;
  for (std::size_t c = 0; c < table.columns().size(); ++c) {
    if (table.columns()[c] == name) continue;
    names.emplace_back(table.columns()[c]);
    kept.push_back(c);
  }
  names.emplace_back(name);
  ia::tsv_writer writer{names};
  for (std::size_t row = 0; row < table.rows(); ++row) {
    for (auto const c : kept) writer.cell(table.cell(row, c));
    writer.cell(value(row));
    writer.end_row();
  }
  writer.save(path);
}

}  // namespace

std::string divide(options const& o) {
  namespace fs = std::filesystem;
  constexpr std::uint64_t fold_stream = 0x666f6c64, cold_stream = 0x636f6c64;
  if (!fs::is_directory(o.catalogue)) {
    throw user_error{o.catalogue.string() +
                     " is not a folder: give --catalogue the folder that holds items.tsv and interactions.tsv"};
  }
  std::string const items_file = (o.catalogue / "items.tsv").string(),
                    pairs_file = (o.catalogue / "interactions.tsv").string();
  auto const items = ia::load_tsv(items_file), pairs = ia::load_tsv(pairs_file);
  ia::id_index const item_ids{items[columns::item_id]};
  auto const user = pairs[columns::user], item = pairs[columns::item], type = items[columns::item_type];
  auto const times = pairs.find(columns::optional::timestamp);
  if (o.by == split_by::time && !times) {
    throw user_error{pairs_file + " has no column 'timestamp': add one, or divide --by random or --by user"};
  }

  ia::id_index users;
  std::vector<std::uint32_t> group(pairs.rows()), row_of(pairs.rows());
  for (std::size_t line = 0; line < pairs.rows(); ++line) {
    row_of[line] = item_ids.at(item, line, "items.tsv");
    group[line] = o.by == split_by::user ? users.add(user[line]) : 0;
  }
  auto const place =
      times && o.by != split_by::random ? time_order(*times) : drawn_order(pairs.rows(), o.seed, fold_stream);
  auto const fold = folds_within(group, place);

  std::vector<std::optional<std::uint32_t>> newness(items.rows());
  if (o.by == split_by::time) {
    for (std::size_t line = 0; line < pairs.rows(); ++line) {
      auto& first = newness[row_of[line]];
      first = first ? std::min(*first, place[line]) : place[line];
    }
  } else {
    auto const drawn = drawn_order(items.rows(), o.seed, cold_stream);
    for (std::size_t row = 0; row < drawn.size(); ++row) newness[row] = drawn[row];
  }
  auto const cold = cold_items(type, newness);

  // Both files are complete before either takes its place.
  save_with(
      items, columns::cold, [&](std::size_t row) { return std::string{cold[row] ? "1" : "0"}; }, items_file + ".new");
  try {
    save_with(
        pairs, columns::fold, [&](std::size_t line) { return std::to_string(fold[line]); }, pairs_file + ".new");
  } catch (...) {
    std::error_code ignored;
    fs::remove(items_file + ".new", ignored);
    throw;
  }
  fs::rename(items_file + ".new", items_file);
  fs::rename(pairs_file + ".new", pairs_file);
  auto const held = std::count(cold.begin(), cold.end(), true);
  return o.catalogue.string() + ": " + std::to_string(pairs.rows()) + " interactions in ten folds, " +
         std::to_string(held) + " of " + std::to_string(items.rows()) + " items cold";
}

}  // namespace personalization
