#include "protocol.hpp"

#include <algorithm>
#include <functional>
#include <intarsia/core/random.hpp>
#include <numeric>

#include "user_error.hpp"

namespace personalization {
namespace {

using interaction_test = std::function<bool(std::size_t)>;

ranking rank(catalogue const& of, std::string name, std::vector<std::uint32_t> candidates,
             interaction_test const& held) {
  std::vector<std::uint8_t> wanted(of.items());
  for (auto const row : candidates) wanted[row] = 1;
  std::vector<std::uint8_t> mask(of.interactions());
  for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = wanted[of.pairs[i].item] != 0 && held(i);
  return {std::move(name), std::move(candidates), pairs_of(of, mask)};
}

split divide(catalogue const& of, std::string_view name, bool validation, interaction_test const& train) {
  split part{.name = std::string{name}, .validation = validation, .mask = {}, .train = {}, .rankings = {}};
  part.mask.resize(of.interactions());
  for (std::size_t i = 0; i < part.mask.size(); ++i) part.mask[i] = train(i);
  part.train = pairs_of(of, part.mask);
  return part;
}

std::vector<std::uint32_t> rows_where(catalogue const& of, std::function<bool(std::uint32_t)> const& wanted) {
  std::vector<std::uint32_t> rows;
  for (std::uint32_t row = 0; row < of.items(); ++row) {
    if (wanted(row)) rows.push_back(row);
  }
  return rows;
}

std::vector<std::uint32_t> rows_of(catalogue const& of, std::uint16_t type) {
  auto const rows = of.numbering->members(type);
  return {rows.begin(), rows.end()};
}

split warm(catalogue const& of, bool validation) {
  auto const held = [&, validation](std::size_t i) { return validation ? of.fold[i] == 2 : of.fold[i] < 2; };
  split part = divide(of, "warm", validation, [&](std::size_t i) { return of.fold[i] >= (validation ? 3 : 2); });
  part.rankings.push_back(rank(of, "warm", rows_where(of, [](auto) { return true; }), held));
  for (auto const t : of.types_by_size()) {
    part.rankings.push_back(rank(of, "warm/" + of.type_names[t], rows_of(of, t), held));
  }
  return part;
}

// Items whose mark is 0 train; those whose mark is 1 are ranked; those with 2 do neither.
split cold_by(catalogue const& of, std::string_view name, std::vector<std::uint8_t> const& mark, bool validation) {
  split part = divide(of, name, validation, [&](std::size_t i) { return mark[of.pairs[i].item] == 0; });
  part.rankings.push_back(rank(of, std::string{name}, rows_where(of, [&](auto row) { return mark[row] == 1; }),
                               [](std::size_t) { return true; }));
  return part;
}

split cold(catalogue const& of, std::string_view name, bool validation) {
  std::vector<std::uint8_t> mark(of.items());
  for (std::size_t row = 0; row < mark.size(); ++row) {
    bool const twin = of.cold[row] == 0 && row % 7 == 3;
    if (validation) {
      mark[row] = of.cold[row] != 0 ? 2 : twin;
    } else {
      mark[row] = of.cold[row];
    }
  }
  return cold_by(of, name, mark, validation);
}

split new_to(catalogue const& of, std::string_view name, std::uint16_t type, bool validation) {
  auto const loses = [&, type, validation](std::size_t i) {
    auto const rest = of.user_number[of.pairs[i].user] % 5;
    return of.type(of.pairs[i].item) == type && (rest == 0 || (validation && rest == 1));
  };
  split part = divide(of, name, validation, [&](std::size_t i) { return !loses(i); });
  part.rankings.push_back(rank(of, std::string{name}, rows_of(of, type), [&](std::size_t i) {
    return of.user_number[of.pairs[i].user] % 5 == (validation ? 1U : 0U);
  }));
  return part;
}

split cold_draw(catalogue const& of, std::string_view name, std::uint64_t draw) {
  constexpr std::uint64_t cold_draw_stream = 0x636f6c64;
  std::vector<std::uint8_t> mark(of.items());
  for (std::size_t row = 0; row < mark.size(); ++row) mark[row] = of.cold[row] != 0 ? 2 : 0;
  for (std::size_t type = 0; type < of.types(); ++type) {
    std::vector<std::uint32_t> open;
    for (auto const row : of.numbering->members(type)) {
      if (mark[row] == 0) open.push_back(row);
    }
    std::size_t const count = open.size() * 15 / 100;
    ia::random chance{ia::seed{draw}, cold_draw_stream, type};
    for (std::size_t i = 0; i < count; ++i) {
      std::swap(open[i], open[i + chance.below(static_cast<std::uint32_t>(open.size() - i))]);
      mark[open[i]] = 1;
    }
  }
  return cold_by(of, name, mark, false);
}

constexpr std::string_view draw_prefix = "cold-draw-";
constexpr std::uint64_t draws = 3;
constexpr std::string_view new_to_prefix = "new-to-";

split make(catalogue const& of, std::string_view name, bool validation) {
  auto const known = split_names(of);
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    std::string all;
    for (auto const& k : known) all += (all.empty() ? "" : ", ") + k;
    throw user_error{"the catalogue " + of.name + " has no split '" + std::string{name} + "': it has " + all};
  }
  if (name == "warm") return warm(of, validation);
  if (name == "cold" || (validation && ranks_cold(name))) return cold(of, name, validation);
  if (ranks_cold(name)) return cold_draw(of, name, std::stoull(std::string{name.substr(draw_prefix.size())}));
  return new_to(of, name, of.find_type(name.substr(new_to_prefix.size())), validation);
}

}  // namespace

std::vector<std::string> split_names(catalogue const& of) {
  std::vector<std::string> names = {"warm", "cold"};
  for (std::uint64_t draw = 1; draw <= draws; ++draw) names.push_back(std::string{draw_prefix} + std::to_string(draw));
  auto const types = of.types_by_size();
  for (std::size_t i = 1; i < types.size(); ++i) names.push_back(std::string{new_to_prefix} + of.type_names[types[i]]);
  return names;
}

bool ranks_cold(std::string_view split) { return split == "cold" || split.starts_with(draw_prefix); }

split make_split(catalogue const& of, std::string_view name) { return make(of, name, false); }

split make_validation(catalogue const& of, std::string_view name) { return make(of, name, true); }

ia::interactions strong_pairs(catalogue const& of, split const& part) {
  std::vector<std::uint8_t> mask = part.mask;
  for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = mask[i] != 0 && of.weak[i] == 0;
  return pairs_of(of, mask);
}

}  // namespace personalization
