#include <intarsia/cpu/sample.hpp>
#include <intarsia/sampling/hidden_edges.hpp>
#include <numeric>

#include "../catch.hpp"
#include "graphs.hpp"

namespace ia = intarsia;
using namespace sampling_test;

namespace {

// One row of `degree` entries, columns 0, 1, ..., drawn under many streams. f(places drawn), for each stream.
template <class F>
void draw_often(std::size_t degree, std::uint32_t fanout, std::size_t times, bool replace, F&& f) {
  ia::cpu::context ctx{ia::inline_executor{}, ia::seed{5}};
  ia::csr row;
  row.rows = 1;
  row.cols = degree;
  row.offsets = {0, degree};
  row.columns.resize(degree);
  std::iota(row.columns.begin(), row.columns.end(), 0u);
  std::uint32_t const target = 0;
  std::vector<std::uint64_t> offsets(2);
  std::vector<std::uint32_t> columns(fanout);
  for (std::size_t i = 0; i < times; ++i) {
    ia::neighbor_draws<> const draws{.rows = row.view(),
                                     .targets = {&target, 1},
                                     .hidden = {},
                                     .fanout = fanout,
                                     .replace = replace,
                                     .key = ctx.random_seed(),
                                     .stream = i + 1,
                                     .offsets = offsets.data(),
                                     .columns = columns.data()};
    count_draws(ctx, draws);
    draw_entries(ctx, draws);
    f(std::span<std::uint32_t const>{columns.data(), offsets[1]});
  }
}

}  // namespace

TEST_CASE("every place of a row is drawn equally often, without repeats") {
  std::uint32_t const k = 10;
  for (std::size_t const degree :
       {std::size_t{1}, std::size_t{k - 1}, std::size_t{k}, std::size_t{k + 1}, std::size_t{255}, std::size_t{256},
        std::size_t{65535}, std::size_t{65536}, std::size_t{65537}}) {
    // Large rows are counted in bins of equal width, the last one narrower.
    std::size_t const bins = std::min<std::size_t>(degree, 1000), width = (degree + bins - 1) / bins;
    std::size_t const used = (degree + width - 1) / width, times = 20000, taken = std::min<std::size_t>(k, degree);
    std::vector<double> counts(used, 0.0), expected(used, 0.0);
    bool distinct = true, complete = true;
    draw_often(degree, k, times, false, [&](auto places) {
      complete = complete && places.size() == taken;
      distinct = distinct && std::adjacent_find(places.begin(), places.end(), [](auto a, auto b) { return a >= b; }) ==
                                 places.end();
      for (std::uint32_t const place : places) counts[place / width] += 1;
    });
    CAPTURE(degree);
    CHECK(distinct);
    CHECK(complete);
    double const rate = static_cast<double>(times * taken) / static_cast<double>(degree);
    for (std::size_t b = 0; b < used; ++b)
      expected[b] = rate * static_cast<double>(std::min(width, degree - b * width));
    if (degree <= k) {
      CHECK(counts == expected);
    } else {
      CHECK(std::abs(chi_square_score(counts, expected, static_cast<double>(used - 1))) < 5);
    }
  }
}

TEST_CASE("a row of 2^16 + 1 entries favors no end and no parity") {
  std::size_t const degree = 65537;
  std::vector<double> halves(2, 0.0), parities(2, 0.0), edges(3, 0.0);
  std::size_t const times = 40000;
  draw_often(degree, 16, times, false, [&](auto places) {
    for (std::uint32_t const place : places) {
      halves[place < degree / 2 ? 0 : 1] += 1;
      parities[place % 2] += 1;
      edges[place < 64 ? 0 : place >= degree - 64 ? 2 : 1] += 1;
    }
  });
  double const all = static_cast<double>(times) * 16, n = static_cast<double>(degree);
  CHECK(chi_square_score(halves, {all * 32768 / n, all * 32769 / n}, 1) < 5);
  CHECK(chi_square_score(parities, {all * 32769 / n, all * 32768 / n}, 1) < 5);
  CHECK(chi_square_score(edges, {all * 64 / n, all * (n - 128) / n, all * 64 / n}, 2) < 5);
}

