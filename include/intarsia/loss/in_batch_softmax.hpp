// Softmax over the items of a batch, corrected for how they were drawn: Yi et al., "Sampling-bias-corrected neural
// modeling for large corpus item recommendations" (RecSys 2019).
#pragma once

#include <cstddef>
#include <cstdint>
#include <intarsia/ops/fresh.hpp>
#include <intarsia/ops/weights.hpp>
#include <span>
#include <type_traits>

namespace intarsia::inline v0 {

// What is 1 where nothing is said.
struct in_batch_options {
  float temperature = 1;              // scores are divided by it
  std::span<float const> log_q = {};  // (n) log of the probability that an item is drawn; subtracted from its column
  std::span<float const> weight = {}; // (n) how much each query counts in the mean
};

// The mask that leaves nothing out.
struct no_mask {
  INTARSIA_FN constexpr bool operator()(std::size_t /*query*/, std::size_t /*item*/) const { return false; }
};

// Leaves out other occurrences of a query's own item: same_item{ids} where ids[i] is the item of pair i. The ids have
// to live as long as the call.
template <class Id>
struct same_item {
  std::span<Id const> ids;
  explicit same_item(std::span<Id const> of) : ids{of} {}
  template <class Ids>
  explicit same_item(Ids const& of) : ids{std::data(of), std::size(of)} {}
  INTARSIA_FN bool operator()(std::size_t query, std::size_t item) const { return ids[query] == ids[item]; }
};
template <class Ids>
same_item(Ids const&) -> same_item<std::remove_cvref_t<decltype(*std::data(std::declval<Ids const&>()))>>;

// Leaves out what a sampler marks as no negative: marked_pairs{links} for the links of one relation in a batch whose
// negatives are those in_batch. The marks have to live as long as the call.
struct marked_pairs {
  std::span<std::uint8_t const> valid;  // (n, n)
  std::size_t pairs;
  template <class Links>
  explicit marked_pairs(Links const& links) : valid{links.valid}, pairs{links.size()} {
    expects(valid.size() == pairs * pairs, "marked_pairs: sample the links with negatives from in_batch");
  }
  INTARSIA_FN bool operator()(std::size_t query, std::size_t item) const { return valid[query * pairs + item] == 0; }
};

// mean over i of log(sum over j of exp s_ij) - s_ii with s_ij = query_i . item_j / temperature - log_q_j
// (n, m), (n, m) -> (1, 1). masked(i, j): item j is right for query i as well (an accidental hit) and is left out;
// never asked for i = j. A mask may list them as well, by each(i, f) that calls f(j), as that of pair_batches does: the
// CPU then reads the list alone. Of no pairs: 0. Options and mask are read at once, not kept. Memory grows as n, not as
// n^2.
// What log_q, weight and mask read lies where the context computes.
// Throws shape_error where a length does not fit.
template <axis R, axis Ri, axis C, axis Ci, class T, class S, class Masked = no_mask, recorder On>
  requires same_axis<C, Ci>
[[nodiscard]] var<dim<1>, dim<1>, T, S> in_batch_softmax(On& on, var<R, C, T, S> query,
                                                         var<Ri, Ci, T, S> item, in_batch_options const& options = {},
                                                         Masked masked = {}) {
  expects(
      query.rows() == item.rows() && query.cols() == item.cols(),
      "in_batch_softmax: row i of the queries belongs to row i of the items, give as many of both and of equal width");
  expects(options.log_q.empty() || options.log_q.size() == item.rows(),
          "in_batch_softmax: give one log_q per item, or none");
  expects(options.weight.empty() || options.weight.size() == query.rows(),
          "in_batch_softmax: give one weight per query, or none");
  expects(options.temperature > 0, "in_batch_softmax: the temperature has to be above 0");
  auto& ctx = on.backend();
  std::size_t const n = query.rows();
  T const sharpness = T{1} / static_cast<T>(options.temperature);
  bool const weighs = !options.weight.empty();
  T const share = weighs ? T{1} : n == 0 ? T{0} : T{1} / static_cast<T>(n);

  // Both gradients are made with the loss, while the scores are at hand; the way back only scales them.
  var<dim<1>, dim<1>, T, S> y = on.template fresh<dim<1>, dim<1>, T>(1, 1, query.tracked() || item.tracked());
  bool const pulls = y.tracked();
  auto const losses = detail::scratch_matrix<T>(ctx, n, 1);
  auto const room = [&](bool wanted) {
    return pulls && wanted ? detail::scratch_matrix<T>(ctx, n, query.cols()) : dense<T, S>{};
  };
  dense<T, S> const by_query = room(query.tracked()), by_item = room(item.tracked());
  pair_terms<T, S> const terms{sharpness, share, options.log_q.empty() ? nullptr : options.log_q.data(),
                               weighs ? options.weight.data() : nullptr,
                               weighs ? detail::share_of_weights<T>(ctx, options.weight) : nullptr};
  if constexpr (std::is_same_v<Masked, no_mask>) {
    pair_softmax(ctx, detail::value_of(query), detail::value_of(item), terms, nullptr, losses, by_query, by_item);
  } else {
    pair_softmax(ctx, detail::value_of(query), detail::value_of(item), terms, masked, losses, by_query, by_item);
  }
  total(ctx, detail::reading(losses), detail::made(y), false);
  if (pulls) {
    on.record([=, &ctx] {
      T const* const dy = y.grad.data;
      auto const add = [&](dense<T, S> from, dense<T, S> to) {
        each_row(ctx, to.rows, to.cols, [=] INTARSIA_FN(std::size_t i, team_of<On> by) {
          for (std::size_t c = by.first(); c < to.cols; c += by.step()) to[i][c] += *dy * from[i][c];
        });
      };
      if (by_query.data) add(by_query, query.grad);
      if (by_item.data) add(by_item, item.grad);
    });
  }
  return y;
}

}  // namespace intarsia::inline v0
