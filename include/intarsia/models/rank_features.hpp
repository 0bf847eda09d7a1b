// What is known of a user and a candidate beyond the candidate's score: how the score came about, how common both are,
// and how alike by vectors. The numbers that a second, learned look at the best candidates reads.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <intarsia/core/expects.hpp>
#include <intarsia/graph/heaviest.hpp>
#include <intarsia/graph/text_neighbors.hpp>
#include <intarsia/models/ridge_evidence.hpp>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace intarsia::inline v0 {

// With k over the ridge sources of candidate i, x_k = 1 where k is in the history and else 0, b the bonds, W the
// overlaps, n_i the users of i, h the length of the history (at least 1), a+ = max(0, a), the columns are
//   0 the score S = sum b x        1 log(max(S, -.015) + .02)
//   2 max b x   3 sum (b x)+       4 sum min(b x, 0)   5 sum b+   6 column 3 / (column 5 + .05)
//   7 sum W x / (sum W + .01)      8 max W x           9 the mean of the 5 largest W x
//   10, 11 the share in the history of the first 5 and 20 sources of the own type, 12 of the first 5 of other types
//   13 log h   14 the share of the candidate's type in the history   15 log(column 14 + .01)
//   16 log(1 + n_i)   17 n_i   18 the mean of log(1 + n_j) over the history   19 column 16 - column 18
// then, where vectors are given, the largest likeness of a source in the history, and how many there have one above .3
// (5 at most); then for each table of vectors the cosine of the history's sum and the candidate; then 1 at the
// candidate's type.
class rank_features {
 public:
  static constexpr std::size_t log_score = 1;
  [[nodiscard]] static constexpr std::size_t width(std::size_t types, std::size_t tables) {
    return 20 + (tables > 0 ? 2 + tables : 0) + types;
  }

  // Counts and types are those of `known`; tables (items, any width), copied with rows of length 1. The first one gives
  // the likeness of sources.
  rank_features(interactions const& known, std::span<dense<float const> const> tables)
      : numbering_{known.shared_numbering()}, count_(known.items()), log_count_(known.items()) {
    for (std::size_t i = 0; i < count_.size(); ++i) {
      count_[i] = static_cast<float>(known.by_item().degree(i));
      log_count_[i] = std::log1p(count_[i]);
    }
    for (auto const& table : tables) {
      expects(table.rows == known.items(), "rank_features: a table of vectors needs one row per item");
      tables_.push_back(detail::unit_rows(table));
    }
  }

  [[nodiscard]] std::size_t items() const { return count_.size(); }
  [[nodiscard]] std::size_t width() const { return width(numbering_->types(), tables_.size()); }
  // The vectors that ridge_evidence is to be made with.
  [[nodiscard]] dense<float const> vectors() const {
    return tables_.empty() ? dense<float const>{} : dense<float const>(tables_[0].view());
  }
  [[nodiscard]] float count(std::size_t item) const { return count_[item]; }

  // Memory of one thread, so that users cost no allocation.
  struct work {
    std::vector<float> held, types;         // (items), (types); held is 0 between two calls
    std::vector<std::vector<float>> sums;   // of each table
  };

  // out (candidates, width()) for one history; the scores of the candidates are column 0. `evidence` was made with
  // vectors(), or none of both has any.
  void write(ridge_evidence const& evidence, std::span<std::uint32_t const> history,
             std::span<scored const> candidates, work& mine, dense<float> out) const {
    mine.held.resize(items(), 0.0f);
    mine.types.assign(numbering_->types(), 0.0f);
    float const length = std::max(1.0f, static_cast<float>(history.size()));
    float common = 0;
    for (std::uint32_t const j : history) {
      mine.held[j] = 1;
      mine.types[numbering_->type(j)] += 1 / length;
      common += log_count_[j] / length;
    }
    sum_up(history, mine);
    for (std::size_t c = 0; c < candidates.size(); ++c) {
      std::uint32_t const i = candidates[c].row;
      auto const row = out[c];
      std::fill(row.begin(), row.end(), 0.0f);
      row[0] = candidates[c].score;
      row[log_score] = std::log(std::max(row[0], -0.015f) + 0.02f);
      from_sources(evidence[i], mine.held, row);
      row[13] = std::log(length);
      row[14] = mine.types[numbering_->type(i)];
      row[15] = std::log(row[14] + 0.01f);
      row[16] = log_count_[i];
      row[17] = count_[i];
      row[18] = common;
      row[19] = row[16] - row[18];
      std::size_t at = tables_.empty() ? 20 : 22;
      for (std::size_t t = 0; t < tables_.size(); ++t) {
        row[at++] = detail::dot(mine.sums[t].data(), tables_[t][i].data(), tables_[t].cols());
      }
      row[at + numbering_->type(i)] = 1;
    }
    for (std::uint32_t const j : history) mine.held[j] = 0;
  }

 private:
  // The directions of the history.
  void sum_up(std::span<std::uint32_t const> history, work& mine) const {
    mine.sums.resize(tables_.size());
    for (std::size_t t = 0; t < tables_.size(); ++t) {
      auto& sum = mine.sums[t];
      sum.assign(tables_[t].cols(), 0.0f);
      for (std::uint32_t const j : history) {
        auto const row = tables_[t][j];
        for (std::size_t c = 0; c < sum.size(); ++c) sum[c] += row[c];
      }
      float const square = detail::dot(sum.data(), sum.data(), sum.size());
      for (float& v : sum) v *= square > 0 ? 1 / std::sqrt(square) : 0.0f;
    }
  }

  // Columns 2 to 12, and the two of likeness.
  static void from_sources(ridge_sources const& from, std::span<float const> held, std::span<float> row) {
    std::array<float, 6> largest{};  // falling; the last place is scratch
    float overlap = 0, all_overlap = 0;
    row[2] = from.items.empty() ? 0.0f : -1e9f;
    for (std::size_t k = 0; k < from.items.size(); ++k) {
      float const x = held[from.items[k]], b = from.bond[k], w = from.overlap[k];
      row[2] = std::max(row[2], b * x);
      row[5] += std::max(0.0f, b);
      all_overlap += w;
      if (x == 0) continue;
      row[3] += std::max(0.0f, b);
      row[4] += std::min(0.0f, b);
      overlap += w;
      largest[5] = w;
      for (std::size_t p = 5; p > 0 && largest[p] > largest[p - 1]; --p) std::swap(largest[p], largest[p - 1]);
      if (k < from.own) {
        row[10] += k < 5 ? 0.2f : 0.0f;
        row[11] += k < 20 ? 0.05f : 0.0f;
      } else {
        row[12] += k < from.own + 5 ? 0.2f : 0.0f;
      }
      if (!from.likeness.empty()) {
        row[20] = std::max(row[20], from.likeness[k]);
        row[21] += from.likeness[k] > 0.3f ? 1.0f : 0.0f;
      }
    }
    row[6] = row[3] / (row[5] + 0.05f);
    row[7] = overlap / (all_overlap + 0.01f);
    row[8] = largest[0];
    for (std::size_t p = 0; p < 5; ++p) row[9] += largest[p] / 5;
    if (!from.likeness.empty()) row[21] = std::min(row[21], 5.0f);
  }

  std::shared_ptr<node_numbering const> numbering_;
  std::vector<float> count_, log_count_;
  std::vector<tensor<dyn, dyn>> tables_;
};

}  // namespace intarsia::inline v0
