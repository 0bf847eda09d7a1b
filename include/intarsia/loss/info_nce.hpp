// The positive against its own negatives: mean over i of log(exp s_ip + sum over j of exp s_ij) - s_ip with
// s = inner product / temperature. Van den Oord et al., "Representation learning with contrastive predictive coding"
// (2018).
#pragma once

#include <intarsia/loss/contrast.hpp>
#include <intarsia/ops/softmax.hpp>

namespace intarsia::inline v0 {

struct info_nce_options {
  float temperature = 1;
  std::span<std::uint8_t const> valid = {};  // (n * k) 0: this negative does not count; none: all count
};

namespace detail {
// The loss of an anchor from its k + 1 scores, which become their gradient.
template <class T>
struct info_nce_row {
  T share, sharpness;  // of an anchor in the mean, of a score

  info_nce_row(info_nce_options const& options, std::size_t anchors)
      : share{anchors == 0 ? T{0} : T{1} / static_cast<T>(anchors)},
        sharpness{T{1} / static_cast<T>(options.temperature)} {
    expects(options.temperature > 0, "info_nce: the temperature has to be above 0");
  }
  template <class Team>
  INTARSIA_FN T operator()(Team by, T* scores, std::size_t k, std::uint8_t const* valid) const {
    for (std::size_t j = by.first(); j <= k; j += by.step()) {
      bool const counts = j == 0 || !valid || valid[j - 1];
      scores[j] = counts ? sharpness * scores[j] : -std::numeric_limits<T>::infinity();
    }
    return share * cross_entropy_row(by, scores, k + 1, 0, share * sharpness);
  }
};
}  // namespace detail

// (n, m), (n, m), (n * k, m) -> (1, 1). Negative j of anchor i is row i * k + j. Of no anchors: 0; an anchor without
// negatives that count adds 0. The mask is read at once, not kept; it lies
// where the context computes. Throws shape_error where sizes do not fit.
template <axis R, axis Rp, axis Rn, axis C, axis Cp, axis Cn, class T, class S, recorder On>
  requires same_axis<C, Cp> && same_axis<C, Cn>
[[nodiscard]] var<dim<1>, dim<1>, T, S> info_nce(On& on, var<R, C, T, S> anchor, var<Rp, Cp, T, S> positive,
                                                 var<Rn, Cn, T, S> negatives, info_nce_options const& options = {}) {
  return detail::contrast(on, anchor, positive, negatives, options.valid,
                          detail::info_nce_row<T>{options, anchor.rows()});
}

}  // namespace intarsia::inline v0
