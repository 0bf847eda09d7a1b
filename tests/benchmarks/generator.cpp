#include "../../benchmarks/generator.hpp"

#include "../catch.hpp"

TEST_CASE("the generator of the benchmarks gives the bits that its twin in Python gives") {
  auto const list = bench::edges_of(bench::plans::small);
  CHECK(bench::checksum(list) == 0xce498821702a161cu);
  CHECK(bench::hashed(3000, 0) != bench::hashed(3001, 0));
  auto const table = bench::uniform_table(3000, 3, 2);
  CHECK(table[0] >= -0.5f);
  CHECK(table[0] < 0.5f);

  auto const rows = bench::by_row(list.target, list.source, bench::plans::small.targets);
  CHECK(rows.offsets.back() == 1'000'000);
  std::int64_t most = 0;
  for (std::size_t r = 0; r + 1 < rows.offsets.size(); ++r) most = std::max(most, rows.offsets[r + 1] - rows.offsets[r]);
  CHECK(most == 3118);
}

TEST_CASE("blocks that both sides are fed with hold no entry of a row twice and as many as there are") {
  bench::compressed const graph{{0, 3, 3, 103}, [] {
                                  std::vector<std::uint32_t> columns(103);
                                  for (std::uint32_t i = 0; i < 103; ++i) columns[i] = i;
                                  return columns;
                                }()};
  std::vector<std::uint32_t> const nodes{0, 1, 2};
  bench::drawn_rows drawn;
  bench::draw_rows(graph, nodes, 10, 6000, drawn);
  CHECK(drawn.offsets == std::vector<std::int64_t>{0, 3, 3, 13});
  std::sort(drawn.columns.begin(), drawn.columns.end());
  CHECK(std::adjacent_find(drawn.columns.begin(), drawn.columns.end()) == drawn.columns.end());
  CHECK(drawn.columns.back() < 103);
}

TEST_CASE("seeds are distinct, and vectors to be searched have length 1") {
  auto nodes = bench::distinct_nodes(9000, 50, 40);
  CHECK(nodes.size() == 40);
  std::sort(nodes.begin(), nodes.end());
  CHECK(std::adjacent_find(nodes.begin(), nodes.end()) == nodes.end());
  CHECK(bench::distinct_nodes(9000, 5, 40).size() == 5);

  auto const rows = bench::search_rows(5020, 2);
  for (std::size_t i = 0; i < 2; ++i) {
    double squares = 0;
    for (std::size_t c = 0; c < 128; ++c) squares += double{rows[i * 128 + c]} * double{rows[i * 128 + c]};
    CHECK(squares == Approx(1.0).epsilon(1e-6));
  }
}

TEST_CASE("nodes are numbered in the order in which they are met") {
  bench::first_met met{10};
  CHECK(met.add(7) == 0);
  CHECK(met.add(3) == 1);
  CHECK(met.add(7) == 0);
  CHECK(met.nodes() == std::vector<std::uint32_t>{7, 3});
}
