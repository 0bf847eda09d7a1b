// Small things to learn, for the tests of optimisers.
#pragma once

#include <intarsia/cpu/cpu.hpp>
#include <intarsia/exec/module.hpp>
#include <intarsia/exec/tape.hpp>
#include <intarsia/nn/mlp.hpp>
#include <intarsia/ops/add.hpp>
#include <intarsia/ops/sum.hpp>
#include <vector>

namespace intarsia::test {

// Learns x^2 / 2.
template <class T>
struct one_number {
  tensor<dim<1>, dim<1>, T> x;
  one_number(T begin) { x[0][0] = begin; }
  [[nodiscard]] double operator()() const { return static_cast<double>(x[0][0]); }
  [[nodiscard]] auto loss(auto& on) const {
    auto const v = on.watch(x);
    return scale(on, multiply(on, v, v), T(0.5));
  }
  static auto members(auto& self) { return std::tuple{named("x", self.x)}; }
};

struct two_numbers {
  tensor<dim<1>, dim<1>, double> first, second;
  two_numbers(double a, double b) { first[0][0] = a, second[0][0] = b; }
  static auto members(auto& self) { return std::tuple{named("first", self.first), named("second", self.second)}; }
};

// Maps four numbers to two that are to be 1 for the even rows of x, and 0 for the others.
template <std::size_t Hidden>
struct model_of : mlp<4, Hidden, 2> {
  tensor<dyn, dim<4>> x;
  tensor<dyn, dim<2>> right;
  explicit model_of(cpu::context& ctx) : mlp<4, Hidden, 2>{ctx}, x(16), right(16) {
    for (std::size_t i = 0; i < 16; ++i) {
      for (std::size_t c = 0; c < 4; ++c) x[i][c] = (i >> c) % 2 ? 1.0f : -1.0f;
      right[i][0] = right[i][1] = i % 2 ? 0.0f : 1.0f;
    }
  }
  [[nodiscard]] auto loss(auto& on) const {
    auto const gap = subtract(on, (*this)(on, on.constant(x)), on.constant(right));
    return mean(on, multiply(on, gap, gap));
  }
};
using large_model = model_of<5000>;  // more numbers than one piece holds
[[nodiscard]] inline auto small_model(cpu::context& ctx) { return model_of<8>{ctx}; }

// One step; the loss before it.
template <class Learn, class Model>
double descend(cpu::context& ctx, Learn& learn, Model& model) {
  tape on{ctx};
  auto const loss = model.loss(on);
  learn.step(on.backward(loss));
  return static_cast<double>(loss.value[0][0]);
}

[[nodiscard]] std::vector<double> numbers_of(auto const& part) {
  std::vector<double> numbers;
  visit(part, [&](std::string const&, auto const& x) { numbers.insert(numbers.end(), x.data(), x.data() + x.size()); });
  return numbers;
}
void copy_state(auto const& from, auto& to) {
  auto const numbers = numbers_of(from);
  std::size_t next = 0;
  visit(to, [&](std::string const&, auto& x) {
    using T = typename std::remove_reference_t<decltype(x)>::scalar;
    for (std::size_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<T>(numbers[next++]);
  });
}

}  // namespace intarsia::test
