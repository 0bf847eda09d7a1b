// Edges in any order become sorted rows: they are dealt out to buckets of neighboring rows, and each bucket is sorted
// by radix in a core's cache. What comes out does not depend on threads or on how the edges are cut into chunks.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <intarsia/core/aligned.hpp>
#include <intarsia/core/executor.hpp>
#include <intarsia/core/expects.hpp>
#include <intarsia/tensor/csr.hpp>
#include <type_traits>
#include <utility>
#include <vector>

namespace intarsia::inline v0::detail {

// What becomes of entries of one row that have the same column.
enum class repeats {
  keep,
  drop,   // the first stays
  count,  // one stays, with their number as its value; values only where some number is not 1
  sum,    // one stays, with the sum of their loads in the order given as its value
};

struct no_load {};

// A row's low bits and a column in one number, and what the edge carries.
template <class Key, class Load>
struct keyed {
  Key key;
  Load load;
};
template <class Key>
struct keyed<Key, no_load> {
  Key key;
};

// The ends of `count` edges: those of edge e are rows[e * step] and columns[e * step]. Null columns are known to be
// within bounds.
struct edge_ends {
  std::uint32_t const *rows = nullptr, *columns = nullptr;
  std::size_t count = 0, step = 1;
};

// Key: 32 bits where a row's low bits and a column fit in them, or 64. Load: no_load, a float (a value) or a whole
// number (a position). Memory beside the result: one entry (4 bytes at best) for each edge.
template <class Key, class Load>
class row_sorter {
 public:
  using entry = keyed<Key, Load>;

  row_sorter(any_executor const& threads, std::size_t rows, std::size_t cols, unsigned bucket_bits)
      : threads_{threads},
        rows_{rows},
        cols_{cols},
        column_bits_{bits_of(cols)},
        row_bits_{bits_of(rows) - bucket_bits},
        buckets_{rows == 0 ? 0 : ((rows - 1) >> row_bits_) + 1} {}

  // How many bits the numbers below n have.
  [[nodiscard]] static unsigned bits_of(std::size_t n) { return n < 2 ? 0 : unsigned(std::bit_width(n - 1)); }

  // Takes the edges, which come in chunks: ends(chunk, put) calls put(edge_ends) for all of a chunk in any order;
  // each(chunk, put) calls put(row, column, load) for every one in order. Throws shape_error where an edge ends beyond
  // the numbers given.
  template <class Ends, class Each>
  void take(std::size_t chunks, Ends const& ends, Each const& each) {
    std::size_t const width = buckets_;
    std::vector<std::uint64_t> next(chunks * width);
    std::vector<std::uint8_t> beyond(chunks);
    threads_.bulk(chunks, 1, [&](std::size_t first, std::size_t last) {
      std::vector<std::uint32_t> counts;
      for (std::size_t chunk = first; chunk < last; ++chunk) {
        counts.assign(lanes * width, 0);
        bool all = true;
        ends(chunk, [&](edge_ends const& x) { all = all && count_rows(x, counts.data()); });
        beyond[chunk] = !all;
        for (std::size_t l = 0; l < lanes; ++l) {
          for (std::size_t b = 0; b < width; ++b) next[chunk * width + b] += counts[l * width + b];
        }
      }
    });
    expects(std::find(beyond.begin(), beyond.end(), 1) == beyond.end(),
            "an edge ends at a node beyond the numbers given: rows and columns count from 0");
    begin_.assign(buckets_ + 1, 0);
    std::uint64_t place = 0;
    for (std::size_t b = 0; b < buckets_; ++b) {
      for (std::size_t chunk = 0; chunk < chunks; ++chunk) place += std::exchange(next[chunk * width + b], place);
      begin_[b + 1] = place;
      expects<error>(begin_[b + 1] - begin_[b] < std::uint64_t{1} << 32, "more than 2^32 edges in neighboring rows");
    }
    entries_ = aligned_buffer<entry>{place};
    threads_.bulk(chunks, 1, [&](std::size_t first, std::size_t last) {
      for (std::size_t chunk = first; chunk < last; ++chunk) {
        std::uint64_t* const to = next.data() + chunk * width;
        entry* const entries = entries_.data();
        auto const low = static_cast<std::uint32_t>((std::uint64_t{1} << row_bits_) - 1);
        unsigned const row_bits = row_bits_, column_bits = column_bits_;
        each(chunk, [=](std::uint32_t row, std::uint32_t column, Load load) {
          entry& x = entries[to[row >> row_bits]++];
          x.key = Key{row & low} << column_bits | column;
          if constexpr (!std::is_same_v<Load, no_load>) x.load = load;
        });
      }
    });
  }