TEST_CASE("every pair of neighbors is drawn together with chance k (k - 1) / (d (d - 1))") {
  std::size_t const d = 12, times = 60000;
  for (std::uint32_t const k : {2u, 5u, 11u}) {
    std::vector<double> together(d * d, 0.0), expected(d * d, 0.0);
    draw_often(d, k, times, false, [&](auto places) {
      for (std::size_t i = 0; i < places.size(); ++i) {
        for (std::size_t j = i + 1; j < places.size(); ++j) together[places[i] * d + places[j]] += 1;
      }
    });
    double const rate = static_cast<double>(times) * k * (k - 1) / static_cast<double>(d * (d - 1));
    for (std::size_t i = 0; i < d; ++i) {
      for (std::size_t j = i + 1; j < d; ++j) expected[i * d + j] = rate;
    }
    CAPTURE(k);
    // Pairs within one draw are not independent, so the statistic is not exactly chi-square: each cell is tested too.
    double const chance = rate / static_cast<double>(times), deviation = std::sqrt(rate * (1 - chance));
    for (std::size_t i = 0; i < d; ++i) {
      for (std::size_t j = i + 1; j < d; ++j) REQUIRE(std::abs(together[i * d + j] - rate) < 5 * deviation);
    }
    CHECK(chi_square_score(together, expected, static_cast<double>(d * (d - 1) / 2 - 1)) < 5);
  }
}

TEST_CASE("fan-outs far above a register's reach are still distinct and uniform") {
  std::size_t const degree = 5000;
  std::vector<double> counts(degree, 0.0);
  std::size_t const times = 300;
  draw_often(degree, 1500, times, false, [&](auto places) {
    REQUIRE(places.size() == 1500);
    REQUIRE(std::adjacent_find(places.begin(), places.end(), [](auto a, auto b) { return a >= b; }) == places.end());
    for (std::uint32_t const place : places) counts[place] += 1;
  });
  // Without replacement the counts vary less than chi-square's: by the factor 1 - k / d.
  double chi = 0;
  double const rate = static_cast<double>(times) * 0.3;
  for (double const c : counts) chi += (c - rate) * (c - rate) / (rate * 0.7);
  CHECK(std::abs(chi - static_cast<double>(degree)) < 5 * std::sqrt(2.0 * static_cast<double>(degree)));
}

TEST_CASE("draws with replacement give the whole fan-out, uniformly") {
  std::size_t const times = 20000;
  for (std::size_t const degree : {std::size_t{1}, std::size_t{3}, std::size_t{257}}) {
    std::vector<double> counts(degree, 0.0),
        rates(degree, static_cast<double>(times) * 8 / static_cast<double>(degree));
    bool complete = true;
    draw_often(degree, 8, times, true, [&](auto places) {
      complete = complete && places.size() == 8;
      for (std::uint32_t const place : places) counts[place] += 1;
    });
    CHECK(complete);
    if (degree > 1) CHECK(std::abs(chi_square_score(counts, rates, static_cast<double>(degree - 1))) < 5);
  }
}

namespace {

// The entries of a weighted row drawn in many streams.
std::vector<double> weighted_counts(std::vector<float> weights, std::uint32_t fanout, bool replace, std::size_t times,
                                    std::size_t* first = nullptr) {
  ia::cpu::context ctx{ia::inline_executor{}, ia::seed{6}};
  std::vector<entry> entries;
  for (std::uint32_t i = 0; i < weights.size(); ++i) entries.push_back({0, i, weights[i]});
  auto const row = rows_of_entries(1, weights.size(), entries, true, true);
  std::uint32_t const target = 0;
  std::vector<std::uint64_t> offsets(2);
  std::vector<std::uint32_t> columns(fanout);
  std::vector<float> values(fanout), work(fanout);
  std::vector<double> counts(weights.size(), 0.0);
  for (std::size_t i = 0; i < times; ++i) {
    ia::neighbor_draws<> const draws{.rows = row.view(),
                                     .targets = {&target, 1},
                                     .hidden = {},
                                     .fanout = fanout,
                                     .replace = replace,
                                     .weighted = true,
                                     .key = ctx.random_seed(),
                                     .stream = i + 1,
                                     .offsets = offsets.data(),
                                     .columns = columns.data(),
                                     .values = values.data(),
                                     .work = work.data()};
    count_draws(ctx, draws);
    draw_entries(ctx, draws);
    for (std::size_t e = 0; e < offsets[1]; ++e) {
      counts[columns[e]] += 1;
      REQUIRE(values[e] == weights[columns[e]]);
      if (e > 0 && !replace) REQUIRE(columns[e] > columns[e - 1]);
    }
    if (first) *first = offsets[1];
  }
  return counts;
}

}  // namespace

