// An op's value and gradients on the CPU and on a device, in any order of threads.
#pragma once

#include <intarsia/exec/tape.hpp>
#include <intarsia/ops/add.hpp>
#include <intarsia/ops/sum.hpp>
#include <tuple>
#include <utility>
#include <vector>

#include "parity.hpp"

namespace cuda_test {

// The value of f(on, inputs...), and the gradients by each input of its numbers times fixed ones.
template <class Context, class F, class Move, class Back, class... Inputs>
std::vector<matrix<double>> value_and_slopes(Context& ctx, F const& f, Move const& move, Back const& back,
                                             Inputs const&... inputs) {
  std::tuple const owned{move(inputs)...};
  ia::tape<Context> on{ctx};
  auto const vars = std::apply([&](auto const&... x) { return std::tuple{on.input(x)...}; }, owned);
  auto const y = std::apply([&](auto const&... x) { return f(on, x...); }, vars);
  auto const direction =
      move(noise<double, typename decltype(y)::row_axis, typename decltype(y)::col_axis>(y.rows(), y.cols(), 31337));
  static_cast<void>(on.backward(sum(on, multiply(on, y, on.constant(direction)))));
  std::vector<matrix<double>> found{back(ia::dense<double, typename Context::space>(y.value))};
  std::apply([&](auto const&... x) { (found.push_back(back(x.grad)), ...); }, vars);
  return found;
}

template <class F, class... Inputs>
void same_slopes(F const& f, Inputs const&... inputs) {
  ia::cpu::context host;
  auto const expected = value_and_slopes(
      host, f, [](auto const& x) { return x; },
      [](ia::dense<double> x) {
        matrix<double> made(x.rows, x.cols);
        for (std::size_t i = 0; i < x.rows; ++i) std::copy_n(x.data + i * x.stride, x.cols, made.data() + i * x.cols);
        return made;
      },
      inputs...);
  in_every_order([&] {
    ia::cuda::context ctx;
    auto const found = value_and_slopes(
        ctx, f, [&](auto const& x) { return ia::cuda::upload(ctx, x); },
        [&](ia::dense<double, ia::device> x) {
          return ia::cuda::download(ctx, ia::view<ia::dyn, ia::dyn, double, ia::device>{x});
        },
        inputs...);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      CAPTURE(i);
      CHECK(distance(found[i], expected[i]) < 1e-11);
    }
  });
}

}  // namespace cuda_test
