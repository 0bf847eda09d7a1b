// The kernels that are a loop each: memory, map, reduce, gather.
#include "cases.hpp"

using namespace cases;

namespace {

struct relu_at {
  float const* x;
  float* y;
  void operator()(std::size_t i) const { y[i] = x[i] > 0 ? x[i] : 0; }
};

}  // namespace

TEST_CASE("map and each_row reach each index once, whatever the instructions and threads") {
  for (auto set : instruction_sets()) {
    for (std::size_t threads : {1u, 2u, 7u}) {
      auto ctx = context(set, threads);
      for (std::size_t count : {0u, 1u, 7u, 100u, 50'000u}) {
        std::vector<unsigned char> seen(count);
        map(ctx, count, [&](std::size_t i) { ++seen[i]; });
        CHECK(std::count(seen.begin(), seen.end(), 1) == static_cast<std::ptrdiff_t>(count));
        each_row(ctx, count, 1000, [&](std::size_t i) { ++seen[i]; });
        CHECK(std::count(seen.begin(), seen.end(), 2) == static_cast<std::ptrdiff_t>(count));
      }
      auto const x = matrix<>::random(1, 20'011, 1);
      matrix<> y(1, 20'011);
      map(ctx, x.cols, relu_at{&x(0, 0), &y(0, 0)});
      bool equal = true;
      for (std::size_t i = 0; i < x.cols; ++i) equal = equal && y(0, i) == std::max(0.0f, x(0, i));
      CHECK(equal);
    }
  }
}

TEST_CASE("fill and copy write the rows and nothing between them") {
  for (std::size_t width : widths) {
    for (std::size_t rows : {0u, 1u, 2u, 400u}) {
      auto ctx = context(ia::instruction_set::portable, 2);
      matrix<> x(rows, width);
      fill(ctx, x.view(), 2.5f);
      CHECK(difference(x, matrix<double>::filled(rows, width, 2.5)) == 0);
      auto const from = matrix<>::random(rows, width, 2);
      copy(ctx, from.view(), x.view());
      CHECK(same_bits(x, from));
    }
  }
  auto ctx = context(ia::instruction_set::portable);
  std::vector<double> flat(1000, 1.0);
  fill(ctx, ia::dense<double>{flat.data(), 10, 100, 100}, 0.0);
  CHECK(std::count(flat.begin(), flat.end(), 0.0) == 1000);
}

TEST_CASE("column_sum and total agree with plain sums") {
  for (std::size_t width : widths) {
    for (std::size_t rows : {0u, 1u, 2u, 3'000u}) {
      auto const x = matrix<>::random(rows, width, 3);
      auto sums = matrix<double>::filled(1, width, 0);
      double all = 0;
      for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t c = 0; c < width; ++c)
          sums(0, c) += static_cast<double>(x(i, c)), all += static_cast<double>(x(i, c));
      }
      for (auto set : instruction_sets()) {
        auto column = on_all_threads(set, matrix<>(1, width),
                                     [&](auto& ctx, auto& out) { column_sum(ctx, x.view(), out.view(), false); });
        CHECK(difference(column, sums) < 1e-4);
        auto ctx = context(set);
        column_sum(ctx, x.view(), column.view(), true);
        for (std::size_t c = 0; c < width; ++c)
          CHECK(static_cast<double>(column(0, c)) == Approx(2 * sums(0, c)).margin(1e-3));
        auto one =
            on_all_threads(set, matrix<>(1, 1), [&](auto& c, auto& out) { total(c, x.view(), out.view(), false); });
        CHECK(static_cast<double>(one(0, 0)) == Approx(all).margin(1e-4));
        total(ctx, x.view(), one.view(), true);
        CHECK(static_cast<double>(one(0, 0)) == Approx(2 * all).margin(1e-3));
      }
    }
  }
}

TEST_CASE("gather_rows and scatter_rows, with ids that come often, once and never") {
  for (std::size_t width : widths) {
    for (std::size_t count : {0u, 1u, 900u}) {
      ia::random draw{ia::seed{5}, width};
      std::vector<std::uint32_t> ids(count);
      for (auto& id : ids) id = draw.below(3) == 0 ? 4 : 10 + draw.below(40);
      auto const x = matrix<>::random(60, width, 4);
      auto const gathered =
          on_all_threads(ia::widest_instructions(), matrix<>(count, width),
                         [&](auto& ctx, auto& out) { gather_rows(ctx, x.view(), ids.data(), out.view()); });
      auto expected = matrix<double>::filled(60, width, 1);
      bool equal = true;
      for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t c = 0; c < width; ++c) {
          equal = equal && gathered(i, c) == x(ids[i], c);
          expected(ids[i], c) += static_cast<double>(gathered(i, c));
        }
      }
      CHECK(equal);
      auto const sums =
          on_all_threads(ia::widest_instructions(), matrix<>::filled(60, width, 1),
                         [&](auto& ctx, auto& out) { scatter_rows(ctx, gathered.view(), ids.data(), out.view()); });
      CHECK(difference(sums, expected) < 1e-4);
    }
  }
}

namespace {
template <class X>
matrix<X> stored_as(matrix<> const& x) {
  matrix<X> y(x.rows, x.cols);
  for (std::size_t i = 0; i < x.rows; ++i) {
    for (std::size_t c = 0; c < x.cols; ++c) y(i, c) = static_cast<X>(x(i, c));
  }
  return y;
}
template <class X>
void gathers_rounded(matrix<X> const& x, std::vector<std::uint32_t> const& ids) {
  matrix<ia::bf16> expected(ids.size(), x.cols);
  std::fill(expected.numbers.begin(), expected.numbers.end(), ia::bf16{0.5f});
  auto const start = expected;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    for (std::size_t c = 0; c < x.cols; ++c) expected(i, c) = ia::bf16{static_cast<float>(x(ids[i], c))};
  }
  for (auto set : instruction_sets()) {
    auto const y =
        on_all_threads(set, start, [&](auto& ctx, auto& out) { gather_rows(ctx, x.view(), ids.data(), out.view()); });
    CHECK(same_bits(y, expected));
  }
}
}  // namespace

TEST_CASE("copy and gather_rows round floats to bf16, and gather_rows takes bf16 and f16 as they are") {
  std::vector<std::uint32_t> ids;
  for (std::uint32_t i = 0; i < 50; ++i) ids.push_back(i * 7 % 23);
  for (std::size_t width : widths) {
    auto x = matrix<>::random(23, width, 4);
    x(2, 0) = std::numeric_limits<float>::quiet_NaN();
    x(3, width - 1) = std::numeric_limits<float>::infinity();
    gathers_rounded(x, ids);
    gathers_rounded(stored_as<ia::bf16>(x), ids);
    gathers_rounded(stored_as<ia::f16>(x), ids);
    auto const expected = stored_as<ia::bf16>(x);
    for (auto set : instruction_sets()) {
      auto const y = on_all_threads(set, matrix<ia::bf16>(23, width),
                                    [&](auto& ctx, auto& out) { copy(ctx, x.view(), out.view()); });
      CHECK(same_bits(y, expected));
    }
  }
}
