// Drawing neighbors on the CPU. Rows are drawn by pieces of the frontier; every row by its own generator.
#pragma once

#include <algorithm>
#include <cmath>
#include <intarsia/cpu/context.hpp>
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

}  // namespace detail

inline void count_draws(context& ctx, neighbor_draws<> const& q) {
  q.offsets[0] = 0;
  ctx.threads().bulk(q.targets.size(), 512, [&q](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      std::size_t const open =
          q.hidden.empty() ? q.rows.degree(q.targets[i]) : detail::open_row{q, q.targets[i]}.size();
      q.offsets[i + 1] =
          q.replace && open > 0 && q.fanout != all_neighbors ? q.fanout : std::min<std::size_t>(open, q.fanout);
    }
  });
  for (std::size_t i = 0; i < q.targets.size(); ++i) q.offsets[i + 1] += q.offsets[i];
}

inline void draw_entries(context& ctx, neighbor_draws<> const& q) {
  ctx.threads().bulk(q.targets.size(), 128, [&q](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      std::size_t const first = q.offsets[i], count = q.offsets[i + 1] - first;
      if (count == 0) continue;
      detail::draw_row(q, q.targets[i], {q.columns + first, count}, q.work ? q.work + first : nullptr);
      std::uint64_t const base = q.rows.offsets[q.targets[i]];
      for (std::size_t e = first; e < first + count; ++e) {
        std::uint64_t const entry = base + q.columns[e];
        if (q.values) q.values[e] = q.rows.values ? q.rows.values[entry] : 1.0f;
        q.columns[e] = q.rows.columns[entry];
      }
    }
  });
}

}  // namespace intarsia::inline v0::cpu
