#include "../catch.hpp"
#include "../gradient.hpp"
#include "../oracle.hpp"

#include <intarsia/ops/activation.hpp>
#include <intarsia/ops/matmul.hpp>
#include <intarsia/ops/rows.hpp>

using namespace intarsia;
using namespace intarsia::test;

TEST_CASE("head, columns, rows_as: windows, not copies") {
  cpu::context ctx;
  auto const numbers = noise<dyn, dim<4>>(5, 1);
  auto const x = ctx.constant(numbers);
  auto const top = head(ctx, x, 2);
  CHECK(top.rows() == 2);
  CHECK(top.value.data == x.value.data);
  auto const middle = columns<1, 2>(ctx, x);
  CHECK(middle.cols() == 2);
  CHECK(middle.value[3][0] == numbers[3][1]);
  CHECK(rows_as<batch_rows>(ctx, x).value.data == x.value.data);
  CHECK_THROWS_AS(head(ctx, x, 6), shape_error);
  auto const wide = noise<dyn, dyn>(2, 3, 1);
  auto const w = ctx.constant(wide);
  CHECK_THROWS_AS((columns<2, 2>(ctx, w)), shape_error);
}

TEST_CASE("head, columns, rows_as: gradients go through the window") {
  auto const x = noise<dyn, dim<4>>(5, 1);
  CHECK(gradient_error([](auto& on, auto v) { return tanh(on, head(on, v, 3)); }, x) < 1e-7);
  CHECK(gradient_error([](auto& on, auto v) { return tanh(on, columns<1, 2>(on, v)); }, x) < 1e-7);
  CHECK(gradient_error([](auto& on, auto v) { return tanh(on, rows_as<batch_rows>(on, v)); }, x) < 1e-7);
  CHECK(gradient_error(
            [](auto& on, auto v) { return matmul_transposed(on, columns<0, 2>(on, v), columns<2, 2>(on, v)); }, x) <
        1e-7);
  CHECK(gradient_error([](auto& on, auto v) { return tanh(on, head(on, v, 0)); }, x) == 0);
}
