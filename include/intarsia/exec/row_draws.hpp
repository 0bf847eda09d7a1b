// What is drawn from one row, as every backend draws it: plain loops for any thread of any machine, no memory but what
// the order brings, and no sum whose bits depend on the compiler.
#pragma once

#include <intarsia/core/log.hpp>
#include <intarsia/exec/neighbor_draws.hpp>

namespace intarsia::inline v0::detail {

// The first of `count` rising numbers that is not below x, or count.
template <class T>
INTARSIA_FN constexpr std::size_t lower_place(T const* numbers, std::size_t count, T x) {
  std::size_t begin = 0;
  while (count > 0) {
    std::size_t const half = count / 2;
    if (numbers[begin + half] < x) {
      begin += half + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  return begin;
}

// Rising order of a few numbers, or of many (by a heap).
template <class T>
INTARSIA_FN constexpr void sort_numbers(T* x, std::size_t count) {
  if (count <= 24) {
    for (std::size_t j = 1; j < count; ++j) {
      T const moved = x[j];
      std::size_t i = j;
      for (; i > 0 && moved < x[i - 1]; --i) x[i] = x[i - 1];
      x[i] = moved;
    }
    return;
  }
  auto const sink = [x](std::size_t at, std::size_t end) {
    T const moved = x[at];
    for (std::size_t child = 2 * at + 1; child < end; child = 2 * at + 1) {
      if (child + 1 < end && x[child] < x[child + 1]) ++child;
      if (!(moved < x[child])) break;
      x[at] = x[child];
      at = child;
    }
    x[at] = moved;
  };
  for (std::size_t at = count / 2; at-- > 0;) sink(at, count);
  for (std::size_t end = count; end-- > 1;) {
    T const greatest = x[0];
    x[0] = x[end];
    x[end] = greatest;
    sink(0, end);
  }
}

// The entries of one row that may be drawn: all of it but some runs of hidden columns.
template <class Space>
class open_row {
 public:
  INTARSIA_FN constexpr open_row(neighbor_draws<Space> const& q, std::uint32_t row)
      : first_{q.rows.offsets ? q.rows.offsets[row] : 0},
        entries_{q.rows.offsets ? static_cast<std::size_t>(q.rows.offsets[row + 1] - first_) : 0} {
    columns_ = q.rows.columns + first_;
    std::size_t const begin = lower_place(q.hidden.data(), q.hidden.size(), std::uint64_t{row} << 32);
    hidden_ = q.hidden.data() + begin;
    while (begin + runs_ < q.hidden.size() && (hidden_[runs_] >> 32) == row) ++runs_;
    size_ = entries_;
    each_run([this](std::size_t from, std::size_t to) { size_ -= to - from; });
  }

  [[nodiscard]] INTARSIA_FN constexpr bool hides() const { return size_ != entries_; }
  [[nodiscard]] INTARSIA_FN constexpr std::size_t size() const { return size_; }
  [[nodiscard]] INTARSIA_FN constexpr std::uint64_t first() const { return first_; }

  // f(from, to) for each run of hidden places, in rising order.
  template <class F>
  INTARSIA_FN constexpr void each_run(F&& f) const {
    std::size_t from = 0;
    for (std::size_t i = 0; i < runs_; ++i) {
      auto const column = static_cast<std::uint32_t>(hidden_[i]);
      from += lower_place(columns_ + from, entries_ - from, column);
      std::size_t to = from;
      while (to < entries_ && columns_[to] == column) ++to;
      if (to > from) f(from, to);
      from = to;
    }
  }

  // The place in the row of the open entry number `rank`.
  [[nodiscard]] INTARSIA_FN constexpr std::uint32_t place(std::uint32_t rank) const {
    std::size_t at = rank;
    each_run([&at](std::size_t from, std::size_t to) {
      if (at >= from) at += to - from;
    });
    return static_cast<std::uint32_t>(at);
  }
  // Turns ranks among the open entries into places of the row.
  INTARSIA_FN constexpr void places(std::uint32_t* ranks, std::size_t count) const {
    if (!hides()) return;
    for (std::size_t i = 0; i < count; ++i) ranks[i] = place(ranks[i]);
  }

  // f(place) for each open place, in rising order.
  template <class F>
  INTARSIA_FN constexpr void each_open(F&& f) const {
    std::size_t next = 0;
    each_run([&](std::size_t from, std::size_t to) {
      for (; next < from; ++next) f(next);
      next = to;
    });
    for (; next < entries_; ++next) f(next);
  }

 private:
  std::uint64_t first_;
  std::size_t entries_;
  std::uint32_t const* columns_ = nullptr;
  std::uint64_t const* hidden_ = nullptr;
  std::size_t runs_ = 0, size_ = 0;
};

// How many of a row's `open` entries are drawn.
[[nodiscard]] INTARSIA_FN constexpr std::uint64_t draws_of(std::uint64_t open, std::uint32_t fanout, bool replace) {
  bool const whole = open < fanout || fanout == all_neighbors;
  return whole && (!replace || open == 0 || fanout == all_neighbors) ? open : fanout;
}

// `count` different whole numbers of [0, n), each set equally likely, rising. R. Floyd, "A sample of brilliance",
// Communications of the ACM 30 (1987). O(k log k) comparisons and O(k * k / 2) moves of 4 bytes.
INTARSIA_FN constexpr void draw_distinct(random& dice, std::uint32_t n, std::uint32_t* out, std::uint32_t count) {
  std::size_t size = 0;
  for (std::uint32_t last = n - count; last < n; ++last) {
    std::uint32_t const pick = dice.below(last + 1);
    std::size_t const place = lower_place(out, size, pick);
    if (place < size && out[place] == pick) {
      out[size] = last;
    } else {
      for (std::size_t i = size; i > place; --i) out[i] = out[i - 1];
      out[place] = pick;
    }
    ++size;
  }
}

// The weight of an entry: its value, and 0 for what is no positive number.
template <class Space>
[[nodiscard]] INTARSIA_FN constexpr float weight_of(neighbor_draws<Space> const& q, std::uint64_t entry) {
  float const value = q.rows.values ? q.rows.values[entry] : 1.0f;
  return value > 0 ? value : 0.0f;
}

// What an entry brings to a weighted draw without replacement: log(u) / weight, u of (0, 1]; those of weight 0 lie
// below all others, by chance.
[[nodiscard]] INTARSIA_FN constexpr float weighted_key(std::uint32_t bits, float weight) {
  std::uint32_t const u = (bits >> 8) + 1;
  if (!(weight > 0)) return -1e37f * (2.0f + static_cast<float>(u) * 0x1p-24f);
  float const key = static_cast<float>(minus_log(u)) * -0x1p-39f / weight;
  return key > -1e37f ? key : -1e37f;
}

// Weighted draws without replacement: the largest keys u^(1/w). Efraimidis and Spirakis, "Weighted random sampling
// with a reservoir", Information Processing Letters 97 (2006). Of equal keys the one that comes first. A heap with the
// last of them on top.
template <class Space>
INTARSIA_FN constexpr void draw_weighted(neighbor_draws<Space> const& q, open_row<Space> const& row, random& dice,
                                         std::uint32_t* out, std::size_t count, float* keys) {
  std::size_t size = 0;
  auto const later = [&](std::size_t a, std::size_t b) {
    return keys[a] < keys[b] || (keys[a] == keys[b] && out[a] > out[b]);
  };
  auto const swap = [&](std::size_t a, std::size_t b) {
    float const key = keys[a];
    keys[a] = keys[b];
    keys[b] = key;
    std::uint32_t const place = out[a];
    out[a] = out[b];
    out[b] = place;
  };
  row.each_open([&](std::size_t place) {
    float const key = weighted_key(dice.bits(), weight_of(q, row.first() + place));
    std::size_t at = 0;
    if (size < count) {
      at = size++;
      keys[at] = key;
      out[at] = static_cast<std::uint32_t>(place);
      for (; at > 0 && later(at, (at - 1) / 2); at = (at - 1) / 2) swap(at, (at - 1) / 2);
    } else if (key > keys[0]) {
      keys[0] = key;
      out[0] = static_cast<std::uint32_t>(place);
      while (true) {
        std::size_t least = at;
        if (2 * at + 1 < size && later(2 * at + 1, least)) least = 2 * at + 1;
        if (2 * at + 2 < size && later(2 * at + 2, least)) least = 2 * at + 2;
        if (least == at) break;
        swap(at, least);
        at = least;
      }
    }
  });
  sort_numbers(out, count);
}

// Weighted draws with replacement: sorted uniform numbers meet the running sum of weights.
template <class Space>
INTARSIA_FN constexpr void draw_weighted_again(neighbor_draws<Space> const& q, open_row<Space> const& row, random& dice,
                                               std::uint32_t* out, std::size_t count, float* keys) {
  double total = 0;
  row.each_open([&](std::size_t place) { total += static_cast<double>(weight_of(q, row.first() + place)); });
  bool const equal = !(total > 0);
  if (equal) total = static_cast<double>(row.size());
  for (std::size_t i = 0; i < count; ++i) keys[i] = dice.uniform();
  sort_numbers(keys, count);
  double sum = 0;
  std::size_t next = 0;
  std::uint32_t last = 0;
  row.each_open([&](std::size_t place) {
    double const weight = equal ? 1.0 : static_cast<double>(weight_of(q, row.first() + place));
    if (weight <= 0) return;
    sum += weight;
    last = static_cast<std::uint32_t>(place);
    while (next < count && static_cast<double>(keys[next]) * total < sum) out[next++] = last;
  });
  while (next < count) out[next++] = last;
}

// The places in the row of its `count` draws, rising. keys: (count) where weighted.
template <class Space>
INTARSIA_FN constexpr void draw_row(neighbor_draws<Space> const& q, std::uint64_t stream, std::uint32_t target,
                                    std::uint32_t* out, std::size_t count, float* keys) {
  open_row<Space> const row{q, target};
  auto const n = static_cast<std::uint32_t>(row.size());
  random dice{q.key, stream, target};
  if (!q.replace && count == n) {
    for (std::uint32_t i = 0; i < n; ++i) out[i] = i;
    row.places(out, count);
  } else if (q.weighted) {
    if (q.replace) {
      draw_weighted_again(q, row, dice, out, count, keys);
    } else {
      draw_weighted(q, row, dice, out, count, keys);
    }
  } else {
    if (q.replace) {
      for (std::size_t i = 0; i < count; ++i) out[i] = dice.below(n);
      sort_numbers(out, count);
    } else {
      draw_distinct(dice, n, out, static_cast<std::uint32_t>(count));
    }
    row.places(out, count);
  }
}

}  // namespace intarsia::inline v0::detail
