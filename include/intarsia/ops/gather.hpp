// Rows of a table by id: y_i = x[ids_i].
#pragma once

#include <concepts>
#include <intarsia/core/stored.hpp>
#include <intarsia/core/id.hpp>
#include <intarsia/ops/fresh.hpp>
#include <iterator>
#include <span>
#include <type_traits>

namespace intarsia::inline v0 {

namespace detail {
template <class Ids>
using element_of = std::remove_cvref_t<decltype(*std::data(std::declval<Ids const&>()))>;
}  // namespace detail

// Contiguous ids of the type whose rows are to be read: id<Node> into a whole table, slot<Node> into a block.
template <class Ids, class Node>
concept ids_of = std::same_as<detail::element_of<Ids>, id<Node>> || std::same_as<detail::element_of<Ids>, slot<Node>> ||
    because<"ids of another node type than the rows they choose from: gather rows_of<N> by id<N> or slot<N>">();

// (nodes, m) by (n) ids -> (n, m). The ids have to live as long as the tape.
// Throws shape_error where an id in host memory is beyond the last row.
template <class Node, axis C, class T, class S, class Ids, recorder On>
requires ids_of<Ids, Node>
[[nodiscard]] var<batch_rows, C, T, S> gather(On& on, var<rows_of<Node>, C, T, S> x, Ids const& ids) {
  static_assert(sizeof(*std::data(ids)) == sizeof(std::uint32_t));
  auto& ctx = on.backend();
  auto const* const rows = reinterpret_cast<std::uint32_t const*>(std::data(ids));
  std::size_t const count = std::size(ids);
  if constexpr (std::same_as<S, host>) {
    std::uint32_t last = 0;
    for (std::size_t i = 0; i < count; ++i) last = std::max(last, rows[i]);
    expects(count == 0 || last < x.rows(), "gather: an id is beyond the last row of the table");
  }
  var<batch_rows, C, T, S> y = on.template fresh<batch_rows, C, T>(count, x.cols(), x.tracked());
  gather_rows(ctx, detail::value_of(x), rows, detail::made(y));
  if (y.tracked()) on.record([=, &ctx] { scatter_rows(ctx, detail::grad_of(y), rows, x.grad); });
  return y;
}

// Rows of a parameter that learns: table[ids_i], (n) ids -> (n, m). On a tape only these rows have a gradient, so that
// a step costs as much as the rows it reads, however long the table is. The ids have to live as long as the tape.
// Throws shape_error where an id is beyond the last row.
template <class Node, axis C, class T, class Ids, recorder On>
  requires ids_of<Ids, Node>
[[nodiscard]] auto look_up(On& on, tensor<rows_of<Node>, C, T> const& table, Ids const& ids) {
  var<batch_rows, C, T, typename On::context_type::space> y = gather(on, on.constant(table), ids);
  if constexpr (On::records) {
    y.grad = on.watch_rows(table, reinterpret_cast<std::uint32_t const*>(std::data(ids)), std::size(ids));
  }
  return y;
}

// The rows that an indexed view stands for: (ids, m), of float where they are stored as bf16 or f16. Its table is a
// constant, so no gradient flows into it.
template <axis Rows, axis C, class X, class S, recorder On>
[[nodiscard]] auto gather_indexed(On& on, indexed_view<Rows, C, X, S> x) {
  using T = number_of<X>;
  var<Rows, C, T, S> y = on.template fresh<Rows, C, T>(x.ids.size(), x.table.cols, false);
  gather_rows(on.backend(), dense<X const, S>(x.table), x.ids.data(), detail::made(y));
  return y;
}

}  // namespace intarsia::inline v0
