// Steps along the gradient, with momentum: v = momentum v + g, x -= rate v, with g the gradient + weight_decay * x.
#pragma once

#include <intarsia/optim/optimizer.hpp>

namespace intarsia::inline v0 {

struct sgd_options {
  float rate = 1e-2f;
  float momentum = 0;
  float weight_decay = 0;
};

namespace detail {
template <class T>
struct sgd_rule {
  [[nodiscard]] static sgd_rule of(float const* rate, sgd_options const& o) {
    return {rate, static_cast<T>(o.momentum), static_cast<T>(o.weight_decay)};
  }
  INTARSIA_FN void operator()(T& x, T gradient, T& velocity) const {
    velocity = keep * velocity + (gradient + decay * x);
    x -= static_cast<T>(*rate) * velocity;
  }

  float const* rate;
  T keep, decay;
};
}  // namespace detail

// A parameter that took no part is left alone. The module's tensors have to outlive the optimiser.
template <class Space = host>
class sgd : public detail::optimizer_of<detail::sgd_rule, sgd_options, Space> {
  using base = detail::optimizer_of<detail::sgd_rule, sgd_options, Space>;

 public:
  using base::base;
};
template <module M>
explicit sgd(M&, sgd_options = {}) -> sgd<typename detail::memory_of<M>::type>;

}  // namespace intarsia::inline v0
