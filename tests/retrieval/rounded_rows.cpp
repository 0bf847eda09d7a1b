#include <intarsia/retrieval/top_k.hpp>
#include <limits>

#include "../catch.hpp"
#include "../graph/sample.hpp"

namespace ia = intarsia;
using numbers = ia::tensor<ia::dyn, ia::dyn>;

namespace {
numbers drawn(std::size_t rows, std::size_t cols, std::uint64_t stream, float scale = 1) {
  numbers x(rows, cols);
  ia::random draw{ia::seed{23}, stream};
  for (std::size_t e = 0; e < x.size(); ++e) x.data()[e] = scale * static_cast<float>(draw.normal());
  return x;
}

using list = std::vector<ia::scored>;
list of(ia::ranked_lists const& all, std::size_t q) { return {all[q].begin(), all[q].end()}; }

// Each query by itself through the table: what the copy has to answer, to the last bit.
std::vector<list> one_by_one(ia::cpu::context& ctx, numbers const& q, numbers const& x, std::size_t k,
                             ia::top_k_filter filter = {}) {
  std::vector<list> out;
  for (std::size_t row = 0; row < q.rows(); ++row) {
    ia::csr excluded;
    auto alone = filter;
    if (filter.exclude.offsets) {
      auto const some = filter.exclude[row];
      excluded = {.rows = 1, .cols = x.rows(), .offsets = {0, some.size()}, .columns = {some.begin(), some.end()},
                  .values = {}, .positions = {}};
      alone.exclude = excluded.view();
    }
    out.push_back(of(ia::top_k(ctx, ia::dense<float const>(q.view()).row_range(row, 1), x.view(), k, alone), 0));
  }
  return out;
}

constexpr auto sets = {ia::instruction_set::portable, ia::instruction_set::avx2, ia::instruction_set::avx512};

// Whether scores differ only by what the order of a sum may change.
bool alike(list const& a, list const& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    bool const close = std::abs(a[i].score - b[i].score) <= 1e-5f * (1 + std::abs(b[i].score));
    if (a[i].score != b[i].score && !close) return false;
  }
  return true;
}

void check(numbers const& q, numbers const& x, std::size_t k, ia::top_k_filter const& filter = {}) {
  ia::rounded_rows const copy{x.view()};
  for (auto const set : sets) {
    ia::cpu::context plain{ia::inline_executor{}, {}, set};
    auto const want = one_by_one(plain, q, x, k, filter);
    list first;
    for (std::size_t const threads : {1u, 3u}) {
      ia::cpu::context ctx{ia::thread_pool{threads}, {}, set};
      auto const got = ia::top_k(ctx, q.view(), x.view(), copy, k, filter);
      REQUIRE(got.size() == q.rows());
      for (std::size_t row = 0; row < q.rows(); ++row) {
        if (q.rows() < 4 || ctx.multiplies_bf16()) {
          CHECK(of(got, row) == want[row]);
        } else {
          CHECK(alike(of(got, row), want[row]));
        }
      }
      list all{got.entries.begin(), got.entries.end()};
      if (threads == 1) first = all;
      CHECK(all == first);
    }
  }
}
}  // namespace

TEST_CASE("rounded rows hold the table in bf16, and what bounds its rows") {
  auto const x = drawn(70, 5, 1);
  ia::rounded_rows const copy{x.view()};
  REQUIRE(copy.panels() == 3);
  REQUIRE(copy.pairs() == 3);
  for (std::size_t row = 0; row < 96; ++row) {
    double squares = 0, lost = 0;
    for (std::size_t c = 0; c < 6; ++c) {
      std::uint32_t const word = copy.words(row / 32)[c / 2 * 32 + row % 32];
      auto const bits = static_cast<std::uint16_t>(word >> (c % 2 * 16));
      float const value = row < 70 && c < 5 ? x[row][c] : 0;
      CHECK(bits == ia::bf16{value}.bits);
      double const off = double{value} - double{static_cast<float>(ia::bf16{value})};
      squares += double{value} * double{value};
      lost += off * off;
    }
    CHECK(double{copy.longest(row / 32)} >= std::sqrt(squares));
    CHECK(double{copy.rounded_off(row / 32)} >= std::sqrt(lost));
    CHECK(double{copy.rounded_off(row / 32)} <= 0.004 * double{copy.longest(row / 32)});
  }
}

