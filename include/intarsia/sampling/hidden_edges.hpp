// The entries of one relation that a block never draws, and where they are.
#pragma once

#include <algorithm>
#include <intarsia/exec/neighbor_draws.hpp>
#include <intarsia/exec/row_draws.hpp>
#include <intarsia/sampling/buffer.hpp>

namespace intarsia::inline v0::detail {

class hidden_edges {
 public:
  void reserve(std::size_t most) {
    keys_.reserve(most);
    runs_.reserve(most);
    from_.reserve(parts + 1);
  }
  void clear() {
    keys_.clear();
    runs_.clear();
  }
  // target id << 32 | source id
  void push(std::uint64_t key) { keys_.push(key); }

  // To be called when all are there: finds them in the rows, each once, so that no draw has to search for them.
  void find_in(csr_view<> rows) {
    if (!std::is_sorted(keys_.begin(), keys_.end())) std::sort(keys_.begin(), keys_.end());
    keys_.resize(static_cast<std::size_t>(std::unique(keys_.begin(), keys_.end()) - keys_.begin()));
    std::size_t const count = keys_.size();
    runs_.resize(count);
    if (count == 0 || !rows.offsets) return;
    shift_ = 0;
    while ((rows.rows >> shift_) >= parts) ++shift_;
    from_.resize(parts + 1);
    std::size_t part = 0;
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t const last = keys_[i] >> 32 >> shift_; part <= last; ++part) {
        from_[part] = static_cast<std::uint32_t>(i);
      }
    }
    for (; part <= parts; ++part) from_[part] = static_cast<std::uint32_t>(count);
    constexpr std::size_t ahead = 16;
    for (std::size_t i = 0; i < count + 2 * ahead; ++i) {
      if (i < count) __builtin_prefetch(rows.offsets + (keys_[i] >> 32));
      if (i >= ahead && i < count + ahead) {
        auto const row = rows[keys_[i - ahead] >> 32];
        __builtin_prefetch(row.data() + row.size() / 2);
      }
      if (i < 2 * ahead) continue;
      std::uint64_t const key = keys_[i - 2 * ahead];
      auto const row = rows[key >> 32];
      auto const column = static_cast<std::uint32_t>(key);
      std::size_t const begin = lower_place(row.data(), row.size(), column);
      std::size_t end = begin;
      while (end < row.size() && row[end] == column) ++end;
      runs_[i - 2 * ahead] = {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)};
    }
  }
  // Tells an order of them.
  void show(neighbor_draws<>& order) const {
    order.hidden = keys_.view();
    if (keys_.size() == 0 || !order.rows.offsets) return;
    order.hidden_from = from_.data();
    order.hidden_shift = shift_;
    order.hidden_runs = runs_.data();
  }

 private:
  static constexpr std::size_t parts = std::size_t{1} << 15;

  buffer<std::uint64_t> keys_;
  buffer<place_run> runs_;
  buffer<std::uint32_t> from_;
  int shift_ = 0;
};

}  // namespace intarsia::inline v0::detail