  // The rows, each with its columns rising; equal columns in the order given. `rise`: within a row they were given
  // so. Loads become values, or positions where they are whole numbers. The edges are used up.
  [[nodiscard]] csr sorted(bool rise, repeats what) {
    csr out{.rows = rows_, .cols = cols_, .offsets = {}, .columns = {}, .values = {}, .positions = {}};
    std::size_t const total = entries_.size();
    out.offsets.assign(rows_ + 1, 0);
    reserve_large(out.columns, total);
    if (what == repeats::count || what == repeats::sum || loads_are<float>) reserve_large(out.values, total);
    if (loads_are<std::uint32_t>) reserve_large(out.positions, total);
    if (threads_.threads() == 1) {
      room const memory{*this, 0, buckets_};
      std::uint64_t place = 0;
      for (std::size_t b = 0; b < buckets_; ++b) {
        resize(out, place + size(b), what, false);
        place = put(b, sort(b, memory, rise), memory, place, out, what);
      }
      resize(out, place, what, false);
    } else {
      std::vector<std::uint64_t> place(buckets_ + 1, 0);
      std::size_t const grain = std::max<std::size_t>(1, buckets_ / (8 * threads_.threads()));
      threads_.bulk(buckets_, grain, [&](std::size_t first, std::size_t last) {
        room const memory{*this, first, last};
        for (std::size_t b = first; b < last; ++b) {
          entry const* const from = sort(b, memory, rise);
          entry* const to = entries_.data() + begin_[b];
          if (from != to) std::copy_n(from, size(b), to);
          place[b + 1] = what == repeats::keep ? size(b) : distinct(to, size(b));
        }
      });
      for (std::size_t b = 0; b < buckets_; ++b) place[b + 1] += place[b];
      resize(out, place[buckets_], what, place[buckets_] < total);
      threads_.bulk(buckets_, grain, [&](std::size_t first, std::size_t last) {
        room const memory{*this, first, last};
        for (std::size_t b = first; b < last; ++b) {
          entry const* const from = entries_.data() + begin_[b];
          std::fill_n(memory.rows.data(), memory.rows.size(), 0u);
          for (std::size_t e = 0; e < size(b); ++e) ++memory.rows.data()[from[e].key >> column_bits_];
          for (std::size_t r = 1; r < memory.rows.size(); ++r) memory.rows.data()[r] += memory.rows.data()[r - 1];
          put(b, from, memory, place[b], out, what);
        }
      });
    }
    entries_ = {};
    return out;
  }

 private:
  template <class T>
  static constexpr bool loads_are = std::is_same_v<Load, T>;
  static constexpr unsigned digit_bits = 10;

  // What sorting one bucket after the other needs: a second place for its entries, and where its rows end.
  struct room {
    mutable aligned_buffer<entry> other;
    mutable aligned_buffer<std::uint32_t> rows;
    room(row_sorter const& all, std::size_t first, std::size_t last) : rows{std::size_t{1} << all.row_bits_} {
      std::size_t most = 0;
      for (std::size_t b = first; b < last; ++b) most = std::max(most, all.size(b));
      other = aligned_buffer<entry>{most};
    }
  };

  [[nodiscard]] std::size_t size(std::size_t b) const { return begin_[b + 1] - begin_[b]; }

