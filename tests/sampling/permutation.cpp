#include <intarsia/sampling/alias.hpp>
#include <intarsia/sampling/permutation.hpp>
#include <map>
#include <vector>

#include "../catch.hpp"
#include "graphs.hpp"

namespace ia = intarsia;
using sampling_test::chi_square_score;

TEST_CASE("a permutation is a bijection of its range") {
  for (std::uint64_t const n : {1u, 2u, 3u, 4u, 5u, 7u, 8u, 9u, 255u, 256u, 257u, 1000u, 65537u}) {
    ia::permutation const order{n, ia::seed{1}, n};
    std::vector<int> met(n, 0);
    for (std::uint64_t i = 0; i < n; ++i) {
      REQUIRE(order[i] < n);
      ++met[order[i]];
    }
    CHECK(std::count(met.begin(), met.end(), 1) == static_cast<std::ptrdiff_t>(n));
  }
  ia::permutation const wide{(std::uint64_t{1} << 40) + 5, ia::seed{1}, 1};
  CHECK(wide[123] < wide.size());
  CHECK(wide[123] != wide[124]);
}

TEST_CASE("all orders of a few numbers are equally likely") {
  for (std::uint64_t const n : {3u, 4u, 5u}) {
    std::map<std::vector<std::uint64_t>, double> counts;
    std::size_t const times = 60000;
    for (std::size_t k = 0; k < times; ++k) {
      ia::permutation const order{n, ia::seed{3}, k};
      std::vector<std::uint64_t> images;
      for (std::uint64_t i = 0; i < n; ++i) images.push_back(order[i]);
      counts[images] += 1;
    }
    std::size_t const orders = n == 3 ? 6 : n == 4 ? 24 : 120;
    CAPTURE(n);
    CHECK(counts.size() == orders);
    std::vector<double> seen;
    for (auto const& [images, count] : counts) seen.push_back(count);
    CHECK(chi_square_score(seen,
                           std::vector<double>(seen.size(), static_cast<double>(times) / static_cast<double>(orders)),
                           static_cast<double>(orders - 1)) < 5);
  }
}

TEST_CASE("the first images are a uniform sample: singles and pairs") {
  for (std::uint64_t const n : {16u, 23u, 100u}) {
    std::size_t const times = 40000, m = 4;
    std::vector<double> single(n, 0.0), pair(n * n, 0.0), expected(n * n, 0.0);
    for (std::size_t k = 0; k < times; ++k) {
      ia::permutation const order{n, ia::seed{4}, k};
      std::uint64_t picks[m];
      for (std::size_t i = 0; i < m; ++i) single[picks[i] = order[i]] += 1;
      std::sort(picks, picks + m);
      for (std::size_t i = 0; i < m; ++i) {
        for (std::size_t j = i + 1; j < m; ++j) pair[picks[i] * n + picks[j]] += 1;
      }
    }
    double const size = static_cast<double>(n), pairs = size * (size - 1) / 2;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = i + 1; j < n; ++j) expected[i * n + j] = static_cast<double>(times) * 6 / pairs;
    }
    CAPTURE(n);
    CHECK(chi_square_score(single, std::vector<double>(n, static_cast<double>(times * m) / size), size - 1) < 5);
    CHECK(chi_square_score(pair, expected, pairs - 1) < 5);
  }
}

TEST_CASE("an alias table draws in proportion to weights") {
  std::vector<double> const weights{0, 1, 5, 0.25, 0, 100, 3};
  ia::detail::alias_table const table{weights};
  CHECK(table.total() == 109.25);
  std::vector<double> counts(weights.size(), 0.0), expected;
  std::size_t const times = 200000;
  ia::random dice{ia::seed{2}, 1};
  for (std::size_t i = 0; i < times; ++i) counts[table.draw(dice)] += 1;
  for (double const w : weights) expected.push_back(w / 109.25 * static_cast<double>(times));
  CHECK(counts[0] == 0);
  CHECK(counts[4] == 0);
  CHECK(chi_square_score(counts, expected, 4) < 5);

  ia::detail::alias_table const none{std::vector<double>{0, 0, 0}};
  std::vector<double> equal(3, 0.0);
  for (std::size_t i = 0; i < 30000; ++i) equal[none.draw(dice)] += 1;
  CHECK(chi_square_score(equal, std::vector<double>(3, 10000.0), 2) < 5);
  CHECK(ia::detail::alias_table{std::vector<double>{7}}.draw(dice) == 0);
}
