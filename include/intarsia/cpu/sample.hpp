// Drawing neighbors on the CPU: memory is asked for well before it is read. Rows are drawn by pieces of the frontier,
// every row by its own generator.
#pragma once

#include <algorithm>
#include <intarsia/cpu/context.hpp>
#include <intarsia/cpu/lane_draws.hpp>
#include <intarsia/exec/row_draws.hpp>
#include <span>

namespace intarsia::inline v0::cpu {

namespace detail {

// Where a row of the order begins and how many entries it has.
struct row_place {
  row_place(neighbor_draws<> const& q, std::uint32_t row, std::uint64_t word)
      : begin{word >> 24}, size{word & crowded_row} {
    if (size == crowded_row) size = q.rows.degree(row);
  }
  std::uint64_t begin, size;
};
[[nodiscard]] inline std::uint64_t word_of(neighbor_draws<> const& q, std::uint32_t row) {
  return q.words ? q.words[row * q.word_stride] : row_word(q.rows, row);
}
// The hidden entries of a row, as places in it; none where they have to be searched for.
struct hidden_part {
  hidden_part(neighbor_draws<> const& q, std::uint32_t row) {
    if (!q.hidden_runs) return;
    std::size_t const part = row >> q.hidden_shift;
    std::size_t begin = q.hidden_from[part], last = q.hidden_from[part + 1];
    if (begin == last) return;
    begin += intarsia::detail::lower_place(q.hidden.data() + begin, last - begin, std::uint64_t{row} << 32);
    std::size_t end = begin;
    for (; end < last && q.hidden[end] >> 32 == row; ++end)
      entries += q.hidden_runs[end].end - q.hidden_runs[end].begin;
    if (entries > 0) runs = {q.hidden_runs + begin, end - begin};
  }
  std::span<place_run const> runs;
  std::uint64_t entries = 0;
};
// Rising ranks among the entries that are not hidden become places.
inline void step_over(std::span<place_run const> runs, std::uint32_t* ranks, std::size_t count, std::size_t stride) {
  std::uint32_t hidden = 0;
  std::size_t next = 0;
  for (std::size_t j = 0; j < count; ++j) {
    std::uint32_t& rank = ranks[j * stride];
    for (; next < runs.size() && rank + hidden >= runs[next].begin; ++next) {
      hidden += runs[next].end - runs[next].begin;
    }
    rank += hidden;
  }
}
// Whether hidden entries have to be searched for.
[[nodiscard]] inline bool searches(neighbor_draws<> const& q) { return !q.hidden.empty() && !q.hidden_runs; }

// Draws the entries of some targets. Rows are sorted out first, so that each kind goes through a loop of its own that
// branches on nothing, and asks for memory some rows before it is read.
class target_piece {
 public:
  target_piece(neighbor_draws<> const& q, lane_kernel kernel, lane_plan const& plan)
      : q_{q}, kernel_{kernel}, plan_{plan}, by_lanes_{!q.weighted && plan.count == q.fanout && !searches(q)} {}

  void run(std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; i += most_rows) {
      sort_out(i, std::min(i + most_rows, end));
      take_whole();
      draw();
    }
  }

 private:
  static constexpr std::size_t most_rows = 256, line = 16;  // line: columns in a cache line
  static constexpr std::size_t groups_ahead = 4, rows_ahead = 48;

