// The kernels that a backend provides, found by the namespace of its context: ops call gemm(on.backend(), ...) and
// the context decides whether cpu::gemm or another one answers. All take plain views (dense, csr_view); sizes were
// checked above. Where X stands beside T, those numbers may be stored as bf16 or f16 and T is float. Every kernel gives
// the same bits for any number of threads, and none allocates from the heap. Optimisers call step_parameters as well:
// exec/parameter_step.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <intarsia/core/because.hpp>
#include <intarsia/core/config.hpp>
#include <intarsia/tensor/csr.hpp>
#include <intarsia/tensor/product.hpp>
#include <intarsia/tensor/view.hpp>

namespace intarsia::inline v0 {

// Some rows of a matrix: those whose mark equals `keep`; no marks: all of them.
template <class Space = host>
struct row_choice {
  std::uint8_t const* mark = nullptr;  // (rows)
  bool keep = true;
  [[nodiscard]] constexpr bool has(std::size_t row) const { return !mark || (mark[row] != 0) == keep; }
};

// What spmm may scale and leave out. Null: 1 for each, all of them.
template <class T, class Space = host>
struct spmm_terms {
  T const* row_scale = nullptr;    // (rows of A)
  T const* col_scale = nullptr;    // (columns of A)
  row_choice<Space> rows;          // other rows of Y are left as they are
  row_choice<Space> cols;          // entries in other columns count as absent
};

// A term of affine_heard: x_i where `a` has no offsets, else what row i of `a` hears of x,
//   row_scale[i] * sum over entries e of row i of value(e) * x[column(e)];  times the weights.
template <class T>
struct heard_term {
  dense<T const> x;        // (rows, or columns of a, in)
  csr_view<> a;
  T const* row_scale;      // (rows of a); null: 1
  dense<T const> weights;  // (in, out)
};

// What pair_softmax scales, corrects and weighs its scores with.
template <class T, class Space = host>
struct pair_terms {
  T sharpness = 1;                // scores are multiplied by it
  T share = 1;                    // of one pair in the loss
  float const* log_q = nullptr;   // (n) subtracted from each score of an item's column; null: nothing
  float const* weight = nullptr;  // (n) how much each pair counts beside its share; null: 1
  T const* factor = nullptr;      // one number that every share is multiplied by; null: 1

