// The largest number over a row's neighbors, channel by channel, and who had it.
#pragma once

#include <intarsia/cuda/rows.cuh>

namespace intarsia::inline v0::cuda {

namespace detail {
template <class X, class T>
struct max_body {
  csr_view<device> a;
  row_choice<device> rows;
  dense<X const, device> x;
  dense<T, device> y;
  dense<std::uint32_t, device> argmax;

  template <unsigned Pack>
  INTARSIA_FN void run(std::size_t row, std::size_t c) const {
    if (!rows.has(row)) return;
    pack<T, Pack> best{};
    pack<std::uint32_t, Pack> who;
    for (unsigned k = 0; k < Pack; ++k) who.number[k] = no_entry;
    auto const [begin, end] = entries_of(a, row);
    for (std::uint64_t e = begin; e < end; ++e) {
      auto const from = read_pack<X, Pack>(x.data + a.columns[e] * x.stride + c);
      auto const entry = static_cast<std::uint32_t>(forward_place(a, e));
      for (unsigned k = 0; k < Pack; ++k) {
        T const number = as_number<T>(from.number[k]);
        if (e == begin || best.number[k] < number) {
          best.number[k] = number;
          who.number[k] = entry;
        }
      }
    }
    write_pack<T, Pack>(y.data + row * y.stride + c, best);
    write_pack<std::uint32_t, Pack>(argmax.data + row * argmax.stride + c, who);
  }
};

template <class T>
struct max_pull_body {
  csr_view<device> transposed;
  row_choice<device> cols;
  dense<std::uint32_t const, device> argmax;
  dense<T const, device> dy;
  dense<T, device> dx;

  template <unsigned Pack>
  INTARSIA_FN void run(std::size_t row, std::size_t c) const {
    T* const to = dx.data + row * dx.stride + c;
    auto sum = read_pack<T, Pack>(to);
    for (auto [e, end] = entries_of(transposed, row); e < end; ++e) {
      std::size_t const target = transposed.columns[e];
      if (!cols.has(target)) continue;
      auto const entry = static_cast<std::uint32_t>(forward_place(transposed, e));
      auto const from = read_pack<T, Pack>(dy.data + target * dy.stride + c);
      auto const who = read_pack<std::uint32_t, Pack>(argmax.data + target * argmax.stride + c);
      for (unsigned k = 0; k < Pack; ++k) sum.number[k] += who.number[k] == entry ? from.number[k] : T{0};
    }
    write_pack<T, Pack>(to, sum);
  }
};
}  // namespace detail

// y[i, c] = max over entries of row i of x[column, c] and argmax[i, c] that entry (forward numbering); an empty row
// gives 0 and no_entry; of equal numbers the first entry counts. Rows left out keep what they hold. x may be stored as
// bf16 or f16 where y is float. Does not block.
template <class X, class T>
void segment_max(context& ctx, csr_view<device> a, row_choice<device> rows, dense<X, device> x, dense<T, device> y,
                 dense<std::uint32_t, device> argmax) {
  using stored = std::remove_const_t<X>;
  dense<stored const, device> const from{x.data, x.rows, x.cols, x.stride};
  detail::launch_rows<detail::widest_pack(sizeof(stored))>(
      ctx, a.rows, y.cols, detail::max_body<stored, T>{a, rows, from, y, argmax}, from, y, argmax);
}

// dx[j, c] += dy[i, c] where argmax[i, c] is an entry of row j of the transpose; `cols` chooses among the i. Does not
// block.
template <class T>
void segment_max_pull(context& ctx, csr_view<device> transposed, row_choice<device> cols,
                      std::type_identity_t<dense<std::uint32_t const, device>> argmax,
                      std::type_identity_t<dense<T const, device>> dy, dense<T, device> dx) {
  detail::launch_rows<4>(ctx, transposed.rows, dx.cols, detail::max_pull_body<T>{transposed, cols, argmax, dy, dx}, dy,
                         dx, argmax);
}

}  // namespace intarsia::inline v0::cuda
