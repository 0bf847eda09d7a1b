// The features of a candidate, number by number from their definition.
#include "../catch.hpp"
#include "../graph/sample.hpp"

#include <intarsia/models/rank_features.hpp>

namespace ia = intarsia;

namespace {
using numbers = ia::tensor<ia::dyn, ia::dyn>;

numbers some_vectors(std::size_t rows, std::size_t cols, std::uint64_t stream) {
  numbers x(rows, cols);
  ia::random dice{ia::seed{3}, stream};
  for (std::size_t i = 0; i < x.size(); ++i) x.data()[i] = 2 * dice.uniform() - 1;
  return x;
}
double cosine(std::span<float const> a, std::span<float const> b) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t c = 0; c < a.size(); ++c) {
    ab += double{a[c]} * double{b[c]};
    aa += double{a[c]} * double{a[c]};
    bb += double{b[c]} * double{b[c]};
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}
numbers unit(numbers const& x) {
  numbers y(x.rows(), x.cols());
  for (std::size_t i = 0; i < x.rows(); ++i) {
    double const length = std::sqrt(cosine(x[i], x[i]) > 0 ? [&] {
      double s = 0;
      for (float const v : x[i]) s += double{v} * double{v};
      return s;
    }() : 1.0);
    for (std::size_t c = 0; c < x.cols(); ++c) y[i][c] = static_cast<float>(double{x[i][c]} / length);
  }
  return y;
}

std::vector<double> expected(ia::interactions const& x, ia::ridge_sources const& from, std::vector<std::uint32_t> const& history,
                             ia::scored candidate, std::vector<numbers> const& tables) {
  auto const& nodes = x.numbering();
  auto const held = [&](std::uint32_t k) { return std::count(history.begin(), history.end(), k) > 0 ? 1.0 : 0.0; };
  double const s = double{candidate.score}, h = std::max(1.0, static_cast<double>(history.size()));
  std::vector<double> bx, wx, out;
  double positive = 0, overlaps = 0, share5 = 0, share20 = 0, other5 = 0, like = 0, many = 0;
  for (std::size_t k = 0; k < from.items.size(); ++k) {
    double const is = held(from.items[k]);
    bx.push_back(double{from.bond[k]} * is);
    wx.push_back(double{from.overlap[k]} * is);
    positive += std::max(0.0, double{from.bond[k]});
    overlaps += double{from.overlap[k]};
    share5 += k < from.own && k < 5 ? is / 5 : 0;
    share20 += k < from.own && k < 20 ? is / 20 : 0;
    other5 += k >= from.own && k < from.own + 5 ? is / 5 : 0;
    if (tables.empty()) continue;
    double const likeness = cosine(tables[0][candidate.row], tables[0][from.items[k]]);
    like = std::max(like, likeness * is);
    many += likeness > 0.3 ? is : 0;
  }
  std::sort(wx.rbegin(), wx.rend());
  wx.resize(std::max<std::size_t>(5, wx.size()));
  double up = 0, down = 0, shared = 0, best = bx.empty() ? 0 : *std::max_element(bx.begin(), bx.end());
  for (double const b : bx) up += std::max(0.0, b), down += std::min(0.0, b);
  for (double const w : wx) shared += w;
  double types = 0, common = 0;
  for (auto const j : history) {
    types += nodes.type(j) == nodes.type(candidate.row) ? 1 / h : 0;
    common += std::log1p(static_cast<double>(x.by_item().degree(j))) / h;
  }
  auto const n = static_cast<double>(x.by_item().degree(candidate.row));
  out = {s, std::log(std::max(s, -.015) + .02), best, up, down, positive, up / (positive + .05), shared / (overlaps + .01), wx[0],
         (wx[0] + wx[1] + wx[2] + wx[3] + wx[4]) / 5, share5, share20, other5, std::log(h), types, std::log(types + .01),
         std::log1p(n), n, common, std::log1p(n) - common};
  if (!tables.empty()) out.insert(out.end(), {like, std::min(5.0, many)});
  for (auto const& t : tables) {
    auto const u = unit(t);
    numbers sum(1, t.cols());
    for (auto const j : history) {
      for (std::size_t c = 0; c < t.cols(); ++c) sum[0][c] += u[j][c];
    }
    out.push_back(cosine(sum[0], u[candidate.row]));
  }
  for (std::size_t t = 0; t < nodes.types(); ++t) out.push_back(nodes.type(candidate.row) == t ? 1 : 0);
  return out;
}

void check(ia::interactions const& x, std::vector<numbers> const& tables) {
  auto ctx = sample::context();
  std::vector<ia::dense<float const>> views;
  for (auto const& t : tables) views.push_back(t.view());
  ia::rank_features const features{x, views};
  ia::ridge_evidence const evidence{ctx, x, {.own = 25, .other = 7}, features.vectors()};
  ia::rank_features::work work;
  for (std::uint32_t const user : {0U, 1U, static_cast<std::uint32_t>(x.users() - 1)}) {
    auto const row = x.by_user()[user];
    std::vector<std::uint32_t> const history(row.begin(), row.end());
    std::vector<float> scores(x.items());
    evidence.score(history, scores);
    std::vector<ia::scored> all;
    for (std::uint32_t i = 0; i < x.items(); ++i) all.push_back({scores[i], i});
    numbers out(all.size(), features.width());
    features.write(evidence, history, all, work, out.view());
    for (std::size_t i = 0; i < all.size(); ++i) {
      auto const want = expected(x, evidence[i], history, all[i], tables);
      REQUIRE(want.size() == features.width());
      for (std::size_t c = 0; c < want.size(); ++c) {
        INFO("user " << user << ", item " << i << ", column " << c);
        CHECK(out[i][c] == Approx(want[c]).margin(2e-5).epsilon(1e-4));
      }
    }
  }
}
}  // namespace

TEST_CASE("rank features are what their definition says") {
  auto const x = sample::catalogue(80, 40, 3, .3, 5);
  check(x, {some_vectors(40, 9, 1), some_vectors(40, 4, 2)});
  check(x, {});
  check(sample::catalogue(20, 1, 1, .3, 5), {some_vectors(1, 3, 1)});
  check(sample::catalogue(5, 6, 2, 0, 5), {some_vectors(6, 3, 1)});
}

TEST_CASE("ridge evidence scores as ridge edges do") {
  auto const x = sample::catalogue(80, 40, 3, .3, 5);
  auto ctx = sample::context();
  ia::ridge_options const options{.own = 6, .other = 5};
  ia::ridge_evidence const evidence{ctx, x, options};
  ia::csr const edges = ia::ridge_edges(ctx, x, options);
  std::vector<float> scores(x.items());
  auto const history = x.by_user()[1];
  evidence.score(history, scores);
  for (std::size_t i = 0; i < x.items(); ++i) {
    float sum = 0;
    for (auto const j : history) sum += sample::at(edges.view(), i, j);
    CHECK(scores[i] == Approx(sum).margin(1e-6));
  }
  CHECK(evidence[3].likeness.empty());
}

TEST_CASE("rank features refuse tables of other items") {
  auto const x = sample::catalogue(10, 8, 2, .3, 5);
  numbers const wrong(7, 2);
  std::vector<ia::dense<float const>> const views{wrong.view()};
  CHECK_THROWS_AS((ia::rank_features{x, views}), ia::shape_error);
}
