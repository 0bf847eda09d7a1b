#include "serve.hpp"

#include <algorithm>
#include <cstdio>
#include <intarsia/core/thread_pool.hpp>
#include <intarsia/graph/heaviest.hpp>
#include <intarsia/io/npy.hpp>
#include <optional>

#include "stages.hpp"
#include "user_error.hpp"

namespace personalization {
namespace {

struct served {
  ia::cpu::context ctx;
  catalogue of;
  served_model model;

  explicit served(options const& o)
      : ctx{ia::thread_pool{o.threads}, ia::seed{o.seed}},
        of{read_catalogue(o.catalogue, o.features)},
        model{load_served_model(ctx, of, o)} {}

  // The best rows by score, those of `without` (rising) left out.
  [[nodiscard]] std::vector<ia::scored> best(std::vector<float> const& scores, std::optional<std::uint16_t> type,
                                             std::size_t count, std::span<std::uint32_t const> without) const {
    ia::heaviest top{count};
    for (std::uint32_t row = 0; row < scores.size(); ++row) {
      if (type && of.type(row) != *type) continue;
      if (!std::binary_search(without.begin(), without.end(), row)) top.offer(scores[row], row);
    }
    auto const sorted = top.sorted();
    return {sorted.begin(), sorted.end()};
  }
};

void print_item(catalogue const& of, std::size_t place, ia::scored const& item) {
  std::printf("%3zu  %8.4f  %-8s %s  (%s)\n", place, static_cast<double>(item.score), of.type_name(item.row).c_str(),
              of.titles[item.row].c_str(), of.item_ids[item.row].c_str());
}

void print_items(catalogue const& of, std::vector<ia::scored> const& items) {
  for (std::size_t i = 0; i < items.size(); ++i) print_item(of, i + 1, items[i]);
}

std::optional<std::uint16_t> asked_type(catalogue const& of, options const& o) {
  if (o.type.empty()) return std::nullopt;
  return of.find_type(o.type);
}

// For each of `items`, the three of the history whose removal lowers its score most; those that do not are left out.
std::vector<std::vector<std::uint32_t>> reasons(served const& s, std::vector<std::uint32_t> const& history,
                                                std::vector<ia::scored> const& items) {
  std::vector<ia::heaviest> falls(items.size(), ia::heaviest{3});
  std::vector<float> scores(s.of.items());
  std::vector<std::uint32_t> rest;
  for (auto const left_out : history) {
    rest.clear();
    std::copy_if(history.begin(), history.end(), std::back_inserter(rest), [&](auto item) { return item != left_out; });
    s.model.recommend(rest, scores);
    for (std::size_t i = 0; i < items.size(); ++i) {
      float const fall = items[i].score - scores[items[i].row];
      if (fall > 0) falls[i].offer(fall, left_out);
    }
  }
  std::vector<std::vector<std::uint32_t>> out(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    for (auto const& x : falls[i].sorted()) out[i].push_back(x.row);
  }
  return out;
}

}  // namespace

void recommend(options const& o) {
  served const s{o};
  std::uint32_t const user = s.of.find_user(o.user);
  auto const type = asked_type(s.of, o);
  std::vector<std::uint32_t> history;
  for (auto const& pair : s.of.pairs) {
    if (pair.user == user) history.push_back(pair.item);
  }
  std::sort(history.begin(), history.end());
  std::vector<float> scores(s.of.items());
  s.model.recommend(history, scores);
  auto const items = s.best(scores, type, o.top, history);
  auto const because = reasons(s, history, items);
  std::printf("user %s, who had %zu items\n", o.user.c_str(), history.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    print_item(s.of, i + 1, items[i]);
    for (std::size_t r = 0; r < because[i].size(); ++r) {
      std::printf("%s%s", r == 0 ? "               because of " : ", ", s.of.titles[because[i][r]].c_str());
    }
    if (!because[i].empty()) std::printf("\n");
  }
}

void similar(options const& o) {
  served const s{o};
  std::uint32_t const item = s.of.find_item(o.item);
  auto const type = asked_type(s.of, o);
  std::vector<float> scores(s.of.items());
  s.model.similar(item, scores);
  std::printf("nearest to %s (%s)\n", s.of.titles[item].c_str(), s.of.type_name(item).c_str());
  print_items(s.of, s.best(scores, type, o.top, std::span{&item, 1}));
}

void embed(options const& o) {
  served const s{o};
  auto const type = s.of.find_type(o.type);
  auto const vector = ia::load_npy<ia::dim<1>>(o.vector_file.string());
  std::size_t width = 0;
  for (auto const& part : s.of.vectors) width += part.cols();
  if (vector.cols() != width) {
    throw user_error{o.vector_file.string() + " has " + std::to_string(vector.cols()) +
                     " numbers where the catalogue has " + std::to_string(width) +
                     " for each item: give the vectors of all its files side by side, in the order of their names"};
  }
  if (!std::all_of(vector[0].begin(), vector[0].end(), [](float x) { return std::isfinite(x); })) {
    throw user_error{o.vector_file.string() + " holds a number that is not finite: make the vector again"};
  }
  std::vector<float> scores(s.of.items());
  s.model.place(type, vector[0], scores);
  std::printf("nearest to the new item of type %s\n", o.type.c_str());
  print_items(s.of, s.best(scores, std::nullopt, o.top, {}));
}

}  // namespace personalization