TEST_CASE("a scan of the copy answers what the table answers, bit for bit, for every width and number of queries") {
  for (std::size_t const width : {1u, 3u, 8u, 17u, 64u, 100u, 128u, 384u}) {
    auto const x = drawn(1000, width, width);
    for (std::size_t const queries : {1u, 3u, 4u, 15u, 33u}) check(drawn(queries, width, 1000 + width), x, 9);
  }
}

TEST_CASE("a scan of the copy tells apart what bf16 cannot") {
  // All rows are equal in bf16; their order is in the last bits.
  numbers x(3000, 16), q(20, 16);
  for (std::size_t i = 0; i < x.rows(); ++i) {
    for (std::size_t c = 0; c < 16; ++c) x[i][c] = 1 + 1e-6f * static_cast<float>((i * 37 + c * 11) % 1999);
  }
  for (std::size_t e = 0; e < q.size(); ++e) q.data()[e] = 0.3f + 1e-3f * static_cast<float>(e);
  check(q, x, 10);
}

TEST_CASE("a scan of the copy: tiny, huge and no numbers, norms that differ widely, few items, filters") {
  auto tiny = drawn(200, 8, 2, 1e-39f);
  check(drawn(6, 8, 3), tiny, 5);
  check(drawn(6, 8, 3, 1e-39f), drawn(200, 8, 4), 5);
  auto wide = drawn(500, 12, 5);
  for (std::size_t i = 0; i < wide.rows(); ++i) {
    for (auto& v : wide[i]) v *= std::exp2(static_cast<float>(i % 40) - 20);
  }
  check(drawn(18, 12, 6), wide, 12);
  numbers odd = drawn(300, 8, 7);
  odd[5][2] = std::numeric_limits<float>::infinity();
  odd[77][1] = -std::numeric_limits<float>::infinity();
  odd[78][1] = std::numeric_limits<float>::quiet_NaN();
  odd[200][0] = std::numeric_limits<float>::max();  // infinite in bf16
  check(drawn(17, 8, 8), odd, 20);
  for (std::size_t const rows : {0u, 1u, 31u, 33u}) check(drawn(5, 6, 9), drawn(rows, 6, 10), 4);
  check(drawn(0, 6, 9), drawn(10, 6, 10), 4);

  auto const x = drawn(400, 10, 11), q = drawn(19, 10, 12);
  std::vector<std::uint8_t> mask(400, 1);
  for (std::size_t i = 0; i < 400; i += 3) mask[i] = 0;
  ia::csr out{.rows = 19, .cols = 400, .offsets = {0}, .columns = {}, .values = {}, .positions = {}};
  for (std::uint32_t row = 0; row < 19; ++row) {
    for (std::uint32_t i = row; i < 400; i += 2 + row) out.columns.push_back(i);
    out.offsets.push_back(out.columns.size());
  }
  std::vector<std::uint32_t> const some{1, 5, 6, 90, 333};
  check(q, x, 10, {.candidates = {}, .exclude = out.view(), .mask = mask});
  check(q, x, 500);
  auto ctx = sample::context();
  ia::rounded_rows const copy{x.view()};
  auto const few = ia::top_k(ctx, q.view(), x.view(), copy, 3, {.candidates = some, .exclude = {}, .mask = {}});
  auto const same = ia::top_k(ctx, q.view(), x.view(), 3, {.candidates = some, .exclude = {}, .mask = {}});
  CHECK(few.entries == same.entries);
  CHECK_THROWS_AS(ia::top_k(ctx, q.view(), wide.view(), copy, 3), ia::shape_error);
  CHECK_THROWS_AS(ia::top_k(ctx, drawn(4, 10, 1).view(), drawn(399, 10, 1).view(), copy, 3), ia::shape_error);
}

TEST_CASE("rounded rows are the same for any number of threads") {
  auto const x = drawn(2000, 9, 13);
  ia::rounded_rows const one{x.view()}, many{x.view(), ia::thread_pool{3}};
  for (std::size_t p = 0; p < one.panels(); ++p) {
    CHECK(std::equal(one.words(p), one.words(p) + one.pairs() * 32, many.words(p)));
    CHECK(one.longest(p) == many.longest(p));
    CHECK(one.rounded_off(p) == many.rounded_off(p));
  }
}
