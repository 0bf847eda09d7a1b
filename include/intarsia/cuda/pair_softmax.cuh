// The softmax of each query over the items of its batch, in strips of queries, so that the scores of all pairs never
// exist together. Scores and both gradients are products of cuBLASLt; what lies between them is one pass over a strip.
#pragma once

#include <intarsia/cuda/gemm.cuh>
#include <intarsia/cuda/launch.cuh>
#include <intarsia/exec/backend.hpp>
#include <limits>
#include <type_traits>

namespace intarsia::inline v0::cuda {

namespace detail {
inline constexpr unsigned softmax_threads = 256;

// A block for each query of a strip: its scores become the gradient of its loss by them.
template <class T, class Masked>
__global__ void pair_softmax_kernel(dense<T, device> scores, std::size_t first, pair_terms<T, device> terms,
                                    Masked masked, T* losses) {
  __shared__ T part[softmax_threads / warp_size];
  std::size_t const row = blockIdx.x, query = first + row, n = scores.cols;
  T* const s = scores.data + row * scores.stride;
  T const none = -std::numeric_limits<T>::infinity();
  auto const over_block = [&](T x, bool greatest) {
    x = greatest ? warp_max(x) : warp_sum(x);
    if (lane_number() == 0) part[threadIdx.x / warp_size] = x;
    __syncthreads();
    T all = part[0];
    for (unsigned w = 1; w < softmax_threads / warp_size; ++w) {
      if (greatest) {
        all = part[w] > all ? part[w] : all;
      } else {
        all += part[w];
      }
    }
    __syncthreads();
    return all;
  };
  T peak = none;
  for (std::size_t j = threadIdx.x; j < n; j += softmax_threads) {
    T score = terms.sharpness * s[j] - (terms.log_q ? static_cast<T>(terms.log_q[j]) : T{0});
    if constexpr (!std::is_same_v<Masked, std::nullptr_t>) {
      if (j != query && masked(query, j)) score = none;
    }
    s[j] = score;
    peak = score > peak ? score : peak;
  }
  peak = over_block(peak, true);
  T const own = s[query];
  __syncthreads();  // before its thread overwrites it
  T sum{0};
  for (std::size_t j = threadIdx.x; j < n; j += softmax_threads) {
    s[j] = std::exp(s[j] - peak);
    sum += s[j];
  }
  sum = over_block(sum, false);
  T const weight = terms.share_of(query);
  if (threadIdx.x == 0) losses[query] = weight * (std::log(sum) + peak - own);
  T const pull = weight * terms.sharpness;
  for (std::size_t j = threadIdx.x; j < n; j += softmax_threads) {
    s[j] = pull * (s[j] / sum - (j == query ? T{1} : T{0}));
  }
}
}  // namespace detail

// losses[i] = w_i (log(sum over j of exp s_ij) - s_ii), w_i = share_of(i), s_ij = sharpness * query_i . item_j -
// log_q_j, without the j != i for which masked(i, j); dquery and ditem = the gradients of the sum of the losses, one
// without data is skipped. Memory grows as n: a strip of scores has at most most_scores of them or one row. Does not
// block.
template <class T, class Masked>
void pair_softmax(context& ctx, std::type_identity_t<dense<T const, device>> query,
                  std::type_identity_t<dense<T const, device>> item, std::type_identity_t<pair_terms<T, device>> terms,
                  Masked masked, dense<T, device> losses, dense<T, device> dquery, dense<T, device> ditem,
                  std::size_t most_scores = std::size_t{1} << 26) {
  std::size_t const n = query.rows;
  if (n == 0) return;
  scope const keep{ctx};
  std::size_t const most = std::min(n, std::max<std::size_t>(1, most_scores / n));
  T* const strip = ctx.scratch().template take<T>(most * n);
  for (std::size_t first = 0; first < n; first += most) {
    std::size_t const rows = std::min(most, n - first);
    dense<T, device> const scores{strip, rows, n, n};
    gemm(ctx, product::transposed_right, query.row_range(first, rows), item, scores, false);
    launch(ctx, detail::pair_softmax_kernel<T, Masked>, grid{rows, detail::softmax_threads}, scores, first, terms,
           masked, losses.data);
    if (dquery.data) gemm(ctx, product::plain, scores, item, dquery.row_range(first, rows), false);
    if (ditem.data) gemm(ctx, product::transposed_left, scores, query.row_range(first, rows), ditem, first > 0);
  }
}

}  // namespace intarsia::inline v0::cuda
