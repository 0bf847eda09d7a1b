// listwise_softmax against its formula, its gradient, and lists with absent entries, without answers, or none at all.
#include "../catch.hpp"
#include "../gradient.hpp"

#include <intarsia/loss/listwise_softmax.hpp>

using namespace intarsia;
using namespace intarsia::test;

namespace {
using column = tensor<batch_rows, dim<1>, double>;
column of(std::vector<double> const& numbers) {
  column x(numbers.size());
  std::copy(numbers.begin(), numbers.end(), x.data());
  return x;
}
double loss_of(std::vector<double> const& scores, std::size_t length, std::vector<float> const& answers,
               std::vector<float> const& weights = {}) {
  cpu::context ctx;
  return listwise_softmax(ctx, ctx.constant(of(scores)), length, answers, weights).value[0][0];
}
}  // namespace

TEST_CASE("listwise_softmax: known values") {
  double const l1 = std::log(std::exp(1.0) + std::exp(2.0) + std::exp(.5));
  CHECK(loss_of({1, 2, .5}, 3, {0, 1, 0}) == Approx(l1 - 2));
  CHECK(loss_of({1, 2, .5}, 3, {1, 1, 0}) == Approx((l1 - 2) + (l1 - 1)));
  CHECK(loss_of({1, 2, .5}, 3, {0, .25F, 0}) == Approx((l1 - 2) / 4));
  // An entry that is not there has no share, however large its number.
  CHECK(loss_of({1, 2, 99}, 3, {0, 1, -1}) == Approx(std::log(1 + std::exp(-1.0))));
  // Two lists with weights; the second has no answer.
  CHECK(loss_of({1, 2, .5, 7, 8, 9}, 3, {0, 1, 0, 0, 0, 0}, {.5F, 1}) == Approx((l1 - 2) * .5 / 2));
  CHECK(loss_of({3, 4}, 2, {-1, -1}) == 0);
  CHECK(loss_of({}, 3, {}) == 0);
}

TEST_CASE("listwise_softmax: gradients") {
  std::vector<float> const answers{1, 0, 1, 0, 0, 0, 0, 1, 0, -1, 2, 0, 0, -1, -1, -1, -1, -1, -1, -1}, weights{1, .5F, 2, 1};
  auto const f = [&](auto& on, auto s) { return listwise_softmax(on, s, 5, answers, weights); };
  CHECK(gradient_error(f, noise<batch_rows, dim<1>>(20, 1)) < 1e-7);
}

TEST_CASE("listwise_softmax refuses lengths that do not fit") {
  CHECK_THROWS_AS(loss_of({1, 2, 3}, 2, {0, 1, 0}), shape_error);
  CHECK_THROWS_AS(loss_of({1, 2}, 2, {0}), shape_error);
  CHECK_THROWS_AS(loss_of({1, 2}, 2, {0, 1}, {1, 1}), shape_error);
}
