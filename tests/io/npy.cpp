#include <cmath>
#include <intarsia/io/npy.hpp>
#include <limits>

#include "scratch.hpp"

namespace ia = intarsia;

namespace {
struct Item : ia::node<"item", 3> {};

std::string golden(std::string const& name) { return std::string{INTARSIA_TEST_DATA} + "/npy/" + name; }

template <class T>
void check_round_trip(std::size_t rows, std::size_t cols) {
  scratch_folder const folder;
  ia::tensor<ia::dyn, ia::dyn, T> x(rows, cols);
  for (std::size_t i = 0; i < x.size(); ++i) x.data()[i] = T(static_cast<float>(i) + 1.0f);
  ia::save_npy(folder / "x.npy", x);
  auto const back = ia::load_npy<ia::dyn, ia::dyn, T>(folder / "x.npy");
  REQUIRE(back.rows() == rows);
  REQUIRE(back.cols() == cols);
  for (std::size_t i = 0; i < x.size(); ++i) CHECK(std::equal_to<>{}(static_cast<double>(static_cast<float>(back.data()[i])), static_cast<double>(i) + 1.0));
  CHECK(folder.files() == 1);
  // The numbers begin on a multiple of 64 bytes, as NumPy lays them out.
  std::string const bytes = folder.get("x.npy");
  CHECK((bytes.size() - rows * cols * sizeof(T)) % 64 == 0);
}
}  // namespace

TEST_CASE("npy round trips", "[io]") {
  for (auto const& [rows, cols] : {std::pair{0, 0}, {0, 7}, {5, 0}, {1, 1}, {4, 3}}) {
    auto const r = static_cast<std::size_t>(rows), c = static_cast<std::size_t>(cols);
    check_round_trip<ia::f16>(r, c);
    check_round_trip<float>(r, c);
    check_round_trip<double>(r, c);
    check_round_trip<std::int32_t>(r, c);
    check_round_trip<std::int64_t>(r, c);
    check_round_trip<std::uint32_t>(r, c);
    check_round_trip<std::uint64_t>(r, c);
  }
}

TEST_CASE("npy files made by NumPy", "[io]") {
  // Each holds row * 4 + column - 3.5 (whole types: without the half) in 3 x 4.
  for (std::string const name : {"f2", "f4", "f8", "version2", "version3"}) {
    INFO(name);
    auto const x = ia::load_npy<ia::dyn, ia::dim<4>>(golden(name + ".npy"));
    REQUIRE(x.rows() == 3);
    for (std::size_t i = 0; i < 12; ++i) CHECK(x.data()[i] == static_cast<float>(i) - 3.5f);
  }
  for (std::string const name : {"i4", "i8"}) {
    INFO(name);
    auto const x = ia::load_npy<ia::dyn, ia::dyn, std::int64_t>(golden(name + ".npy"));
    REQUIRE(x.rows() == 3);
    REQUIRE(x.cols() == 4);
    for (std::size_t i = 0; i < 12; ++i) CHECK(x.data()[i] == static_cast<std::int64_t>(i) - 3);
  }
  for (std::string const name : {"u4", "u8"}) {
    INFO(name);
    auto const x = ia::load_npy<ia::dyn, ia::dyn, std::uint32_t>(golden(name + ".npy"));
    REQUIRE(x.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) CHECK(x.data()[i] == i);
  }
  CHECK(ia::load_npy<ia::dyn, ia::dim<4>>(golden("empty.npy")).rows() == 0);
}

TEST_CASE("npy of one dimension is a row where the type has one row, else a column", "[io]") {
  auto const column = ia::load_npy(golden("line.npy"));
  CHECK(column.rows() == 5);
  CHECK(column.cols() == 1);
  auto const row = ia::load_npy<ia::dim<1>, ia::dim<5>>(golden("line.npy"));
  CHECK(row.rows() == 1);
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(row[0][i] == static_cast<float>(i));
    CHECK(column[i][0] == static_cast<float>(i));
  }
}

TEST_CASE("npy of half precision holds every kind of number", "[io]") {
  // 0, -0, smallest and largest below normal, smallest and largest normal, 1/3, infinities, NaN; beside it in f4.
  auto const half = ia::load_npy(golden("special_f2.npy"));
  auto const full = ia::load_npy(golden("special_f4.npy"));
  REQUIRE(half.size() == full.size());
  for (std::size_t i = 0; i < half.size(); ++i) {
    INFO(i);
    if (std::isnan(full.data()[i])) {
      CHECK(std::isnan(half.data()[i]));
    } else {
      CHECK(half.data()[i] == full.data()[i]);
      CHECK(std::signbit(half.data()[i]) == std::signbit(full.data()[i]));
    }
  }
}