TEST_CASE("weighted draws of one follow the weights") {
  std::size_t const times = 40000;
  std::vector<float> const weights{1, 2, 3, 0, 10, 0.5f};
  for (bool const replace : {false, true}) {
    auto const counts = weighted_counts(weights, 1, replace, times);
    std::vector<double> expected;
    for (float const w : weights) expected.push_back(static_cast<double>(w) / 16.5 * static_cast<double>(times));
    CHECK(counts[3] == 0);
    CHECK(chi_square_score(counts, expected, 4) < 5);
  }
}

TEST_CASE("weighted pairs without replacement have the chances of drawing one after the other") {
  std::size_t const times = 60000;
  std::vector<double> const w{1, 2, 3, 4};
  auto const counts = weighted_counts({1, 2, 3, 4}, 2, false, times);
  for (std::size_t i = 0; i < 4; ++i) {
    double chance = w[i] / 10;
    for (std::size_t j = 0; j < 4; ++j) {
      if (j != i) chance += w[j] / 10 * w[i] / (10 - w[j]);
    }
    double const rate = chance * static_cast<double>(times);
    CHECK(std::abs(counts[i] - rate) < 5 * std::sqrt(rate * (1 - chance)));
  }
}

TEST_CASE("weighted draws: weights of zero fill up, all zero is uniform, the extremes hold") {
  std::size_t drawn = 0;
  auto const filled = weighted_counts({0, 5, 0, 0}, 3, false, 2000, &drawn);
  CHECK(drawn == 3);
  CHECK(filled[1] == 2000);
  auto const equal = weighted_counts({0, 0, 0, 0}, 2, true, 20000);
  CHECK(chi_square_score(equal, std::vector<double>(4, 10000.0), 3) < 5);
  auto const wide = weighted_counts({1e-38f, 1e30f, 1e-38f}, 1, false, 500);
  CHECK(wide[1] == 500);
}

TEST_CASE("hidden entries are never drawn and the others stay uniform") {
  ia::cpu::context ctx{ia::inline_executor{}, ia::seed{8}};
  // Columns 2 and 7 come several times; 2, 3, 7 and 11 are hidden, and so is 99, which the row does not have.
  std::vector<entry> entries;
  for (std::uint32_t c = 0; c < 12; ++c) entries.push_back({1, c});
  entries.push_back({1, 2});
  entries.push_back({1, 2});
  entries.push_back({1, 7});
  auto const rows = rows_of_entries(3, 100, entries);
  std::vector<std::uint64_t> const hidden{(1ull << 32) | 2,  (1ull << 32) | 3,  (1ull << 32) | 7,
                                          (1ull << 32) | 11, (1ull << 32) | 99, 2ull << 32};
  std::vector<std::uint32_t> const targets{1, 0};
  std::vector<std::uint64_t> offsets(3);
  std::vector<std::uint32_t> columns(20);
  std::vector<float> work(20);
  for (std::uint32_t const fanout : {3u, 8u, 9u, ia::all_neighbors}) {
    for (bool const weighted : {false, true}) {
      std::vector<double> counts(12, 0.0);
      std::size_t const times = 10000, open = 8, taken = std::min<std::size_t>(open, fanout);
      for (std::size_t i = 0; i < times; ++i) {
        ia::neighbor_draws<> const draws{.rows = rows.view(),
                                         .targets = targets,
                                         .hidden = hidden,
                                         .fanout = fanout,
                                         .weighted = weighted,
                                         .key = ctx.random_seed(),
                                         .stream = i,
                                         .offsets = offsets.data(),
                                         .columns = columns.data(),
                                         .work = work.data()};
        count_draws(ctx, draws);
        REQUIRE(offsets[1] == taken);
        REQUIRE(offsets[2] == taken);
        draw_entries(ctx, draws);
        for (std::size_t e = 0; e < taken; ++e) counts[columns[e]] += 1;
      }
      double const rate = static_cast<double>(times * taken) / 8;
      std::vector<double> expected(12, rate);
      for (std::size_t const c : {2u, 3u, 7u, 11u}) {
        CHECK(counts[c] == 0);
        expected[c] = 0;
      }
      if (fanout == 3) CHECK(chi_square_score(counts, expected, 7) < 5);
      if (fanout >= 8) CHECK(counts == expected);
    }
  }
}

