#include "../catch.hpp"
#include "../gradient.hpp"
#include "../oracle.hpp"

#include <intarsia/core/thread_pool.hpp>
#include <intarsia/ops/dropout.hpp>

using namespace intarsia;
using namespace intarsia::test;

namespace {
tensor<dyn, dyn, double> ones(std::size_t rows, std::size_t cols) {
  tensor<dyn, dyn, double> x(rows, cols);
  std::fill_n(x.data(), x.size(), 1.0);
  return x;
}
grid dropped(cpu::context& ctx, double rate, std::uint64_t stream) {
  auto const x = ones(200, 50);
  tape on{ctx};
  return grid_of(dropout(on, on.constant(x), rate, stream));
}
double mean_of(grid const& g) {
  double sum = 0, count = 0;
  for (auto const& row : g) {
    for (double const x : row) sum += x, ++count;
  }
  return sum / count;
}
}  // namespace

TEST_CASE("dropout: a share of the numbers is zero, the others grow, the mean stays") {
  cpu::context ctx{inline_executor{}, seed{3}};
  auto const y = dropped(ctx, 0.25, 7);
  double zeros = 0;
  for (auto const& row : y) {
    for (double const x : row) {
      CHECK((x == 0 || x == Approx(4.0 / 3)));
      zeros += x == 0;
    }
  }
  CHECK(zeros / 10000 == Approx(0.25).margin(0.02));  // four deviations
  CHECK(mean_of(y) == Approx(1).margin(0.03));
}

TEST_CASE("dropout: follows from seed and stream, not from threads") {
  cpu::context one{inline_executor{}, seed{3}}, three{thread_pool{3}, seed{3}}, other{inline_executor{}, seed{4}};
  CHECK(dropped(one, 0.5, 7) == dropped(three, 0.5, 7));
  CHECK(dropped(one, 0.5, 7) != dropped(one, 0.5, 8));
  CHECK(dropped(one, 0.5, 7) != dropped(other, 0.5, 7));
}

TEST_CASE("dropout: a context and a rate of 0 leave everything") {
  cpu::context ctx;
  auto const numbers = ones(3, 2);
  auto const x = ctx.constant(numbers);
  CHECK(dropout(ctx, x, 0.5, 1).value.data == x.value.data);
  tape on{ctx};
  CHECK(dropout(on, x, 0, 1).value.data == x.value.data);
  CHECK_THROWS_AS(dropout(on, x, 1, 1), shape_error);
}

TEST_CASE("dropout: gradients") {
  auto const f = [](auto& on, auto x) { return dropout(on, x, 0.4, 5); };
  CHECK(gradient_error(f, noise<dyn, dim<7>>(5, 1)) < 1e-7);
  CHECK(gradient_error(f, noise<dyn, dim<7>>(0, 1)) == 0);
}
