// Steps along the gradient, with momentum: v = momentum v + g, x -= rate v, with g the gradient + weight_decay * x.
#pragma once

#include <intarsia/optim/optimizer.hpp>

namespace intarsia::inline v0 {

struct sgd_options {
  float rate = 1e-2f;
  float momentum = 0;
  float weight_decay = 0;
};

// A parameter that took no part is left alone. The module's tensors have to outlive the optimiser.
class sgd : public detail::optimizer<sgd, sgd_options, 1> {
  friend detail::optimizer<sgd, sgd_options, 1>;

 public:
  template <module M>
  explicit sgd(M& part, sgd_options options = {}) : optimizer{part, options} {}

 private:
  template <class Context, class T>
  void take(gradients_on<Context> const& slopes, detail::learned<T, 1>& parameters) {
    parameters.begin(slopes);
    auto const rate = static_cast<T>(options_.rate), keep = static_cast<T>(options_.momentum);
    auto const decay = static_cast<T>(options_.weight_decay);
    parameters.update(slopes.backend(), [=](std::size_t, std::size_t count, T* x, T const* slope, auto states) {
      T* const velocity = states[0];
      for (std::size_t i = 0; i < count; ++i) {
        velocity[i] = keep * velocity[i] + (slope[i] + decay * x[i]);
        x[i] -= rate * velocity[i];
      }
    });
  }
};

}  // namespace intarsia::inline v0