  // Counts the buckets of rows; false where an end is beyond the numbers given. An increment need not wait for the one
  // before it, which may be of the same bucket: there are several counters of each.
  static constexpr std::size_t lanes = 4;
  [[nodiscard]] bool count_rows(edge_ends const& x, std::uint32_t* counts) const {
    constexpr std::size_t block = 4096;
    std::size_t const width = buckets_;
    unsigned const bits = row_bits_;
    for (std::size_t begin = 0; begin < x.count; begin += block) {
      std::size_t const count = std::min(block, x.count - begin), step = x.step;
      std::uint32_t const* const rows = x.rows + begin * step;
      if (largest(rows, count, step) >= rows_) return false;
      if (x.columns && largest(x.columns + begin * step, count, step) >= cols_) return false;
      std::size_t e = 0;
      for (; e + lanes <= count; e += lanes) {
        for (std::size_t l = 0; l < lanes; ++l) ++counts[l * width + (rows[(e + l) * step] >> bits)];
      }
      for (; e < count; ++e) ++counts[rows[e * step] >> bits];
    }
    return true;
  }
  [[nodiscard]] static std::uint32_t largest(std::uint32_t const* x, std::size_t count, std::size_t step) {
    std::uint32_t most = 0;
    if (step == 1) {
      for (std::size_t e = 0; e < count; ++e) most = std::max(most, x[e]);
    } else {
      for (std::size_t e = 0; e < count; ++e) most = std::max(most, x[e * step]);
    }
    return most;
  }

  // Sorts a bucket; memory.rows becomes where each row of it ends. Returns where the entries lie.
  entry const* sort(std::size_t b, room const& memory, bool rise) {
    constexpr std::size_t most_digits = (32 + digit_bits - 1) / digit_bits;
    unsigned const digits = rise ? 0 : (column_bits_ + digit_bits - 1) / digit_bits;
    unsigned const width = digits == 0 ? 0 : (column_bits_ + digits - 1) / digits;
    auto const mask = (std::uint32_t{1} << width) - 1;
    std::size_t const n = size(b);
    entry *from = entries_.data() + begin_[b], *to = memory.other.data();
    std::uint32_t places[most_digits][std::size_t{1} << digit_bits];
    for (unsigned d = 0; d < digits; ++d) std::fill_n(places[d], std::size_t{1} << width, 0u);
    std::uint32_t* const rows = memory.rows.data();
    std::size_t const row_count = memory.rows.size();
    std::fill_n(rows, row_count, 0u);
    unsigned const column_bits = column_bits_;
    for (std::size_t e = 0; e < n; ++e) {
      Key const key = from[e].key;
      ++rows[key >> column_bits];
      for (unsigned d = 0; d < digits; ++d) ++places[d][key >> (d * width) & mask];
    }
    for (unsigned d = 0; d < digits; ++d) {
      std::uint32_t* const place = places[d];
      std::uint32_t before = 0;
      for (std::size_t i = 0; i <= mask; ++i) before += std::exchange(place[i], before);
      unsigned const shift = d * width;
      for (std::size_t e = 0; e < n; ++e) to[place[from[e].key >> shift & mask]++] = from[e];
      std::swap(from, to);
    }
    std::uint32_t before = 0;
    for (std::size_t r = 0; r < row_count; ++r) before += std::exchange(rows[r], before);
    if (row_count == 1) {
      rows[0] = before;
      return from;
    }
    for (std::size_t e = 0; e < n; ++e) to[rows[from[e].key >> column_bits]++] = from[e];
    return to;
  }

  [[nodiscard]] static std::size_t distinct(entry const* x, std::size_t n) {
    std::size_t found = n > 0 ? 1 : 0;
    for (std::size_t e = 1; e < n; ++e) found += x[e].key != x[e - 1].key ? 1u : 0u;
    return found;
  }

  // Room for `count` entries of the result, those of values 1.
  void resize(csr& out, std::size_t count, repeats what, bool some_repeat) const {
    out.columns.resize(count);
    if (what == repeats::sum || loads_are<float> || some_repeat || !out.values.empty()) {
      if (what != repeats::drop) out.values.resize(count, 1.0f);
    }
    if (loads_are<std::uint32_t>) out.positions.resize(count);
  }

