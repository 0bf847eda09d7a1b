// Every loss that computes on a device: its value and gradients are those of the CPU; what it reads lies there.
#include <intarsia/loss/in_batch_softmax.hpp>
#include <intarsia/loss/info_nce.hpp>
#include <intarsia/loss/listwise_softmax.hpp>
#include <intarsia/loss/logistic.hpp>
#include <intarsia/loss/max_margin.hpp>
#include <intarsia/loss/pairwise_difference.hpp>
#include <intarsia/loss/squared_error.hpp>

#include "same_slopes.hpp"

using namespace cuda_test;

namespace {

// Numbers that both the host and a device hold; on(var) gives those where the var lies.
template <class T>
struct both {
  std::vector<T> here;
  ia::cuda::context ctx{};
  ia::cuda::device_array<T> there = ia::cuda::upload(ctx, here);

  template <class Var>
  std::span<T const> with(Var const&) const {
    if constexpr (std::is_same_v<typename Var::space, ia::host>) {
      return here;
    } else {
      return there.view();
    }
  }
};

}  // namespace

TEST_CASE("cuda: losses of pairs") {
  both<float> const log_q{{-1, -2, -0.5f, -3, -1, -0.1f}};
  both<std::uint32_t> const items{{4, 1, 4, 0, 4, 2}};
  auto const query = noise<double>(6, 5, 1), item = noise<double>(6, 5, 2);
  same_slopes(
      [&](auto& on, auto a, auto b) {
        return in_batch_softmax(on, a, b, {.temperature = 0.3f, .log_q = log_q.with(a)}, ia::same_item{items.with(a)});
      },
      query, item);
  same_slopes([](auto& on, auto a, auto b) { return pairwise_difference(on, a, b); }, query, item);
  same_slopes([](auto& on, auto a, auto b) { return squared_error(on, a, b); }, query, item);
}

TEST_CASE("cuda: weights of pairs and of rows") {
  both<float> const log_q{{-1, -2, -0.5f, -3, -1, -0.1f}}, weight{{0.5f, 2, 0, 7, 1, 3}}, none{{0, 0, 0, 0, 0, 0}};
  both<std::uint32_t> const items{{4, 1, 4, 0, 4, 2}}, targets{{1, 0, 4, 4, 2, 3}};
  both<double> const exact{{0.1, 2.3, 0, 7.7, 1, 3}};
  auto const query = noise<double>(6, 5, 1), item = noise<double>(6, 5, 2);
  for (auto const* const w : {&weight, &none}) {
    same_slopes(
        [&](auto& on, auto a, auto b) {
          return in_batch_softmax(on, a, b, {.temperature = 0.3f, .log_q = log_q.with(a), .weight = w->with(a)},
                                  ia::same_item{items.with(a)});
        },
        query, item);
    same_slopes([&](auto& on, auto a, auto b) { return pairwise_difference(on, a, b, w->with(a)); }, query, item);
  }
  same_slopes([&](auto& on, auto s) { return softmax_cross_entropy(on, s, targets.with(s), exact.with(s)); }, query);
  std::vector<float> several;
  for (std::size_t i = 0; i < 700; ++i) several.push_back(static_cast<float>(i % 5));
  both<float> const many{several};
  same_slopes([&](auto& on, auto a, auto b) { return pairwise_difference(on, a, b, many.with(a)); },
              noise<double>(700, 3, 1), noise<double>(700, 3, 2));
  both<float> const one{{3}};
  same_slopes([&](auto& on, auto a, auto b) { return pairwise_difference(on, a, b, one.with(a)); },
              noise<double>(1, 3, 1), noise<double>(1, 3, 2));
  same_slopes([&](auto& on, auto a, auto b) { return in_batch_softmax(on, a, b, {.weight = one.with(a)}); },
              noise<double>(1, 3, 1), noise<double>(1, 3, 2));
}

