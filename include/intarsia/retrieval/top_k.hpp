// Exact search: the k best of all items for each query.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <intarsia/core/expects.hpp>
#include <intarsia/graph/heaviest.hpp>
#include <intarsia/tensor/csr.hpp>
#include <intarsia/tensor/product.hpp>
#include <intarsia/tensor/rounded_rows.hpp>
#include <intarsia/tensor/tensor.hpp>
#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace intarsia::inline v0 {

// Which items may be answered.
struct top_k_filter {
  std::optional<std::span<std::uint32_t const>> candidates = {};  // only these, ascending; none given: all items
  csr_view<> exclude = {};                  // row q: never these for query q, ascending; no offsets: nothing
  std::span<std::uint8_t const> mask = {};  // only items with a mark other than 0; empty: all

  // Whether mask and exclude leave an item for query q.
  [[nodiscard]] bool allows(std::size_t q, std::size_t item) const {
    if (!mask.empty() && mask[item] == 0) return false;
    if (!exclude.offsets) return true;
    auto const out = exclude[q];
    return !std::binary_search(out.begin(), out.end(), static_cast<std::uint32_t>(item));
  }
};

// Lists of different lengths, best first.
struct ranked_lists {
  std::vector<std::uint64_t> offsets = {0};  // (queries + 1)
  std::vector<scored> entries;

  [[nodiscard]] std::size_t size() const { return offsets.size() - 1; }
  [[nodiscard]] std::span<scored const> operator[](std::size_t query) const {
    return std::span{entries}.subspan(offsets[query], offsets[query + 1] - offsets[query]);
  }
};

// Offers scores[c - first] of every candidate c in [first, first + scores.size()) that the filter leaves for query q.
inline void offer_row(heaviest& best, std::span<float const> scores, std::size_t first, std::size_t q,
                      top_k_filter const& filter) {
  std::size_t const last = first + scores.size();
  auto const excluded = filter.exclude.offsets ? filter.exclude[q] : std::span<std::uint32_t const>{};
  auto skip = std::lower_bound(excluded.begin(), excluded.end(), first);
  auto const visit = [&](std::size_t item) {
    float const score = scores[item - first];
    if (!(score >= best.bar())) return;
    if (!filter.mask.empty() && filter.mask[item] == 0) return;
    while (skip != excluded.end() && *skip < item) ++skip;
    if (skip != excluded.end() && *skip == item) return;
    best.offer(score, static_cast<std::uint32_t>(item));
  };
  if (filter.candidates) {
    auto const begin = std::lower_bound(filter.candidates->begin(), filter.candidates->end(), first);
    for (auto c = begin; c != filter.candidates->end() && *c < last; ++c) visit(*c);
  } else {
    for (std::size_t item = first; item < last; ++item) visit(item);
  }
}

namespace detail {
// By all products of a block at a time, where only some items are asked for.
template <class Context>
[[nodiscard]] ranked_lists top_k_of_few(Context& ctx, dense<float const> queries, dense<float const> items,
                                        std::size_t k, top_k_filter const& filter) {
  constexpr std::size_t query_block = 256, item_block = 2048;
  tensor<dyn, dyn> products(std::min(query_block, queries.rows), std::min(item_block, items.rows));
  std::vector<heaviest> best(query_block);
  ranked_lists out;
  for (std::size_t top = 0; top < queries.rows; top += query_block) {
    std::size_t const rows = std::min(query_block, queries.rows - top);
    for (auto& b : best) b.reset(k);
    for (std::size_t left = 0; left < items.rows; left += item_block) {
      std::size_t const cols = std::min(item_block, items.rows - left);
      dense<float> const block{products.data(), rows, cols, cols};
      gemm(ctx, product::transposed_right, queries.row_range(top, rows), items.row_range(left, cols), block, false);
      ctx.threads().bulk(rows, 8, [&](std::size_t begin, std::size_t end) {
        for (std::size_t q = begin; q < end; ++q) offer_row(best[q], block[q], left, top + q, filter);
      });
    }
    for (std::size_t q = 0; q < rows; ++q) {
      auto const list = best[q].sorted();
      out.entries.insert(out.entries.end(), list.begin(), list.end());
      out.offsets.push_back(out.entries.size());
    }
  }
  return out;
}

// By a scan(queries, bars, bar_stride, offer) of all items: see scan_products.
template <class Context, class Scan>
[[nodiscard]] ranked_lists top_k_of_all(Context& ctx, dense<float const> queries, std::size_t k,
                                        top_k_filter const& filter, Scan const& scan) {
  constexpr std::size_t query_block = 1024, infinite = 32;
  std::size_t const lanes = ctx.threads().threads(), most = std::min(query_block, queries.rows);
  std::size_t const stride = (most + infinite - 1) / infinite * infinite;
  std::vector<heaviest> best(lanes * most);
  std::vector<float> bars(lanes * stride);
  ranked_lists out;
  for (std::size_t top = 0; top < queries.rows; top += query_block) {
    std::size_t const rows = std::min(query_block, queries.rows - top);
    for (auto& b : best) b.reset(k);
    std::fill(bars.begin(), bars.end(), std::numeric_limits<float>::infinity());
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      std::fill_n(bars.begin() + static_cast<std::ptrdiff_t>(lane * stride), rows,
                  -std::numeric_limits<float>::infinity());
    }
    scan(queries.row_range(top, rows), bars.data(), stride,
         [&](std::size_t lane, std::size_t q, std::size_t item, float score) {
           // An infinite score reaches the bars beyond the last query.
           if (q >= rows || !filter.allows(top + q, item)) return;
           heaviest& list = best[lane * most + q];
           list.offer(score, static_cast<std::uint32_t>(item));
           bars[lane * stride + q] = list.bar();
         });
    for (std::size_t q = 0; q < rows; ++q) {
      for (std::size_t lane = 1; lane < lanes; ++lane) {
        for (scored const& x : best[lane * most + q].sorted()) best[q].offer(x.score, x.row);
      }
      auto const list = best[q].sorted();
      out.entries.insert(out.entries.end(), list.begin(), list.end());
      out.offsets.push_back(out.entries.size());
    }
  }
  return out;
}

