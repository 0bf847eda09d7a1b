#include <intarsia/core/random.hpp>
#include <intarsia/tensor/transpose.hpp>
#include <map>

#include "../catch.hpp"

namespace ia = intarsia;

TEST_CASE("transposed: a worked example") {
  // Row 0: columns 2, 0; row 1: none; row 2: 2 twice.
  ia::csr const a{
      .rows = 3, .cols = 3, .offsets = {0, 2, 2, 4}, .columns = {2, 0, 2, 2}, .values = {1, 2, 3, 4}, .positions = {}};
  ia::csr const t = ia::transposed(a.view());
  CHECK(t.offsets == std::vector<std::uint64_t>{0, 1, 1, 4});
  CHECK(t.columns == std::vector<std::uint32_t>{0, 0, 2, 2});
  CHECK(t.positions == std::vector<std::uint32_t>{1, 0, 2, 3});
  CHECK(t.values.empty());
}

TEST_CASE("transposed: every entry once, rows sorted, also with empty rows and columns") {
  for (auto [rows, cols] : {std::pair<std::size_t, std::size_t>{0, 0}, {0, 5}, {5, 0}, {1, 1}, {40, 7}, {7, 40}}) {
    ia::csr a;
    a.rows = rows, a.cols = cols;
    ia::random draw{ia::seed{1}, rows * 100 + cols};
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t e = cols == 0 ? 0 : draw.below(6); e > 0; --e)
        a.columns.push_back(draw.below(static_cast<std::uint32_t>(cols)));
      a.offsets.push_back(a.columns.size());
    }
    ia::csr const t = ia::transposed(a.view());
    REQUIRE(t.rows == cols);
    REQUIRE(t.cols == rows);
    REQUIRE(t.view().entries() == a.view().entries());
    std::map<std::uint32_t, int> seen;
    for (std::size_t j = 0; j < cols; ++j) {
      for (std::size_t e = t.offsets[j]; e < t.offsets[j + 1]; ++e) {
        if (e > t.offsets[j]) CHECK(t.columns[e - 1] <= t.columns[e]);
        auto const entry = t.positions[e];
        CHECK(++seen[entry] == 1);
        CHECK(a.columns[entry] == j);
        CHECK((a.offsets[t.columns[e]] <= entry && entry < a.offsets[t.columns[e] + 1]));
      }
    }
  }
}

TEST_CASE("csr_view: rows as spans; no offsets means no entries") {
  ia::csr const a{.rows = 2, .cols = 4, .offsets = {0, 3, 3}, .columns = {1, 3, 0}, .values = {}, .positions = {}};
  CHECK(a.view().degree(0) == 3);
  CHECK(a.view()[0][1] == 3);
  CHECK(a.view()[1].empty());
  CHECK(a.view().values == nullptr);
  ia::csr_view<> const none{5, 5, nullptr, nullptr, nullptr, nullptr};
  CHECK(none.entries() == 0);
  CHECK(none.degree(4) == 0);
  CHECK(none[4].empty());
}
