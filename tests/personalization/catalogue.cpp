#include "catalogue.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "../catch.hpp"
#include "folder.hpp"
#include "user_error.hpp"

namespace p = personalization;
using Catch::Matchers::Contains;

namespace {

p::catalogue read(test::folder const& from) { return p::read_catalogue(from.path(), {}); }

// The sentence with which a catalogue is refused.
std::string refusal(std::string const& file, std::string const& text) {
  test::folder in{"refusal"};
  test::write_small_catalogue(in);
  in.write(file, text);
  try {
    static_cast<void>(read(in));
  } catch (intarsia::error const& mistake) {
    return mistake.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("catalogue: items by row, users by number, pairs in order") {
  test::folder in{"read"};
  test::write_small_catalogue(in);
  auto const c = read(in);
  CHECK(c.items() == 4);
  CHECK(c.users() == 3);
  CHECK(c.interactions() == 6);
  CHECK(c.user_ids[0] == "2");  // as numbers, not as text
  CHECK(c.user_ids[1] == "9");
  CHECK(c.user_ids[2] == "10");
  CHECK(c.user_number == std::vector<std::uint64_t>{2, 9, 10});
  CHECK(c.type_name(0) == "movie");
  CHECK(c.numbering->local(2) == 1);
  CHECK(c.titles[0] == "The \"First\" & <only>");
  CHECK(c.genres[1].empty());
  CHECK(c.cold == std::vector<std::uint8_t>{0, 0, 1, 0});
  CHECK(c.pairs[2] == intarsia::interaction{1, 1});
  CHECK(c.weak == std::vector<std::uint8_t>{0, 1, 0, 0, 0, 0});
  CHECK(c.fold[5] == 4);
  CHECK(c.vectors.size() == 1);
  CHECK(c.vectors[0].cols() == 2);
  auto const order = c.types_by_size();
  REQUIRE(order.size() == 3);  // types without items are left out
  CHECK(c.type_names[order[0]] == "tv");
  CHECK(c.type_names[order[1]] == "movie");
  CHECK(c.type_names[order[2]] == "ona");
}

TEST_CASE("catalogue: ids of any text, users in the order in which they come") {
  test::folder in{"text-ids"};
  test::write_small_catalogue(in);
  in.write("interactions.tsv", "item\tuser\tfold\nb\tzoë\t3\na\t007\t4\nb\t7\t5\nd\tzoë\t6\n");
  auto const c = read(in);
  REQUIRE(c.users() == 3);
  CHECK(c.user_ids[0] == "zoë");
  CHECK(c.user_ids[1] == "007");
  CHECK(c.user_ids[2] == "7");
  CHECK(c.user_number[1] != c.user_number[2]);
  CHECK(c.rating == std::vector<float>{0, 0, 0, 0});  // no column rating
  CHECK(std::count(c.weak.begin(), c.weak.end(), 1) == 0);
}

TEST_CASE("catalogue: a repeated pair counts once and is weak only if every line is") {
  test::folder in{"repeats"};
  test::write_small_catalogue(in);
  in.write("interactions.tsv", "user\titem\trating\tfold\n1\ta\t-1\t5\n1\tb\t-1\t3\n1\ta\t6\t0\n1\tb\t-1\t1\n");
  auto const c = read(in);
  REQUIRE(c.interactions() == 2);
  CHECK(c.repeats == 2);
  CHECK(c.fold == std::vector<std::uint8_t>{5, 3});
  CHECK(c.rating == std::vector<float>{6, -1});
  CHECK(c.weak == std::vector<std::uint8_t>{0, 1});
}

TEST_CASE("catalogue: look-ups by id name what is missing") {
  test::folder in{"look-up"};
  test::write_small_catalogue(in);
  auto const c = read(in);
  CHECK(c.find_item("d") == 3);
  CHECK(c.find_user("10") == 2);
  CHECK(c.find_type("movie") == 1);
  CHECK_THROWS_WITH(c.find_item("e"), Contains("'e'"));
  CHECK_THROWS_AS(c.find_user("0"), p::user_error);
  CHECK_THROWS_WITH(c.find_type("film"), Contains("tv, movie"));
}

TEST_CASE("catalogue: what is wrong is named with file, line and remedy") {
  std::string const items = test::small_items, pairs = test::small_interactions;
  auto const with = [](std::string text, std::string const& from, std::string const& to) {
    return text.replace(text.find(from), from.size(), to);
  };
  CHECK_THAT(refusal("items.tsv", ""), Contains("empty"));
  CHECK_THAT(refusal("items.tsv", "id\ttype\ttitle\tcold\n"), Contains("no items"));
  CHECK_THAT(refusal("items.tsv", with(items, "b\ttv", "a\ttv")), Contains("line 3") && Contains("twice"));
  CHECK_THAT(refusal("items.tsv", with(items, "ona", "book")), Contains("line 5") && Contains("catalogue_types.hpp"));
  CHECK_THAT(refusal("items.tsv", with(items, "\t1\n", "\tyes\n")), Contains("line 4") && Contains("yes"));
  CHECK_THAT(refusal("items.tsv", with(items, "cold", "old")), Contains("split --catalogue"));
  CHECK_THAT(refusal("interactions.tsv", "user\titem\tfold\n"), Contains("no interactions"));
  CHECK_THAT(refusal("interactions.tsv", with(pairs, "fold", "part")), Contains("split --catalogue"));
  CHECK_THAT(refusal("interactions.tsv", with(pairs, "10\ta", "10\tx")), Contains("line 2") && Contains("items.tsv"));
  CHECK_THAT(refusal("interactions.tsv", with(pairs, "9\tb\t7", "\tb\t7")), Contains("line 4") && Contains("user"));
  CHECK_THAT(refusal("interactions.tsv", with(pairs, "\t7\t1", "\tgood\t1")), Contains("line 4") && Contains("good"));
  CHECK_THAT(refusal("interactions.tsv", with(pairs, "\t9\t9", "\t9\t10")), Contains("line 6") && Contains("0 to 9"));
  CHECK_THAT(refusal("interactions.tsv", with(pairs, "\t9\t9", "\t9")), Contains("line 6"));
}

TEST_CASE("catalogue: vectors must be there, one per item, and finite") {
  test::folder in{"vectors"};
  test::write_small_catalogue(in);
  in.write_vectors("text.npy", 3);
  CHECK_THROWS_WITH(read(in), Contains("3 rows") && Contains("4 items"));
  std::filesystem::remove(in.path() / "text.npy");
  CHECK_THROWS_WITH(read(in), Contains("no text vectors"));
  intarsia::tensor<intarsia::dyn, intarsia::dyn> x(4, 2);
  x[2][1] = std::numeric_limits<float>::quiet_NaN();
  intarsia::save_npy((in.path() / "text.npy").string(), x);
  CHECK_THROWS_WITH(read(in), Contains("'c'") && Contains("not finite"));
  CHECK_THROWS_AS(p::read_catalogue(in.path() / "nowhere", {}), p::user_error);
}

TEST_CASE("catalogue: named vector files are found as given or in the folder") {
  test::folder in{"named"}, elsewhere{"elsewhere"};
  test::write_small_catalogue(in);
  elsewhere.write_vectors("more.npy", 4);
  std::vector<std::string> const names = {(elsewhere.path() / "more.npy").string(), "text.npy"};
  auto const c = p::read_catalogue(in.path(), names);
  CHECK(c.vector_files == std::vector<std::string>{"more.npy", "text.npy"});
  std::vector<std::string> const wrong = {"none.npy"};
  CHECK_THROWS_WITH(p::read_catalogue(in.path(), wrong), Contains("none.npy"));
}
