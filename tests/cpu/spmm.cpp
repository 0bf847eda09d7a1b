#include "cases.hpp"

using namespace cases;

namespace {

template <class T>
struct problem {
  ia::csr a;
  ia::spmm_terms<T> terms;
  std::vector<T> row_scale, col_scale;
  std::vector<std::uint8_t> row_mark, col_mark;
  matrix<T> x;

  problem(std::size_t rows, std::size_t cols, std::size_t width, unsigned kind)
      : a{sparse(rows, cols, (kind & 1) != 0, 5)}, x{matrix<T>::random(cols, width, 6)} {
    ia::random draw{ia::seed{3}, 7};
    if (kind & 2) {
      for (std::size_t i = 0; i < rows; ++i) row_scale.push_back(static_cast<T>(draw.uniform()));
      for (std::size_t j = 0; j < cols; ++j) col_scale.push_back(static_cast<T>(draw.uniform()));
      terms.row_scale = row_scale.data();
      terms.col_scale = col_scale.data();
    }
    if (kind & 4) {
      row_mark = marks(rows, 8);
      col_mark = marks(cols, 9);
      terms.rows = {row_mark.data(), false};
      terms.cols = {col_mark.data(), true};
    }
  }
  matrix<double> expected(matrix<T> const& start, bool accumulate, ia::csr_view<> view) const {
    matrix<double> y(view.rows, x.cols);
    for (std::size_t i = 0; i < view.rows; ++i) {
      for (std::size_t c = 0; c < x.cols; ++c) y(i, c) = static_cast<double>(start(i, c));
      if (!row_mark.empty() && row_mark[i] != 0) continue;
      for (std::size_t c = 0; c < x.cols; ++c) {
        double sum = 0;
        for (std::size_t e = view.offsets[i]; e < view.offsets[i + 1]; ++e) {
          auto const j = view.columns[e];
          if (!col_mark.empty() && col_mark[j] == 0) continue;
          double const value =
              view.values ? static_cast<double>(view.values[view.positions ? view.positions[e] : e]) : 1.0;
          sum += value * (col_scale.empty() ? 1.0 : static_cast<double>(col_scale[j])) * static_cast<double>(x(j, c));
        }
        sum *= row_scale.empty() ? 1.0 : static_cast<double>(row_scale[i]);
        y(i, c) = accumulate ? y(i, c) + sum : sum;
      }
    }
    return y;
  }
};

template <class T>
void agree(std::size_t rows, std::size_t cols, std::size_t width, unsigned kind, double tolerance) {
  problem<T> p{rows, cols, width, kind};
  for (auto set : instruction_sets()) {
    for (bool accumulate : {false, true}) {
      INFO("width " << width << ", kind " << kind << ", set " << static_cast<int>(set) << ", accumulate "
                    << accumulate);
      // Rows that are written start as NaN, rows left out as numbers to keep.
      matrix<T> start(rows, width);
      for (std::size_t i = 0; i < rows; ++i) {
        bool const left_out = !p.row_mark.empty() && p.row_mark[i] != 0;
        for (std::size_t c = 0; c < width && (accumulate || left_out); ++c) start(i, c) = static_cast<T>(i + c);
      }
      auto const y = on_all_threads(set, start, [&](auto& ctx, auto& out) {
        spmm(ctx, p.a.view(), p.terms, p.x.view(), out.view(), accumulate);
      });
      CHECK(difference(y, p.expected(start, accumulate, p.a.view())) < tolerance);
    }
  }
}

}  // namespace

TEST_CASE("spmm agrees with a plain loop: widths, values, scales, choices") {
  for (std::size_t width : widths) {
    for (unsigned kind = 0; kind < 8; ++kind) agree<float>(60, 90, width, kind, 1e-5);
    agree<double>(40, 70, width, 7, 1e-13);
  }
  for (std::size_t width = 1; width < 40; ++width) agree<float>(5, 3, width, 7, 1e-5);
}

