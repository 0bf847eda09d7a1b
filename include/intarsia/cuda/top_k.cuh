// Exact search on the device: the k best of all items for each query, without a matrix of scores in memory.
#pragma once

#include <bit>
#include <intarsia/cuda/memory.cuh>
#include <intarsia/cuda/ranking.cuh>
#include <intarsia/exec/row_draws.hpp>
#include <intarsia/retrieval/top_k.hpp>
#include <optional>
#include <type_traits>
#include <utility>

namespace intarsia::inline v0::cuda {

// top_k_filter with everything in device memory.
struct device_top_k_filter {
  std::optional<std::span<std::uint32_t const>> candidates = {};  // only these, ascending; none given: all items
  csr_view<device> exclude = {};            // row q: never these for query q, ascending; no offsets: nothing
  std::span<std::uint8_t const> mask = {};  // only items with a mark other than 0; empty: all
};

namespace detail {

// A block takes 64 queries and goes through its share of the items, 128 at a time; a thread has 4 x 8 products.
struct top_k_tile {
  static constexpr unsigned queries = 64, items = 128, depth = 16, threads = 256, each_query = 4, each_item = 8;
};

// How the work is shared.
struct top_k_plan {
  // Queries that are answered together, so that their lists fit.
  static constexpr std::size_t most_queries = 4096;

  std::size_t splits;    // parts of the items
  std::size_t share;     // items of a part, a multiple of the tile's
  std::size_t capacity;  // of a list: k and at least two tiles of items, a power of two
  std::size_t merged;    // of all lists of a query, a power of two

  [[nodiscard]] static top_k_plan of(std::size_t queries, std::size_t items, std::size_t k, std::size_t processors) {
    std::size_t const tiles = (items + top_k_tile::items - 1) / top_k_tile::items;
    std::size_t const blocks = (queries + top_k_tile::queries - 1) / top_k_tile::queries;
    std::size_t const wanted = std::max<std::size_t>(1, 4 * processors / std::max<std::size_t>(1, blocks));
    std::size_t const each = std::max((tiles + wanted - 1) / wanted, std::size_t{4});
    std::size_t const splits = std::max<std::size_t>(1, (tiles + each - 1) / each);
    return {splits, each * top_k_tile::items, std::bit_ceil(k + 2 * top_k_tile::items), std::bit_ceil(splits * k)};
  }
};

struct top_k_work {
  dense<float const, device> queries, items;
  std::uint32_t const* candidates;
  std::size_t item_count;  // candidates or items
  csr_view<device> exclude;
  std::uint8_t const* mask;
  std::size_t k;
  top_k_plan plan;
  std::uint64_t* lists;   // (queries, splits, capacity)
  std::uint64_t* merged;  // (queries, plan.merged)
  scored* entries;        // (queries, k)
  std::uint32_t* counts;  // (queries)

