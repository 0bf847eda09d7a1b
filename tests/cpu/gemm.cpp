#include "cases.hpp"

using namespace cases;

namespace {

using ia::product;

template <class T>
struct problem {
  product form;
  matrix<T> a, b;
  matrix<double> expected;
  std::size_t m, n;

  problem(product p, std::size_t rows, std::size_t depth, std::size_t cols)
      : form{p},
        a{p == product::transposed_left ? matrix<T>::random(depth, rows, 1) : matrix<T>::random(rows, depth, 1)},
        b{p == product::transposed_right ? matrix<T>::random(cols, depth, 2) : matrix<T>::random(depth, cols, 2)},
        expected{matrix<double>::filled(rows, cols, 0)},
        m{rows},
        n{cols} {
    for (std::size_t i = 0; i < m; ++i) {
      for (std::size_t k = 0; k < depth; ++k) {
        double const left = static_cast<double>(p == product::transposed_left ? a(k, i) : a(i, k));
        for (std::size_t j = 0; j < n; ++j) {
          expected(i, j) += left * static_cast<double>(p == product::transposed_right ? b(j, k) : b(k, j));
        }
      }
    }
  }
};

constexpr product forms[] = {product::plain, product::transposed_left, product::transposed_right};

template <class T>
void agree(std::size_t m, std::size_t k, std::size_t n, bool all_threads) {
  double const tolerance =
      std::is_same_v<T, float> ? 1e-6 * static_cast<double>(k + 8) : 1e-13 * static_cast<double>(k + 8);
  for (auto form : forms) {
    problem<T> p{form, m, k, n};
    for (auto set : instruction_sets()) {
      INFO("form " << static_cast<int>(form) << ", " << m << " x " << k << " x " << n << ", set "
                   << static_cast<int>(set));
      auto const run = [&](auto& ctx, auto& c) { gemm(ctx, form, p.a.view(), p.b.view(), c.view(), false); };
      matrix<T> c(m, n);
      if (all_threads) {
        c = on_all_threads(set, c, run);
      } else {
        auto ctx = context(set);
        run(ctx, c);
      }
      CHECK(difference(c, p.expected) < tolerance);
      auto ctx = context(set);
      gemm(ctx, form, p.a.view(), p.b.view(), c.view(), true);
      auto twice = p.expected;
      for (std::size_t i = 0; i < m; ++i) {
        for (std::size_t j = 0; j < n; ++j) twice(i, j) *= 2;
      }
      CHECK(difference(c, twice) < tolerance);
    }
  }
}

}  // namespace

TEST_CASE("gemm agrees with a plain loop on every small shape") {
  for (std::size_t m : {1u, 2u, 3u, 4u, 5u, 7u, 13u, 14u, 15u, 29u}) {
    for (std::size_t n : {1u, 2u, 7u, 8u, 9u, 16u, 31u, 32u, 33u, 65u}) {
      for (std::size_t k : {1u, 2u, 17u}) agree<float>(m, k, n, false);
    }
  }
}

TEST_CASE("gemm agrees with a plain loop across its block sizes, on any number of threads") {
  agree<float>(128, 255, 100, true);
  agree<float>(129, 257, 130, true);
  agree<float>(17, 1030, 384, true);
  agree<float>(2, 300, 2100, true);
  agree<float>(1, 700, 600, true);
  agree<float>(600, 700, 1, true);
  agree<double>(61, 300, 97, true);
  agree<double>(1, 129, 1, true);
}

TEST_CASE("gemm: a long depth is summed in pieces, the same for any number of threads") {
  agree<float>(17, 513, 33, true);
  agree<float>(64, 4500, 3, true);
  agree<float>(3, 9000, 128, true);
  agree<double>(29, 1300, 20, true);
  // Rows an odd number of lines apart are read where they lie.
  agree<float>(80, 4500, 33, true);
  agree<float>(400, 700, 40, true);
  agree<double>(24, 1300, 20, true);
}

TEST_CASE("gemm: more columns and steps than one round packs") {
  agree<float>(31, 600, 2500, true);
  agree<double>(15, 1200, 2055, true);
}

TEST_CASE("gemm: rows do not depend on how many there are") {
  auto const a = matrix<>::random(64, 300, 3), b = matrix<>::random(300, 70, 4);
  for (auto set : instruction_sets()) {
    auto ctx = context(set);
    matrix<> all(64, 70);
    gemm(ctx, product::plain, a.view(), b.view(), all.view(), false);
    for (std::size_t begin : {0u, 5u, 61u}) {
      matrix<> some(3, 70);
      gemm(ctx, product::plain, a.view().row_range(begin, 3), b.view(), some.view(), false);
      for (std::size_t i = 0; i < 3; ++i) CHECK(std::memcmp(&some(i, 0), &all(begin + i, 0), 70 * sizeof(float)) == 0);
    }
  }
}

TEST_CASE("gemm: nothing to sum gives zeros, nothing to write is fine") {
  for (auto set : instruction_sets()) {
    for (auto form : forms) {
      auto ctx = context(set);
      problem<float> p{form, 5, 0, 9};
      matrix<> c(5, 9);
      gemm(ctx, form, p.a.view(), p.b.view(), c.view(), false);
      CHECK(difference(c, p.expected) == 0);
      c(1, 1) = 3;
      gemm(ctx, form, p.a.view(), p.b.view(), c.view(), true);
      CHECK(c(1, 1) == 3);
      problem<float> none{form, 0, 4, 9};
      matrix<> d(0, 9);
      gemm(ctx, form, none.a.view(), none.b.view(), d.view(), false);
    }
  }
}

TEST_CASE("gemm takes no memory from the heap once its scratch has grown") {
  auto ctx = context(ia::widest_instructions());
  problem<float> p{product::plain, 40, 300, 50};
  matrix<> c(40, 50);
  auto const run = [&] { gemm(ctx, p.form, p.a.view(), p.b.view(), c.view(), false); };
  run();
  auto const capacity = ctx.scratch().capacity();
  for (int i = 0; i < 10; ++i) run();
  CHECK(ctx.scratch().capacity() == capacity);
  CHECK(ctx.scratch().here().used == 0);
}
