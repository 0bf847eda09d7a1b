#include "../catch.hpp"
#include "../gradient.hpp"
#include "../oracle.hpp"

#include <intarsia/nn/embedding.hpp>
#include <intarsia/ops/add.hpp>
#include <intarsia/ops/sum.hpp>
#include <intarsia/schema/node.hpp>

using namespace intarsia;
using namespace intarsia::test;

namespace {
struct User : node<"user"> {};
struct Book : node<"book"> {};
template <class Ids>
concept looks_up = requires(embedding<User, 4> const& e, cpu::context& ctx, Ids const& ids) { e(ctx, ids); };
}  // namespace

TEST_CASE("embedding: rows by id, and all of them") {
  cpu::context ctx;
  embedding<User, 4> const users{ctx, 7};
  std::vector<id<User>> const ids{{6}, {0}};
  auto const y = grid_of(users(ctx, ids)), all = grid_of(users(ctx));
  CHECK(y == grid{all[6], all[0]});
  CHECK(all.size() == 7);
  double squares = 0;
  for (auto const& row : all) {
    for (double const x : row) squares += x * x;
  }
  CHECK(squares / 7 == Approx(1).margin(0.9));
  STATIC_REQUIRE(looks_up<std::vector<id<User>>>);
  STATIC_REQUIRE_FALSE(looks_up<std::vector<id<Book>>>);
}

TEST_CASE("embedding: gradients, with ids more than once") {
  cpu::context ctx;
  embedding<User, 4, double> users{ctx, 5};
  std::vector<id<User>> const ids{{3}, {0}, {3}};
  CHECK(parameter_gradient_error(ctx, users, [&](auto& on, auto const& e) { return e(on, ids); }) < 1e-7);
  CHECK(directional_error(ctx, users, [&](auto& on, auto const& e) { return sum(on, e(on, ids)); }) < 1e-7);
}

TEST_CASE("embedding: a tape holds the rows that were looked up, each once, over all lookups") {
  cpu::context ctx;
  embedding<User, 4, double> users{ctx, 9};
  std::vector<id<User>> const some{{7}, {2}, {7}}, others{{2}, {0}};
  {
    tape on{ctx};
    auto const slopes = on.backward(add(on, sum(on, users(on, some)), sum(on, users(on, some))));
    CHECK(slopes.by(users.rows.data()) == nullptr);
    std::size_t parameters = 0;
    slopes.each([&](gradients::entry const& e) {
      ++parameters;
      REQUIRE(e.rows);
      CHECK(std::vector<std::uint32_t>(e.rows, e.rows + 2) == std::vector<std::uint32_t>{2, 7});
      auto const* const g = static_cast<double const*>(e.gradient);
      CHECK(e.count == 8);
      for (std::size_t c = 0; c < 4; ++c) CHECK((g[c] == 2 && g[4 + c] == 4));
    });
    CHECK(parameters == 1);
  }
  // Two lists of ids, and the whole table beside them, whichever comes first.
  auto const two = [&](auto& on, auto const& e) {
    return add(on, sum(on, multiply(on, e(on, some), e(on, some))), sum(on, e(on, others)));
  };
  CHECK(parameter_gradient_error(ctx, users, two) < 1e-7);
  CHECK(parameter_gradient_error(ctx, users, [&](auto& on, auto const& e) {
          return add(on, two(on, e), sum(on, multiply(on, e(on), e(on))));
        }) < 1e-7);
  CHECK(parameter_gradient_error(ctx, users, [&](auto& on, auto const& e) {
          return add(on, sum(on, multiply(on, e(on), e(on))), two(on, e));
        }) < 1e-7);
}

TEST_CASE("embedding: nobody at all") {
  cpu::context ctx;
  embedding<User, 4> const none{ctx, 0};
  CHECK(none(ctx).rows() == 0);
  CHECK(none(ctx, std::vector<id<User>>{}).rows() == 0);
}
