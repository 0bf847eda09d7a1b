#include "../catch.hpp"
#include "module.hpp"

#include <intarsia/core/thread_pool.hpp>
#include <intarsia/nn/embedding.hpp>
#include <intarsia/optim/adagrad.hpp>
#include <intarsia/optim/adam.hpp>
#include <intarsia/optim/clip.hpp>
#include <intarsia/optim/row_adagrad.hpp>
#include <intarsia/optim/sgd.hpp>
#include <intarsia/schema/node.hpp>

using namespace intarsia;
using namespace intarsia::test;

namespace {
struct Book : node<"book"> {};
using books = embedding<Book, 20>;

// One step of a loss that is the sum of squares of some rows.
template <class Learn>
void step(cpu::context& ctx, Learn& learn, books& table, std::vector<id<Book>> const& ids) {
  tape on{ctx};
  auto const x = table(on, ids);
  learn.step(on.backward(sum(on, multiply(on, x, x))));
}
}  // namespace

TEST_CASE("adagrad: two steps by hand") {
  cpu::context ctx;
  one_number<double> a{1};
  adagrad learn{a, {.rate = 0.1f}};
  descend(ctx, learn, a);
  double const first = 1 - double{0.1f} * 1 / (1 + double{1e-10f});
  CHECK(a() == Approx(first));
  descend(ctx, learn, a);
  CHECK(a() == Approx(first - double{0.1f} * first / std::sqrt(1 + first * first)));
}

TEST_CASE("root_of: to a unit in the last place, and 0 of 0") {
  CHECK(detail::root_of(0.0f) == 0);
  float worst = 0;
  intarsia::random draw{seed{1}, 2};
  for (int i = 0; i < 100000; ++i) {
    float const x = std::exp(60 * (draw.uniform() - 0.5f));
    worst = std::max(worst, std::abs(detail::root_of(x) / std::sqrt(x) - 1));
  }
  CHECK(worst <= 1.2e-7f);
}

TEST_CASE("optimisers: only rows that were looked up change, each once, as if it were the whole of a smaller table") {
  cpu::context ctx{inline_executor{}, seed{4}};
  books const begin{ctx, 50};
  std::vector<id<Book>> const ids{{7}, {31}, {7}, {7}, {4}};
  // In the small table the same rows are 1, 2 and 0.
  std::vector<id<Book>> const small_ids{{1}, {2}, {1}, {1}, {0}};
  auto const check = [&](auto make) {
    books large{begin}, small{3};
    std::uint32_t const places[] = {4, 7, 31};
    for (std::size_t k = 0; k < 3; ++k) std::copy_n(begin.rows[places[k]].data(), 20, small.rows[k].data());
    auto learn = make(large), learn_small = make(small);
    for (int i = 0; i < 3; ++i) {
      step(ctx, learn, large, ids);
      step(ctx, learn_small, small, small_ids);
    }
    std::size_t changed = 0;
    for (std::size_t row = 0; row < 50; ++row) {
      std::span<float const> const is = large.rows[row], was = begin.rows[row];
      bool const same = std::equal(is.begin(), is.end(), was.begin());
      changed += !same;
      for (std::size_t k = 0; k < 3; ++k) {
        if (places[k] != row) continue;
        CHECK_FALSE(same);
        CHECK(std::equal(is.begin(), is.end(), small.rows[k].begin()));
      }
    }
    CHECK(changed == 3);
  };
  check([](books& t) { return adagrad{t, {.rate = 0.1f, .weight_decay = 0.01f}}; });
  check([](books& t) { return row_adagrad{t, {.rate = 0.1f, .weight_decay = 0.01f}}; });
  check([](books& t) { return adam{t, {.rate = 0.1f}}; });
  check([](books& t) { return sgd{t, {.rate = 0.1f, .momentum = 0.5f}}; });
}

TEST_CASE("clip: the norm counts a row that was looked up twice once, with its sum") {
  cpu::context ctx;
  books table{10};
  table.rows[3][0] = 1;
  tape on{ctx};
  std::vector<id<Book>> const ids{{3}, {3}};
  auto const x = table(on, ids);
  auto const slopes = on.backward(sum(on, multiply(on, x, x)));
  CHECK(gradient_norm(slopes) == Approx(4));
}

TEST_CASE("row_adagrad: three steps by the formula, on a whole table and on rows, for every width") {
  auto const check = [](auto width, bool whole) {
    constexpr std::size_t cols = decltype(width)::value;
    cpu::context ctx{inline_executor{}, seed{4}};
    embedding<Book, cols> table{ctx, 6};
    row_adagrad learn{table, {.rate = 0.1f, .epsilon = 1e-3f, .weight_decay = 0.02f}};
    std::vector<id<Book>> const ids{{4}, {1}, {4}};
    std::vector<std::vector<double>> x(6, std::vector<double>(cols));
    for (std::size_t i = 0; i < 6; ++i) std::copy_n(table.rows[i].data(), cols, x[i].begin());
    std::vector<double> seen(6);
    for (int round = 0; round < 3; ++round) {
      {
        tape on{ctx};
        auto const square = [&](auto y) { return on.backward(sum(on, multiply(on, y, y))); };
        learn.step(whole ? square(table(on)) : square(table(on, ids)));
      }
      for (std::size_t i = 0; i < 6; ++i) {
        double const times = whole ? 1 : i == 4 ? 2 : i == 1 ? 1 : 0;
        if (times == 0) continue;
        double squares = 0;
        for (double const now : x[i]) squares += (2 * times + double{0.02f}) * now * (2 * times + double{0.02f}) * now;
        seen[i] += squares / static_cast<double>(cols);
        for (double& now : x[i]) {
          now -= double{0.1f} * (2 * times + double{0.02f}) * now / (std::sqrt(seen[i]) + double{1e-3f});
        }
      }
    }
    for (std::size_t i = 0; i < 6; ++i) {
      for (std::size_t c = 0; c < cols; ++c) {
        CHECK(static_cast<double>(table.rows[i][c]) == Approx(x[i][c]).epsilon(1e-4).margin(1e-6));
      }
    }
  };
  for (bool const whole : {true, false}) {
    check(std::integral_constant<std::size_t, 1>{}, whole);
    check(std::integral_constant<std::size_t, 17>{}, whole);
    check(std::integral_constant<std::size_t, 64>{}, whole);
  }
}

TEST_CASE("row_adagrad: one number is kept for each row") {
  books table{50};
  row_adagrad learn{table};
  std::size_t kept = 0;
  visit(learn, [&](std::string const& path, auto& x) {
    if (path.find("states") != std::string::npos) kept += x.size();
  });
  CHECK(kept == 50);
}

TEST_CASE("optimisers: looked up rows give the same bits for any number of threads") {
  auto const run_by = [](any_executor threads, auto make) {
    cpu::context ctx{std::move(threads), seed{1}};
    books table{ctx, 3000};
    auto learn = make(table);
    std::vector<id<Book>> ids(5000);
    intarsia::random draw{seed{3}, 1};
    for (auto& i : ids) i = id<Book>{static_cast<std::uint32_t>(draw.below(3000))};
    for (int i = 0; i < 2; ++i) step(ctx, learn, table, ids);
    return numbers_of(table);
  };
  auto const same = [&](auto make) {
    auto const one = run_by(inline_executor{}, make);
    for (std::size_t const threads : {2u, 3u, 7u}) CHECK(run_by(thread_pool{threads}, make) == one);
  };
  same([](books& t) { return adagrad{t, {.rate = 0.1f}}; });
  same([](books& t) { return row_adagrad{t, {.rate = 0.1f}}; });
}