inline void check_top_k(dense<float const> queries, dense<float const> items, top_k_filter const& filter) {
  expects(queries.cols == items.cols, "top_k: queries and items have the same number of columns");
  expects(!filter.exclude.offsets || filter.exclude.rows == queries.rows, "top_k: exclude has one row per query");
  expects(filter.mask.empty() || filter.mask.size() == items.rows, "top_k: mask has one mark per item");
}
}  // namespace detail

// The k largest products of each query with the items: queries (q, width), items (n, width). Ties go to the lower row;
// where fewer than k items are left, the list is shorter. Scores that are not numbers are never answered. Products are
// compared with the worst of each list as they are made: memory for the lists only.
template <class Context>
[[nodiscard]] ranked_lists top_k(Context& ctx, dense<float const> queries, dense<float const> items, std::size_t k,
                                 top_k_filter const& filter = {}) {
  detail::check_top_k(queries, items, filter);
  if (k == 0 || filter.candidates) return detail::top_k_of_few(ctx, queries, items, k, filter);
  return detail::top_k_of_all(ctx, queries, k, filter,
                              [&](dense<float const> some, float const* bars, std::size_t stride, auto const& offer) {
                                scan_products(ctx, some, items, bars, stride, offer);
                              });
}

// The same lists by way of a copy of the items: rounded_rows const copy{items}. The copy takes half the time to read,
// and on processors that multiply pairs of bf16 half the time to multiply; what it cannot decide is computed from the
// items, so that no rounding to bf16 shows in the answer. Products are summed as for a single query without a copy;
// several queries without one are summed in another order, which may change the last bits of a score.
// Throws shape_error where the copy has another shape.
template <class Context>
[[nodiscard]] ranked_lists top_k(Context& ctx, dense<float const> queries, dense<float const> items,
                                 rounded_rows const& copy, std::size_t k, top_k_filter const& filter = {}) {
  detail::check_top_k(queries, items, filter);
  expects(copy.rows() == items.rows && copy.width() == items.cols, "top_k: the copy is not one of these items");
  if (k == 0 || filter.candidates) return detail::top_k_of_few(ctx, queries, items, k, filter);
  return detail::top_k_of_all(ctx, queries, k, filter,
                              [&](dense<float const> some, float const* bars, std::size_t stride, auto const& offer) {
                                scan_rounded(ctx, some, items, copy, bars, stride, offer);
                              });
}

// The same from scores that were computed already: scores (queries, items).
template <class Context>
[[nodiscard]] ranked_lists top_k_of_scores(Context& ctx, dense<float const> scores, std::size_t k,
                                           top_k_filter const& filter = {}) {
  expects(!filter.exclude.offsets || filter.exclude.rows == scores.rows,
          "top_k_of_scores: exclude has one row per query");
  expects(filter.mask.empty() || filter.mask.size() == scores.cols, "top_k_of_scores: mask has one mark per item");
  std::vector<heaviest> best(scores.rows);
  ctx.threads().bulk(scores.rows, 8, [&](std::size_t begin, std::size_t end) {
    for (std::size_t q = begin; q < end; ++q) {
      best[q].reset(k);
      offer_row(best[q], scores[q], 0, q, filter);
      static_cast<void>(best[q].sorted());
    }
  });
  ranked_lists out;
  for (auto& b : best) {
    auto const list = b.sorted();
    out.entries.insert(out.entries.end(), list.begin(), list.end());
    out.offsets.push_back(out.entries.size());
  }
  return out;
}

}  // namespace intarsia::inline v0
