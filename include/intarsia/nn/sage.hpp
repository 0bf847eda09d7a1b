// What one relation tells its targets, after GraphSAGE (Hamilton, Ying, Leskovec, 2017):
//   mean   m_t = mean over s in N(t) of x_s,                      heard_t = m_t W
//   max    m_t = max over s in N(t) of x_s,                       heard_t = m_t W
//   pool   m_t = max over s in N(t) of relu(x_s P + p),           heard_t = m_t         (arXiv 2403.05185, Eq. 1)
//          and with `project`, P square and                       heard_t = m_t W       (as in PyTorch Geometric)
// A mean over edges with values weighs each source by the value of its edge. A target without sources hears 0.
#pragma once

#include <intarsia/nn/linear.hpp>
#include <intarsia/nn/source_rows.hpp>
#include <intarsia/nn/sum_of_products.hpp>
#include <intarsia/ops/matmul.hpp>
#include <optional>

namespace intarsia::inline v0 {

enum class aggregation { mean, max, pool };

struct sage_options {
  aggregation how = aggregation::mean;
  bool project = false;  // pool only: a second matrix after the maximum
};

namespace detail {

// A linear map whose widths are numbers.
template <class T>
struct plain_linear {
  tensor<dyn, dyn, T> weight;
  tensor<dim<1>, dyn, T> bias;

  template <class Context>
  plain_linear(Context& ctx, std::size_t in, std::size_t out) : weight(in, out), bias(out) {
    init::fan_in(ctx, weight, in);
    init::fan_in(ctx, bias, in);
  }
  template <class On, class S>
  [[nodiscard]] plain_var<T, S> operator()(On& on, plain_var<T, S> x, activation then = activation::none) const {
    return affine(on, x, on.watch(weight), on.watch(bias), then);
  }
  static auto members(auto& self) { return std::tuple{named("weight", self.weight), named("bias", self.bias)}; }
};

// The parameters of what a relation tells, and the two orders of work: transform the sources and aggregate, or prepare
// them, aggregate, and transform the aggregate.
template <class T>
class message {
 public:
  template <class Context>
  message(Context& ctx, sage_options options, std::size_t in, std::size_t out) : how_{options.how} {
    if (how_ == aggregation::pool && options.project) square_.emplace(ctx, in, in);
    if (how_ == aggregation::pool && !options.project) {
      pool_.emplace(ctx, in, out);
    } else {
      init::fan_in(ctx, weight_.emplace(in, out), in);
    }
  }

  // Means allow both orders: the fewer rows are multiplied. Rows of a constant table need no way back through the edges
  // where they are aggregated first, and no copy; transforming them has to save half of the products.
  template <class S>
  [[nodiscard]] bool transforms_first(source_rows<T, S> const& sources, std::size_t targets) const {
    return pool_ || (how_ == aggregation::mean && (sources.stored() ? 2 : 1) * sources.rows() <= targets);
  }
  // Only transformed sources can be aggregated.
  [[nodiscard]] bool pools() const { return pool_.has_value(); }
  // What is aggregated: (sources, in) -> (sources, out) where the sources are transformed first, else (sources, in).
  template <class On, class S>
  [[nodiscard]] source_rows<T, S> told(On& on, source_rows<T, S> const& x, bool transformed) const {
    if (pool_) return (*pool_)(on, x.all(on), activation::relu);
    if (transformed) return matmul(on, x.all(on), on.watch(*weight_));
    if (square_) return (*square_)(on, x.all(on), activation::relu);
    return x;
  }
  // What is heard of untransformed rows, as a term of a sum.
  template <class On, class S>
  [[nodiscard]] product_term<T, S> term(On& on, edges_view<S> const& links, source_rows<T, S> const& told) const {
    return {told, plain(on.watch(*weight_)), &links, kind()};
  }
  // Adds what is heard of it to heard (targets, out).
  template <class On, class S>
  void hear(On& on, plain_var<T, S> heard, plain_links<S> links, source_rows<T, S> const& told,
            bool transformed) const {
    if (transformed) {
      aggregate_into(on, heard, links, told.all(on), kind());
    } else {
      matmul_into(on, heard, told.aggregated(on, links, kind()), on.watch(*weight_));
    }
  }

  static auto members(auto& self) {
    return std::tuple{named("square", self.square_), named("pool", self.pool_), named("weight", self.weight_)};
  }

 private:
  [[nodiscard]] reduction kind() const { return how_ == aggregation::mean ? reduction::mean : reduction::max; }

  aggregation how_;
  std::optional<plain_linear<T>> square_, pool_;
  std::optional<tensor<dyn, dyn, T>> weight_;
};

}  // namespace detail

// One relation alone: heard_t + x_t W + b, to be activated by the caller. Widths of a source, of a target, and out.
template <std::size_t SourceWidth, std::size_t TargetWidth, std::size_t Out, class T = float>
class sage {
 public:
  template <class Context>
  explicit sage(Context& ctx, sage_options options = {}) : self_{ctx}, neighbor_{ctx, options, SourceWidth, Out} {}

  // (sources, SourceWidth), (targets, TargetWidth) -> (targets, Out)
  template <recorder On, class Source, class Target, class S>
  [[nodiscard]] auto operator()(On& on, adjacency_view<Source, Target, S> links,
                                var<rows_of<Source>, dim<SourceWidth>, T, S> sources,
                                var<rows_of<Target>, dim<TargetWidth>, T, S> targets) const {
    auto const out = self_(on, targets);
    detail::source_rows<T, S> const x{detail::plain(sources)};
    bool const first = neighbor_.transforms_first(x, links.targets());
    neighbor_.hear(on, detail::plain(out), {links}, neighbor_.told(on, x, first), first);
    return out;
  }

  static auto members(auto& self) { return std::tuple{named("self", self.self_), named("neighbor", self.neighbor_)}; }

 private:
  linear<TargetWidth, Out, T> self_;
  detail::message<T> neighbor_;
};

}  // namespace intarsia::inline v0
