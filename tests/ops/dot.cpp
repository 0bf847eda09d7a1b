#include "../catch.hpp"
#include "../gradient.hpp"
#include "../oracle.hpp"

#include <intarsia/ops/dot.hpp>

using namespace intarsia;
using namespace intarsia::test;

namespace {
auto const dots = [](auto& on, auto a, auto b) { return row_dot(on, a, b); };
}

TEST_CASE("row_dot: an example by hand") {
  cpu::context ctx;
  tensor<batch_rows, dim<3>> a(2), b(2);
  for (std::size_t c = 0; c < 3; ++c) {
    a[0][c] = static_cast<float>(c + 1), b[0][c] = 10;
    a[1][c] = -1, b[1][c] = static_cast<float>(c);
  }
  CHECK(grid_of(dots(ctx, ctx.constant(a), ctx.constant(b))) == grid{{60}, {-3}});
}

TEST_CASE("row_dot: every width") {
  cpu::context ctx;
  for (std::size_t cols = 0; cols < 20; ++cols) {
    auto const a = noise<dyn, dyn>(2, cols, 1), b = noise<dyn, dyn>(2, cols, 2);
    auto const y = dots(ctx, ctx.constant(a), ctx.constant(b));
    for (std::size_t i = 0; i < 2; ++i) {
      double sum = 0;
      for (std::size_t c = 0; c < cols; ++c) sum += a[i][c] * b[i][c];
      CHECK(y.value[i][0] == Approx(sum).margin(1e-14));
    }
  }
}

TEST_CASE("row_dot: gradients") {
  CHECK(gradient_error(dots, noise<dyn, dim<11>>(5, 1), noise<dyn, dim<11>>(5, 2)) < 1e-7);
  CHECK(gradient_error(dots, noise<dyn, dim<3>>(0, 1), noise<dyn, dim<3>>(0, 2)) == 0);
  CHECK(gradient_error([](auto& on, auto a) { return row_dot(on, a, a); }, noise<dyn, dim<3>>(5, 1)) < 1e-7);
}