  [[nodiscard]] INTARSIA_FN std::uint32_t row(std::size_t place) const {
    return candidates ? candidates[place] : static_cast<std::uint32_t>(place);
  }
  [[nodiscard]] INTARSIA_FN bool allows(std::size_t query, std::uint32_t item) const {
    if (mask && mask[item] == 0) return false;
    if (!exclude.offsets) return true;
    std::uint64_t const begin = exclude.offsets[query];
    auto const count = static_cast<std::size_t>(exclude.offsets[query + 1] - begin);
    std::size_t const at = intarsia::detail::lower_place(exclude.columns + begin, count, item);
    return at == count || exclude.columns[begin + at] != item;
  }
};

// f(0), ..., f(Count - 1) with constants, so that arrays they index stay in registers.
template <unsigned Count, class F>
INTARSIA_FN constexpr void each_of(F&& f) {
  [&]<unsigned... I>(std::integer_sequence<unsigned, I...>) { (f(std::integral_constant<unsigned, I>{}), ...); }
  (std::make_integer_sequence<unsigned, Count>{});
}

template <class Work>
__global__ void top_k_kernel(Work w) {
  using tile = top_k_tile;
  __shared__ float query_part[tile::depth][tile::queries + 1];
  __shared__ float item_part[tile::depth][tile::items + 1];
  __shared__ std::uint64_t bars[tile::queries];  // no key below it can be among the best any more
  __shared__ unsigned counts[tile::queries];
  unsigned const thread = threadIdx.x, across = thread % 16, down = thread / 16;
  std::size_t const split = blockIdx.x % w.plan.splits, first_query = blockIdx.x / w.plan.splits * tile::queries;
  std::size_t const begin = split * w.plan.share;
  std::size_t const end = begin + w.plan.share < w.item_count ? begin + w.plan.share : w.item_count;
  auto const list_of = [&](std::size_t q) {
    return w.lists + ((first_query + q) * w.plan.splits + split) * w.plan.capacity;
  };
  auto const prune = [&](std::size_t most) {
    __syncthreads();
    for (unsigned q = thread / warp_size; q < tile::queries; q += tile::threads / warp_size) {
      unsigned const count = counts[q];
      __syncwarp();
      if (count <= most || first_query + q >= w.queries.rows) continue;
      std::uint64_t* const list = list_of(q);
      sort_list(list, count);
      if (lane_number() == 0) {
        counts[q] = count < w.k ? count : static_cast<unsigned>(w.k);
        if (count >= w.k) bars[q] = list[w.k - 1];
      }
    }
    __syncthreads();
  };
  if (thread < tile::queries) {
    bars[thread] = 0;
    counts[thread] = 0;
  }
  for (std::size_t left = begin; left < end; left += tile::items) {
    float sums[tile::each_query][tile::each_item] = {};
    for (std::size_t c = 0; c < w.queries.cols; c += tile::depth) {
      __syncthreads();
      for (unsigned i = thread; i < tile::depth * tile::queries; i += tile::threads) {
        std::size_t const q = first_query + i / tile::depth, col = c + i % tile::depth;
        bool const there = q < w.queries.rows && col < w.queries.cols;
        query_part[i % tile::depth][i / tile::depth] = there ? w.queries.data[q * w.queries.stride + col] : 0.0f;
      }
      for (unsigned i = thread; i < tile::depth * tile::items; i += tile::threads) {
        std::size_t const place = left + i / tile::depth, col = c + i % tile::depth;
        bool const there = place < end && col < w.queries.cols;
        item_part[i % tile::depth][i / tile::depth] =
            there ? w.items.data[std::size_t{w.row(place)} * w.items.stride + col] : 0.0f;
      }
      __syncthreads();
      for (unsigned d = 0; d < tile::depth; ++d) {
        float a[tile::each_query];
        for (unsigned i = 0; i < tile::each_query; ++i) a[i] = query_part[d][down * tile::each_query + i];
        for (unsigned j = 0; j < tile::each_item; ++j) {
          float const b = item_part[d][across + 16 * j];
          for (unsigned i = 0; i < tile::each_query; ++i) sums[i][j] += a[i] * b;
        }
      }
    }
    __syncthreads();
    std::uint64_t const* const least = bars;
    each_of<tile::each_query>([&](auto i) {
      unsigned const q = down * tile::each_query + i;
      std::uint64_t const bar = least[q];
      each_of<tile::each_item>([&](auto j) {
        std::size_t const place = left + across + 16 * j;
        bool const there = place < end && first_query + q < w.queries.rows;
        std::uint32_t const row = there ? w.row(place) : 0;
        std::uint64_t const key = there ? ranking_key(sums[i][j], row) : 0;
        if (key > bar && w.allows(first_query + q, row)) list_of(q)[atomicAdd(&counts[q], 1u)] = key;
      });
    });
    prune(w.plan.capacity - tile::items);
  }
  prune(0);
  // What a list lacks counts as 0.
  for (unsigned q = thread; q < tile::queries && first_query + q < w.queries.rows; q += tile::threads) {
    for (std::size_t i = counts[q]; i < w.k; ++i) list_of(q)[i] = 0;
  }
}

// From the lists of a query's parts to its answer, by one block.
template <class Work>
__global__ void merge_lists_kernel(Work w) {
  std::size_t const query = blockIdx.x, all = w.plan.splits * w.k;
  std::uint64_t* const keys = w.merged + query * w.plan.merged;
  std::uint64_t const* const lists = w.lists + query * w.plan.splits * w.plan.capacity;
  for (std::size_t i = threadIdx.x; i < w.plan.merged; i += blockDim.x) {
    keys[i] = i < all ? lists[i / w.k * w.plan.capacity + i % w.k] : 0;
  }
  __syncthreads();
  for (std::size_t size = 2; w.plan.splits > 1 && size <= w.plan.merged; size *= 2) {
    for (std::size_t stride = size / 2; stride > 0; stride /= 2) {
      for (std::size_t i = threadIdx.x; i < w.plan.merged / 2; i += blockDim.x) bitonic_order(keys, i, size, stride);
      __syncthreads();
    }
  }
  for (std::size_t i = threadIdx.x; i < w.k; i += blockDim.x) {
    w.entries[query * w.k + i] = keys[i] > 0 ? scored_of(keys[i]) : scored{};
    if (keys[i] > 0 && (i + 1 == w.k || keys[i + 1] == 0)) w.counts[query] = static_cast<std::uint32_t>(i + 1);
    if (i == 0 && keys[0] == 0) w.counts[query] = 0;
  }
}

}  // namespace detail

// The k largest products of each query with the items: queries (q, width), items (n, width). entries (q, k): best
// first, ties to the lower row; counts (q): how many there are, fewer than k where fewer items are left. Scores that
// are no numbers are never answered. Products are sums in the order of the columns. All on the device. Does not block.
inline void top_k(context& ctx, dense<float const, device> queries, dense<float const, device> items, std::size_t k,
                  device_top_k_filter const& filter, scored* entries, std::uint32_t* counts) {
  expects(queries.cols == items.cols, "top_k: queries and items have the same number of columns");
  expects(!filter.exclude.offsets || filter.exclude.rows == queries.rows, "top_k: exclude has one row per query");
  expects(filter.mask.empty() || filter.mask.size() == items.rows, "top_k: mask has one mark per item");
  if (queries.rows == 0) return;
  if (k == 0) return fill(ctx, dense<std::uint32_t, device>{counts, 1, queries.rows, queries.rows}, 0u);
  std::size_t const count = filter.candidates ? filter.candidates->size() : items.rows;
  for (std::size_t top = 0; top < queries.rows; top += detail::top_k_plan::most_queries) {
    std::size_t const rows = std::min(detail::top_k_plan::most_queries, queries.rows - top);
    auto const plan = detail::top_k_plan::of(rows, count, k, ctx.processors());
    auto const mark = ctx.scratch().here();
    detail::top_k_work w{queries.row_range(top, rows),
                         items,
                         filter.candidates ? filter.candidates->data() : nullptr,
                         count,
                         filter.exclude,
                         filter.mask.empty() ? nullptr : filter.mask.data(),
                         k,
                         plan,
                         ctx.scratch().take<std::uint64_t>(rows * plan.splits * plan.capacity),
                         ctx.scratch().take<std::uint64_t>(rows * plan.merged),
                         entries + top * k,
                         counts + top};
    if (w.exclude.offsets) w.exclude.offsets += top;
    std::size_t const blocks = (rows + detail::top_k_tile::queries - 1) / detail::top_k_tile::queries;
    launch(ctx, detail::top_k_kernel<detail::top_k_work>, {blocks * plan.splits, detail::top_k_tile::threads}, w);
    auto const threads = static_cast<unsigned>(std::clamp<std::size_t>(plan.merged / 2, warp_size, 256));
    launch(ctx, detail::merge_lists_kernel<detail::top_k_work>, {rows, threads}, w);
    ctx.scratch().rewind(mark);
  }
}

// The same, with the answer on the host. Blocks until it is there.
[[nodiscard]] inline ranked_lists top_k(context& ctx, dense<float const, device> queries,
                                        dense<float const, device> items, std::size_t k,
                                        device_top_k_filter const& filter = {}) {
  device_array<scored> entries{ctx, queries.rows * k};
  device_array<std::uint32_t> counts{ctx, queries.rows};
  top_k(ctx, queries, items, k, filter, entries.data(), counts.data());
  auto const lists = download(ctx, entries.view());
  ranked_lists out;
  std::size_t query = 0;
  for (std::uint32_t const count : download(ctx, counts.view())) {
    auto const first = lists.begin() + static_cast<std::ptrdiff_t>(query++ * k);
    out.entries.insert(out.entries.end(), first, first + count);
    out.offsets.push_back(out.entries.size());
  }
  return out;
}

}  // namespace intarsia::inline v0::cuda
