// Products of dense matrices.
#pragma once

#include <algorithm>
#include <intarsia/cpu/context.hpp>
#include <intarsia/cpu/grain.hpp>
#include <intarsia/exec/backend.hpp>
#include <intarsia/exec/scope.hpp>

namespace intarsia::inline v0::cpu {

// C += (or =) op(A) op(B); see `product` for the shapes. C does not overlap A or B.
template <class T>
void gemm(context& ctx, product form, std::type_identity_t<dense<T const>> a, std::type_identity_t<dense<T const>> b,
          dense<T> c, bool accumulate) {
  std::size_t const depth = form == product::transposed_left ? a.rows : a.cols;
  ctx.threads().bulk(c.rows, rows_per_piece(c.cols * depth / 4), [=](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      T* const to = c.data + i * c.stride;
      if (!accumulate) std::fill_n(to, c.cols, T{0});
      if (form == product::transposed_right) {
        for (std::size_t j = 0; j < c.cols; ++j) {
          T sum{0};
          for (std::size_t k = 0; k < depth; ++k) sum += a.data[i * a.stride + k] * b.data[j * b.stride + k];
          to[j] += sum;
        }
        continue;
      }
      for (std::size_t k = 0; k < depth; ++k) {
        T const left = form == product::plain ? a.data[i * a.stride + k] : a.data[k * a.stride + i];
        T const* const right = b.data + k * b.stride;
        for (std::size_t j = 0; j < c.cols; ++j) to[j] += left * right[j];
      }
    }
  });
}

}  // namespace intarsia::inline v0::cpu