namespace {
// Sums of numbers stored as X are those of the same numbers as T: to the last bit where that is float.
template <class X, class T = float>
void stored_as(float scale) {
  for (std::size_t width : widths) {
    for (unsigned kind = 0; kind < 8; ++kind) {
      problem<T> p{60, 90, width, kind};
      matrix<X> stored(90, width);
      for (std::size_t i = 0; i < 90; ++i) {
        for (std::size_t c = 0; c < width; ++c) {
          stored(i, c) = X{scale * static_cast<float>(p.x(i, c))};
          p.x(i, c) = static_cast<T>(static_cast<float>(stored(i, c)));
        }
      }
      for (auto set : instruction_sets()) {
        auto const start = matrix<T>::filled(60, width, T{0.5f});
        auto const from = [&](auto const& x) {
          return on_all_threads(
              set, start, [&](auto& ctx, auto& out) { spmm(ctx, p.a.view(), p.terms, x.view(), out.view(), true); });
        };
        if constexpr (std::is_same_v<T, float>) {
          CHECK(same_bits(from(stored), from(p.x)));
        } else {
          CHECK(difference(from(stored), p.expected(start, true, p.a.view())) < 1e-13);
        }
      }
    }
  }
}
}  // namespace

TEST_CASE("spmm of numbers stored as bf16 or f16 is that of the same numbers as float or double") {
  stored_as<ia::bf16>(1);
  stored_as<ia::f16>(1);
  stored_as<ia::bf16, double>(1);
  stored_as<ia::f16, double>(1);
  stored_as<ia::f16>(0x1p-20f);  // among them numbers below the least normal one
}

namespace {
// Sums that are written as bf16 are those that are written as float, rounded.
template <class X>
void rounds(matrix<X> const& x, problem<float> const& p, std::size_t rows) {
  for (auto set : instruction_sets()) {
    matrix<> full(rows, x.cols);
    auto ctx = context(set);
    for (std::size_t i = 0; i < rows; ++i) std::fill_n(&full(i, 0), x.cols, 0.5f);
    spmm(ctx, p.a.view(), p.terms, x.view(), full.view(), false);
    matrix<ia::bf16> expected(rows, x.cols);
    std::fill(expected.numbers.begin(), expected.numbers.end(), ia::bf16{0.5f});
    auto const start = expected;
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t c = 0; c < x.cols; ++c) expected(i, c) = ia::bf16{full(i, c)};
    }
    auto const y = on_all_threads(
        set, start, [&](auto& many, auto& out) { spmm(many, p.a.view(), p.terms, x.view(), out.view()); });
    CHECK(same_bits(y, expected));
  }
}
}  // namespace

TEST_CASE("spmm to bf16 rounds the sums: widths, values, scales, choices, numbers stored in every way") {
  constexpr std::size_t rows = 60, cols = 90;
  for (std::size_t width : widths) {
    for (unsigned kind = 0; kind < 8; ++kind) {
      problem<float> p{rows, cols, width, kind};
      INFO("width " << width << ", kind " << kind);
      p.x(3, width / 2) = std::numeric_limits<float>::infinity();
      p.x(5, 0) = std::numeric_limits<float>::quiet_NaN();
      p.x(7, width - 1) = 3.4e38f;
      matrix<ia::bf16> b(cols, width);
      matrix<ia::f16> h(cols, width);
      for (std::size_t i = 0; i < cols; ++i) {
        for (std::size_t c = 0; c < width; ++c) b(i, c) = ia::bf16{p.x(i, c)}, h(i, c) = ia::f16{p.x(i, c)};
      }
      rounds(p.x, p, rows);
      rounds(b, p, rows);
      rounds(h, p, rows);
    }
  }
  for (std::size_t width = 1; width < 40; ++width) {
    problem<float> const p{5, 3, width, 7};
    rounds(p.x, p, 5);
  }
  auto ctx = context(ia::instruction_set::portable);
  matrix<ia::bf16> y(4, 9);
  y(2, 3).bits = 7;
  spmm(ctx, ia::csr_view<>{4, 0, nullptr, nullptr, nullptr, nullptr}, {}, matrix<>(0, 9).view(), y.view());
  CHECK(y(2, 3).bits == 0);
}

