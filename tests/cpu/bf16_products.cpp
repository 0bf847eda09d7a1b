// Products whose operands are rounded to bf16: against plain loops over rounded operands, and the same bits on every
// instruction set.
#include "cases.hpp"

using namespace cases;

namespace {

using ia::precision;
using ia::product;
constexpr product forms[] = {product::plain, product::transposed_left, product::transposed_right};

float rounded(float x) { return static_cast<float>(ia::bf16{x}); }

ia::cpu::context rounding(ia::instruction_set set, std::size_t threads = 1) {
  auto ctx = context(set, threads);
  ctx.products(precision::bf16);
  return ctx;
}

struct problem {
  product form;
  matrix<> a, b;
  matrix<double> expected, full;

  problem(product p, std::size_t m, std::size_t depth, std::size_t n)
      : form{p},
        a{p == product::transposed_left ? matrix<>::random(depth, m, 1) : matrix<>::random(m, depth, 1)},
        b{p == product::transposed_right ? matrix<>::random(n, depth, 2) : matrix<>::random(depth, n, 2)},
        expected{matrix<double>::filled(m, n, 0)},
        full{expected} {
    for (std::size_t i = 0; i < m; ++i) {
      for (std::size_t k = 0; k < depth; ++k) {
        float const left = p == product::transposed_left ? a(k, i) : a(i, k);
        for (std::size_t j = 0; j < n; ++j) {
          float const right = p == product::transposed_right ? b(j, k) : b(k, j);
          expected(i, j) += static_cast<double>(rounded(left)) * static_cast<double>(rounded(right));
          full(i, j) += static_cast<double>(left) * static_cast<double>(right);
        }
      }
    }
  }
};

double distance(matrix<> const& a, matrix<double> const& b) {
  double gap = 0, size = 0;
  for (std::size_t i = 0; i < b.rows; ++i) {
    for (std::size_t j = 0; j < b.cols; ++j) {
      gap += std::pow(static_cast<double>(a(i, j)) - b(i, j), 2), size += b(i, j) * b(i, j);
    }
  }
  return std::sqrt(gap / std::max(size, 1e-30));
}

// The left matrix may be stored as bf16: the bits are those of its numbers as floats.
void stored_as_bf16(ia::instruction_set set, problem const& p, matrix<> const& start, matrix<> const& expected,
                    bool accumulate) {
  matrix<ia::bf16> stored(p.a.rows, p.a.cols);
  for (std::size_t i = 0; i < p.a.rows; ++i) {
    for (std::size_t j = 0; j < p.a.cols; ++j) stored(i, j) = ia::bf16{p.a(i, j)};
  }
  auto ctx = rounding(set);
  matrix<> c = start;
  gemm(ctx, p.form, stored.view(), p.b.view(), c.view(), accumulate);
  CHECK(same_bits(c, expected));
}

// Every body gives the bits of the portable one, and those are near the sums of rounded operands.
void agree(std::size_t m, std::size_t k, std::size_t n, bool all_threads) {
  for (auto const form : forms) {
    problem p{form, m, k, n};
    for (bool const accumulate : {false, true}) {
      auto const start = accumulate ? matrix<>::random(m, n, 3) : matrix<>(m, n);
      auto expected = p.expected;
      for (std::size_t i = 0; accumulate && i < m; ++i) {
        for (std::size_t j = 0; j < n; ++j) expected(i, j) += static_cast<double>(start(i, j));
      }
      matrix<> portable = start;
      for (auto const set : instruction_sets()) {
        INFO("form " << static_cast<int>(form) << ", " << m << " x " << k << " x " << n << ", set "
                     << static_cast<int>(set) << ", accumulate " << accumulate);
        auto const run = [&](auto& ctx, auto& c) {
          ctx.products(precision::bf16);
          gemm(ctx, form, p.a.view(), p.b.view(), c.view(), accumulate);
        };
        matrix<> c = start;
        if (all_threads) {
          c = on_all_threads(set, start, run);
        } else {
          auto ctx = context(set);
          run(ctx, c);
        }
        CHECK(difference(c, expected) < 1e-6 * static_cast<double>(k + 8));
        if (set == ia::instruction_set::portable) portable = c;
        CHECK(same_bits(c, portable));
        stored_as_bf16(set, p, start, c, accumulate);
        if (!accumulate && m * n > 400) {
          double const off = distance(c, p.full);
          CHECK(off < 2e-2);
          CHECK(off > 1e-4);  // it does round
        }
      }
    }
  }
}

}  // namespace

TEST_CASE("bf16 products: every small shape") {
  for (std::size_t m : {1u, 2u, 4u, 5u, 13u, 14u, 15u, 29u}) {
    for (std::size_t n : {1u, 2u, 15u, 16u, 17u, 32u, 33u, 65u}) {
      for (std::size_t k : {1u, 2u, 17u, 34u}) agree(m, k, n, false);
    }
  }
}

TEST_CASE("bf16 products: widths, block sizes, long depths; any number of threads") {
  for (std::size_t const width : widths) {
    agree(37, width, 40, false);
    agree(29, 50, width, false);
    agree(width, 33, 31, false);
  }
  agree(128, 255, 100, true);
  agree(129, 257, 130, true);
  agree(17, 1030, 384, true);
  agree(2, 300, 2100, true);
  agree(1, 700, 600, true);
  agree(600, 701, 1, true);
  agree(17, 513, 33, true);
  agree(64, 4501, 3, true);
  agree(3, 9000, 128, true);
}

