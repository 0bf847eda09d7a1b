#include "../catch.hpp"
#include "../gradient.hpp"
#include "module.hpp"

#include <intarsia/optim/clip.hpp>

using namespace intarsia;
using namespace intarsia::test;

TEST_CASE("clip: the norm over all gradients, in float and double") {
  cpu::context ctx;
  tape on{ctx};
  two_numbers part{1, 1};
  auto const a = on.watch(part.first), b = on.watch(part.second);
  auto const slopes = on.backward(add(on, scale(on, a, 3), scale(on, b, -4)));
  CHECK(gradient_norm(slopes) == Approx(5));
  CHECK(clip(slopes, 6) == Approx(5));
  CHECK(a.grad[0][0] == 3);
  CHECK(clip(slopes, 2.5) == Approx(5));
  CHECK(a.grad[0][0] == Approx(1.5));
  CHECK(b.grad[0][0] == Approx(-2));
  CHECK(gradient_norm(slopes) == Approx(2.5));
}

TEST_CASE("clip: many numbers, and none") {
  cpu::context ctx;
  tape on{ctx};
  auto const x = noise<dyn, dyn, float>(70, 201, 1);
  double squares = 0;
  for (std::size_t i = 0; i < x.size(); ++i) squares += 4 * double{x.data()[i]} * double{x.data()[i]};
  auto const v = on.watch(x);
  CHECK(gradient_norm(on.backward(sum(on, multiply(on, v, v)))) == Approx(std::sqrt(squares)).epsilon(1e-6));
  tape empty{ctx};
  tensor<dim<1>, dim<1>> const zero;
  CHECK(clip(empty.backward(empty.constant(zero)), 1) == 0);
}
