// Functions of one number, applied to every number of a matrix: y = f(x), dx = f'(x) dy.
#pragma once

#include <intarsia/core/dual.hpp>
#include <intarsia/ops/fresh.hpp>

namespace intarsia::inline v0 {

// What may follow a linear map.
enum class activation { none, relu, tanh, sigmoid };

// Each rule gives f(x), and f'(x) from y = f(x), so that a fused op need not keep x. Not a number stays not a number.
struct identity_rule {
  template <class T> INTARSIA_FN T value(T x) const { return x; }
  template <class T> INTARSIA_FN T slope(T) const { return T{1}; }
};
struct relu_rule {
  template <class T> INTARSIA_FN T value(T x) const { return x < T{0} ? T{0} : x; }
  template <class T> INTARSIA_FN T slope(T y) const { return y > T{0} ? T{1} : T{0}; }
};
struct leaky_relu_rule {
  double leak;  // positive
  template <class T> INTARSIA_FN T value(T x) const { return x < T{0} ? static_cast<T>(leak) * x : x; }
  template <class T> INTARSIA_FN T slope(T y) const { return y < T{0} ? static_cast<T>(leak) : T{1}; }
};
struct tanh_rule {
  template <class T> INTARSIA_FN T value(T x) const { return std::tanh(x); }
  template <class T> INTARSIA_FN T slope(T y) const { return T{1} - y * y; }
};
struct sigmoid_rule {
  template <class T> INTARSIA_FN T value(T x) const { return T{1} / (T{1} + std::exp(-x)); }
  template <class T> INTARSIA_FN T slope(T y) const { return y * (T{1} - y); }
};
struct softsign_rule {
  template <class T> INTARSIA_FN T value(T x) const { return x / (T{1} + std::abs(x)); }
  template <class T> INTARSIA_FN T slope(T y) const { return (T{1} - std::abs(y)) * (T{1} - std::abs(y)); }
};

// y = rule.value(x), dx = rule.slope(y) dy: (n, m) -> (n, m). For a function of one's own, write such a rule.
template <axis R, axis C, class T, class S, class Rule, recorder On>
[[nodiscard]] var<R, C, T, S> pointwise(On& on, var<R, C, T, S> x, Rule rule) {
  auto& ctx = on.backend();
  auto const y = fresh_like(on, x, x.tracked());
  dense<T const, S> const in = detail::value_of(x);
  dense<T, S> const out = detail::made(y);
  each_row(ctx, in.rows, 4 * in.cols, [=] INTARSIA_FN(std::size_t i, team_of<On> by) {
    for (std::size_t c = by.first(); c < in.cols; c += by.step()) out[i][c] = rule.value(in[i][c]);
  });
  if (y.tracked()) {
    on.record([=, &ctx] {
      dense<T const, S> const dy = detail::grad_of(y);
      dense<T, S> const dx = x.grad;
      each_row(ctx, dy.rows, 2 * dy.cols, [=] INTARSIA_FN(std::size_t i, team_of<On> by) {
        for (std::size_t c = by.first(); c < dy.cols; c += by.step()) dx[i][c] += dy[i][c] * rule.slope(out[i][c]);
      });
    });
  }
  return y;
}

// y = max(x, 0); the slope at 0 is 0.
template <axis R, axis C, class T, class S, recorder On>
[[nodiscard]] var<R, C, T, S> relu(On& on, var<R, C, T, S> x) {
  return pointwise(on, x, relu_rule{});
}
// y = x where x >= 0, else leak * x; leak is positive.
template <axis R, axis C, class T, class S, recorder On>
[[nodiscard]] var<R, C, T, S> leaky_relu(On& on, var<R, C, T, S> x, double leak = 0.01) {
  return pointwise(on, x, leaky_relu_rule{leak});
}
template <axis R, axis C, class T, class S, recorder On>
[[nodiscard]] var<R, C, T, S> tanh(On& on, var<R, C, T, S> x) {
  return pointwise(on, x, tanh_rule{});
}
// y = 1 / (1 + exp(-x))
template <axis R, axis C, class T, class S, recorder On>
[[nodiscard]] var<R, C, T, S> sigmoid(On& on, var<R, C, T, S> x) {
  return pointwise(on, x, sigmoid_rule{});
}
// y = x / (1 + |x|)
template <axis R, axis C, class T, class S, recorder On>
[[nodiscard]] var<R, C, T, S> softsign(On& on, var<R, C, T, S> x) {
  return pointwise(on, x, softsign_rule{});
}

// Calls f with the rule of an activation.
template <class F>
decltype(auto) with_rule(activation kind, F&& f) {
  switch (kind) {
    case activation::relu: return f(relu_rule{});
    case activation::tanh: return f(tanh_rule{});
    case activation::sigmoid: return f(sigmoid_rule{});
    case activation::none: break;
  }
  return f(identity_rule{});
}

// The activation named by a value; `none` is x itself, not a copy.
template <axis R, axis C, class T, class S, recorder On>
[[nodiscard]] var<R, C, T, S> activate(On& on, var<R, C, T, S> x, activation kind) {
  if (kind == activation::none) return x;
  return with_rule(kind, [&](auto rule) { return pointwise(on, x, rule); });
}

namespace detail {
// y = rule(y)
template <class Context, class Rule, class T, class S>
void apply_rule(Context& ctx, Rule rule, dense<T, S> y) {
  each_row(ctx, y.rows, 4 * y.cols, [=] INTARSIA_FN(std::size_t i, typename Context::team by) {
    for (std::size_t c = by.first(); c < y.cols; c += by.step()) y[i][c] = rule.value(y[i][c]);
  });
}
// dy = dy * slope of the rule at y
template <class Context, class Rule, class T, class S>
void apply_slope(Context& ctx, Rule rule, dense<T const, S> y, dense<T, S> dy) {
  each_row(ctx, dy.rows, 2 * dy.cols, [=] INTARSIA_FN(std::size_t i, typename Context::team by) {
    for (std::size_t c = by.first(); c < dy.cols; c += by.step()) dy[i][c] *= rule.slope(y[i][c]);
  });
}
}  // namespace detail

// The same in place: x becomes f(x), and its gradient that of what went in. x is the result of an op whose pullback
// does not read it (those of activations do), and nothing else has read it.
template <axis R, axis C, class T, class S, class Rule, recorder On>
void pointwise_in_place(On& on, var<R, C, T, S> x, Rule rule) {
  auto& ctx = on.backend();
  dense<T, S> const out = detail::made(x);
  detail::apply_rule(ctx, rule, out);
  if (!x.tracked()) return;
  on.record([=, &ctx] { detail::apply_slope(ctx, rule, detail::reading(out), x.grad); });
}
template <axis R, axis C, class T, class S, recorder On>
void activate_in_place(On& on, var<R, C, T, S> x, activation kind) {
  if (kind == activation::none) return;
  with_rule(kind, [&](auto rule) { pointwise_in_place(on, x, rule); });
}

}  // namespace intarsia::inline v0
