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
  float const* rate;
  T keep, decay;
  INTARSIA_FN void operator()(T& x, T gradient, T& velocity) const {
    velocity = keep * velocity + (gradient + decay * x);
    x -= static_cast<T>(*rate) * velocity;
  }
};
}  // namespace detail

// A parameter that took no part is left alone. The module's tensors have to outlive the optimiser.
template <class Space = host>
class sgd : public detail::optimizer<sgd<Space>, sgd_options, 1, Space> {
  using base = detail::optimizer<sgd<Space>, sgd_options, 1, Space>;
  friend base;

 public:
  template <module M>
  explicit sgd(M& part, sgd_options options = {}) : base{part, options} {}

 private:
  template <class Parameters>
  void take(auto const& slopes, Parameters& parameters) {
    using T = typename Parameters::scalar;
    parameters.begin(slopes);
    parameters.update(slopes.backend(), [&](std::size_t) {
      return detail::sgd_rule<T>{this->rate_now(), static_cast<T>(this->options_.momentum),
                                 static_cast<T>(this->options_.weight_decay)};
    });
  }
};
template <module M>
explicit sgd(M&, sgd_options = {}) -> sgd<typename detail::memory_of<M>::type>;

}  // namespace intarsia::inline v0
