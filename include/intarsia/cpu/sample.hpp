// Drawing neighbors on the CPU: memory is asked for well before it is read. Rows are drawn by pieces of the frontier,
// every row by its own generator.
#pragma once

#include <algorithm>
#include <cmath>
#include <intarsia/cpu/context.hpp>
#include <intarsia/cpu/lane_draws.hpp>
#include <intarsia/exec/neighbor_draws.hpp>

namespace intarsia::inline v0::cpu {

namespace detail {

// The entries of one row that may be drawn: all of it but some runs of hidden columns.
class open_row {
 public:
  open_row(neighbor_draws<> const& q, std::uint32_t row)
      : columns_{q.rows[row]}, first_{q.rows.offsets ? q.rows.offsets[row] : 0} {
    auto const key = std::uint64_t{row} << 32;
    auto const begin = std::lower_bound(q.hidden.begin(), q.hidden.end(), key);
    auto end = begin;
    while (end != q.hidden.end() && (*end >> 32) == row) ++end;
    hidden_ = {begin, end};
    size_ = columns_.size();
    each_run([&](std::size_t from, std::size_t to) { size_ -= to - from; });
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::uint64_t first() const { return first_; }

  // f(from, to) for each run of hidden places, in rising order.
  template <class F>
  void each_run(F&& f) const {
    auto from = columns_.begin();
    for (std::uint64_t const key : hidden_) {
      auto const run = std::equal_range(from, columns_.end(), static_cast<std::uint32_t>(key));
      if (run.first != run.second) {
        f(static_cast<std::size_t>(run.first - columns_.begin()),
          static_cast<std::size_t>(run.second - columns_.begin()));
      }
      from = run.second;
    }
  }

  // Turns rising ranks among the open places into places of the row.
  void places(std::span<std::uint32_t> ranks) const {
    if (hidden_.empty()) return;
    std::size_t next = 0, shift = 0;
    each_run([&](std::size_t from, std::size_t to) {
      while (next < ranks.size() && ranks[next] + shift < from) ranks[next++] += static_cast<std::uint32_t>(shift);
      shift += to - from;
    });
    for (; next < ranks.size(); ++next) ranks[next] += static_cast<std::uint32_t>(shift);
  }

  // f(place) for each open place, in rising order.
  template <class F>
  void each_open(F&& f) const {
    std::size_t place = 0;
    each_run([&](std::size_t from, std::size_t to) {
      for (; place < from; ++place) f(place);
      place = to;
    });
    for (; place < columns_.size(); ++place) f(place);
  }

 private:
  std::span<std::uint32_t const> columns_;
  std::uint64_t first_;
  std::span<std::uint64_t const> hidden_;
  std::size_t size_ = 0;
};

// out.size() different whole numbers of [0, n), each set equally likely, rising. R. Floyd, "A sample of brilliance",
// Communications of the ACM 30 (1987). O(k log k) comparisons and O(k * k / 2) moves of 4 bytes.
inline void draw_distinct(random& dice, std::uint32_t n, std::span<std::uint32_t> out) {
  auto const k = static_cast<std::uint32_t>(out.size());
  std::size_t size = 0;
  for (std::uint32_t last = n - k; last < n; ++last) {
    std::uint32_t const pick = dice.below(last + 1);
    auto const end = out.begin() + static_cast<std::ptrdiff_t>(size);
    auto const place = std::lower_bound(out.begin(), end, pick);
    if (place != end && *place == pick) {
      *end = last;
    } else {
      std::copy_backward(place, end, end + 1);
      *place = pick;
    }
    ++size;
  }
}

// A number in (0, 1].
inline float positive_uniform(random& dice) { return (static_cast<float>(dice.bits() >> 8) + 1.0f) * 0x1p-24f; }

// The weight of an entry: its value, and 0 for what is no positive number.
inline float weight_of(neighbor_draws<> const& q, std::uint64_t entry) {
  float const value = q.rows.values ? q.rows.values[entry] : 1.0f;
  return value > 0 ? value : 0.0f;
}

// Weighted draws without replacement: the largest keys u^(1/w). Efraimidis and Spirakis, "Weighted random sampling
// with a reservoir", Information Processing Letters 97 (2006). Entries of weight 0 come last, by chance.
inline void draw_weighted(neighbor_draws<> const& q, open_row const& row, random& dice, std::span<std::uint32_t> out,
                          float* keys) {
  std::size_t size = 0;
  auto const worse = [&](std::size_t a, std::size_t b) { return keys[a] < keys[b]; };
  auto const swap = [&](std::size_t a, std::size_t b) {
    std::swap(keys[a], keys[b]);
    std::swap(out[a], out[b]);
  };
  row.each_open([&](std::size_t place) {
    float const weight = weight_of(q, row.first() + place);
    float const u = positive_uniform(dice);
    float const key = weight > 0 ? std::max(std::log(u) / weight, -1e37f) : -2e37f - 1e37f * u;
    std::size_t at = 0;
    if (size < out.size()) {
      at = size++;
      keys[at] = key, out[at] = static_cast<std::uint32_t>(place);
      for (; at > 0 && worse(at, (at - 1) / 2); at = (at - 1) / 2) swap(at, (at - 1) / 2);
    } else if (key > keys[0]) {
      keys[0] = key, out[0] = static_cast<std::uint32_t>(place);
      while (true) {
        std::size_t least = at;
        if (2 * at + 1 < size && worse(2 * at + 1, least)) least = 2 * at + 1;
        if (2 * at + 2 < size && worse(2 * at + 2, least)) least = 2 * at + 2;
        if (least == at) break;
        swap(at, least);
        at = least;
      }
    }
  });
  std::sort(out.begin(), out.end());
}

// Weighted draws with replacement: sorted uniform numbers meet the running sum of weights.
inline void draw_weighted_again(neighbor_draws<> const& q, open_row const& row, random& dice,
                                std::span<std::uint32_t> out, float* keys) {
  double total = 0;
  row.each_open([&](std::size_t place) { total += static_cast<double>(weight_of(q, row.first() + place)); });
  bool const equal = !(total > 0);
  if (equal) total = static_cast<double>(row.size());
  for (std::size_t i = 0; i < out.size(); ++i) keys[i] = dice.uniform();
  std::sort(keys, keys + out.size());
  double sum = 0;
  std::size_t next = 0;
  std::uint32_t last = 0;
  row.each_open([&](std::size_t place) {
    double const weight = equal ? 1.0 : static_cast<double>(weight_of(q, row.first() + place));
    if (weight <= 0) return;
    sum += weight;
    last = static_cast<std::uint32_t>(place);
    while (next < out.size() && static_cast<double>(keys[next]) * total < sum) out[next++] = last;
  });
  while (next < out.size()) out[next++] = last;
}

// The places in the row of its draws, written to `out`.
inline void draw_row(neighbor_draws<> const& q, std::uint32_t target, std::span<std::uint32_t> out, float* keys) {
  open_row const row{q, target};
  auto const n = static_cast<std::uint32_t>(row.size());
  random dice{q.key, q.stream, target};
  if (!q.replace && out.size() == n) {
    for (std::uint32_t i = 0; i < n; ++i) out[i] = i;
    row.places(out);
  } else if (q.weighted) {
    (q.replace ? draw_weighted_again : draw_weighted)(q, row, dice, out, keys);
  } else if (q.replace) {
    for (auto& rank : out) rank = dice.below(n);
    std::sort(out.begin(), out.end());
    row.places(out);
  } else {
    draw_distinct(dice, n, out);
    row.places(out);
  }
}

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
        draw_row(q_, target, {to, count}, q_.work ? q_.work + q_.offsets[i] : nullptr);
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
        std::uint64_t const open =
            detail::may_hide(q, target) ? detail::open_row{q, target}.size() : detail::row_place{q, target, word}.size;
        q.offsets[i + 1] =
            q.replace && open > 0 && q.fanout != all_neighbors ? q.fanout : std::min<std::uint64_t>(open, q.fanout);
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
