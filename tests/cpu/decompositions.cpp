#include "cases.hpp"

using namespace cases;

namespace {

// X'X / rows + ridge I.
template <class T>
matrix<T> definite(std::size_t n, double ridge, std::uint64_t stream) {
  auto const x = matrix<double>::random(n + 5, n, stream);
  matrix<T> a(n, n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      double sum = i == j ? ridge : 0;
      for (std::size_t k = 0; k < x.rows; ++k) sum += x(k, i) * x(k, j) / static_cast<double>(n + 5);
      a(i, j) = static_cast<T>(sum);
    }
  }
  return a;
}

// The largest number of a x - b.
template <class T>
double residual(matrix<T> const& a, matrix<T> const& x, matrix<T> const& b) {
  double worst = 0;
  for (std::size_t i = 0; i < b.rows; ++i) {
    for (std::size_t c = 0; c < b.cols; ++c) {
      double sum = -static_cast<double>(b(i, c));
      for (std::size_t k = 0; k < a.cols; ++k) sum += static_cast<double>(a(i, k)) * static_cast<double>(x(k, c));
      worst = std::isnan(sum) ? 1e30 : std::max(worst, std::abs(sum));
    }
  }
  return worst;
}

// Only the upper half is read.
template <class T>
void poison_lower(matrix<T>& a) {
  for (std::size_t i = 0; i < a.rows; ++i) {
    for (std::size_t j = 0; j < i; ++j) a(i, j) = std::numeric_limits<T>::quiet_NaN();
  }
}

template <class T>
void solves(std::size_t n, std::size_t columns, double tolerance) {
  auto const a = definite<T>(n, 0.1, n);
  auto const b = matrix<T>::random(n, columns, 3);
  for (auto set : instruction_sets()) {
    INFO("n " << n << ", set " << static_cast<int>(set));
    auto const ctx = context(set);
    matrix<T> u = a, x = b;
    poison_lower(u);
    solve_spd(ctx, u.view(), x.view());
    CHECK(residual(a, x, b) < tolerance);
  }
}

}  // namespace

TEST_CASE("solve_spd: sizes around its blocks and tiles, one and several right sides") {
  for (std::size_t n : {0u, 1u, 2u, 5u, 15u, 16u, 17u, 47u, 48u, 49u, 63u, 64u, 100u, 101u, 130u, 200u}) {
    solves<float>(n, 1, 2e-4);
    solves<double>(n, 3, 1e-12);
  }
}

TEST_CASE("solve_spd: a right side that lies in one piece, as the ridge systems have it") {
  auto const a = definite<float>(100, 0.1, 1);
  for (auto set : instruction_sets()) {
    auto const ctx = context(set);
    auto u = a;
    matrix<> x(100, 1), b = matrix<>::random(100, 1, 2);
    std::vector<float> flat(100);
    for (std::size_t i = 0; i < 100; ++i) flat[i] = b(i, 0);
    solve_spd(ctx, u.view(), ia::dense<float>{flat.data(), 100, 1, 1});
    for (std::size_t i = 0; i < 100; ++i) x(i, 0) = flat[i];
    CHECK(residual(a, x, b) < 2e-4);
  }
}

TEST_CASE("solve_spd and inverse_spd refuse a matrix that is not positive definite") {
  for (auto set : instruction_sets()) {
    auto ctx = context(set);
    for (std::size_t n : {3u, 60u, 300u}) {
      auto a = definite<double>(n, 0.1, 4);
      a(n - 1, n - 1) = -1;
      auto again = a, b = matrix<double>::random(n, 1, 5);
      CHECK_THROWS_AS(solve_spd(ctx, a.view(), b.view()), ia::error);
      CHECK_THROWS_AS(inverse_spd(ctx, again.view()), ia::error);
    }
  }
}

TEST_CASE("inverse_spd: across its blocks, symmetric, the same on any number of threads") {
  for (std::size_t n : {0u, 1u, 2u, 33u, 255u, 256u, 257u, 530u}) {
    auto const a = definite<double>(n, 0.01, n);
    auto eye = matrix<double>::filled(n, n, 0);
    for (std::size_t i = 0; i < n; ++i) eye(i, i) = 1;
    auto start = a;
    poison_lower(start);
    for (auto set : instruction_sets()) {
      if (n > 300 && set == ia::instruction_set::portable) continue;
      auto const inverse = on_all_threads(set, start, [](auto& ctx, auto& x) { inverse_spd(ctx, x.view()); });
      CHECK(residual(a, inverse, eye) < 1e-9);
      bool symmetric = true;
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < i; ++j) symmetric = symmetric && inverse(i, j) == inverse(j, i);
      }
      CHECK(symmetric);
    }
  }
}

TEST_CASE("eigen_symmetric: rising values, orthonormal vectors, a V = V diag(values)") {
  for (std::size_t n : {0u, 1u, 2u, 7u, 60u}) {
    auto const a = definite<double>(n, 0.0, n + 1);
    auto v = a;
    matrix<double> values(n, 1);
    auto ctx = context(ia::widest_instructions());
    eigen_symmetric(ctx, v.view(), values.view());
    double worst = 0;
    for (std::size_t i = 0; i < n; ++i) {
      CHECK((i == 0 || values(i - 1, 0) <= values(i, 0)));
      for (std::size_t j = 0; j < n; ++j) {
        double product = -values(j, 0) * v(i, j), angle = i == j ? -1 : 0;
        for (std::size_t k = 0; k < n; ++k) product += a(i, k) * v(k, j), angle += v(k, i) * v(k, j);
        worst = std::max({worst, std::abs(product), std::abs(angle)});
      }
    }
    CHECK(worst < 1e-12);
  }
  auto ctx = context(ia::instruction_set::portable);
  matrix<double> bad(3, 3), values(3, 1);
  CHECK_THROWS_AS(eigen_symmetric(ctx, bad.view(), values.view()), ia::error);
}
