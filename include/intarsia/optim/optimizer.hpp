// What all optimisers are: the parameters of a module, numbers kept for each, and a rate.
#pragma once

#include <cstddef>
#include <intarsia/optim/learned.hpp>

namespace intarsia::inline v0::detail {

// A Rule derives from it and has take(gradients, learned): one step of the parameters of one scalar type, with States
// numbers kept for each of theirs, or ByRow for each of their rows. The module's tensors have to outlive the optimiser.
template <class Rule, class Options, std::size_t States, class Space, bool ByRow = false>
class optimizer {
 public:
  template <module M>
  explicit optimizer(M& part, Options options = {}) : options_{options} {
    single_.collect(part);
    twice_.collect(part);
    if (single_.size() > 0) {
      rate_.emplace(single_.beside(1));
    } else if (twice_.size() > 0) {
      rate_.emplace(twice_.beside(1));
    }
    if (rate_) owned_in<Space, float>::set(*rate_, options_.rate);
  }

  // One step along the gradients of a loss. Allocates nothing.
  template <class Context>
  void step(gradients_on<Context> const& slopes) {
    if (single_.size() > 0) static_cast<Rule&>(*this).take(slopes, single_);
    if (twice_.size() > 0) static_cast<Rule&>(*this).take(slopes, twice_);
  }

  // The rate of the steps to come, as a schedule changes it; also of those that a CUDA graph replays.
  void rate(float r) {
    if (r == options_.rate) return;
    options_.rate = r;
    if (rate_) owned_in<Space, float>::set(*rate_, r);
  }
  [[nodiscard]] float rate() const { return options_.rate; }

  // What is kept, and steps: a run that is to go on later saves them beside the module.
  static auto members(auto& self) { return std::tuple{named("float", self.single_), named("double", self.twice_)}; }

 protected:
  // Where the rules read the rate.
  [[nodiscard]] float const* rate_now() const { return std::as_const(*rate_).data(); }

  Options options_;
  learned<float, States, Space, ByRow> single_;
  learned<double, States, Space, ByRow> twice_;

 private:
  std::optional<typename owned_in<Space, float>::type> rate_;  // where the parameters lie
};

// One that keeps a single number, and whose steps follow from the rate and the options alone: to a parameter of scalar
// type T it does what Rule<T>::of(rate, options) says.
template <template <class> class Rule, class Options, class Space, bool ByRow = false>
class optimizer_of : public optimizer<optimizer_of<Rule, Options, Space, ByRow>, Options, 1, Space, ByRow> {
  using base = optimizer<optimizer_of, Options, 1, Space, ByRow>;
  friend base;

 public:
  using base::base;

 private:
  template <class Parameters>
  void take(auto const& slopes, Parameters& parameters) {
    parameters.begin(slopes);
    parameters.update(slopes.backend(), [this](std::size_t) {
      return Rule<typename Parameters::scalar>::of(this->rate_now(), this->options_);
    });
  }
};

}  // namespace intarsia::inline v0::detail
