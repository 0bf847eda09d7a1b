#include <intarsia/graph/text_neighbors.hpp>

#include "../catch.hpp"
#include "sample.hpp"

namespace ia = intarsia;

namespace {
ia::tensor<ia::dyn, ia::dyn> features(std::size_t rows, std::size_t cols) {
  ia::tensor<ia::dyn, ia::dyn> x(rows, cols);
  ia::random draw{ia::seed{11}, 2};
  for (std::size_t e = 0; e < x.size(); ++e) x.data()[e] = static_cast<float>(draw.normal());
  if (rows > 2) std::fill_n(x[2].data(), cols, 0.0f);
  return x;
}
double cosine(ia::tensor<ia::dyn, ia::dyn> const& x, std::size_t i, std::size_t j) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t c = 0; c < x.cols(); ++c) {
    double const a = static_cast<double>(x[i][c]), b = static_cast<double>(x[j][c]);
    ab += a * b, aa += a * a, bb += b * b;
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}
}  // namespace

TEST_CASE("text neighbors are the nearest allowed rows of each type") {
  auto const n = sample::catalogue(2, 60, 3, 0, 4).numbering();
  auto const x = features(60, 9);
  std::vector<std::uint8_t> allowed(60, 1);
  for (std::size_t i = 0; i < 60; i += 4) allowed[i] = 0;
  auto ctx = sample::context();
  ia::csr const edges = ia::text_neighbors(ctx, x.view(), n, allowed, {.neighbors = 3});
  for (std::size_t i = 0; i < 60; ++i) {
    for (std::size_t type = 0; type < 3; ++type) {
      std::vector<ia::scored> all;
      for (std::uint32_t j = 0; j < 60; ++j) {
        double const c = cosine(x, i, j);
        if (j != i && allowed[j] != 0 && n.type(j) == type && c > 0) all.push_back({static_cast<float>(c), j});
      }
      std::sort(all.begin(), all.end(), ia::heavier);
      for (std::size_t place = 0; place < all.size(); ++place) {
        float const got = sample::at(edges.view(), i, all[place].row);
        if (place < 3) {
          CHECK(got == Approx(all[place].score).margin(1e-5));
        } else {
          CHECK(got == 0);
        }
      }
    }
  }
  CHECK(edges.view().degree(2) == 0);
}

TEST_CASE("text neighbors: no row, one row, more neighbors than rows, any number of threads") {
  auto ctx = sample::context();
  CHECK(ia::text_neighbors(ctx, features(0, 3).view(), ia::node_numbering{2, {}}).columns.empty());
  CHECK(ia::text_neighbors(ctx, features(1, 3).view(), ia::node_numbering{2, {1}}).columns.empty());
  auto const x = features(300, 5);
  ia::node_numbering const one{1, std::vector<std::uint16_t>(300, 0)};
  ia::csr const expected = ia::text_neighbors(ctx, x.view(), one, {}, {.neighbors = 400});
  CHECK(expected.columns.size() > 300 * 100);
  for (std::size_t const threads : {2u, 3u, 7u}) {
    auto many = sample::context(threads);
    CHECK(sample::same(expected, ia::text_neighbors(many, x.view(), one, {}, {.neighbors = 400})));
  }
  CHECK_THROWS_AS(ia::text_neighbors(ctx, x.view(), ia::node_numbering{1, {0}}), ia::shape_error);
}

TEST_CASE("empty rows are filled from other edges") {
  ia::csr const a{
      .rows = 3, .cols = 3, .offsets = {0, 1, 1, 2}, .columns = {2, 0}, .values = {1.0f, 2.0f}, .positions = {}};
  ia::csr const b{.rows = 3,
                  .cols = 3,
                  .offsets = {0, 1, 3, 3},
                  .columns = {1, 0, 2},
                  .values = {5.0f, 6.0f, 7.0f},
                  .positions = {}};
  ia::csr const c = ia::filled_up(a.view(), b.view());
  CHECK(c.offsets == std::vector<std::uint64_t>{0, 1, 3, 4});
  CHECK(c.columns == std::vector<std::uint32_t>{2, 0, 2, 0});
  CHECK(c.values == std::vector<float>{1, 6, 7, 2});
}
