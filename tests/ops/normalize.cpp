#include "../catch.hpp"
#include "../gradient.hpp"
#include "../oracle.hpp"

#include <intarsia/ops/normalize.hpp>

using namespace intarsia;
using namespace intarsia::test;

TEST_CASE("normalize_rows: an example by hand, with a row of zeros") {
  cpu::context ctx;
  tensor<dyn, dim<2>, double> x(2);
  x[0][0] = 3, x[0][1] = 4;
  CHECK(distance(grid_of(normalize_rows(ctx, ctx.constant(x), 10)), {{6, 8}, {0, 0}}) < 1e-15);
}

TEST_CASE("normalize_rows: gradients") {
  auto const f = [](auto& on, auto x) { return normalize_rows(on, x, 2.5); };
  CHECK(gradient_error(f, noise<dyn, dim<5>>(4, 1)) < 1e-7);
  CHECK(gradient_error(f, noise<dyn, dim<9>>(1, 1)) < 1e-7);
  CHECK(gradient_error(f, noise<dyn, dim<5>>(0, 1)) == 0);
}

TEST_CASE("normalize_rows: a row of zeros has a gradient of zeros") {
  cpu::context ctx;
  tape on{ctx};
  tensor<dim<1>, dim<1>, double> zero;
  auto const x = on.input(zero);
  static_cast<void>(on.backward(normalize_rows(on, x)));
  CHECK(x.grad[0][0] == 0);
}

TEST_CASE("standardize_columns: an example by hand, with a constant column") {
  cpu::context ctx;
  tensor<dyn, dim<2>, double> x(2);
  x[0][0] = 1, x[1][0] = 5;  // mean 3, deviation 2
  x[0][1] = x[1][1] = 7;
  CHECK(distance(grid_of(standardize_columns(ctx, ctx.constant(x), 0.5)), {{-0.8, 0}, {0.8, 0}}) < 1e-15);
}

TEST_CASE("standardize_columns: gradients") {
  auto const f = [](auto& on, auto x) { return standardize_columns(on, x, 0.1); };
  CHECK(gradient_error(f, noise<dyn, dim<3>>(7, 1)) < 1e-7);
  CHECK(gradient_error(f, noise<dyn, dim<3>>(2, 1)) < 1e-7);
  CHECK(gradient_error(f, noise<dyn, dim<3>>(1, 1)) == 0);
  CHECK(gradient_error(f, noise<dyn, dim<3>>(0, 1)) == 0);
}
