// Adagrad: Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic optimization"
// (JMLR 2011).
#pragma once

#include <cmath>
#include <intarsia/optim/optimizer.hpp>

namespace intarsia::inline v0 {

struct adagrad_options {
  float rate = 1e-2f;
  float epsilon = 1e-10f;
  float weight_decay = 0;
};

// s += g^2, x -= rate g / (sqrt(s) + epsilon), with g the gradient + weight_decay * x. A parameter that took no part is
// left alone, as are the rows of a table that were not looked up: what a step costs follows from the batch, not from
// the length of the table. The module's tensors have to outlive the optimiser.
//   adagrad learn{towers, {.rate = 0.05f}};   learn.step(tape.backward(loss));
class adagrad : public detail::optimizer<adagrad, adagrad_options, 1> {
  friend detail::optimizer<adagrad, adagrad_options, 1>;

 public:
  template <module M>
  explicit adagrad(M& part, adagrad_options options = {}) : optimizer{part, options} {}

 private:
  template <class Context, class T>
  void take(gradients_on<Context> const& slopes, detail::learned<T, 1>& parameters) {
    parameters.begin(slopes);
    auto const rate = static_cast<T>(options_.rate), epsilon = static_cast<T>(options_.epsilon);
    auto const decay = static_cast<T>(options_.weight_decay);
    parameters.update(slopes.backend(), [=](std::size_t, std::size_t count, T* x, T const* slope, auto states) {
      T* const squares = states[0];
      detail::in_blocks(count, [=](std::size_t first, auto size) {
        T now[size], sum[size];
        for (std::size_t i = 0; i < size; ++i) now[i] = x[first + i], sum[i] = squares[first + i];
        for (std::size_t i = 0; i < size; ++i) {
          T const g = slope[first + i] + decay * now[i];
          sum[i] += g * g;
          now[i] -= rate * g / (detail::root_of(sum[i]) + epsilon);
        }
        for (std::size_t i = 0; i < size; ++i) x[first + i] = now[i], squares[first + i] = sum[i];
      });
    });
  }
};

}  // namespace intarsia::inline v0
