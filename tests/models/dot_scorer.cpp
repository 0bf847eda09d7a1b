#include <intarsia/cpu/cpu.hpp>
#include <intarsia/models/dot_scorer.hpp>

#include "../catch.hpp"
#include "../gradient.hpp"
#include "../oracle.hpp"

using namespace intarsia;
using namespace intarsia::test;

TEST_CASE("dot_scorer: inner products of the users that were asked for with every item") {
  cpu::context ctx;
  auto const users = noise<dyn, dyn, float>(4, 3, 1), items = noise<dyn, dyn, float>(5, 3, 2);
  dot_scorer const scorer{users, items};
  std::vector<std::uint32_t> const some{2, 0, 2};
  tensor<dyn, dyn> out(3, 5);
  std::size_t const before = ctx.scratch().here().used;
  scorer.score(ctx, some, out.view());
  CHECK(ctx.scratch().here().used == before);
  auto const all = product_of(grid_of(users), transposed_of(grid_of(items)));
  CHECK(distance(grid_of(out), {all[2], all[0], all[2]}) < 1e-6);
  CHECK_THROWS_WITH((dot_scorer{users, noise<dyn, dyn, float>(5, 2, 2)}), Catch::Contains("one width"));
}
