#include <intarsia/ops/stack.hpp>

#include "../catch.hpp"
#include "../gradient.hpp"
#include "../oracle.hpp"

using namespace intarsia;
using namespace intarsia::test;

namespace {
struct A {};
struct B {};
struct C {};
template <class... V>
auto three(V... x) {
  return typed_map<keys<A, B, C>, V...>{{x}...};
}
}  // namespace

TEST_CASE("stack: rows in the order of the keys") {
  cpu::context ctx;
  tensor<dyn, dim<2>> a(2), b(0), c(1);
  a[0][0] = 1, a[0][1] = 2, a[1][0] = 3, a[1][1] = 4, c[0][0] = 5, c[0][1] = 6;
  auto const y = stack(ctx, three(ctx.constant(a), ctx.constant(b), ctx.constant(c)));
  CHECK(grid_of(y) == grid{{1, 2}, {3, 4}, {5, 6}});
  auto const none = stack(ctx, three(ctx.constant(b), ctx.constant(b), ctx.constant(b)));
  CHECK(none.rows() == 0);
  CHECK(none.cols() == 2);
}

TEST_CASE("stack: gradients, each part alone and all at once, an empty one among them") {
  auto const run = [](auto& on, auto a, auto b, auto c) { return stack(on, three(a, b, c)); };
  CHECK(gradient_error(run, noise<dyn, dim<3>>(4, 1), noise<dyn, dim<3>>(0, 2), noise<dyn, dim<3>>(2, 3)) < 1e-7);
}