TEST_CASE("cuda: losses with negatives") {
  both<std::uint8_t> const valid{{1, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1, 0}};
  auto const anchor = noise<double>(4, 5, 1), positive = noise<double>(4, 5, 2), negatives = noise<double>(12, 5, 3);
  same_slopes([&](auto& on, auto a, auto p,
                  auto n) { return info_nce(on, a, p, n, {.temperature = 0.3f, .valid = valid.with(a)}); },
              anchor, positive, negatives);
  same_slopes([](auto& on, auto a, auto p, auto n) { return max_margin(on, a, p, n); }, anchor, positive, negatives);
  same_slopes([&](auto& on, auto a, auto p, auto n) { return max_margin(on, a, p, n, {.valid = valid.with(a)}); },
              anchor, positive, negatives);
}

TEST_CASE("cuda: a margin without negatives that count") {
  both<std::uint8_t> const none{std::vector<std::uint8_t>(6, 0)};
  same_slopes([&](auto& on, auto a, auto p, auto n) { return max_margin(on, a, p, n, {.valid = none.with(a)}); },
              noise<double>(3, 5, 1), noise<double>(3, 5, 2), noise<double>(6, 5, 3));
}

TEST_CASE("cuda: losses of scores") {
  both<std::uint32_t> const targets{{3, 0, 18, 7}};
  same_slopes([&](auto& on, auto s) { return softmax_cross_entropy(on, s, targets.with(s)); }, noise<double>(4, 19, 1));
  both<float> const labels{{0, 1, 0.5f, 1, 0, 1}}, weights{{2, 0.5f}};
  same_slopes([&](auto& on, auto s) { return logistic(on, s, labels.with(s)); },
              noise<double, ia::dyn, ia::dim<1>>(6, 1, 1));
  both<float> const answers{{0, 1, -1, 2, 0, 1}};
  same_slopes([&](auto& on, auto s) { return listwise_softmax(on, s, 3, answers.with(s), weights.with(s)); },
              noise<double, ia::dyn, ia::dim<1>>(6, 1, 1));
}

TEST_CASE("cuda: losses whose rows are shared by a warp") {
  std::vector<std::uint8_t> marks(7 * 40, 1);
  for (std::size_t i = 0; i < marks.size(); i += 3) marks[i] = 0;
  std::fill(marks.begin() + 80, marks.begin() + 120, std::uint8_t{0});  // an anchor alone
  both<std::uint8_t> const valid{marks};
  both<std::uint32_t> const targets{{3, 0, 69, 31, 32}};
  std::vector<float> right(5 * 70, 0);
  for (std::size_t i = 0; i < right.size(); i += 11) right[i] = i % 4 == 0 ? 2.0f : -1.0f;
  std::fill(right.begin() + 70, right.begin() + 140, 0.0f);  // a list without right answers
  both<float> const answers{right};
  auto const anchor = noise<double>(7, 36, 1), positive = noise<double>(7, 36, 2),
             negatives = noise<double>(280, 36, 3);
  same_slopes([&](auto& on, auto a, auto p,
                  auto n) { return info_nce(on, a, p, n, {.temperature = 0.3f, .valid = valid.with(a)}); },
              anchor, positive, negatives);
  same_slopes([](auto& on, auto a, auto p, auto n) { return max_margin(on, a, p, n); }, anchor, positive, negatives);
  same_slopes([&](auto& on, auto a, auto p, auto n) { return max_margin(on, a, p, n, {.valid = valid.with(a)}); },
              anchor, positive, negatives);
  same_slopes([](auto& on, auto a, auto b) { return pairwise_difference(on, a, b); }, anchor, positive);
  same_slopes([&](auto& on, auto s) { return softmax_cross_entropy(on, s, targets.with(s)); }, noise<double>(5, 70, 1));
  same_slopes([&](auto& on, auto s) { return listwise_softmax(on, s, 70, answers.with(s)); },
              noise<double, ia::dyn, ia::dim<1>>(350, 1, 1));
}
