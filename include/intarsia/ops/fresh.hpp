// What every op does first and last: make a result like its inputs, and hand plain views to kernels.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <intarsia/core/axis.hpp>
#include <intarsia/core/bf16.hpp>
#include <intarsia/core/config.hpp>
#include <intarsia/core/expects.hpp>
#include <intarsia/exec/backend.hpp>
#include <intarsia/exec/recorder.hpp>
#include <intarsia/exec/team.hpp>
#include <intarsia/schema/typed_map.hpp>

namespace intarsia::inline v0 {

namespace detail {
// What a kernel reads of a var: its value, or the gradient that arrived at it.
template <class R, class C, class T, class S>
[[nodiscard]] constexpr dense<T const, S> value_of(var<R, C, T, S> const& x) {
  return dense<T const, S>{x.value.data, x.value.rows, x.value.cols, x.value.stride};
}
template <class R, class C, class T, class S>
[[nodiscard]] constexpr dense<T const, S> grad_of(var<R, C, T, S> const& x) {
  return dense<T const, S>{x.grad.data, x.grad.rows, x.grad.cols, x.grad.stride};
}
// What a kernel writes: the value of a fresh var.
template <class R, class C, class T, class S>
[[nodiscard]] constexpr dense<T, S> made(var<R, C, T, S> const& x) {
  return dense<T, S>{x.value.data, x.value.rows, x.value.cols, x.value.stride};
}

// to += factor * from
template <class Context, class T, class S>
void accumulate(Context& ctx, dense<T const, S> from, dense<T, S> to, T factor = T{1}) {
  each_row(ctx, from.rows, from.cols, [=] INTARSIA_FN(std::size_t i, typename Context::team by) {
    T const* const a = from.data + i * from.stride;
    T* const b = to.data + i * to.stride;
    for (std::size_t c = by.first(); c < from.cols; c += by.step()) b[c] += factor * a[c];
  });
}

// Whether products of T on a context take a left matrix that is stored as bf16. What only they read may then be stored
// so where they round it anyway.
template <class Context, class T>
inline constexpr bool multiplies_stored = requires(Context& ctx, dense<bf16 const, typename Context::space> a,
                                                   dense<T, typename Context::space> b) {
  gemm(ctx, product::plain, a, b, b, false);
};

// A matrix of scratch memory, uninitialised.
template <class T, class Context>
[[nodiscard]] auto scratch_matrix(Context& ctx, std::size_t rows, std::size_t cols) {
  return dense<T, typename Context::space>{ctx.scratch().template take<T>(rows * cols), rows, cols, cols};
}
// The same with rows an odd number of lines of memory apart, where they are long: products then read many rows at once
// where they lie, because these share no line of a cache.
template <class T, class Context>
[[nodiscard]] auto parted_rows(Context& ctx, std::size_t rows, std::size_t cols) {
  constexpr std::size_t line = 64 / sizeof(T);
  std::size_t const apart = cols < 8 * line ? cols : ((cols + line - 1) / line | 1) * line;
  return dense<T, typename Context::space>{ctx.scratch().template take<T>(rows * apart), rows, cols, apart};
}
template <class T, class S>
[[nodiscard]] constexpr dense<T const, S> reading(dense<T, S> x) {
  return {x.data, x.rows, x.cols, x.stride};
}
}  // namespace detail

// A result of the shape of x, with numbers not set yet; on a tape and if tracked, with a gradient of zeros.
template <axis R, axis C, class T, class S, recorder On>
[[nodiscard]] var<R, C, T, S> fresh_like(On& on, var<R, C, T, S> x, bool tracked) {
  return on.template fresh<R, C, T>(x.rows(), x.cols(), tracked);
}

// A sum's beginning: zeros. Tracked where a later op is to add to it in place.
template <axis R, axis C, class T = float, recorder On>
[[nodiscard]] auto zeros(On& on, std::size_t rows, std::size_t cols, bool tracked = true) {
  auto y = on.template fresh<R, C, T>(rows, cols, tracked);
  fill(on.backend(), detail::made(y), T{0});
  return y;
}
template <axis R, axis C, class T, class S, recorder On>
[[nodiscard]] var<R, C, T, S> zeros_like(On& on, var<R, C, T, S> x, bool tracked = true) {
  return zeros<R, C, T>(on, x.rows(), x.cols(), tracked);
}
template <class... Ks, class... Vars, recorder On>
[[nodiscard]] auto zeros_like(On& on, typed_map<keys<Ks...>, Vars...> const& x, bool tracked = true) {
  return map_keys(keys<Ks...>{}, [&](auto key) { return zeros_like(on, x[key], tracked); });
}

}  // namespace intarsia::inline v0
