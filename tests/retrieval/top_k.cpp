#include <intarsia/retrieval/index.hpp>
#include <intarsia/retrieval/top_k.hpp>
#include <intarsia/schema/node.hpp>
#include <limits>

#include "../catch.hpp"
#include "../graph/sample.hpp"

namespace ia = intarsia;
using numbers = ia::tensor<ia::dyn, ia::dyn>;

namespace {
// Few different values, so that ties are common and products exact.
numbers small_numbers(std::size_t rows, std::size_t cols, std::uint64_t stream) {
  numbers x(rows, cols);
  ia::random draw{ia::seed{17}, stream};
  for (std::size_t e = 0; e < x.size(); ++e) x.data()[e] = static_cast<float>(draw.below(5)) - 2;
  return x;
}

std::vector<ia::scored> expected(numbers const& q, numbers const& x, std::size_t row, std::size_t k,
                                 ia::top_k_filter const& filter) {
  std::vector<ia::scored> all;
  for (std::uint32_t i = 0; i < x.rows(); ++i) {
    bool allowed = filter.mask.empty() || filter.mask[i] != 0;
    if (filter.candidates)
      allowed = allowed && std::count(filter.candidates->begin(), filter.candidates->end(), i) > 0;
    if (filter.exclude.offsets) {
      for (auto const out : filter.exclude[row]) allowed = allowed && out != i;
    }
    float sum = 0;
    for (std::size_t c = 0; c < x.cols(); ++c) sum += q[row][c] * x[i][c];
    if (allowed) all.push_back({sum, i});
  }
  std::sort(all.begin(), all.end(), ia::heavier);
  all.resize(std::min(all.size(), k));
  return all;
}

void check(numbers const& q, numbers const& x, std::size_t k, ia::top_k_filter const& filter, std::size_t threads = 1) {
  auto ctx = sample::context(threads);
  auto const lists = ia::top_k(ctx, q.view(), x.view(), k, filter);
  REQUIRE(lists.size() == q.rows());
  for (std::size_t row = 0; row < q.rows(); ++row) {
    auto const got = lists[row];
    CHECK(std::vector<ia::scored>(got.begin(), got.end()) == expected(q, x, row, k, filter));
  }
}

constexpr auto sets = {ia::instruction_set::portable, ia::instruction_set::avx2, ia::instruction_set::avx512};

struct Book : ia::node<"book", 3> {};
}  // namespace

TEST_CASE("top k is a sorted scan, ties to the lower row, across blocks") {
  auto const x = small_numbers(5000, 4, 1), q = small_numbers(300, 4, 2);
  check(q, x, 10, {});
  for (std::size_t const threads : {2u, 3u, 7u}) check(q, x, 10, {}, threads);
}

TEST_CASE("top k with filters, with k beyond the items, with k of 0, of nothing") {
  auto const x = small_numbers(50, 3, 3), q = small_numbers(7, 3, 4);
  std::vector<std::uint32_t> const candidates{0, 3, 4, 9, 17, 30, 49};
  std::vector<std::uint8_t> mask(50, 1);
  for (std::size_t i = 0; i < 50; i += 3) mask[i] = 0;
  ia::csr out{.rows = 7, .cols = 50, .offsets = {0}, .columns = {}, .values = {}, .positions = {}};
  for (std::uint32_t row = 0; row < 7; ++row) {
    for (std::uint32_t i = row; i < 50; i += 2 + row) out.columns.push_back(i);
    out.offsets.push_back(out.columns.size());
  }
  for (std::size_t const k : {0u, 1u, 5u, 50u, 80u}) {
    check(q, x, k, {});
    check(q, x, k, {.candidates = candidates, .exclude = {}, .mask = {}});
    check(q, x, k, {.candidates = candidates, .exclude = out.view(), .mask = mask});
  }
  std::vector<std::uint32_t> const nobody;
  check(q, x, 3, {.candidates = nobody, .exclude = {}, .mask = {}});
  check(q, small_numbers(0, 3, 1), 3, {});
  check(small_numbers(0, 3, 1), x, 3, {});
  auto ctx = sample::context();
  CHECK_THROWS_AS(ia::top_k(ctx, q.view(), small_numbers(4, 2, 1).view(), 3), ia::shape_error);
}

TEST_CASE("top k: every width, number of queries and instruction set gives the lists of a sorted scan, on any threads") {
  for (std::size_t const width : {1u, 3u, 8u, 17u, 64u, 100u, 128u, 384u, 512u}) {
    auto const x = small_numbers(1000, width, 7);
    for (std::size_t const queries : {1u, 3u, 4u, 33u}) {
      auto const q = small_numbers(queries, width, 8);
      for (auto const set : sets) {
        for (std::size_t const threads : {1u, 3u}) {
          ia::cpu::context ctx{ia::thread_pool{threads}, {}, set};
          auto const lists = ia::top_k(ctx, q.view(), x.view(), 7);
          REQUIRE(lists.size() == queries);
          for (std::size_t row = 0; row < queries; row += 3) {
            auto const got = lists[row];
            CHECK(std::vector<ia::scored>(got.begin(), got.end()) == expected(q, x, row, 7, {}));
          }
        }
      }
    }
  }
}

