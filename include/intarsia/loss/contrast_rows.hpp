// The same losses where anchors, positives and negatives are rows of one matrix in host memory, by id: nothing is
// copied, and gradients are added where they belong. Few nodes with many links are read from the nearest caches.
#pragma once

#include <algorithm>
#include <cstdint>
#include <intarsia/core/id.hpp>
#include <intarsia/exec/scope.hpp>
#include <intarsia/ops/dot.hpp>
#include <span>

namespace intarsia::inline v0 {

// The two ends of each link and what it is told apart from, as rows of one matrix.
template <class Space>
struct link_ends {
  std::span<slot<void> const> anchors, positives;  // (links)
  std::span<slot<void> const> negatives;           // (links, each)
  std::span<std::uint8_t const> valid;             // (links, each)
};

namespace detail {

// What the links of `ends` leave in the gradient of the matrix, for some of its columns at a time: whatever the number
// of threads, each number has one writer that adds in the order of the links.
template <class T>
struct pull_of_links {
  static constexpr std::size_t block = 64;  // columns

  link_ends<host> ends;
  dense<T const> all, slopes;  // (rows, m), (links, 1 + each)
  T const* factor;             // of all slopes
  dense<T> grad;               // (rows, m)

  void operator()(std::size_t piece) const {
    std::size_t const begin = piece * block, width = std::min(block, all.cols - begin), each = slopes.cols - 1;
    for (std::size_t i = 0; i < slopes.rows; ++i) {
      T const* const anchor = all.data + ends.anchors[i].value * all.stride + begin;
      T sum[block]{};
      for (std::size_t j = 0; j <= each; ++j) {
        T const slope = *factor * slopes.data[i * slopes.stride + j];
        if (slope == T{0}) continue;
        std::size_t const other = j == 0 ? ends.positives[i].value : ends.negatives[i * each + j - 1].value;
        T const* const from = all.data + other * all.stride + begin;
        T* const to = grad.data + other * grad.stride + begin;
        for (std::size_t c = 0; c < width; ++c) sum[c] += slope * from[c];
        for (std::size_t c = 0; c < width; ++c) to[c] += slope * anchor[c];
      }
      T* const own = grad.data + ends.anchors[i].value * grad.stride + begin;
      for (std::size_t c = 0; c < width; ++c) own[c] += sum[c];
    }
  }
};

// As contrast(): sum over links of row(scores, valid marks or null). (rows, m) -> (1, 1). The ends have to live as long
// as the tape, the marks as long as the call. Throws shape_error where sizes do not fit or a slot is beyond the last
// row.
template <class R, class C, class T, class Row, recorder On>
[[nodiscard]] var<dim<1>, dim<1>, T> contrast_rows(On& on, var<R, C, T> all, link_ends<host> const& ends, Row row) {
  auto& ctx = on.backend();
  std::size_t const n = ends.anchors.size(), cols = all.cols(), k = n == 0 ? 0 : ends.negatives.size() / n;
  expects(ends.positives.size() == n && ends.negatives.size() == n * k,
          "a contrastive loss needs a positive and k negatives per anchor");
  expects(ends.valid.empty() || ends.valid.size() == n * k,
          "a contrastive loss needs one valid mark per negative, or none");
  for (auto const ids : {ends.anchors, ends.positives, ends.negatives}) {
    std::uint32_t last = 0;
    for (auto const id : ids) last = std::max(last, id.value);
    expects(ids.empty() || last < all.rows(), "a contrastive loss: a slot is beyond the last row");
  }
  var<dim<1>, dim<1>, T> y = on.template fresh<dim<1>, dim<1>, T>(1, 1, all.tracked());
  auto const scores = scratch_matrix<T>(ctx, n, k + 1);  // becomes the gradient by them
  auto const losses = scratch_matrix<T>(ctx, n, 1);
  dense<T const> const from = value_of(all);
  each_row(ctx, n, (k + 1) * (cols + 16), [=](std::size_t i, team_of<On> by) {
    T* const s = scores.data + i * scores.stride;
    T const* const anchor = from.data + ends.anchors[i].value * from.stride;
    for (std::size_t j = 0; j <= k; ++j) {
      std::size_t const other = j == 0 ? ends.positives[i].value : ends.negatives[i * k + j - 1].value;
      s[j] = dot(anchor, from.data + other * from.stride, cols);
    }
    losses.data[i] = row(by, s, k, ends.valid.empty() ? nullptr : ends.valid.data() + i * k);
  });
  total(ctx, reading(losses), made(y), false);
  if (y.tracked()) {
    on.record([=, &ctx] {
      std::size_t const blocks = (cols + pull_of_links<T>::block - 1) / pull_of_links<T>::block;
      each_row(ctx, blocks, 4 * n * (k + 1) * pull_of_links<T>::block,
               pull_of_links<T>{ends, from, reading(scores), y.grad.data, all.grad});
    });
  }
  return y;
}

}  // namespace detail
}  // namespace intarsia::inline v0
