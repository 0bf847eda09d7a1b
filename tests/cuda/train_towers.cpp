// Towers trained on a device take the steps of the CPU, are judged as there, and go on from its checkpoints.
#include <cmath>
#include <filesystem>
#include <intarsia/models/train_towers.hpp>
#include <intarsia/nn/mlp.hpp>
#include <string>

#include "parity.hpp"

using namespace cuda_test;

namespace {

constexpr std::uint32_t users = 60, items = 40;
using towers = ia::two_tower<ia::mlp<6, 10, 5>, ia::mlp<6, 10, 5>>;

ia::interactions choices() {
  std::vector<ia::interaction> pairs;
  for (std::uint32_t u = 0; u < users; ++u) {
    ia::random dice{ia::seed{8}, 1, u};
    for (std::uint32_t k = 0; k < u % 9; ++k) pairs.push_back({u, dice.below(items)});
  }
  return {users, ia::node_numbering{1, std::vector<std::uint16_t>(items)}, pairs};
}

struct stopped {};
struct run {
  std::vector<double> losses;
  towers ends;
};

// Trains on a context of either kind; a model of the host comes back.
template <class Context, class Move>
run train(Context& ctx, Move const& move, std::size_t steps, ia::checkpoints const& keep, std::size_t judge_every,
          std::size_t stop_at) {
  auto const chosen = choices();
  auto const vectors = noise<float>(items, 6, 1), cold = noise<float>(items, 6, 2);
  auto const here = move(vectors), unseen = move(cold);
  towers const fresh{ia::mlp<6, 10, 5>{ctx}, ia::mlp<6, 10, 5>{ctx}};
  auto model = move(fresh);
  ia::history_mean const histories{ctx, chosen.by_user(), here.view(), {4, 2}};
  std::vector<double> losses;
  // The first of the scores is the best.
  std::size_t asked = 0;
  auto const score = [&](std::size_t) { return ++asked == 1 ? 1.0 : 0.0; };
  ia::train_towers(
      ctx, model, chosen, histories, {here.view(), unseen.view(), here.view()},
      {.batch = 32, .steps = steps, .rate = 1e-2f}, "towers", keep,
      [&](std::size_t done, double loss) {
        if (!std::isnan(loss)) losses.push_back(loss);
        if (done == stop_at) throw stopped{};
      },
      ia::judged<decltype(score)>{judge_every, score});
  return {losses, ia::on_host(model)};
}
run on_cpu(std::size_t steps, ia::checkpoints const& keep = {}, std::size_t judge_every = 0,
           std::size_t stop_at = 0) {
  ia::cpu::context ctx{ia::inline_executor{}, ia::seed{3}};
  return train(ctx, [](auto const& x) { return x; }, steps, keep, judge_every, stop_at);
}
run on_device(std::size_t steps, ia::checkpoints const& keep = {}, std::size_t judge_every = 0,
           std::size_t stop_at = 0) {
  ia::cuda::context ctx{ia::seed{3}};
  return train(ctx, [&](auto const& x) { return ia::cuda::upload(ctx, x); }, steps, keep, judge_every, stop_at);
}

std::vector<float> numbers_of(towers const& model) {
  std::vector<float> all;
  ia::visit(model, [&](std::string const&, auto const& x) { all.insert(all.end(), x.data(), x.data() + x.size()); });
  return all;
}
constexpr double rounding = 1e-5;
// How far weights are apart, without one bias: what all items share shifts a user's scores alike, so that the softmax
// has no gradient there, and Adam makes steps of its rounding.
double apart(run const& a, run const& b) {
  auto const compared = [](run const& x) {
    std::vector<float> all;
    ia::visit(x.ends, [&](std::string const& name, auto const& w) {
      if (name != "item/1/bias") all.insert(all.end(), w.data(), w.data() + w.size());
    });
    return all;
  };
  return relative_distance<float>(compared(a), compared(b));
}

}  // namespace

TEST_CASE("cuda: the losses of twenty steps of towers on histories") {
  auto const expected = on_cpu(20), found = on_device(20);
  REQUIRE(expected.losses.size() == 20);
  REQUIRE(found.losses.size() == 20);
  for (std::size_t step = 0; step < 20; ++step) {
    CAPTURE(step);
    CHECK(found.losses[step] == Approx(expected.losses[step]).epsilon(1e-4));
  }
  CHECK(apart(found, expected) < rounding);
  CHECK(apart(found, on_cpu(5)) > 100 * rounding);
}

TEST_CASE("cuda: the best weights of a judged training are those that it ends with") {
  auto const whole = on_device(12, {}, 4);
  CHECK(apart(whole, on_cpu(12, {}, 4)) < rounding);
  CHECK(apart(whole, on_cpu(12)) > 100 * rounding);
}

TEST_CASE("cuda: a stopped training goes on with the same bits, and from a checkpoint of the CPU as the CPU would") {
  std::string const file = (std::filesystem::temp_directory_path() / "intarsia_cuda_train_towers").string();
  auto const whole = on_device(12);
  for (bool const begun_on_device : {true, false}) {
    std::filesystem::remove(file);
    ia::checkpoints const keep{file, 3, true};
    if (begun_on_device) {
      CHECK_THROWS_AS(on_device(12, keep, 0, 7), stopped);
    } else {
      CHECK_THROWS_AS(on_cpu(12, keep, 0, 7), stopped);
    }
    auto const resumed = on_device(12, keep);
    CHECK(resumed.losses.size() == 6);
    if (begun_on_device) {
      CHECK(numbers_of(resumed.ends) == numbers_of(whole.ends));
    } else {
      CHECK(apart(resumed, whole) < rounding);
    }
  }
  std::filesystem::remove(file);
}
