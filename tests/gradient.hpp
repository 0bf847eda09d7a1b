// Gradients against central differences, in double. What a test calls:
//   CHECK(gradient_error([](auto& on, auto x, auto w) { return matmul(on, x, w); }, noise<dyn, dim<3>>(4, 1),
//                        noise<dim<3>, dim<2>>(3, 2)) < 1e-7);
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <intarsia/cpu/cpu.hpp>
#include <intarsia/exec/module.hpp>
#include <intarsia/exec/tape.hpp>
#include <tuple>
#include <utility>
#include <vector>

namespace intarsia::test {

// Numbers in [-1, 1) that depend on the stream alone; the number of columns is given where the axis does not know it.
template <class R, class C, class T = double>
[[nodiscard]] tensor<R, C, T> noise(std::size_t rows, std::size_t cols, std::uint64_t stream)
  requires(C::extent == dynamic)
{
  tensor<R, C, T> x(rows, cols);
  random draw{seed{2718}, stream};
  for (std::size_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<T>(2 * draw.uniform() - 1);
  return x;
}
template <class R, class C, class T = double>
[[nodiscard]] tensor<R, C, T> noise(std::size_t rows, std::uint64_t stream)
  requires(C::extent != dynamic)
{
  tensor<R, C, T> x(rows, C::extent);
  random draw{seed{2718}, stream};
  for (std::size_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<T>(2 * draw.uniform() - 1);
  return x;
}

namespace differences {
// A result of any shape becomes a loss by a fixed direction: the inner product of the two.
template <class V>
[[nodiscard]] tensor<dyn, dyn, double> direction(V const& y) {
  return noise<dyn, dyn>(y.rows(), y.cols(), 31337);
}
template <class V>
[[nodiscard]] double along_direction(V const& y) {
  auto const d = direction(y);
  double sum = 0;
  for (std::size_t i = 0; i < y.rows(); ++i) {
    for (std::size_t c = 0; c < y.cols(); ++c) sum += y.value[i][c] * d[i][c];
  }
  return sum;
}
// Runs the tape backward from that loss.
template <class V>
[[nodiscard]] gradients_on<cpu::context> pull_direction(tape<cpu::context>& on, V y) {
  auto const d = direction(y);
  auto loss = on.template fresh<dim<1>, dim<1>, double>(1, 1, true);
  loss.value.data[0] = 0;
  on.record([y, numbers = d.view()] {
    for (std::size_t i = 0; y.tracked() && i < y.rows(); ++i) {
      for (std::size_t c = 0; c < y.cols(); ++c) y.grad[i][c] += numbers[i][c];
    }
  });
  return on.backward(loss);
}

// The gradient by all numbers of a parameter: zeros where it took no part, or its rows did not.
[[nodiscard]] std::vector<double> by_all(gradients const& slopes, auto const& x) {
  std::vector<double> all(x.size());
  slopes.each([&](gradients::entry const& e) {
    if (e.parameter != x.data()) return;
    auto const* const numbers = static_cast<double const*>(e.gradient);
    for (std::size_t i = 0; i < e.count; ++i) {
      all[e.rows ? std::size_t{e.rows[i / e.cols]} * e.cols + i % e.cols : i] = numbers[i];
    }
  });
  return all;
}

inline void measure(double found, double expected, double& gap, double& size) {
  gap += (found - expected) * (found - expected);
  size += expected * expected;
}
[[nodiscard]] inline double relative(double gap, double size) {
  if (std::isnan(gap) || std::isnan(size)) return 1e300;
  return std::sqrt(gap) / std::max(std::sqrt(size), 1e-3);
}
}  // namespace differences

inline constexpr double difference_step = 1e-5;

// || gradient - central differences || / || central differences ||, the worst over all inputs of f(on, vars...), each
// alone (others untracked) and all at once, added to what the gradients already held. f may return any shape.
template <class F, class... Inputs>
[[nodiscard]] double gradient_error(cpu::context& ctx, F const& f, Inputs... inputs) {
  auto all = std::tie(inputs...);
  auto const value = [&] {
    tape on{ctx};
    return differences::along_direction(std::apply([&](auto&... x) { return f(on, on.constant(x)...); }, all));
  };
  // The gradients by all inputs of which `which` is one; all of them where it is none.
  auto const gradients = [&](std::size_t which) {
    constexpr double held = 0.25;
    tape on{ctx};
    std::size_t place = 0;
    auto const var_of = [&](auto& x) {
      bool const tracked = which >= sizeof...(Inputs) || which == place;
      ++place;
      if (!tracked) return on.constant(x);
      auto v = on.input(x);
      for (std::size_t i = 0; i < x.size(); ++i) v.grad.data[i] = held;
      return v;
    };
    auto vars = std::apply([&](auto&... x) { return std::tuple{var_of(x)...}; }, all);
    static_cast<void>(differences::pull_direction(on, std::apply([&](auto... v) { return f(on, v...); }, vars)));
    std::vector<std::vector<double>> found;
    auto const keep = [&](auto& v) {
      std::size_t const count = v.tracked() ? v.rows() * v.cols() : 0;
      found.emplace_back(v.grad.data, v.grad.data + count);
    };
    std::apply([&](auto&... v) { (keep(v), ...); }, vars);
    for (auto& numbers : found) {
      for (double& number : numbers) number -= held;
    }
    return found;
  };

  double worst = 0;
  auto const together = gradients(sizeof...(Inputs));
  std::size_t place = 0;
  auto const compare = [&](auto& x) {
    auto const alone = gradients(place);
    double gap = 0, size = 0, between = 0, twice = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      double const kept = x.data()[i];
      x.data()[i] = kept + difference_step;
      double const above = value();
      x.data()[i] = kept - difference_step;
      double const below = value();
      x.data()[i] = kept;
      differences::measure(alone[place][i], (above - below) / (2 * difference_step), gap, size);
      differences::measure(together[place][i], alone[place][i], between, twice);
    }
    worst = std::max({worst, differences::relative(gap, size), differences::relative(between, twice)});
    ++place;
  };
  std::apply([&](auto&... x) { (compare(x), ...); }, all);
  return worst;
}
template <class F, class... Inputs>
[[nodiscard]] double gradient_error(F const& f, Inputs... inputs) {
  cpu::context ctx;
  return gradient_error(ctx, f, std::move(inputs)...);
}

// The same for the parameters (in double) of a module: f(on, part) returns any shape.
template <class M, class F>
[[nodiscard]] double parameter_gradient_error(cpu::context& ctx, M& part, F const& f) {
  auto const value = [&] {
    tape on{ctx};
    return differences::along_direction(f(on, std::as_const(part)));
  };
  std::vector<std::vector<double>> found;
  {
    tape on{ctx};
    auto const slopes = differences::pull_direction(on, f(on, std::as_const(part)));
    visit(part, [&](std::string const&, auto& x) {
      found.push_back(differences::by_all(slopes, x));
    });
  }
  double worst = 0;
  std::size_t place = 0;
  visit(part, [&](std::string const&, auto& x) {
    double gap = 0, size = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      double const kept = x.data()[i];
      x.data()[i] = kept + difference_step;
      double const above = value();
      x.data()[i] = kept - difference_step;
      double const below = value();
      x.data()[i] = kept;
      differences::measure(found[place][i], (above - below) / (2 * difference_step), gap, size);
    }
    worst = std::max(worst, differences::relative(gap, size));
    ++place;
  });
  return worst;
}

// For whole models: the slope of f(on, part), a loss of one number, along one random direction of all parameters at
// once, against central differences.
template <class M, class F>
[[nodiscard]] double directional_error(cpu::context& ctx, M& part, F const& f, std::uint64_t stream = 1) {
  auto const value = [&] {
    tape on{ctx};
    return f(on, std::as_const(part)).value.data[0];
  };
  auto const move = [&](double by) {
    random draw{seed{577}, stream};
    visit(part, [&](std::string const&, auto& x) {
      for (std::size_t i = 0; i < x.size(); ++i) x.data()[i] += by * (2 * static_cast<double>(draw.uniform()) - 1);
    });
  };
  double slope = 0;
  {
    tape on{ctx};
    auto const slopes = on.backward(f(on, std::as_const(part)));
    random draw{seed{577}, stream};
    visit(part, [&](std::string const&, auto& x) {
      for (double const g : differences::by_all(slopes, x)) slope += g * (2 * static_cast<double>(draw.uniform()) - 1);
    });
  }
  move(difference_step);
  double const above = value();
  move(-2 * difference_step);
  double const below = value();
  move(difference_step);
  double const expected = (above - below) / (2 * difference_step);
  return std::abs(slope - expected) / std::max(std::abs(expected), 1e-3);
}

}  // namespace intarsia::test