  void sort_out(std::size_t begin, std::size_t end) {
    drawn_ = whole_ = 0;
    bool const search = searches(q_);
    stepping_ = 0;
    for (std::size_t i = begin; i < end; ++i) {
      std::size_t const first = q_.offsets[i], count = q_.offsets[i + 1] - first;
      std::uint32_t const target = q_.targets[i];
      row_place const row{q_, target, q_.found ? q_.found[i] : word_of(q_, target)};
      hidden_part const hidden{q_, target};
      std::uint64_t const open = row.size - hidden.entries;
      // Sums of bits, not branches, where what comes next cannot be foreseen.
      bool const is_whole = (count == open) & (!q_.replace | (count == 0)), hides = hidden.entries > 0;
      if (search | (!by_lanes_ & !is_whole) | (is_whole & hides)) {
        draw_alone(i, row.begin);
        continue;
      }
      rows_[drawn_] = target;
      sizes_[drawn_] = static_cast<std::uint32_t>(open);
      from_[drawn_] = row.begin;
      to_[drawn_] = first;
      if (hidden.entries > 0) steps_[stepping_++] = {drawn_, hidden.runs};
      drawn_ += is_whole ? 0 : 1;
      whole_from_[whole_] = row.begin;
      whole_to_[whole_] = first;
      whole_count_[whole_] = count;
      whole_ += is_whole ? 1 : 0;
    }
  }
  void draw_alone(std::size_t i, std::uint64_t begin) const {
    std::size_t const first = q_.offsets[i], count = q_.offsets[i + 1] - first;
    if (count == 0) return;
    std::uint32_t* const to = q_.columns + first;
    intarsia::detail::draw_row(q_, q_.stream, q_.targets[i], to, count, q_.work ? q_.work + first : nullptr);
    for (std::size_t j = 0; j < count; ++j) put(first + j, begin + to[j]);
  }

  void take_whole() const {
    for (std::size_t next = 0; next < whole_ + rows_ahead; ++next) {
      if (next < whole_) {
        for (std::size_t c = 0; c < whole_count_[next]; c += line) near(whole_from_[next] + c);
        near(whole_from_[next] + whole_count_[next] - 1);
      }
      if (next < rows_ahead) continue;
      std::size_t const i = next - rows_ahead, count = whole_count_[i];
      std::uint32_t const* const from = q_.rows.columns + whole_from_[i];
      std::uint32_t* const to = q_.columns + whole_to_[i];
      for (std::size_t c = 0; c < count; ++c) to[c] = from[c];
      if (q_.values) {
        for (std::size_t c = 0; c < count; ++c) put_value(whole_to_[i] + c, whole_from_[i] + c);
      }
    }
  }

  // Sixteen rows at a time: their places, and when the entries there have come near, those.
  void draw() {
    std::size_t const groups = (drawn_ + draw_lanes - 1) / draw_lanes;
    std::size_t step = 0;
    for (std::size_t i = drawn_; i < groups * draw_lanes; ++i) rows_[i] = rows_[0], sizes_[i] = sizes_[0];
    for (std::size_t g = 0; g < groups + groups_ahead; ++g) {
      if (g >= groups_ahead && g - groups_ahead < groups) fetch(g - groups_ahead);
      if (g >= groups) continue;
      std::uint32_t* const places = places_of(g);
      kernel_(plan_, rows_.data() + g * draw_lanes, sizes_.data() + g * draw_lanes, places);
      for (; step < stepping_ && steps_[step].row < (g + 1) * draw_lanes; ++step) {
        step_over(steps_[step].runs, places + steps_[step].row % draw_lanes, plan_.count, draw_lanes);
      }
      // Draws from a short row meet nearly all of its lines: those are asked for, of a longer row what is drawn. Here,
      // not in a function of its own: compilers leave out calls that only ask for memory.
      std::size_t const count = plan_.count, lanes = lanes_of(g), few = std::min<std::size_t>(4 * count, 3 * line);
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        std::uint64_t const from = from_[g * draw_lanes + lane], size = sizes_[g * draw_lanes + lane];
        if (size <= few) {
          near(from);
          near(from + std::min(line, size - 1));
          near(from + std::min(2 * line, size - 1));
          near(from + size - 1);
        } else {
          for (std::size_t j = 0; j < count; ++j) near(from + places[j * draw_lanes + lane]);
        }
      }
    }
  }
  [[nodiscard]] std::uint32_t* places_of(std::size_t group) {
    return places_.data() + group % groups_ahead * draw_lanes * most_lane_draws;
  }
  [[nodiscard]] std::size_t lanes_of(std::size_t group) const {
    return std::min(draw_lanes, drawn_ - group * draw_lanes);
  }
  void fetch(std::size_t group) {
    std::size_t const count = plan_.count, lanes = lanes_of(group);
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      std::uint64_t const from = from_[group * draw_lanes + lane], to = to_[group * draw_lanes + lane];
      std::uint32_t const* const places = places_of(group) + lane;
      std::uint32_t const* const columns = q_.rows.columns + from;
      std::uint32_t* const out = q_.columns + to;
      for (std::size_t j = 0; j < count; ++j) out[j] = columns[places[j * draw_lanes]];
      if (q_.values) {
        for (std::size_t j = 0; j < count; ++j) put_value(to + j, from + places[j * draw_lanes]);
      }
    }
  }

  // Into the second cache level, which waits for more lines at a time than the first.
  void near(std::uint64_t entry) const {
    __builtin_prefetch(q_.rows.columns + entry, 0, 2);
    if (q_.values && q_.rows.values) __builtin_prefetch(q_.rows.values + entry, 0, 2);
  }
  void put(std::uint64_t to, std::uint64_t entry) const {
    q_.columns[to] = q_.rows.columns[entry];
    if (q_.values) put_value(to, entry);
  }
  void put_value(std::uint64_t to, std::uint64_t entry) const {
    q_.values[to] = q_.rows.values ? q_.rows.values[entry] : 1.0f;
  }

  neighbor_draws<> const& q_;
  lane_kernel kernel_;
  lane_plan const& plan_;
  bool by_lanes_;
  std::size_t drawn_ = 0, whole_ = 0, stepping_ = 0;
  std::array<std::uint32_t, most_rows + draw_lanes> rows_, sizes_;
  std::array<std::uint64_t, most_rows + 1> from_, to_, whole_from_, whole_to_, whole_count_;
  struct hiding_row {
    std::size_t row;
    std::span<place_run const> runs;
  };
  std::array<hiding_row, most_rows> steps_;
  alignas(64) std::array<std::uint32_t, groups_ahead * draw_lanes * most_lane_draws> places_;
};

}  // namespace detail

