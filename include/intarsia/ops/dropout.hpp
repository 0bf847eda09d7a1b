// Numbers set to zero at random while learning: y = x m / (1 - rate), m = 0 with probability `rate`, else 1.
#pragma once

#include <intarsia/core/random.hpp>
#include <intarsia/ops/fresh.hpp>

namespace intarsia::inline v0 {

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
    seed const key = ctx.random_seed();
    T const keep = static_cast<T>(1 / (1 - rate));
    float const dropped = static_cast<float>(rate);
    dense<T const, S> const in = detail::value_of(x);
    dense<T, S> const out = detail::made(y);
    each_row(ctx, in.rows, 16 * in.cols, [=] INTARSIA_FN(std::size_t i) {
      random draw{key, stream, i};
      for (std::size_t c = 0; c < in.cols; ++c) out[i][c] = draw.uniform() < dropped ? T{0} : keep * in[i][c];
    });
    if (y.tracked()) {
      on.record([=, &ctx] {
        dense<T const, S> const dy = detail::grad_of(y);
        dense<T, S> const dx = x.grad;
        each_row(ctx, dy.rows, 16 * dy.cols, [=] INTARSIA_FN(std::size_t i) {
          random draw{key, stream, i};
          for (std::size_t c = 0; c < dy.cols; ++c) {
            if (draw.uniform() >= dropped) dx[i][c] += keep * dy[i][c];
          }
        });
      });
    }
    return y;
  }
}

}  // namespace intarsia::inline v0
