#include "../catch.hpp"
#include "../gradient.hpp"
#include "../oracle.hpp"

#include <intarsia/nn/mlp.hpp>
#include <intarsia/ops/add.hpp>
#include <intarsia/ops/sum.hpp>

using namespace intarsia;
using namespace intarsia::test;

TEST_CASE("mlp: relu between the maps, nothing after the last") {
  cpu::context ctx;
  mlp<1, 2, 1> net;
  visit(net, [n = 0](std::string const&, auto& x) mutable {
    for (std::size_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(++n % 2 ? n : -n);
  });
  // First map: weights 1 -2, bias 3 -4; second: weights 5 -6, bias 7.
  tensor<dyn, dim<1>> x(2);
  x[0][0] = 2, x[1][0] = -4;
  // 2: relu(5) 5 + relu(-8) -6 + 7; -4: relu(-1) 5 + relu(4) -6 + 7.
  CHECK(grid_of(net(ctx, ctx.constant(x))) == grid{{32}, {-17}});
}

TEST_CASE("mlp: names of its parts") {
  mlp<4, 3, 2> net;
  std::vector<std::string> paths;
  visit(net, [&](std::string const& path, auto const&) { paths.push_back(path); });
  CHECK(paths == std::vector<std::string>{"0/weight", "0/bias", "1/weight", "1/bias"});
  STATIC_REQUIRE(decltype(net)::in == 4);
  STATIC_REQUIRE(decltype(net)::out == 2);
}

TEST_CASE("mlp: gradients by input, by parameters, and along a direction") {
  cpu::context ctx;
  basic_mlp<double, 3, 6, 5, 2> net{ctx};
  for (std::size_t const rows : {0U, 1U, 4U}) {
    auto const x = noise<dyn, dim<3>>(rows, 1);
    auto const f = [&](auto& on, auto const& part) { return part(on, on.constant(x)); };
    CHECK(gradient_error([&](auto& on, auto v) { return net(on, v); }, x) < 1e-7);
    CHECK(parameter_gradient_error(ctx, net, f) < 1e-7);
    auto const loss = [&](auto& on, auto const& part) {
      auto const y = f(on, part);
      return sum(on, multiply(on, y, y));
    };
    CHECK(directional_error(ctx, net, loss) < 1e-7);
  }
}
