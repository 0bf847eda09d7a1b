// The CPU's batch softmax by plain loops: nvcc cannot read the short vectors of cpu/lanes.hpp.
#pragma once

#include <cmath>
#include <intarsia/cpu/context.hpp>
#include <intarsia/exec/backend.hpp>
#include <intarsia/ops/dot.hpp>
#include <type_traits>

namespace intarsia::inline v0::cpu {

template <class T, class Masked>
void pair_softmax(context& ctx, std::type_identity_t<dense<T const>> query, std::type_identity_t<dense<T const>> item,
                  std::type_identity_t<pair_terms<T>> terms, Masked masked, dense<T> losses, dense<T> dquery,
                  dense<T> ditem) {
  std::size_t const n = query.rows, width = query.cols;
  T* const s = ctx.scratch().template take<T>(n);
  for (std::size_t i = 0; i < n && dquery.data; ++i) std::fill_n(dquery.data + i * dquery.stride, width, T{0});
  for (std::size_t i = 0; i < n && ditem.data; ++i) std::fill_n(ditem.data + i * ditem.stride, width, T{0});
  for (std::size_t i = 0; i < n; ++i) {
    T sum{0};
    for (std::size_t j = 0; j < n; ++j) {
      s[j] = terms.sharpness * intarsia::detail::dot(query.data + i * query.stride, item.data + j * item.stride, width);
      if (terms.log_q) s[j] -= static_cast<T>(terms.log_q[j]);
      bool hidden = false;
      if constexpr (!std::is_same_v<Masked, std::nullptr_t>) hidden = i != j && masked(i, j);
      s[j] = hidden ? T{0} : std::exp(s[j]);
      sum += s[j];
    }
    T const weight = terms.share_of(i);
    losses.data[i * losses.stride] = weight * std::log(sum / s[i]);
    for (std::size_t j = 0; j < n; ++j) {
      T const slope = weight * terms.sharpness * (s[j] / sum - (i == j ? T{1} : T{0}));
      for (std::size_t c = 0; c < width; ++c) {
        if (dquery.data) dquery.data[i * dquery.stride + c] += slope * item.data[j * item.stride + c];
        if (ditem.data) ditem.data[j * ditem.stride + c] += slope * query.data[i * query.stride + c];
      }
    }
  }
}

}  // namespace intarsia::inline v0::cpu
