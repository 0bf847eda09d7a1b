// Adagrad with one number for each row of a table instead of one for each of its numbers, as is usual where tables are
// larger than all else: Mudigere et al., "Software-hardware co-design for fast and scalable training of deep learning
// recommendation models" (ISCA 2022).
#pragma once

#include <intarsia/optim/adagrad.hpp>

namespace intarsia::inline v0 {

namespace detail {
template <class T>
struct row_adagrad_rule {
  static constexpr bool by_row = true;

  [[nodiscard]] static row_adagrad_rule of(float const* rate, adagrad_options const& o) {
    return {rate, static_cast<T>(o.epsilon), static_cast<T>(o.weight_decay)};
  }
  template <class Team>
  INTARSIA_FN void operator()(Team by, T* x, T const* gradient, std::size_t cols, T& sum) const {
    T const now = sum + squares(by, x, gradient, cols) / static_cast<T>(cols);
    if (by.owns(0)) sum = now;
    T const step = static_cast<T>(*rate) / (root_of(now) + epsilon);
    for (std::size_t c = by.first(); c < cols; c += by.step()) x[c] -= step * (gradient[c] + decay * x[c]);
  }

  float const* rate;
  T epsilon, decay;

  template <class Team>
  [[nodiscard]] INTARSIA_FN T squares(Team by, T const* x, T const* gradient, std::size_t cols) const {
    constexpr std::size_t apart = Team::shares ? 1 : 16;  // sums that do not wait for each other
    T part[apart]{};
    std::size_t const step = apart * by.step();
    std::size_t i = by.first();
    for (; i + apart <= cols; i += step) {
      for (std::size_t k = 0; k < apart; ++k) {
        T const g = gradient[i + k] + decay * x[i + k];
        part[k] += g * g;
      }
    }
    for (; !Team::shares && i < cols; ++i) {
      T const g = gradient[i] + decay * x[i];
      part[i % apart] += g * g;
    }
    T all{0};
    for (std::size_t k = 0; k < apart; ++k) all += part[k];
    return by.sum(all);
  }
};
}  // namespace detail

// s_i += mean over c of g_ic^2, x_ic -= rate g_ic / (sqrt(s_i) + epsilon), with g the gradient + weight_decay * x and
// one s for each row i. Rows that were not looked up, and parameters that took no part, are left alone. A table of
// width m takes 1 / m of adagrad's memory. For the tables of a model; what else it has goes to an optimiser of its own,
// and each steps along the same gradients:
//   row_adagrad rows{towers.items, {.rate = 0.05f}};   adagrad rest{towers.query};
//   auto const slopes = tape.backward(loss);   rows.step(slopes);   rest.step(slopes);
template <class Space = host>
class row_adagrad : public detail::optimizer_of<detail::row_adagrad_rule, adagrad_options, Space, true> {
  using base = detail::optimizer_of<detail::row_adagrad_rule, adagrad_options, Space, true>;

 public:
  using base::base;
};
template <module M>
explicit row_adagrad(M&, adagrad_options = {}) -> row_adagrad<typename detail::memory_of<M>::type>;

}  // namespace intarsia::inline v0