TEST_CASE("spmm reads every number of half precision as its conversion does") {
  for (auto set : instruction_sets()) {
    auto ctx = context(set);
    constexpr std::size_t width = 64, rows = 65536 / width;
    matrix<ia::f16> x(rows, width);
    for (std::size_t i = 0; i < 65536; ++i) x(i / width, i % width).bits = static_cast<std::uint16_t>(i);
    std::vector<std::uint64_t> offsets(rows + 1);
    std::vector<std::uint32_t> columns(rows);
    for (std::size_t i = 0; i < rows; ++i) offsets[i + 1] = i + 1, columns[i] = static_cast<std::uint32_t>(i);
    matrix<> y(rows, width);
    spmm(ctx, ia::csr_view<>{rows, rows, offsets.data(), columns.data(), nullptr, nullptr}, {}, x.view(), y.view(),
         false);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < 65536; ++i) {
      float const want = static_cast<float>(x(i / width, i % width)), got = y(i / width, i % width);
      wrong += !(got == want || (got != got && want != want));
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("spmm: no rows, no columns, no entries") {
  for (auto set : instruction_sets()) {
    auto ctx = context(set);
    matrix<> y(4, 9);
    matrix<> const x(0, 9);
    spmm(ctx, ia::csr_view<>{4, 0, nullptr, nullptr, nullptr, nullptr}, {}, x.view(), y.view(), false);
    CHECK(difference(y, matrix<double>::filled(4, 9, 0)) == 0);
    auto const none = sparse(4, 0, true, 1);
    y(2, 3) = 7;
    spmm(ctx, none.view(), {}, x.view(), y.view(), true);
    CHECK(y(2, 3) == 7);
    matrix<> nothing(0, 9);
    spmm(ctx, sparse(0, 5, false, 1).view(), {}, matrix<>::random(5, 9, 1).view(), nothing.view(), false);
  }
}

TEST_CASE("transpose: as the transpose that owns its numbers, and spmm finds the values through it") {
  for (bool values : {false, true}) {
    auto const a = sparse(50, 31, values, 2);
    auto const owned = ia::transposed(a.view());
    auto ctx = context(ia::widest_instructions());
    auto const t = transpose(ctx, a.view());
    REQUIRE(t.rows == 31);
    REQUIRE(t.cols == 50);
    REQUIRE(t.entries() == a.columns.size());
    CHECK(std::equal(owned.offsets.begin(), owned.offsets.end(), t.offsets));
    CHECK(std::equal(owned.columns.begin(), owned.columns.end(), t.columns));
    CHECK(std::equal(owned.positions.begin(), owned.positions.end(), t.positions));
    problem<float> p{31, 50, 20, 0};
    matrix<> y(31, 20);
    spmm(ctx, t, {}, p.x.view(), y.view(), false);
    CHECK(difference(y, p.expected(y, false, t)) < 1e-5);

    // Nobody asks for places: they are left out, but not where values are found through them.
    auto const bare = transpose(ctx, a.view(), false);
    CHECK((bare.positions != nullptr) == values);
    CHECK(std::equal(owned.offsets.begin(), owned.offsets.end(), bare.offsets));
    CHECK(std::equal(owned.columns.begin(), owned.columns.end(), bare.columns));

    // Of a transpose: the entries of the original in their order, still with their places.
    auto const back = transpose(ctx, t);
    REQUIRE(back.entries() == a.columns.size());
    for (std::size_t i = 0; i < 50; ++i) {
      for (std::size_t e = back.offsets[i]; e < back.offsets[i + 1]; ++e)
        CHECK(a.columns[back.positions[e]] == back.columns[e]);
    }
  }
  auto ctx = context(ia::instruction_set::portable);
  CHECK(transpose(ctx, ia::csr_view<>{3, 4, nullptr, nullptr, nullptr, nullptr}).entries() == 0);
}

namespace {
// The transpose has the same entries for any number of threads, and they are those of the one that owns its numbers.
void turns_around(ia::csr_view<> a, ia::csr const& whole) {
  auto const owned = ia::transposed(whole.view());
  for (std::size_t threads : {1u, 2u, 3u, 7u}) {
    auto ctx = context(ia::instruction_set::portable, threads);
    auto const t = transpose(ctx, a);
    REQUIRE(t.entries() == owned.columns.size());
    CHECK(std::equal(owned.offsets.begin(), owned.offsets.end(), t.offsets));
    CHECK(std::equal(owned.columns.begin(), owned.columns.end(), t.columns));
    std::uint64_t const before = a.offsets[0];
    CHECK(std::equal(owned.positions.begin(), owned.positions.end(), t.positions,
                     [=](std::uint32_t own, std::uint32_t place) { return own + before == place; }));
  }
}
// Degrees that go round, and columns without an order.
ia::csr crowd(std::size_t cols, std::vector<std::size_t> const& degrees, std::size_t rows) {
  ia::csr a{.rows = rows, .cols = cols, .offsets = {0}, .columns = {}, .values = {}, .positions = {}};
  ia::random draw{ia::seed{31}, cols};
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t e = 0; e < degrees[row % degrees.size()]; ++e) {
      a.columns.push_back(draw.below(static_cast<std::uint32_t>(cols)));
    }
    a.offsets.push_back(a.columns.size());
  }
  return a;
}
}  // namespace

