// Adagrad: Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic optimization"
// (JMLR 2011).
#pragma once

#include <intarsia/optim/optimizer.hpp>

namespace intarsia::inline v0 {

struct adagrad_options {
  float rate = 1e-2f;
  float epsilon = 1e-10f;
  float weight_decay = 0;
};

namespace detail {
template <class T>
struct adagrad_rule {
  [[nodiscard]] static adagrad_rule of(float const* rate, adagrad_options const& o) {
    return {rate, static_cast<T>(o.epsilon), static_cast<T>(o.weight_decay)};
  }
  INTARSIA_FN void operator()(T& x, T gradient, T& sum) const {
    T const g = gradient + decay * x;
    sum += g * g;
    x -= static_cast<T>(*rate) * g / (root_of(sum) + epsilon);
  }

  float const* rate;
  T epsilon, decay;
};
}  // namespace detail

// s += g^2, x -= rate g / (sqrt(s) + epsilon), with g the gradient + weight_decay * x. A parameter that took no part is
// left alone, as are the rows of a table that were not looked up: what a step costs follows from the batch, not from
// the length of the table. The module's tensors have to outlive the optimiser.
//   adagrad learn{towers, {.rate = 0.05f}};   learn.step(tape.backward(loss));
template <class Space = host>
class adagrad : public detail::optimizer_of<detail::adagrad_rule, adagrad_options, Space> {
  using base = detail::optimizer_of<detail::adagrad_rule, adagrad_options, Space>;

 public:
  using base::base;
};
template <module M>
explicit adagrad(M&, adagrad_options = {}) -> adagrad<typename detail::memory_of<M>::type>;

}  // namespace intarsia::inline v0
