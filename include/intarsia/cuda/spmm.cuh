// Sparse times dense: sums and means over neighbors. Each row of the result has one writer.
#pragma once

#include <intarsia/cuda/rows.cuh>
#include <intarsia/cuda/sort.cuh>
#include <intarsia/exec/row_draws.hpp>
#include <intarsia/exec/scope.hpp>

namespace intarsia::inline v0::cuda {

namespace detail {
template <class X, class T>
struct spmm_body {
  csr_view<device> a;
  spmm_terms<T, device> terms;
  dense<X const, device> x;
  dense<T, device> y;
  bool accumulate;

  template <unsigned Pack>
  INTARSIA_FN void run(std::size_t row, std::size_t c) const {
    if (!terms.rows.has(row)) return;
    pack<T, Pack> sum{};
    auto [e, end] = entries_of(a, row);
    // Four rows of x are on their way at a time; they are added in the order of the entries all the same.
    for (; e + 4 <= end; e += 4) {
      pack<X, Pack> from[4];
      T factor[4];
      for (unsigned k = 0; k < 4; ++k) {
        std::size_t const column = a.columns[e + k];
        factor[k] = factor_of(e + k, column);
        from[k] = read_pack<X, Pack>(x.data + column * x.stride + c);
      }
      for (unsigned k = 0; k < 4; ++k) add(sum, factor[k], from[k], a.columns[e + k]);
    }
    for (; e < end; ++e) {
      std::size_t const column = a.columns[e];
      add(sum, factor_of(e, column), read_pack<X, Pack>(x.data + column * x.stride + c), column);
    }
    T const scale = terms.row_scale ? terms.row_scale[row] : T{1};
    T* const to = y.data + row * y.stride + c;
    pack<T, Pack> out{};
    if (accumulate) out = read_pack<T, Pack>(to);
    for (unsigned k = 0; k < Pack; ++k) out.number[k] += scale * sum.number[k];
    write_pack<T, Pack>(to, out);
  }

 private:
  [[nodiscard]] INTARSIA_FN T factor_of(std::uint64_t entry, std::size_t column) const {
    T const value = entry_value<T>(a, entry);
    return terms.col_scale ? value * terms.col_scale[column] : value;
  }
  template <unsigned Pack>
  INTARSIA_FN void add(pack<T, Pack>& sum, T factor, pack<X, Pack> const& from, std::size_t column) const {
    if (!terms.cols.has(column)) return;
    for (unsigned k = 0; k < Pack; ++k) sum.number[k] += factor * as_number<T>(from.number[k]);
  }
};

template <class T>
struct row_sums_body {
  csr_view<device> a;
  dense<T, device> out;
  INTARSIA_FN void operator()(std::size_t row, team by) const {
    auto const [begin, end] = entries_of(a, row);
    T sum{0};
    for (std::uint64_t e = begin + by.first(); a.values && e < end; e += by.step()) sum += entry_value<T>(a, e);
    sum = a.values ? by.sum(sum) : static_cast<T>(end - begin);
    if (by.owns(0)) out.data[row * out.stride] = sum;
  }
};

using intarsia::detail::lower_place;

// Where entries lie in the transpose: keys are their columns, those beyond the last entry are sorted to the end.
struct entry_columns {
  csr_view<device> a;
  std::uint32_t* keys;
  INTARSIA_FN void operator()(std::size_t e) const {
    keys[e] = e < a.offsets[a.rows] ? a.columns[e] : static_cast<std::uint32_t>(a.cols);
  }
};
struct entry_rows {
  csr_view<device> a;
  std::uint32_t const* order;
  std::uint32_t* columns;
  std::uint32_t* positions;  // or null
  INTARSIA_FN void operator()(std::size_t place) const {
    std::uint32_t const entry = order[place];
    columns[place] = static_cast<std::uint32_t>(lower_place(a.offsets, a.rows + 1, std::uint64_t{entry} + 1) - 1);
    if (positions) positions[place] = static_cast<std::uint32_t>(forward_place(a, entry));
  }
};
struct transposed_offsets {
  std::uint32_t const* keys;
  std::size_t entries;
  std::uint64_t* offsets;
  INTARSIA_FN void operator()(std::size_t column) const {
    offsets[column] = column == 0 ? 0 : lower_place(keys, entries, static_cast<std::uint32_t>(column));
  }
};
}  // namespace detail

// y[i] += (or =) row_scale[i] * sum over entries e of row i of value(e) * col_scale[column(e)] * x[column(e)].
// Rows that `terms.rows` leaves out keep what they hold; an empty row is 0. x may be stored as bf16 or
// f16 where y is float. A few threads of a warp share a row, reading 16 bytes each. Does not block.
template <class X, class T>
void spmm(context& ctx, csr_view<device> a, std::type_identity_t<spmm_terms<T, device>> terms, dense<X, device> x,
          dense<T, device> y, bool accumulate) {
  using stored = std::remove_const_t<X>;
  if (!a.offsets && accumulate) return;
  dense<stored const, device> const from{x.data, x.rows, x.cols, x.stride};
  detail::launch_rows<detail::widest_pack(sizeof(stored))>(
      ctx, a.rows, y.cols, detail::spmm_body<stored, T>{a, terms, from, y, accumulate}, from, y);
}

// out[i, 0] = sum of the values of row i; its number of entries where the matrix has no values. Does not block.
template <class T>
void row_sums(context& ctx, csr_view<device> a, dense<T, device> out) {
  std::size_t const work = a.values ? 4 * a.entries() / std::max<std::size_t>(1, a.rows) : 1;
  each_row(ctx, a.rows, work, detail::row_sums_body<T>{a, out});
}

// The transpose in scratch memory, its entries sorted by row; values are found through positions, which are there where
// the matrix has values or `places` asks for them. Does not block.
[[nodiscard]] inline csr_view<device> transpose(context& ctx, csr_view<device> a, bool places = true) {
  csr_view<device> t{a.cols, a.rows, nullptr, nullptr, a.values, nullptr, a.most_entries};
  if (!a.offsets) return t;
  std::size_t const entries = a.entries();
  auto* const offsets = ctx.scratch().take<std::uint64_t>(a.cols + 1);
  auto* const columns = ctx.scratch().take<std::uint32_t>(entries);
  auto* const positions = places || a.values ? ctx.scratch().take<std::uint32_t>(entries) : nullptr;
  scope const keep{ctx};
  auto* const keys = ctx.scratch().take<std::uint32_t>(entries);
  map(ctx, entries, detail::entry_columns{a, keys});
  auto const sorted = detail::sort_by_key(ctx, keys, entries, a.cols + 1);
  map(ctx, entries, detail::entry_rows{a, sorted.order, columns, positions});
  map(ctx, a.cols + 1, detail::transposed_offsets{sorted.keys, entries, offsets});
  t.offsets = offsets;
  t.columns = columns;
  t.positions = positions;
  return t;
}

}  // namespace intarsia::inline v0::cuda