TEST_CASE("a real file of any width reads into real tensors of any width", "[io]") {
  scratch_folder const folder;
  ia::tensor<ia::dyn, ia::dyn, double> x(1, 2);
  x[0][0] = 1.0 / 3.0;
  x[0][1] = 1e300;
  ia::save_npy(folder / "x.npy", x);
  auto const y = ia::load_npy(folder / "x.npy");
  CHECK(y[0][0] == 1.0f / 3.0f);
  CHECK(std::isinf(y[0][1]));
  CHECK(static_cast<float>(ia::load_npy<ia::dyn, ia::dyn, ia::bf16>(folder / "x.npy")[0][0]) == Approx(1.0 / 3.0).epsilon(0.004));
}

TEST_CASE("a table has one row per node", "[io]") {
  scratch_folder const folder;
  ia::table<Item> x(2);
  x[1][2] = 5.0f;
  ia::save_npy(folder / "item.npy", x);
  ia::table<Item> const y = ia::load_table<Item>(folder / "item.npy");
  CHECK(y.rows() == 2);
  CHECK(y[1][2] == 5.0f);
}

TEST_CASE("rows apart in memory are written side by side", "[io]") {
  scratch_folder const folder;
  ia::tensor<ia::dyn, ia::dyn> x(3, 4);
  for (std::size_t i = 0; i < 12; ++i) x.data()[i] = static_cast<float>(i);
  ia::save_npy<float>(folder / "x.npy", x.view().col_range(1, 2));
  auto const y = ia::load_npy(folder / "x.npy");
  REQUIRE(y.cols() == 2);
  CHECK(y[2][0] == 9.0f);
  CHECK(y[2][1] == 10.0f);
}

TEST_CASE("npy written some rows at a time", "[io]") {
  scratch_folder const folder;
  std::string const path = folder / "x.npy";
  ia::tensor<ia::dyn, ia::dyn> x(7, 4);
  for (std::size_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(i);
  ia::dense<float const> const all = std::as_const(x).view();
  {
    ia::npy_writer file{path, 7, 3};
    file.append(all.row_range(0, 5).col_range(1, 3));
    file.append(all.row_range(5, 0).col_range(1, 3));
    CHECK_THROWS_AS(file.append(all.row_range(4, 3).col_range(1, 3)), ia::shape_error);
    CHECK_THROWS_AS(file.append(all.row_range(5, 2)), ia::shape_error);
    CHECK_THROWS_AS(file.finish(), ia::shape_error);
    file.append(all.row_range(5, 2).col_range(1, 3));
    CHECK(folder.files() == 1);
    CHECK_FALSE(std::filesystem::exists(path));
    file.finish();
  }
  CHECK(folder.files() == 1);
  auto const back = ia::load_npy<ia::dyn, ia::dim<3>>(path);
  REQUIRE(back.rows() == 7);
  for (std::size_t i = 0; i < 7; ++i) {
    for (std::size_t c = 0; c < 3; ++c) CHECK(back[i][c] == x[i][c + 1]);
  }
  auto const header = ia::load_npy_header(path);
  CHECK(header.shape == std::array<std::size_t, 2>{7, 3});
  { ia::npy_writer given_up{path, 9, 9}; }
  CHECK(ia::load_npy(path).rows() == 7);
  CHECK(folder.files() == 1);
}

TEST_CASE("npy of many numbers of another type is read piece by piece", "[io]") {
  scratch_folder const folder;
  std::size_t const count = 300'001;
  ia::tensor<ia::dyn, ia::dim<1>, std::int64_t> x(count);
  for (std::size_t i = 0; i < count; ++i) x.data()[i] = static_cast<std::int64_t>(i * 7);
  ia::save_npy(folder / "x.npy", x);
  auto const back = ia::load_npy<ia::dyn, ia::dim<1>, std::uint32_t>(folder / "x.npy");
  REQUIRE(back.rows() == count);
  bool same = true;
  for (std::size_t i = 0; i < count; ++i) same = same && back.data()[i] == i * 7;
  CHECK(same);
  x.data()[count - 1] = -1;
  ia::save_npy(folder / "x.npy", x);
  check_io_error([&] { static_cast<void>(ia::load_npy<ia::dyn, ia::dim<1>, std::uint32_t>(folder / "x.npy")); }, folder / "x.npy",
                 "row 300000, column 0: the number -1 is outside");
}
