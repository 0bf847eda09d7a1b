// Negatives at least a margin below the positive: mean over all pairs (i, j) of max(0, margin + a_i.n_ij - a_i.p_i).
#pragma once

#include <intarsia/loss/contrast.hpp>

namespace intarsia::inline v0 {

struct max_margin_options {
  float margin = 1;
  std::span<std::uint8_t const> valid = {};  // (n * k) 0: this negative does not count; none: all count
};

namespace detail {
// The loss of an anchor from its k + 1 scores, which become their gradient.
template <class T>
struct max_margin_row {
  T const* shares;  // of a pair in the mean: one number, where the context computes
  T margin;

  max_margin_row(auto& ctx, max_margin_options const& options, std::size_t pairs)
      : shares{share_of_valid<T>(ctx, options.valid, pairs)}, margin{static_cast<T>(options.margin)} {}
  template <class Team>
  INTARSIA_FN T operator()(Team by, T* scores, std::size_t k, std::uint8_t const* valid) const {
    T const share = *shares;
    T const right = by.sum(by.owns(0) ? scores[0] : T{0});
    T loss{0}, active{0};
    for (std::size_t j = by.owns(0) ? by.step() : by.first(); j <= k; j += by.step()) {
      T const gap = margin + scores[j] - right;
      bool const counts = (!valid || valid[j - 1]) && !(gap <= T{0});
      loss += counts ? share * gap : T{0};
      active += counts ? share : T{0};
      scores[j] = counts ? share : T{0};
    }
    active = by.sum(active);
    if (by.owns(0)) scores[0] = -active;
    return by.sum(loss);
  }
};
}  // namespace detail

// (n, m), (n, m), (n * k, m) -> (1, 1). Negative j of anchor i is row i * k + j. Without negatives that count: 0.
// The mask is read at once, not kept, and lies where the context computes. Throws shape_error where sizes do not fit.
template <axis R, axis Rp, axis Rn, axis C, axis Cp, axis Cn, class T, class S, recorder On>
  requires same_axis<C, Cp> && same_axis<C, Cn>
[[nodiscard]] var<dim<1>, dim<1>, T, S> max_margin(On& on, var<R, C, T, S> anchor,
                                                   var<Rp, Cp, T, S> positive, var<Rn, Cn, T, S> negatives,
                                                   max_margin_options const& options = {}) {
  return detail::contrast(on, anchor, positive, negatives, options.valid,
                          detail::max_margin_row<T>{on.backend(), options, negatives.rows()});
}

}  // namespace intarsia::inline v0