namespace {
std::pair<matrix<ia::bf16>, matrix<>> stored_and_same(matrix<> const& x) {
  matrix<ia::bf16> stored(x.rows, x.cols);
  matrix<> same(x.rows, x.cols);
  for (std::size_t i = 0; i < x.rows; ++i) {
    for (std::size_t j = 0; j < x.cols; ++j) {
      stored(i, j) = ia::bf16{x(i, j)}, same(i, j) = static_cast<float>(stored(i, j));
    }
  }
  return {stored, same};
}
}  // namespace

TEST_CASE("products of matrices stored as bf16, left or both, are those of the same numbers, rounding or not") {
  struct shape {
    std::size_t m, k, n;
  };
  for (auto const s :
       {shape{29, 300, 40}, {128, 1030, 100}, {1, 70, 60}, {60, 70, 1}, {5, 3, 17}, {4, 0, 4}, {3, 40, 2500}}) {
    for (auto const form : forms) {
      problem const p{form, s.m, s.k, s.n};
      auto const left = stored_and_same(p.a), other = stored_and_same(p.b);
      auto const &stored = left.first, &right = other.first;
      auto const &same = left.second, &same_right = other.second;
      auto const bias = matrix<>::random(1, s.n, 9);
      for (auto const set : instruction_sets()) {
        auto const start = matrix<>::random(s.m, s.n, 3);
        auto const from = [&](auto const& a, auto const& b) {
          return on_all_threads(
              set, start, [&](auto& ctx, auto& c) { gemm(ctx, form, a.view(), b.view(), c.view(), true); });
        };
        CHECK(same_bits(from(stored, p.b), from(same, p.b)));
        CHECK(same_bits(from(stored, right), from(same, same_right)));
        for (bool const relu : {false, true}) {
          if (form != product::plain) continue;
          auto const biased = [&](auto const& a) {
            return on_all_threads(set, start, [&](auto& ctx, auto& c) {
              gemm_bias(ctx, a.view(), p.b.view(), bias.view(), relu, c.view());
            });
          };
          auto expected = on_all_threads(
              set, start, [&](auto& ctx, auto& c) { gemm(ctx, form, same.view(), p.b.view(), c.view(), false); });
          for (std::size_t i = 0; i < s.m; ++i) {
            for (std::size_t j = 0; j < s.n; ++j) {
              float const x = expected(i, j) + bias(0, j);
              expected(i, j) = relu && x < 0 ? 0 : x;
            }
          }
          CHECK(same_bits(biased(same), expected));
          CHECK(same_bits(biased(stored), expected));
        }
      }
    }
  }
}

TEST_CASE("bf16 products: nothing to sum gives zeros, nothing to write is fine") {
  for (auto const set : instruction_sets()) {
    for (auto const form : forms) {
      auto ctx = rounding(set);
      problem p{form, 5, 0, 9}, none{form, 0, 4, 9};
      matrix<> c(5, 9), d(0, 9);
      gemm(ctx, form, p.a.view(), p.b.view(), c.view(), false);
      CHECK(difference(c, p.expected) == 0);
      gemm(ctx, form, none.a.view(), none.b.view(), d.view(), false);
    }
  }
}

TEST_CASE("bf16 products: rows do not depend on how many there are") {
  auto const a = matrix<>::random(64, 300, 3), b = matrix<>::random(300, 70, 4);
  for (auto const set : instruction_sets()) {
    auto ctx = rounding(set);
    matrix<> all(64, 70);
    gemm(ctx, product::plain, a.view(), b.view(), all.view(), false);
    for (std::size_t begin : {0u, 5u, 61u}) {
      matrix<> some(3, 70);
      gemm(ctx, product::plain, a.view().row_range(begin, 3), b.view(), some.view(), false);
      for (std::size_t i = 0; i < 3; ++i) CHECK(std::memcmp(&some(i, 0), &all(begin + i, 0), 70 * sizeof(float)) == 0);
    }
  }
}

TEST_CASE("bf16 products: infinities, not a number, and numbers that are too small") {
  float const infinity = std::numeric_limits<float>::infinity(), tiny = 1e-39f;
  for (auto const set : instruction_sets()) {
    for (std::size_t const rows : {1u, 3u}) {
      auto ctx = rounding(set);
      auto a = matrix<>::filled(rows, 3, 1), b = matrix<>::filled(3, 4, 1);
      matrix<> c(rows, 4);
      b(2, 0) = infinity, b(1, 1) = std::numeric_limits<float>::quiet_NaN(), b(2, 2) = tiny;
      b(0, 3) = 3e38f, b(1, 3) = -3e38f;
      gemm(ctx, product::plain, a.view(), b.view(), c.view(), false);
      CHECK(c(0, 0) == infinity);
      CHECK(std::isnan(c(0, 1)));
      CHECK(c(0, 2) == 2);
      CHECK(c(0, 3) == 1);
    }
  }
}

TEST_CASE(
    "bf16 products: double products and a full context are as ever; no memory from the heap once scratch has grown") {
  auto const a = matrix<double>::random(20, 40, 1), b = matrix<double>::random(40, 30, 2);
  matrix<double> full(20, 30), asked(20, 30);
  auto ctx = context(ia::widest_instructions());
  CHECK(ctx.products() == precision::full);
  gemm(ctx, product::plain, a.view(), b.view(), full.view(), false);
  ctx.products(precision::bf16);
  CHECK(ctx.products() == precision::bf16);
  gemm(ctx, product::plain, a.view(), b.view(), asked.view(), false);
  CHECK(same_bits(full, asked));

  problem p{product::transposed_left, 40, 700, 50};
  matrix<> c(40, 50);
  auto const run = [&] { gemm(ctx, p.form, p.a.view(), p.b.view(), c.view(), false); };
  run();
  auto const capacity = ctx.scratch().capacity();
  for (int i = 0; i < 10; ++i) run();
  CHECK(ctx.scratch().capacity() == capacity);
}