  // Writes the sorted rows of a bucket from `place` on, and returns the place after them.
  std::uint64_t put(std::size_t b, entry const* x, room const& memory, std::uint64_t place, csr& out,
                    repeats what) const {
    std::size_t const first = b << row_bits_, count = std::min(rows_ - first, std::size_t{1} << row_bits_);
    Key const mask = static_cast<Key>((std::uint64_t{1} << column_bits_) - 1);
    std::uint32_t* const columns = out.columns.data();
    auto const column = [=](entry const& from) { return static_cast<std::uint32_t>(from.key & mask); };
    for (std::size_t r = 0, e = 0; r < count; ++r) {
      std::size_t const begin = e, end = memory.rows.data()[r];
      std::uint64_t const start = place;
      if (what == repeats::keep) {
        for (; e < end; ++e) columns[place++] = column(x[e]);
        if constexpr (loads_are<float>) {
          for (std::size_t k = begin; k < end; ++k) out.values[start + k - begin] = x[k].load;
        } else if constexpr (loads_are<std::uint32_t>) {
          for (std::size_t k = begin; k < end; ++k) out.positions[start + k - begin] = x[k].load;
        }
      } else {
        if (e < end) columns[place++] = column(x[e++]);
        for (; e < end; ++e) {
          place += x[e].key != x[e - 1].key ? 1u : 0u;
          columns[place - 1] = column(x[e]);
        }
        if constexpr (loads_are<float>) {
          std::uint64_t to = start;
          for (std::size_t k = begin; k < end; ++k) {
            if (k > begin && x[k].key == x[k - 1].key) {
              out.values[to - 1] += x[k].load;
            } else {
              out.values[to++] = x[k].load;
            }
          }
        } else if (what == repeats::count && place - start < end - begin) {
          if (out.values.empty()) out.values.resize(out.columns.size(), 1.0f);
          std::uint64_t to = start;
          for (std::size_t k = begin + 1; k < end; ++k) {
            if (x[k].key == x[k - 1].key) {
              out.values[to] += 1.0f;
            } else {
              ++to;
            }
          }
        }
      }
      out.offsets[first + r + 1] = place;
    }
    return place;
  }

  any_executor const& threads_;
  std::size_t rows_, cols_;
  unsigned column_bits_, row_bits_;
  std::size_t buckets_;
  std::vector<std::uint64_t> begin_;
  aligned_buffer<entry> entries_;
};

// Pieces in which edges are taken.
[[nodiscard]] inline std::size_t chunks_for(any_executor const& threads) {
  return threads.threads() == 1 ? 1 : 4 * threads.threads();
}

// The rows of `count` edges, in chunks_for(threads) chunks; see row_sorter.
template <class Load, class Ends, class Each>
[[nodiscard]] csr sort_rows(any_executor const& threads, std::size_t rows, std::size_t cols, std::size_t count,
                            bool rise, repeats what, Ends const& ends, Each const& each) {
  // Buckets of about 2^15 edges; beyond 2^9 of them dealing out slows down, which narrow keys are worth.
  constexpr unsigned many = 9, most = 11;
  auto const bits = [](std::size_t n) { return row_sorter<std::uint64_t, Load>::bits_of(n); };
  unsigned buckets = std::min({bits(rows), static_cast<unsigned>(std::bit_width(count >> 15)), many});
  unsigned const together = bits(rows) + bits(cols);
  if (buckets == many && together > 31 + many && together <= 31 + most) buckets = together - 31;
  auto const sort = [&](auto sorter) {
    sorter.take(chunks_for(threads), ends, each);
    return sorter.sorted(rise, what);
  };
  if (together - buckets < 32) return sort(row_sorter<std::uint32_t, Load>{threads, rows, cols, buckets});
  return sort(row_sorter<std::uint64_t, Load>{threads, rows, cols, buckets});
}

}  // namespace intarsia::inline v0::detail
