// Drawing neighbors on the CPU: memory is asked for well before it is read. Rows are drawn by pieces of the frontier,
// every row by its own generator.
#pragma once

#include <algorithm>
#include <intarsia/cpu/context.hpp>
#include <intarsia/cpu/lane_draws.hpp>
#include <intarsia/exec/row_draws.hpp>

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
// False where the row surely has no hidden entries.
[[nodiscard]] inline bool may_hide(neighbor_draws<> const& q, std::uint32_t row) {
  if (q.hidden.empty()) return false;
  std::size_t const bit = row % neighbor_draws<>::hiding_bits;
  return !q.hiding || ((q.hiding[bit / 64] >> (bit % 64)) & 1) != 0;
}

// Draws the entries of some targets: first the places in each row, and a little later, when they have come near, the
// entries there.
class target_piece {
 public:
  target_piece(neighbor_draws<> const& q, lane_kernel kernel, lane_plan const& plan)
      : q_{q}, kernel_{kernel}, plan_{plan} {}

  void run(std::size_t begin, std::size_t end) {
    constexpr std::size_t step = 64;
    for (std::size_t i = begin; i < end; i += step) {
      choose(i, std::min(i + step, end));
      if (i > begin) fetch(i - step, i);
      if (i + step >= end) fetch(i, end);
    }
  }

 private:
  static constexpr std::size_t line = 16;  // columns in a cache line

  // Writes to q.columns the places of the draws, each row's counted from its beginning.
  void choose(std::size_t begin, std::size_t end) {
    std::size_t waiting = 0;
    for (std::size_t i = begin; i < end; ++i) {
      std::size_t const count = q_.offsets[i + 1] - q_.offsets[i];
      if (count == 0) continue;
      std::uint32_t const target = q_.targets[i];
      row_place const row{q_, target, q_.found ? q_.found[i] : word_of(q_, target)};
      std::uint32_t* const to = q_.columns + q_.offsets[i];
      bool const hides = may_hide(q_, target);
      if (!hides && !q_.replace && count == row.size) {
        for (std::size_t c = 0; c < count; c += line) near(row.begin + c);
        near(row.begin + count - 1);
        for (std::size_t c = 0; c < count; ++c) to[c] = static_cast<std::uint32_t>(c);
      } else if (hides || q_.weighted || count > most_lane_draws || count != plan_.count) {
        intarsia::detail::draw_row(q_, q_.stream, target, to, count, q_.work ? q_.work + q_.offsets[i] : nullptr);
        for (std::size_t c = 0; c < count; ++c) near(row.begin + to[c]);
      } else {
        rows_[waiting] = target;
        sizes_[waiting] = static_cast<std::uint32_t>(row.size);
        begins_[waiting] = row.begin;
        to_[waiting] = to;
        if (++waiting == draw_lanes) draw(waiting);
      }
    }
    if (waiting > 0) draw(waiting);
  }
  void draw(std::size_t& waiting) {
    for (std::size_t lane = waiting; lane < draw_lanes; ++lane) {
      rows_[lane] = rows_[0];
      sizes_[lane] = sizes_[0];
    }
    kernel_(plan_, rows_.data(), sizes_.data(), places_.data());
    for (std::size_t lane = 0; lane < waiting; ++lane) {
      for (std::size_t j = 0; j < plan_.count; ++j) {
        std::uint32_t const place = places_[j * draw_lanes + lane];
        to_[lane][j] = place;
        near(begins_[lane] + place);
      }
    }
    waiting = 0;
  }
  void near(std::uint64_t entry) const {
    __builtin_prefetch(q_.rows.columns + entry);
    if (q_.values && q_.rows.values) __builtin_prefetch(q_.rows.values + entry);
  }

  // From places to what is there.
  void fetch(std::size_t begin, std::size_t end) const {
    for (std::size_t i = begin; i < end; ++i) {
      std::size_t const first = q_.offsets[i], last = q_.offsets[i + 1];
      if (first == last) continue;
      std::uint64_t const base = (q_.found ? q_.found[i] : word_of(q_, q_.targets[i])) >> 24;
      if (q_.values) {
        for (std::size_t e = first; e < last; ++e) {
          q_.values[e] = q_.rows.values ? q_.rows.values[base + q_.columns[e]] : 1.0f;
        }
      }
      std::uint32_t const* const from = q_.rows.columns + base;
      for (std::size_t e = first; e < last; ++e) q_.columns[e] = from[q_.columns[e]];
    }
  }

  neighbor_draws<> const& q_;
  lane_kernel kernel_;
  lane_plan const& plan_;
  std::array<std::uint32_t, draw_lanes> rows_, sizes_;
  std::array<std::uint64_t, draw_lanes> begins_;
  std::array<std::uint32_t*, draw_lanes> to_;
  alignas(64) std::array<std::uint32_t, draw_lanes * most_lane_draws> places_;
};

}  // namespace detail

// All draws have the same targets, so that the words of a node are read together.
inline void count_draws(context& ctx, std::span<neighbor_draws<> const> all) {
  if (all.empty()) return;
  auto const targets = all.front().targets;
  ctx.threads().bulk(targets.size(), 256, [&](std::size_t begin, std::size_t end) {
    constexpr std::size_t ahead = 24;
    for (neighbor_draws<> const& q : all) {
      for (std::size_t i = begin; i < end; ++i) {
        if (q.words && i + ahead < targets.size()) __builtin_prefetch(q.words + targets[i + ahead] * q.word_stride);
        std::uint32_t const target = targets[i];
        std::uint64_t const word = detail::word_of(q, target);
        if (q.found) q.found[i] = word;
        std::uint64_t const open = detail::may_hide(q, target) ? intarsia::detail::open_row{q, target}.size()
                                                               : detail::row_place{q, target, word}.size;
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