TEST_CASE("top k: rows that are parts of longer ones, at any distance") {
  for (std::size_t const stride : {20u, 512u, 1024u}) {
    auto const wide = small_numbers(777, stride, 9);
    ia::dense<float const> const part{wide.data() + 3, 777, 17, stride};
    numbers x(777, 17);
    for (std::size_t i = 0; i < 777; ++i) std::copy_n(part[i].begin(), 17, x[i].begin());
    for (std::size_t const queries : {2u, 5u, 40u}) {
      auto const q = small_numbers(queries, 17, 10);
      for (auto const set : sets) {
        ia::cpu::context ctx{ia::inline_executor{}, {}, set};
        auto const lists = ia::top_k(ctx, q.view(), part, 9);
        for (std::size_t row = 0; row < queries; row += 4) {
          auto const got = lists[row];
          CHECK(std::vector<ia::scored>(got.begin(), got.end()) == expected(q, x, row, 9, {}));
        }
      }
    }
  }
}

TEST_CASE("top k: rows that are no numbers are left out, and hide none beside them") {
  auto x = small_numbers(300, 6, 11);
  std::vector<std::uint8_t> numeric(300, 1);
  for (std::size_t i = 1; i < 300; i += 3) x[i][2] = std::numeric_limits<float>::quiet_NaN(), numeric[i] = 0;
  for (std::size_t const queries : {1u, 21u}) {
    auto const q = small_numbers(queries, 6, 12);
    for (auto const set : sets) {
      ia::cpu::context ctx{ia::inline_executor{}, {}, set};
      auto const lists = ia::top_k(ctx, q.view(), x.view(), 15);
      for (std::size_t row = 0; row < queries; ++row) {
        auto const got = lists[row];
        CHECK(std::vector<ia::scored>(got.begin(), got.end()) ==
              expected(q, x, row, 15, {.candidates = {}, .exclude = {}, .mask = numeric}));
      }
    }
  }
}

TEST_CASE("top k: the same bits on any threads, and nearly so on each instruction set and for one query at a time") {
  numbers x(2500, 100), q(37, 100);
  ia::random draw{ia::seed{17}, 13};
  for (std::size_t e = 0; e < x.size(); ++e) x.data()[e] = static_cast<float>(draw.normal());
  for (std::size_t e = 0; e < q.size(); ++e) q.data()[e] = static_cast<float>(draw.normal());
  for (auto const set : sets) {
    ia::cpu::context plain{ia::inline_executor{}, {}, set};
    auto const want = ia::top_k(plain, q.view(), x.view(), 20);
    for (std::size_t const threads : {2u, 3u, 7u}) {
      ia::cpu::context ctx{ia::thread_pool{threads}, {}, set};
      CHECK(ia::top_k(ctx, q.view(), x.view(), 20).entries == want.entries);
    }
    for (std::size_t row = 0; row < q.rows(); ++row) {
      auto const alone = ia::top_k(plain, ia::dense<float const>(q.view()).row_range(row, 1), x.view(), 20);
      REQUIRE(want[row].size() == 20);
      for (std::size_t i = 0; i < 20; ++i) {
        double sum = 0;
        for (std::size_t c = 0; c < 100; ++c) sum += double{q[row][c]} * double{x[want[row][i].row][c]};
        CHECK(std::abs(double{want[row][i].score} - sum) < 1e-4);
        CHECK(std::abs(want[row][i].score - alone[0][i].score) < 1e-4f);
      }
    }
  }
}

TEST_CASE("top k: infinite products are answered, once") {
  numbers q(5, 2), x(3, 2);
  float const huge = std::numeric_limits<float>::infinity();
  for (std::size_t i = 0; i < 5; ++i) q[i][0] = 1;
  x[0][0] = -huge, x[1][0] = huge, x[2][0] = 4;
  auto ctx = sample::context();
  auto const lists = ia::top_k(ctx, q.view(), x.view(), 5);
  REQUIRE(lists.size() == 5);
  for (std::size_t i = 0; i < 5; ++i) {
    REQUIRE(lists[i].size() == 3);
    CHECK((lists[i][0].row == 1 && lists[i][1].row == 2 && lists[i][2].row == 0));
  }
}

TEST_CASE("a score that is not a number is never answered; minus infinity comes last") {
  auto ctx = sample::context();
  numbers scores(1, 4);
  scores[0][0] = std::numeric_limits<float>::quiet_NaN();
  scores[0][1] = -std::numeric_limits<float>::infinity();
  scores[0][2] = -3;
  scores[0][3] = 1;
  auto const lists = ia::top_k_of_scores(ctx, scores.view(), 10);
  REQUIRE(lists[0].size() == 3);
  CHECK(lists[0][0].row == 3);
  CHECK(lists[0][1].row == 2);
  CHECK(lists[0][2].row == 1);
}

TEST_CASE("an index answers with typed ids") {
  ia::table<Book> titles(20);
  auto const x = small_numbers(20, 3, 5);
  std::copy_n(x.data(), x.size(), titles.data());
  ia::index shelf{titles};
  static_assert(ia::searchable<decltype(shelf)>);
  CHECK(shelf.size() == 20);
  auto const q = small_numbers(2, 3, 6);
  std::vector<std::pair<ia::id<Book>, float>> const best = shelf.top(4, q[1]);
  auto const want = expected(q, x, 1, 4, {});
  REQUIRE(best.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(best[i].first.value == want[i].row);
    CHECK(best[i].second == want[i].score);
  }
  auto ctx = sample::context();
  CHECK(shelf.top(ctx, 4, q.view())[1] == best);
  CHECK_THROWS_AS(shelf.top(4, std::vector<float>(2)), ia::shape_error);
  ia::index const scanned{titles, ia::precision::bf16};
  CHECK(scanned.top(4, q[1]) == best);
  CHECK(scanned.top(ctx, 4, q.view()) == shelf.top(ctx, 4, q.view()));
  CHECK((ia::index{ia::table<Book>{}}.top(3, q[0]).empty()));
}