TEST_CASE("draws are the same whether hidden entries were found before or are searched for") {
  // Rows of 0 to 79 entries, of which every third column is hidden, some of them twice in the row or not in it at all.
  std::vector<entry> entries;
  ia::detail::hidden_edges found;
  std::vector<std::uint64_t> hidden;
  std::vector<std::uint32_t> targets;
  for (std::uint32_t row = 0; row < 80; ++row) {
    for (std::uint32_t c = 0; c < row; ++c) entries.push_back({row, c + row % 2, 0.5f + static_cast<float>(c)});
    for (std::uint32_t c = row % 5; c < row + 2 && row % 4 != 3; c += 3)
      hidden.push_back((std::uint64_t{row} << 32) | c);
    if (row > 6) entries.push_back({row, 4, 2.0f});
    targets.push_back(79 - row);
  }
  auto const rows = rows_of_entries(80, 100, entries, true, true);
  for (std::uint64_t const key : hidden) found.push(key);
  found.push(hidden.front());
  found.find_in(rows.view());
  for (auto const set : {ia::instruction_set::portable, ia::instruction_set::avx2, ia::instruction_set::avx512}) {
    ia::cpu::context ctx{ia::inline_executor{}, ia::seed{8}, set};
    for (std::uint32_t const fanout : {1u, 5u, 10u, 17u, 64u, 70u, ia::all_neighbors}) {
      for (int const kind : {0, 1, 2, 3}) {
        bool const replace = kind % 2 == 1 && fanout != ia::all_neighbors;
        std::vector<std::uint64_t> offsets[2];
        std::vector<std::uint32_t> columns[2];
        std::vector<float> values[2];
        for (int const way : {0, 1}) {
          std::size_t const most = 80 * std::min<std::size_t>(fanout, 81);
          offsets[way].resize(81), columns[way].resize(most), values[way].resize(most);
          std::vector<float> work(most);
          ia::neighbor_draws<> draws{.rows = rows.view(),
                                     .targets = targets,
                                     .hidden = hidden,
                                     .fanout = fanout,
                                     .replace = replace,
                                     .weighted = kind >= 2,
                                     .key = ctx.random_seed(),
                                     .stream = 5,
                                     .offsets = offsets[way].data(),
                                     .columns = columns[way].data(),
                                     .values = values[way].data(),
                                     .work = work.data()};
          if (way == 1) found.show(draws);
          count_draws(ctx, draws);
          draw_entries(ctx, draws);
        }
        CAPTURE(static_cast<int>(set), fanout, kind);
        CHECK(offsets[0] == offsets[1]);
        CHECK(columns[0] == columns[1]);
        CHECK(values[0] == values[1]);
      }
    }
  }
}

namespace {

// Floyd's draws of one row by the generator alone, or draws with replacement.
std::vector<std::uint32_t> plain_draws(ia::seed key, std::uint64_t stream, std::uint32_t row, std::uint32_t size,
                                       std::uint32_t count, bool replace) {
  ia::random dice{key, stream, row};
  std::vector<std::uint32_t> out;
  for (std::uint32_t j = 0; j < count; ++j) {
    std::uint32_t const last = replace ? size - 1 : size - count + j, pick = dice.below(last + 1);
    bool const taken = !replace && std::find(out.begin(), out.end(), pick) != out.end();
    out.push_back(taken ? last : pick);
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

TEST_CASE("the draws of sixteen rows at a time are those of each row alone, whatever the instructions") {
  ia::random choose{ia::seed{9}, 1};
  for (std::uint32_t const count :
       {1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u, 9u, 10u, 11u, 12u, 13u, 14u, 15u, 16u, 17u, 33u, 64u}) {
    // The largest sizes have to repeat most of their draws.
    for (std::uint32_t const most : {count + 1, 100u, 70000u, 3000000000u}) {
      for (bool const replace : {false, true}) {
        std::vector<std::uint32_t> rows(16), sizes(16), places(16 * count, 7u);
        for (std::size_t i = 0; i < 16; ++i) {
          rows[i] = choose.bits();
          sizes[i] = most <= count + 1 ? count + 1 : count + 1 + choose.below(most - count);
        }
        std::uint64_t const stream = choose.bits();
        ia::cpu::detail::lane_plan const plan{ia::random{ia::seed{4}, stream}, count, replace};
        for (auto const set : {ia::instruction_set::portable, ia::instruction_set::avx2, ia::instruction_set::avx512}) {
          if (set > ia::widest_instructions()) continue;
          CAPTURE(count, most, replace, static_cast<int>(set));
          ia::cpu::detail::lane_draws_for(set)(plan, rows.data(), sizes.data(), places.data());
          bool same = true;
          for (std::size_t i = 0; i < 16; ++i) {
            auto const expected = plain_draws(ia::seed{4}, stream, rows[i], sizes[i], count, replace);
            for (std::size_t j = 0; j < count; ++j) same = same && places[j * 16 + i] == expected[j];
          }
          CHECK(same);
        }
      }
    }
  }
}
