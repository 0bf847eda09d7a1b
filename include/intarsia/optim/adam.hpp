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

// m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2, x -= rate * (m / (1 - beta1^t)) /
// (sqrt(v / (1 - beta2^t)) + epsilon), with g the gradient + weight_decay * x, and t the steps that x took part in.
// A parameter that took no part is left alone, as are the rows of a table that were not looked up (lazy Adam). The
// module's tensors have to outlive the optimiser.
//   adam learn{encoder, {.rate = 1e-3f}};   learn.step(tape.backward(loss));
class adam : public detail::optimizer<adam, adam_options, 2> {
  friend detail::optimizer<adam, adam_options, 2>;

 public:
  template <module M>
  explicit adam(M& part, adam_options options = {}) : optimizer{part, options} {
    correction_.resize(std::max(single_.size(), twice_.size()));
  }

 protected:
  // True: x shrinks by rate * weight_decay * x, and the gradient stays as it is.
  bool decoupled_ = false;

 private:
  struct correction {
    double rate, root;
  };

  template <class Context, class T>
  void take(gradients_on<Context> const& slopes, detail::learned<T, 2>& parameters) {
    parameters.begin(slopes);
    for (std::size_t p = 0; p < parameters.size(); ++p) {
      auto const t = static_cast<double>(parameters.steps(p));
      correction_[p] = {options_.rate / (1 - std::pow(double{options_.beta1}, t)),
                        1 / std::sqrt(1 - std::pow(double{options_.beta2}, t))};
    }
    auto const keep = static_cast<T>(options_.beta1), keep_square = static_cast<T>(options_.beta2);
    auto const epsilon = static_cast<T>(options_.epsilon), decay = static_cast<T>(options_.weight_decay);
    T const shrink = decoupled_ ? static_cast<T>(options_.rate) * decay : T{0}, pull = decoupled_ ? T{0} : decay;
    parameters.update(slopes.backend(), [=, corrections = correction_.data()](std::size_t p, std::size_t count, T* x,
                                                                              T const* slope, auto states) {
      auto const rate = static_cast<T>(corrections[p].rate), root = static_cast<T>(corrections[p].root);
      T* const mean = states[0];
      T* const square = states[1];
      detail::in_blocks(count, [=](std::size_t first, auto size) {
        T now[size], m[size], v[size];
        for (std::size_t i = 0; i < size; ++i) now[i] = x[first + i], m[i] = mean[first + i], v[i] = square[first + i];
        for (std::size_t i = 0; i < size; ++i) {
          T const g = slope[first + i] + pull * now[i];
          m[i] = keep * m[i] + (T{1} - keep) * g;
          v[i] = keep_square * v[i] + (T{1} - keep_square) * g * g;
          now[i] -= shrink * now[i] + rate * m[i] / (root * detail::root_of(v[i]) + epsilon);
        }
        for (std::size_t i = 0; i < size; ++i) x[first + i] = now[i], mean[first + i] = m[i], square[first + i] = v[i];
      });
    });
  }

  std::vector<correction> correction_;
};

struct adamw_options {
  float rate = 1e-3f;
  float beta1 = 0.9f, beta2 = 0.999f;
  float epsilon = 1e-8f;
  float weight_decay = 1e-2f;
};

// Adam with weight decay apart from the gradient: x -= rate * weight_decay * x beside Adam's own step.
class adamw : public adam {
 public:
  template <module M>
  explicit adamw(M& part, adamw_options o = {}) : adam{part, {o.rate, o.beta1, o.beta2, o.epsilon, o.weight_decay}} {
    decoupled_ = true;
  }
};

}  // namespace intarsia::inline v0
