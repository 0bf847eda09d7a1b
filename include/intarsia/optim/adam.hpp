// Adam: Kingma and Ba, "Adam: a method for stochastic optimization" (ICLR 2015); and AdamW: Loshchilov and Hutter,
// "Decoupled weight decay regularization" (ICLR 2019).
#pragma once

#include <cmath>
#include <intarsia/optim/optimizer.hpp>

namespace intarsia::inline v0 {

struct adam_options {
  float rate = 1e-3f;
  float beta1 = 0.9f, beta2 = 0.999f;  // how much of the mean, and of the mean square, is kept at each step
  float epsilon = 1e-8f;
  float weight_decay = 0;
};

namespace detail {
// What a step of a parameter multiplies by: the rate and the root's factor with their bias corrections, and how much
// the parameter shrinks.
template <class T>
struct adam_factors {
  T rate, root, shrink;
};
// The factors of each parameter from the steps it has taken, where they are counted.
template <class T>
struct find_adam_factors {
  float const *steps, *rate;
  double beta1, beta2;
  T decay;
  adam_factors<T>* out;
  INTARSIA_FN void operator()(std::size_t p) const {
    auto const t = static_cast<double>(steps[p]);
    double const step = *rate / (1 - std::pow(beta1, t));
    double const root = 1 / std::sqrt(1 - std::pow(beta2, t));
    out[p] = {static_cast<T>(step), static_cast<T>(root), static_cast<T>(*rate) * decay};
  }
};
// One number's step.
template <class T>
struct adam_rule {
  adam_factors<T> const* by;
  T keep, keep_square, epsilon, pull;
  INTARSIA_FN void operator()(T& x, T gradient, T& mean, T& square) const {
    T const g = gradient + pull * x;
    mean = keep * mean + (T{1} - keep) * g;
    square = keep_square * square + (T{1} - keep_square) * g * g;
    x -= by->shrink * x + by->rate * mean / (by->root * root_of(square) + epsilon);
  }
};
}  // namespace detail

// m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2, x -= rate * (m / (1 - beta1^t)) /
// (sqrt(v / (1 - beta2^t)) + epsilon), with g the gradient + weight_decay * x, and t the steps that x took part in.
// A parameter that took no part is left alone, as are the rows of a table that were not looked up (lazy Adam). The
// module's tensors have to outlive the optimiser.
//   adam learn{encoder, {.rate = 1e-3f}};   learn.step(tape.backward(loss));
template <class Space = host>
class adam : public detail::optimizer<adam<Space>, adam_options, 2, Space> {
  using base = detail::optimizer<adam<Space>, adam_options, 2, Space>;
  friend base;

 public:
  template <module M>
  explicit adam(M& part, adam_options options = {}) : base{part, options} {}

 protected:
  // True: x shrinks by rate * weight_decay * x, and the gradient stays as it is.
  bool decoupled_ = false;

 private:
  template <class Parameters>
  void take(auto const& slopes, Parameters& parameters) {
    using T = typename Parameters::scalar;
    auto& ctx = slopes.backend();
    scope const temporary{ctx};
    parameters.begin(slopes);
    auto* const factors = ctx.scratch().template take<detail::adam_factors<T>>(parameters.size());
    T const decay = static_cast<T>(this->options_.weight_decay);
    map(ctx, parameters.size(),
        detail::find_adam_factors<T>{parameters.steps(), this->rate_now(), double{this->options_.beta1},
                                     double{this->options_.beta2}, decoupled_ ? decay : T{0}, factors});
    parameters.update(ctx, [&](std::size_t p) {
      return detail::adam_rule<T>{factors + p, static_cast<T>(this->options_.beta1),
                                  static_cast<T>(this->options_.beta2), static_cast<T>(this->options_.epsilon),
                                  decoupled_ ? T{0} : decay};
    });
  }
};
template <module M>
explicit adam(M&, adam_options = {}) -> adam<typename detail::memory_of<M>::type>;

struct adamw_options {
  float rate = 1e-3f;
  float beta1 = 0.9f, beta2 = 0.999f;
  float epsilon = 1e-8f;
  float weight_decay = 1e-2f;
};

// Adam with weight decay apart from the gradient: x -= rate * weight_decay * x beside Adam's own step.
template <class Space = host>
class adamw : public adam<Space> {
 public:
  template <module M>
  explicit adamw(M& part, adamw_options o = {})
      : adam<Space>{part, {o.rate, o.beta1, o.beta2, o.epsilon, o.weight_decay}} {
    this->decoupled_ = true;
  }
};
template <module M>
explicit adamw(M&, adamw_options = {}) -> adamw<typename detail::memory_of<M>::type>;

}  // namespace intarsia::inline v0