  // Of pair i in the loss, its weight included.
  [[nodiscard]] INTARSIA_FN T share_of(std::size_t i) const {
    return (factor ? share * *factor : share) * (weight ? static_cast<T>(weight[i]) : T{1});
  }
};

// The argmax of an empty row.
inline constexpr std::uint32_t no_entry = 0xFFFFFFFFu;

// The signatures, with ctx the backend's context and `+=` meaning "accumulate ? += : =":
//   fill(ctx, dense<T> x, T value)
//   copy(ctx, dense<T const> from, dense<T> to)                                 floats may be copied to bf16 *
//   gemm(ctx, product, dense<T const> a, dense<T const> b, dense<T> c, bool accumulate)          C += op(A) op(B)
//   gemm_bias(ctx, dense<T const> a, dense<T const> b, dense<T const> bias (1, cols), bool relu, dense<T> c)
//                                         C = A B + bias in each row, and where `relu` not below 0
//                                         gemm and gemm_bias of float may take an A stored as bf16, gemm such a B
//                                         beside it *
//   map(ctx, count, f)                    f(i) for each i of [0, count), independent of each other
//   each_row(ctx, rows, work, f)          f(row) for each row, or f(row, team) with the threads that share it (see
//                                         team.hpp); `work`: roughly how many operations a row takes
//   column_sum(ctx, dense<T const> x, dense<T> out, bool accumulate)                             out (1, cols)
//   round_slopes(ctx, rule, dense<T const> y, dense<T const> dy, dense<bf16> rounded, dense<T> out)
//                                         rounded = dy * rule.slope(y), and out += its column sums *
//   total(ctx, dense<T const> x, dense<T> out, bool accumulate)                                  out (1, 1)
//   spmm(ctx, csr_view a, spmm_terms<T>, dense<X const> x, dense<T> y, bool accumulate)
//                                         y[i] += row_scale[i] * sum over entries e of row i of
//                                                 value(e) * col_scale[column(e)] * x[column(e)]
//                                         and spmm(ctx, a, terms, x, dense<bf16> y) rounds those sums *
//   affine_heard(ctx, span<heard_term<T> const> terms, dense<T const> bias (1, cols) or none, bool relu, dense<T> c)
//                                         c = the sum of the terms + bias in each row, and where `relu` not below
//                                         0; sums are made beside products, which do not round (host only)
//   row_sums(ctx, csr_view a, dense<T> out)                                     out (rows, 1): sum of values of a row
//   segment_max(ctx, csr_view a, row_choice, dense<X const> x, dense<T> y, dense<uint32> argmax)
//                                         y[i, c] = max over entries of x[column, c], argmax the entry (forward
//                                         numbering); an empty row gives 0 and no_entry; ties: the first entry
//   segment_max_pull(ctx, csr_view a_transposed, row_choice of columns, dense<uint32 const> argmax,
//                    dense<T const> dy, dense<T> dx)                           dx[j, c] += dy[i, c] at argmax
//   gather_rows(ctx, dense<X const> x, uint32 const* ids, dense<T> out)         out[i] = x[ids[i]], may be of bf16 *
//   scatter_rows(ctx, dense<T const> dy, uint32 const* ids, dense<T> dx)        dx[ids[i]] += dy[i], in the order of i
//   merge_rows(ctx, uint32 const* ids, dense<T const> dy, uint32* rows, dense<T> sums) -> how many
//                                         rows: the distinct ids, ascending; sums[k] = sum of dy[i] where ids[i] is
//                                         rows[k], in the order of i
//   edge_map(ctx, csr_view a, rule, dense<T const> source, dense<T const> target, dense<T const> weight (1, cols),
//            dense<T> y, bool accumulate, row_choice)
//                                         y[i, c] += sum over entries of rule(source[j, c], target[i, c], weight[c]),
//                                         or of rule(source, target, weight, value of the entry) where it takes four
//   edge_map_pull(ctx, csr_view a, csr_view a_transposed, rule, source, target, weight, dense<T const> dy,
//                 dense<T> dsource, dense<T> dtarget, dense<T> dweight, row_choice)
//                                         adds; a gradient without data is skipped
//   pair_softmax(ctx, dense<T const> query, dense<T const> item, pair_terms<T>, masked, dense<T> losses,
//                dense<T> dquery, dense<T> ditem)
//                                         losses[i] = w_i (log(sum over j of exp s_ij) - s_ii), w_i = share_of(i),
//                                         s_ij = sharpness * query_i . item_j - log_q_j, without the j != i for which
//                                         masked(i, j), or that masked.each(i, f) lists where the CPU finds it;
//                                         dquery and ditem = the gradients of the sum of the losses, one
//                                         without data is skipped
//   scan_products(ctx, dense<float const> queries, dense<float const> items, float const* bars, bar_stride, offer)
//                                         offer(lane, query, row, product) for each product of a query with a row of
//                                         items that is not below bars[lane * bar_stride + query]
//   scan_rounded(ctx, queries, items, rounded_rows const& copy of items, bars, bar_stride, offer)
//                                         the same by way of the copy (host only)
//   reaching_counts(ctx, count_weighing, blocks, whole const* counts, float const* largest_factors, uint64* found)
//                                         which of 64 counts a block may be heavy enough for an edge (host only)
//   weigh_counts(ctx, count_weighing, count, float const* counts, float const* weights, float const* factors,
//                float* found, uint8* of_interest)
//                                         found[k] = the weight of an edge between items that share counts[k] users,
//                                         who weigh weights[k] (host only)
//   transpose(ctx, csr_view a, bool places = true) -> csr_view in scratch memory, with positions where a has values or
//                                         places is true
// * A backend offers these five all, or none of them (the device, whose products round as they read).
template <class C>
concept backend = requires(C& ctx, dense<float, typename C::space> x, dense<float const, typename C::space> y,
                           csr_view<typename C::space> a, void (*each)(std::size_t)) {
  typename C::space;
  typename C::team;
  ctx.scratch();
  ctx.notes();
  fill(ctx, x, 0.0f);
  copy(ctx, y, x);
  gemm(ctx, product::plain, y, y, x, false);
  gemm_bias(ctx, y, y, y, true, x);
  map(ctx, std::size_t{}, each);
  each_row(ctx, std::size_t{}, std::size_t{}, each);
  column_sum(ctx, y, x, false);
  total(ctx, y, x, false);
  spmm(ctx, a, spmm_terms<float, typename C::space>{}, y, x, false);
  row_sums(ctx, a, x);
  transpose(ctx, a, false);
  gather_rows(ctx, y, static_cast<std::uint32_t const*>(nullptr), x);
  scatter_rows(ctx, y, static_cast<std::uint32_t const*>(nullptr), x);
} || because<"this context lacks a kernel that exec/backend.hpp lists; include the backend's umbrella header">();

}  // namespace intarsia::inline v0
