// Numbers set to zero at random while learning: y = x m / (1 - rate), m = 0 with probability `rate`, else 1.
#pragma once

#include <intarsia/core/random.hpp>
#include <intarsia/ops/fresh.hpp>

namespace intarsia::inline v0 {

namespace detail {
// For each number of a matrix f(row, column, whether it is kept). A thread of several takes four neighbors at a time,
// as many as one block of random bits is for.
template <class Context, class F>
void each_kept(Context& ctx, std::size_t rows, std::size_t cols, random const& dice, float dropped, F f) {
  std::size_t const work = Context::team::shares ? cols : 16 * cols;
  each_row(ctx, rows, work, [=] INTARSIA_FN(std::size_t i, typename Context::team by) {
    auto const low = static_cast<std::uint32_t>(i), high = static_cast<std::uint32_t>(std::uint64_t{i} >> 32);
    for (std::size_t block = by.first(); 4 * block < cols; block += by.step()) {
      auto const bits = philox({low, high, static_cast<std::uint32_t>(block), 0}, dice.key());
      for (std::size_t k = 0; k < 4 && 4 * block + k < cols; ++k) {
        f(i, 4 * block + k, random::uniform_of(bits[k]) >= dropped);
      }
    }
  });
}
template <class T, class S>
struct drop_some {
  dense<T const, S> from;
  dense<T, S> to;
  T keep;
  INTARSIA_FN void operator()(std::size_t i, std::size_t c, bool kept) const {
    to.data[i * to.stride + c] = kept ? keep * from.data[i * from.stride + c] : T{0};
  }
};
template <class T, class S>
struct pull_kept {
  dense<T const, S> from;
  dense<T, S> to;
  T keep;
  INTARSIA_FN void operator()(std::size_t i, std::size_t c, bool kept) const {
    if (kept) to.data[i * to.stride + c] += keep * from.data[i * from.stride + c];
  }
};
}  // namespace detail

// (n, m) -> (n, m). On a context, which only computes, y is x itself. What is dropped follows from the context's seed,
// the stream, and the row and column alone: give each layer and each step a stream of its own. 0 <= rate < 1.
template <axis R, axis C, class T, class S, recorder On>
[[nodiscard]] var<R, C, T, S> dropout(On& on, var<R, C, T, S> x, double rate, std::uint64_t stream) {
  expects(rate >= 0 && rate < 1, "dropout: the rate is a share of the numbers, at least 0 and below 1");
  if constexpr (!On::records) {
    return x;
  } else {
    if (rate == 0) return x;
    auto& ctx = on.backend();
    auto const y = fresh_like(on, x, x.tracked());
    T const keep = static_cast<T>(1 / (1 - rate));
    float const dropped = static_cast<float>(rate);
    random const dice{ctx.random_seed(), stream};
    detail::each_kept(ctx, x.rows(), x.cols(), dice, dropped,
                      detail::drop_some<T, S>{detail::value_of(x), detail::made(y), keep});
    if (y.tracked()) {
      on.record([=, &ctx] {
        detail::each_kept(ctx, x.rows(), x.cols(), dice, dropped,
                          detail::pull_kept<T, S>{detail::grad_of(y), x.grad, keep});
      });
    }
    return y;
  }
}

}  // namespace intarsia::inline v0
