// Steps along the gradient, with momentum: v = momentum v + g, x -= rate v, with g the gradient + weight_decay * x.
#pragma once

#include <intarsia/optim/learned.hpp>

namespace intarsia::inline v0 {

struct sgd_options {
  float rate = 1e-2f;
  float momentum = 0;
  float weight_decay = 0;
};

// A parameter that took no part is left alone. The module's tensors have to outlive the optimiser.
class sgd {
 public:
  template <module M>
  explicit sgd(M& part, sgd_options options = {}) : options_{options} {
    single_.collect(part);
    twice_.collect(part);
  }

  // One step along the gradients of a loss. Allocates nothing.
  template <class Context>
  void step(gradients_on<Context> const& slopes) {
    take(slopes, single_);
    take(slopes, twice_);
  }

  // The rate of the steps to come, as a schedule changes it.
  void rate(float r) { options_.rate = r; }
  [[nodiscard]] float rate() const { return options_.rate; }

  // Velocities and steps: a run that is to go on later saves them beside the module.
  static auto members(auto& self) { return std::tuple{named("float", self.single_), named("double", self.twice_)}; }

 private:
  template <class Context, class T>
  void take(gradients_on<Context> const& slopes, detail::learned<T, 1>& parameters) {
    if (parameters.size() == 0) return;
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

  sgd_options options_;
  detail::learned<float, 1> single_;
  detail::learned<double, 1> twice_;
};

}  // namespace intarsia::inline v0
