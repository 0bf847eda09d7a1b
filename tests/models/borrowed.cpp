// Borrowed scores against their definition.
#include "../catch.hpp"
#include "../graph/sample.hpp"

#include <intarsia/models/borrowed.hpp>

namespace ia = intarsia;

namespace {
using numbers = ia::tensor<ia::dyn, ia::dyn>;

numbers borrowed(std::size_t threads, ia::interactions const& x, numbers const& vectors) {
  auto ctx = sample::context(threads);
  ia::borrowed_scorer const model{ctx, x, ia::ridge_evidence{ctx, x, {.own = 8, .other = 8}}, vectors.view(), {.neighbors = 3}};
  std::vector<std::uint32_t> users;
  for (std::uint32_t u = 0; u < x.users(); ++u) users.push_back(u);
  numbers out(users.size(), x.items());
  model.score(ctx, users, out.view());
  return out;
}
}  // namespace

TEST_CASE("an item borrows the scores of its likes of the same type") {
  auto const all = sample::catalogue(70, 40, 3, .3, 5);
  auto const x = all.where([](std::uint32_t, std::uint32_t item) { return item % 5 != 2; });
  numbers vectors(40, 6);
  ia::random dice{ia::seed{3}, 1};
  for (std::size_t i = 0; i < vectors.size(); ++i) vectors.data()[i] = dice.uniform() - 0.3F;
  auto const out = borrowed(1, x, vectors);

  auto ctx = sample::context();
  ia::ridge_evidence const evidence{ctx, x, {.own = 8, .other = 8}};
  ia::dense<float const> const v = vectors.view();
  auto const cosine = [&](std::size_t i, std::size_t j) {
    double ij = 0, ii = 0, jj = 0;
    for (std::size_t c = 0; c < v.cols; ++c) {
      ij += double{v[i][c]} * double{v[j][c]}, ii += double{v[i][c]} * double{v[i][c]}, jj += double{v[j][c]} * double{v[j][c]};
    }
    return ij / std::sqrt(ii * jj);
  };
  for (std::size_t u = 0; u < x.users(); ++u) {
    std::vector<float> scores(x.items());
    evidence.score(x.by_user()[u], scores);
    for (std::size_t i = 0; i < x.items(); ++i) {
      std::vector<std::pair<double, std::size_t>> likes;
      for (std::size_t k = 0; k < x.items(); ++k) {
        bool const lends = k != i && x.by_item().degree(k) > 0 && x.numbering().type(k) == x.numbering().type(i);
        if (lends && cosine(i, k) > 0) likes.emplace_back(cosine(i, k), k);
      }
      std::sort(likes.rbegin(), likes.rend());
      likes.resize(std::min<std::size_t>(3, likes.size()));
      double sum = 0, weight = 0;
      for (auto const& [c, k] : likes) {
        double const lent = sample::has(x, u, k) ? 1.0 : std::clamp(double{scores[k]}, -0.05, 1.0);
        sum += c * c * lent;
        weight += c * c;
      }
      CHECK(out[u][i] == Approx(weight > 0 ? sum / weight : 0).margin(1e-5));
    }
  }
  for (std::size_t const threads : {2U, 3U, 7U}) {
    auto const more = borrowed(threads, x, vectors);
    CHECK(std::equal(out.data(), out.data() + out.size(), more.data()));
  }
}

TEST_CASE("borrowing without lenders or vectors gives zeros") {
  auto const one = sample::catalogue(6, 1, 1, .5, 5);
  CHECK(borrowed(1, one, numbers(1, 2))[2][0] == 0);
  auto const some = sample::catalogue(6, 9, 2, .5, 5);
  auto const out = borrowed(1, some, numbers(9, 2));
  CHECK(std::all_of(out.data(), out.data() + out.size(), [](float v) { return v == 0; }));
}