// All draws have the same targets, so that the words of a node are read together.
inline void count_draws(context& ctx, std::span<neighbor_draws<> const> all) {
  if (all.empty()) return;
  auto const targets = all.front().targets;
  ctx.threads().bulk(targets.size(), 256, [&](std::size_t begin, std::size_t end) {
    constexpr std::size_t ahead = 64;
    for (neighbor_draws<> const& q : all) {
      for (std::size_t i = begin; i < end; ++i) {
        if (q.words && i + ahead < targets.size())
          __builtin_prefetch(q.words + targets[i + ahead] * q.word_stride, 0, 2);
        std::uint32_t const target = targets[i];
        std::uint64_t const word = detail::word_of(q, target);
        if (q.found) q.found[i] = word;
        std::uint64_t const open =
            detail::searches(q) ? intarsia::detail::open_row{q, target}.size()
                                : detail::row_place{q, target, word}.size - detail::hidden_part{q, target}.entries;
        q.offsets[i + 1] = intarsia::detail::draws_of(open, q.fanout, q.replace);
      }
    }
  });
  for (neighbor_draws<> const& q : all) {
    std::uint64_t sum = q.offsets[0] = 0;
    for (std::size_t i = 1; i <= targets.size(); ++i) q.offsets[i] = sum += q.offsets[i];
  }
}
inline void count_draws(context& ctx, neighbor_draws<> const& q) { count_draws(ctx, std::span{&q, 1}); }

// The entries of targets [begin, end), on the calling thread.
inline void draw_entries(context& ctx, neighbor_draws<> const& q, std::size_t begin, std::size_t end) {
  detail::lane_plan const plan{random{q.key, q.stream}, std::min(q.fanout, detail::most_lane_draws), q.replace};
  detail::target_piece{q, detail::lane_draws_for(ctx.instructions()), plan}.run(begin, end);
}
inline void draw_entries(context& ctx, neighbor_draws<> const& q) {
  ctx.threads().bulk(q.targets.size(), 512,
                     [&](std::size_t begin, std::size_t end) { draw_entries(ctx, q, begin, end); });
}

}  // namespace intarsia::inline v0::cpu
