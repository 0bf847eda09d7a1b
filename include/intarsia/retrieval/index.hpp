// From a vector to the nodes it likes best, with ids that know their type.
#pragma once

#include <concepts>
#include <cstddef>
#include <intarsia/core/because.hpp>
#include <intarsia/core/id.hpp>
#include <intarsia/core/precision.hpp>
#include <intarsia/retrieval/top_k.hpp>
#include <intarsia/tensor/rounded_rows.hpp>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace intarsia::inline v0 {

// Requirements, in English: `x.top(k, query)` gives at most k pairs of a typed id and a score, best first, for a query
// of x.width() numbers; `x.size()` is how many nodes can be found.
template <class I>
concept searchable = requires(I const& x, std::span<float const> query) {
  typename I::node;
  { x.size() } -> std::convertible_to<std::size_t>;
  { x.width() } -> std::convertible_to<std::size_t>;
  { x.top(std::size_t{}, query) } -> std::same_as<std::vector<std::pair<id<typename I::node>, float>>>;
} || because<"an index has size(), width() and top(k, query), which gives pairs of id<Node> and score, best first">();

// Exact search by dot product through a table that it owns: ia::index shelf{titles}; shelf.top(10, listener). With
// ia::index shelf{titles, ia::precision::bf16} searches with a context, top(ctx, k, queries), scan a copy rounded to
// bf16 and look up what it cannot decide: the same lists, sooner, for half as much memory again.
template <class Node, axis Cols>
class index {
 public:
  using node = Node;

  explicit index(tensor<rows_of<Node>, Cols> vectors, precision scan = precision::full)
      : vectors_{std::move(vectors)} {
    if (scan == precision::bf16) copy_.emplace(vectors_.view());
  }

  [[nodiscard]] std::size_t size() const { return vectors_.rows(); }
  [[nodiscard]] std::size_t width() const { return vectors_.cols(); }
  [[nodiscard]] tensor<rows_of<Node>, Cols> const& vectors() const { return vectors_; }

  // The k nodes with the largest products, ties to the lower id. Filters: see top_k_filter, as for one query.
  // Throws shape_error where the query has another width.
  [[nodiscard]] std::vector<std::pair<id<Node>, float>> top(std::size_t k, std::span<float const> query,
                                                             top_k_filter const& filter = {}) const {
    expects(query.size() == width(), "index: the query has another width than the vectors that it searches");
    std::vector<float> scores(size());
    for (std::size_t row = 0; row < size(); ++row) scores[row] = product(vectors_[row], query);
    heaviest best{k};
    offer_row(best, scores, 0, 0, filter);
    return typed(best.sorted());
  }

  // The same for every row of a matrix of queries, in blocks and by the context's threads.
  template <class Context>
  [[nodiscard]] std::vector<std::vector<std::pair<id<Node>, float>>> top(Context& ctx, std::size_t k,
                                                                         dense<float const> queries,
                                                                         top_k_filter const& filter = {}) const {
    auto const lists = copy_ ? top_k(ctx, queries, vectors_.view(), *copy_, k, filter)
                             : top_k(ctx, queries, vectors_.view(), k, filter);
    std::vector<std::vector<std::pair<id<Node>, float>>> out(lists.size());
    for (std::size_t q = 0; q < out.size(); ++q) out[q] = typed(lists[q]);
    return out;
  }

 private:
  // Sums of every eighth product, which a compiler can keep in vectors.
  [[nodiscard]] static float product(std::span<float const> x, std::span<float const> y) {
    constexpr std::size_t lanes = 8;
    float sum[lanes] = {};
    std::size_t c = 0;
    for (; c + lanes <= x.size(); c += lanes) {
      for (std::size_t i = 0; i < lanes; ++i) sum[i] += x[c + i] * y[c + i];
    }
    for (std::size_t i = 0; c + i < x.size(); ++i) sum[i] += x[c + i] * y[c + i];
    return ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7]));
  }
  static std::vector<std::pair<id<Node>, float>> typed(std::span<scored const> list) {
    std::vector<std::pair<id<Node>, float>> out;
    out.reserve(list.size());
    for (scored const& x : list) out.emplace_back(id<Node>{x.row}, x.score);
    return out;
  }

  tensor<rows_of<Node>, Cols> vectors_;
  std::optional<rounded_rows> copy_;
};
template <class Node, axis Cols>
index(tensor<rows_of<Node>, Cols>, precision = precision::full) -> index<Node, Cols>;

}  // namespace intarsia::inline v0
