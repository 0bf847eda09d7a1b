#include <intarsia/io/id_index.hpp>
#include <intarsia/io/tsv.hpp>
#include <intarsia/io/tsv_writer.hpp>

#include "scratch.hpp"

namespace ia = intarsia;

namespace {
ia::tsv_table table_of(std::string_view text) { return ia::tsv_table{ia::bytes_of(text), "memory"}; }
}  // namespace

TEST_CASE("columns are found by name", "[io]") {
  auto const table = table_of("id\tstars\ttitle\nx\t5\tA \"quoted\" title\ny\t-1\t\n");
  REQUIRE(table.rows() == 2);
  CHECK(table["title"][0] == "A \"quoted\" title");
  CHECK(table["title"][1].empty());
  CHECK(table["stars"].numbers<int>() == std::vector{5, -1});
  CHECK(table["stars"].number<double>(1) == -1.0);
  CHECK(table.find("stars").has_value());
  CHECK_FALSE(table.find("fold").has_value());
  CHECK(table.columns() == std::vector<std::string_view>{"id", "stars", "title"});
}

TEST_CASE("line ends, byte order mark and the last line", "[io]") {
  for (std::string_view const text : {"id\tn\na\t1\nb\t2\n", "id\tn\r\na\t1\r\nb\t2\r\n", "\xEF\xBB\xBFid\tn\na\t1\nb\t2",
                                      "id\tn\na\t1\r\nb\t2\r"}) {
    auto const table = table_of(text);
    REQUIRE(table.rows() == 2);
    CHECK(table["id"][1] == "b");
    CHECK(table["n"].numbers<int>() == std::vector{1, 2});
  }
}

TEST_CASE("tables without rows, with one column, with empty cells", "[io]") {
  CHECK(table_of("id\tn\n").rows() == 0);
  CHECK(table_of("id\tn").rows() == 0);
  CHECK(table_of("id").columns().size() == 1);
  auto const one = table_of("id\na\n\nb\n");
  REQUIRE(one.rows() == 3);
  CHECK(one["id"][1].empty());
  auto const blank = table_of("a\tb\n\t\n");
  CHECK(blank["b"][0].empty());
}

TEST_CASE("a table may be moved", "[io]") {
  auto first = table_of("id\tn\na\t1\n");
  auto const second = std::move(first);
  CHECK(second["n"].number<int>(0) == 1);
  CHECK(second["id"].name() == "id");
}

TEST_CASE("what is written is read back", "[io]") {
  scratch_folder const folder;
  ia::tsv_writer writer{{"id", "count", "score"}};
  writer.row("tōkyō \"x\"", 18'446'744'073'709'551'615u, 0.1f);
  writer.row(std::string{}, 0u, -1e-30);
  writer.save(folder / "x.tsv");
  auto const table = ia::load_tsv(folder / "x.tsv");
  REQUIRE(table.rows() == 2);
  CHECK(table["id"][0] == "tōkyō \"x\"");
  CHECK(table["id"][1].empty());
  CHECK(table["count"].number<std::uint64_t>(0) == 18'446'744'073'709'551'615u);
  CHECK(table["score"].number<float>(0) == 0.1f);
  CHECK(table["score"].number<double>(1) == -1e-30);

  ia::tsv_writer empty{{"id"}};
  empty.save(folder / "empty.tsv");
  CHECK(ia::load_tsv(folder / "empty.tsv").rows() == 0);
}

TEST_CASE("a cell cannot hold what ends a cell, a row has a cell per column", "[io]") {
  ia::tsv_writer writer{{"id", "title"}};
  CHECK_THROWS_AS(writer.row("a", "one\ttwo"), ia::io_error);
  ia::tsv_writer other{{"id", "title"}};
  CHECK_THROWS_AS(other.row("a"), ia::shape_error);
}

TEST_CASE("ids are numbered in the order in which they come", "[io]") {
  auto const table = table_of("id\nb\na\n10\n");
  ia::id_index index{table["id"]};
  CHECK(index.size() == 3);
  CHECK(index.find("10") == 2u);
  CHECK_FALSE(index.find("c").has_value());
  CHECK(index.add("a") == 1);
  CHECK(index.add("c") == 3);
  CHECK(index[3] == "c");
  for (int i = 0; i < 1000; ++i) index.add(std::to_string(i));
  auto const moved = std::move(index);
  CHECK(moved[0] == "b");
  CHECK(moved[moved.at(table["id"], 2, "the list")] == "10");
}

TEST_CASE("offending text is cut between characters", "[io]") {
  auto const table = table_of("n\n" + [] {
    std::string text;
    for (int i = 0; i < 60; ++i) text += "ō";
    return text;
  }());
  std::string forty;
  for (int i = 0; i < 40; ++i) forty += "ō";
  check_io_error([&] { static_cast<void>(table["n"].number<int>(0)); }, "memory", '"' + forty + "...\" is not");
}
