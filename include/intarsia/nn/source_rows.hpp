// What a layer over a schema reads of the nodes of one type: a var, or rows of a constant table where they lie.
#pragma once

#include <intarsia/core/stored.hpp>
#include <intarsia/ops/aggregate.hpp>
#include <intarsia/ops/gather.hpp>
#include <intarsia/ops/rows.hpp>

namespace intarsia::inline v0::detail {

// Layers over a schema are typed at their door and plain inside, so that their code does not grow with the relations.
template <class T, class Space>
using plain_var = var<dyn, dyn, T, Space>;
template <class Space>
using plain_links = adjacency_view<void, void, Space>;

template <class Rows, class Cols, class T, class S>
[[nodiscard]] plain_var<T, S> plain(var<Rows, Cols, T, S> x) {
  return {view<dyn, dyn, T, S>{dense<T, S>{x.value}}, x.grad};
}
template <class Rows, class Cols, class T, class S>
[[nodiscard]] var<Rows, Cols, T, S> typed(plain_var<T, S> x) {
  return {view<Rows, Cols, T, S>{dense<T, S>{x.value}}, x.grad};
}

// A table may be stored as T, bf16 or f16. Its rows are chosen by ids; a hop that names its sources by id reads the
// others too.
template <class T, class S>
class source_rows {
 public:
  source_rows() = default;
  source_rows(plain_var<T, S> x) : kind_{kind::made}, made_{x} {}
  template <class R, class C, class X>
  source_rows(indexed_view<R, C, X, S> x, bool by_id) : kind_{kind::plain}, ids_{x.ids}, by_id_{by_id} {
    static_assert(std::is_same_v<X, T> || (is_short<X> && std::is_same_v<T, float>),
                  "features are stored as the numbers that the layer computes with, or as bf16 or f16");
    if constexpr (std::is_same_v<X, T>) {
      plain_ = dense<T const, S>(x.table);
    } else if constexpr (std::is_same_v<X, bf16>) {
      kind_ = kind::bf16;
      bf16_ = dense<bf16 const, S>(x.table);
    } else {
      kind_ = kind::f16;
      f16_ = dense<f16 const, S>(x.table);
    }
  }

  // The numbers of all sources in order, where they are held so and of T; else without data.
  [[nodiscard]] dense<T const, S> whole() const {
    return kind_ == kind::made ? dense<T const, S>(value_of(made_)) : dense<T const, S>{};
  }
  // How many sources there are.
  [[nodiscard]] std::size_t rows() const {
    if (kind_ == kind::made) return made_.rows();
    std::size_t rows = ids_.size();
    if (by_id_) with_table([&](auto const& x) { rows = x.rows; });
    return rows;
  }
  [[nodiscard]] std::size_t cols() const {
    std::size_t cols = made_.cols();
    with_table([&](auto const& x) { cols = x.cols; });
    return cols;
  }

  // Whether they are rows of a constant table.
  [[nodiscard]] bool stored() const { return kind_ != kind::made; }
  [[nodiscard]] bool tracked() const { return kind_ == kind::made && made_.tracked(); }

  // The first `count` slots, as the targets of a block are the first of its sources.
  template <class On>
  [[nodiscard]] plain_var<T, S> head(On& on, std::size_t count) const {
    return part(on, 0, count);
  }
  // The slots [begin, begin + count).
  template <class On>
  [[nodiscard]] plain_var<T, S> part(On& on, std::size_t begin, std::size_t count) const {
    if (kind_ == kind::made) return intarsia::rows(on, made_, begin, count);
    expects(begin + count <= ids_.size(), "rows: more are asked for than there are");
    return gathered(on, ids_.subspan(begin, count));
  }
  // All sources.
  template <class On>
  [[nodiscard]] plain_var<T, S> all(On& on) const {
    if (kind_ == kind::made) return made_;
    if (!by_id_) return gathered(on, ids_);
    if (kind_ == kind::plain) return plain(on.constant(view<dyn, dyn, T const, S>{plain_}));
    auto* const every = on.backend().scratch().template take<std::uint32_t>(rows());
    map(on.backend(), rows(), [=] INTARSIA_FN(std::size_t i) { every[i] = static_cast<std::uint32_t>(i); });
    return gathered(on, {every, rows()});
  }
  // The first slots to y, as many as it has rows; dy is the gradient by it. Y: T, or bf16 where the backend rounds.
  template <class On, class Y>
  void head_into(On& on, dense<Y, S> y, dense<T, S> dy) const {
    auto& ctx = on.backend();
    if (kind_ != kind::made) {
      expects(y.rows <= ids_.size(), "head: more rows are asked for than there are");
      return gather_into(on, ids_.first(y.rows), y);
    }
    auto const x = intarsia::head(on, made_, y.rows);
    copy(ctx, value_of(x), y);
    if (On::records && x.tracked()) on.record([=, &ctx] { accumulate(ctx, reading(dy), x.grad); });
  }
  // (sources, m) -> (targets, m)
  template <class On>
  [[nodiscard]] plain_var<T, S> aggregated(On& on, plain_links<S> links, reduction how) const {
    auto const y = on.template fresh<dyn, dyn, T>(links.targets(), cols(), tracked());
    aggregate_into(on, detail::made(y), y.grad, links, how);
    return y;
  }
  // The same to y.
  template <class On, class Y>
  void aggregate_into(On& on, dense<Y, S> y, dense<T, S> dy, plain_links<S> links, reduction how) const {
    check_edges<S>(links, rows());
    if (kind_ == kind::made) return aggregate_rows(on, y, dy, edges_view<S>{links}, made_, how, false);
    auto const* const ids = by_id_ ? nullptr : ids_.data();
    with_table([&](auto const& x) { aggregate_stored<T>(on, y, edges_view<S>{links}, x, ids, how, false); });
  }

 private:
  enum class kind { made, plain, bf16, f16 };

  // f(the table as it is stored), where there is one.
  template <class F>
  void with_table(F const& f) const {
    if (kind_ == kind::plain) f(plain_);
    if (kind_ == kind::bf16) f(bf16_);
    if (kind_ == kind::f16) f(f16_);
  }

  template <class On>
  [[nodiscard]] plain_var<T, S> gathered(On& on, std::span<std::uint32_t const> ids) const {
    auto const y = on.template fresh<dyn, dyn, T>(ids.size(), cols(), false);
    gather_into(on, ids, detail::made(y));
    return y;
  }
  template <class On, class Y>
  void gather_into(On& on, std::span<std::uint32_t const> ids, dense<Y, S> y) const {
    with_table([&](auto const& x) { gather_rows(on.backend(), x, ids.data(), y); });
  }

  kind kind_ = kind::made;
  plain_var<T, S> made_{};
  dense<T const, S> plain_{};
  dense<intarsia::bf16 const, S> bf16_{};
  dense<intarsia::f16 const, S> f16_{};
  std::span<std::uint32_t const> ids_{};
  bool by_id_ = false;
};

}  // namespace intarsia::inline v0::detail
