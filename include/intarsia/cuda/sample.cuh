// Drawing neighbors on the device: the draws of cpu/sample.hpp, bit for bit.
#pragma once

#include <intarsia/cuda/scan.cuh>
#include <intarsia/cuda/weighted.cuh>
#include <span>

namespace intarsia::inline v0::cuda {

namespace detail {

struct count_row {
  neighbor_draws<device> q;
  INTARSIA_FN void operator()(std::size_t i) const {
    drawn_row const row = drawn_row_of(q, i);
    if (q.found) q.found[i] = row.found;
    q.offsets[i] = row.draws;
  }
};

// Writes the places in its row of each draw of a target that does not take all.
struct choose_places {
  neighbor_draws<device> q;
  INTARSIA_FN void operator()(std::size_t i) const {
    std::uint64_t const begin = q.offsets[i], count = q.offsets[i + 1] - begin;
    if (count == 0 || (found_of(q, i) & row_is_whole)) return;
    intarsia::detail::draw_row(q, q.stream_at ? *q.stream_at : q.stream, q.targets.data()[i], q.columns + begin, count,
                               q.work ? q.work + begin : nullptr);
  }
};

// From places to what is there, an entry of the answer at a time, so that the row of a hub is shared by many threads.
struct fetch_entries {
  static constexpr std::uint32_t few = 64;

  neighbor_draws<device> q;
  std::size_t threads;

  INTARSIA_FN void operator()(std::size_t thread) const {
    if (q.fanout <= few) {
      std::size_t const i = thread / q.fanout;
      std::uint64_t const e = q.offsets[i] + thread % q.fanout;
      if (e < q.offsets[i + 1]) fetch(i, e);
      return;
    }
    std::size_t const targets = q.targets.size();
    for (std::uint64_t e = thread; e < q.offsets[targets]; e += threads) {
      fetch(intarsia::detail::lower_place(q.offsets + 1, targets, e + 1), e);
    }
  }
  INTARSIA_FN void fetch(std::size_t i, std::uint64_t e) const {
    std::uint64_t const found = found_of(q, i), first = found & (row_is_whole - 1);
    auto place = static_cast<std::uint32_t>(e - q.offsets[i]);
    if (!(found & row_is_whole)) {
      place = q.columns[e];
    } else if (found & row_hides) {
      place = intarsia::detail::open_row<device>{q, q.targets.data()[i]}.place(place);
    }
    if (q.values) q.values[e] = q.rows.values ? q.rows.values[first + place] : 1.0f;
    q.columns[e] = q.rows.columns[first + place];
  }
};

}  // namespace detail

// Writes the offsets of the answers' rows, and `found`; see neighbor_draws. Targets may differ between them, and those
// from *target_count on have empty rows. Does not block.
inline void count_draws(context& ctx, std::span<neighbor_draws<device> const> all) {
  scope const keep{ctx};
  detail::work_list<detail::mapped<detail::count_row>> counts{ctx, all.size()};
  using offsets_of = detail::scanned<std::uint64_t, detail::read_count<std::uint64_t, std::uint64_t>>;
  detail::work_list<offsets_of> sums{ctx, all.size()};
  for (neighbor_draws<device> const& q : all) {
    counts.push({q.targets.size(), {q}});
    sums.push({q.targets.size(), {q.offsets}, q.offsets, nullptr});
  }
  detail::map_pieces(ctx, counts);
  detail::scan_pieces(ctx, sums.view());
}
inline void count_draws(context& ctx, neighbor_draws<device> const& q) { count_draws(ctx, std::span{&q, 1}); }

// Writes columns, and values where asked for: one thread draws for a row, or where weights count a
// warp, and one thread moves an entry. Does not block.
inline void draw_entries(context& ctx, std::span<neighbor_draws<device> const> all) {
  scope const keep{ctx};
  detail::work_list<detail::mapped<detail::choose_places>> choices{ctx, all.size()};
  detail::work_list<detail::mapped<detail::weighted_rows>> weighted{ctx, all.size()};
  detail::work_list<detail::mapped<detail::fetch_entries>> moves{ctx, all.size()};
  for (neighbor_draws<device> const& q : all) {
    if (q.fanout == 0 || q.targets.empty()) continue;
    if (q.weighted && !q.replace && q.fanout <= detail::weighted_warp::most_draws) {
      weighted.push({q.targets.size(), {q}});
    } else if (q.fanout != all_neighbors || q.replace) {
      choices.push({q.targets.size(), {q}});
    }
    bool const few = q.fanout <= detail::fetch_entries::few;
    std::size_t const most = q.rows.most_entries > 0 && !q.replace ? q.rows.most_entries : ~std::size_t{0};
    std::size_t const busy = std::size_t{ctx.processors()} * 2048;
    std::size_t const threads = few ? q.targets.size() * q.fanout : std::min(busy, most);
    moves.push({threads, {q, threads}});
  }
  detail::map_pieces(ctx, choices);
  detail::draw_weighted_rows(ctx, weighted);
  detail::map_pieces(ctx, moves);
}
inline void draw_entries(context& ctx, neighbor_draws<device> const& q) { draw_entries(ctx, std::span{&q, 1}); }

}  // namespace intarsia::inline v0::cuda