TEST_CASE("transpose: the same for any number of threads, also of crowded rows, of one column and of a window") {
  std::vector<ia::csr> all{crowd(30000, {0, 3, 40, 1}, 85000),    // several pieces
                           crowd(1, {8}, 120000),               // one column has every entry
                           crowd(5000, {0, 0, 940000, 0, 7}, 5),  // one row has nearly every entry
                           crowd(900000, {2, 1}, 200000),         // columns outnumber entries
                           crowd(12, {0}, 7), crowd(4, {3}, 1), crowd(3, {1}, 0)};
  for (auto const& a : all) turns_around(a.view(), a);

  auto const& a = all.front();
  ia::csr window{.rows = 60000, .cols = a.cols, .offsets = {}, .columns = {}, .values = {}, .positions = {}};
  for (std::size_t row = 0; row <= window.rows; ++row) window.offsets.push_back(a.offsets[row + 9] - a.offsets[9]);
  window.columns.assign(a.columns.begin() + static_cast<std::ptrdiff_t>(a.offsets[9]),
                        a.columns.begin() + static_cast<std::ptrdiff_t>(a.offsets[9] + window.offsets.back()));
  turns_around({window.rows, a.cols, a.offsets.data() + 9, a.columns.data(), nullptr, nullptr}, window);
}

TEST_CASE("spmm: sums written past the caches have the bits of those that are not") {
  constexpr std::size_t rows = (std::size_t{1} << 16) + 3, width = 128;
  auto const a = crowd(300, {0, 1, 1, 5, 2}, rows);
  auto const x = matrix<>::random(300, width, 3);
  std::vector<float> scale(rows);
  for (std::size_t i = 0; i < rows; ++i) scale[i] = 1.0f / static_cast<float>(1 + i % 7);
  ia::tensor<ia::dyn, ia::dyn> streamed(rows, width);
  auto const same = [&](matrix<> const& plain) {
    for (std::size_t i = 0; i < rows; ++i) {
      if (std::memcmp(streamed[i].data(), &plain(i, 0), width * sizeof(float)) != 0) return false;
    }
    return true;
  };
  matrix<> plain(rows, width);
  REQUIRE(ia::cpu::detail::streams(ia::dense<float>(streamed.view())));
  REQUIRE_FALSE(ia::cpu::detail::streams(plain.view()));
  for (auto set : instruction_sets()) {
    auto ctx = context(set, 2);
    for (auto const& terms : {ia::spmm_terms<float>{}, ia::spmm_terms<float>{scale.data(), nullptr, {}, {}}}) {
      spmm(ctx, a.view(), terms, x.view(), ia::dense<float>(streamed.view()), false);
      spmm(ctx, a.view(), terms, x.view(), plain.view(), false);
      CHECK(same(plain));
    }
    spmm(ctx, a.view(), {}, x.view(), ia::dense<float>(streamed.view()), true);
    spmm(ctx, a.view(), {}, x.view(), plain.view(), true);
    CHECK(same(plain));
  }
}

TEST_CASE("row_sums: values, or the number of entries") {
  for (bool values : {false, true}) {
    auto const a = sparse(70, 33, values, 4);
    for (auto set : instruction_sets()) {
      auto const sums =
          on_all_threads(set, matrix<>(70, 1), [&](auto& ctx, auto& out) { row_sums(ctx, a.view(), out.view()); });
      for (std::size_t i = 0; i < 70; ++i) {
        double expected = 0;
        for (std::size_t e = a.offsets[i]; e < a.offsets[i + 1]; ++e)
          expected += values ? static_cast<double>(a.values[e]) : 1;
        CHECK(static_cast<double>(sums(i, 0)) == Approx(expected).margin(1e-6));
      }
    }
  }
}
