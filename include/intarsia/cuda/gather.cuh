// Rows of a table by id, and the way back.
#pragma once

#include <intarsia/cuda/rows.cuh>
#include <intarsia/cuda/sort.cuh>
#include <intarsia/exec/scope.hpp>

namespace intarsia::inline v0::cuda {

namespace detail {
template <class X, class T>
struct gather_body {
  dense<X const, device> x;
  std::uint32_t const* ids;
  dense<T, device> out;

  template <unsigned Pack>
  INTARSIA_FN void run(std::size_t row, std::size_t c) const {
    auto const from = read_pack<X, Pack>(x.data + ids[row] * x.stride + c);
    pack<T, Pack> to;
    for (unsigned k = 0; k < Pack; ++k) to.number[k] = as_number<T>(from.number[k]);
    write_pack<T, Pack>(out.data + row * out.stride + c, to);
  }
};

// The first of some equal ids adds the rows of all of them, in their order.
template <class T>
struct scatter_body {
  dense<T const, device> dy;
  std::uint32_t const* ids;    // (rows of dy) rising
  std::uint32_t const* order;  // (rows of dy) which row of dy each belongs to
  dense<T, device> dx;

  template <unsigned Pack>
  INTARSIA_FN void run(std::size_t i, std::size_t c) const {
    std::uint32_t const id = ids[i];
    if (i > 0 && ids[i - 1] == id) return;
    T* const place = dx.data + id * dx.stride + c;
    auto sum = read_pack<T, Pack>(place);
    for (std::size_t e = i; e < dy.rows && ids[e] == id; ++e) {
      auto const from = read_pack<T, Pack>(dy.data + order[e] * dy.stride + c);
      for (unsigned k = 0; k < Pack; ++k) sum.number[k] += from.number[k];
    }
    write_pack<T, Pack>(place, sum);
  }
};
}  // namespace detail

// out[i] = x[ids[i]]; as many ids as out has rows. x may be stored as bf16 or f16 where out is float. Does not block.
template <class X, class T>
void gather_rows(context& ctx, dense<X, device> x, std::uint32_t const* ids, dense<T, device> out) {
  using stored = std::remove_const_t<X>;
  dense<stored const, device> const from{x.data, x.rows, x.cols, x.stride};
  detail::launch_rows<detail::widest_pack(sizeof(stored))>(ctx, out.rows, out.cols,
                                                           detail::gather_body<stored, T>{from, ids, out}, from, out);
}

// dx[ids[i]] += dy[i], in the order of i; an id may come more than once. Does not block.
template <class T>
void scatter_rows(context& ctx, std::type_identity_t<dense<T const, device>> dy, std::uint32_t const* ids,
                  dense<T, device> dx) {
  if (dy.rows == 0) return;
  scope const keep{ctx};
  auto const sorted = detail::sort_by_key(ctx, ids, dy.rows, dx.rows);
  detail::launch_rows<4>(ctx, dy.rows, dy.cols, detail::scatter_body<T>{dy, sorted.keys, sorted.order, dx}, dy, dx);
}

}  // namespace intarsia::inline v0::cuda
