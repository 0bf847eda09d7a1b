// Parts of a matrix without a copy: value and gradient are windows of those of x, so nothing is recorded.
#pragma once

#include <intarsia/ops/fresh.hpp>

namespace intarsia::inline v0 {

// The rows [begin, begin + count): (n, m) -> (count, m)
// Throws shape_error where they go beyond the last one.
template <axis R, axis C, class T, class S>
[[nodiscard]] var<R, C, T, S> rows(recorder auto& /*on*/, var<R, C, T, S> x, std::size_t begin, std::size_t count) {
  expects(begin + count <= x.rows(), "rows: the range ends beyond the last row");
  auto y = x;
  y.value = view<R, C, T, S>{x.value.row_range(begin, count)};
  if (x.tracked()) y.grad = x.grad.row_range(begin, count);
  return y;
}

// The first `count` rows, as the targets of a block are the first of its sources: (n, m) -> (count, m)
// Throws shape_error where x has fewer.
template <axis R, axis C, class T, class S, recorder On>
[[nodiscard]] var<R, C, T, S> head(On& on, var<R, C, T, S> x, std::size_t count) {
  expects(count <= x.rows(), "head: more rows are asked for than there are");
  return rows(on, x, 0, count);
}

// The columns [Begin, Begin + Count): (n, m) -> (n, Count)
template <std::size_t Begin, std::size_t Count, axis R, axis C, class T, class S>
  requires(C::extent == dynamic || Begin + Count <= C::extent)
[[nodiscard]] var<R, dim<Count>, T, S> columns(recorder auto& /*on*/, var<R, C, T, S> x) {
  expects(Begin + Count <= x.cols(), "columns: the range ends beyond the last column");
  var<R, dim<Count>, T, S> y;
  y.value = view<R, dim<Count>, T, S>{x.value.col_range(Begin, Count)};
  if (x.tracked()) y.grad = x.grad.col_range(Begin, Count);
  return y;
}

// The same numbers under another name of the rows: (n, m) -> (n, m). For rows that become another thing, as nodes
// that become the queries of a batch.
template <axis Rows, axis R, axis C, class T, class S>
[[nodiscard]] var<Rows, C, T, S> rows_as(recorder auto& /*on*/, var<R, C, T, S> x) {
  expects(Rows::extent == dynamic || Rows::extent == x.rows(), "rows_as: the axis named has another number of rows");
  var<Rows, C, T, S> y;
  y.value = view<Rows, C, T, S>{x.value};
  y.grad = x.grad;
  return y;
}

}  // namespace intarsia::inline v0
