#include <intarsia/schema/schema.hpp>
#include <string>
#include <vector>

#include "../catch.hpp"

namespace ia = intarsia;

namespace {

struct Book : ia::node<"book", 8> {};
struct Show : ia::node<"show", 4> {};
struct User : ia::node<"user"> {};
struct Follows : ia::verb<"follows"> {};
struct Near : ia::verb<"near", ia::symmetric> {};

using BookShow = ia::relation<Book, Follows, Show>;
using BookNear = ia::relation<Book, Near, Show>;
struct Catalogue : ia::schema<ia::nodes<Book, Show, User>, ia::relations<BookShow, ia::reverse<BookShow>, BookNear>> {};
struct Everything : ia::schema<ia::nodes<Book, Show, User>, ia::all_relations<Near, ia::nodes<Book, Show, User>>> {};

static_assert(ia::node_type<Book> && !ia::node_type<int>);
static_assert(ia::verb_type<Near> && !ia::verb_type<Book*>);
static_assert(ia::schema_type<Catalogue> && !ia::schema_type<Book>);
static_assert(User::width == 0 && Book::width == 8);

static_assert(std::is_same_v<ia::reverse<ia::reverse<BookShow>>, BookShow>);
static_assert(std::is_same_v<ia::reverse<BookShow>::source_type, Show>);
static_assert(!std::is_same_v<ia::reverse<BookShow>::verb_type, Follows>, "a reversed verb is another verb");
static_assert(std::is_same_v<ia::reverse<BookNear>, ia::relation<Show, Near, Book>>, "a symmetric verb stays");

static_assert(Catalogue::node_count == 3 && Catalogue::relation_count == 3);
static_assert(Catalogue::node_index<User> == 2 && Catalogue::relation_index<BookNear> == 2);
static_assert(Catalogue::node_keys::has<Show> && !Catalogue::node_keys::has<Near>);
static_assert(ia::key_of<BookShow, Catalogue::relation_keys>);
static_assert(!ia::key_of<ia::relation<Show, Follows, Book>, Catalogue::relation_keys>, "order matters");

static_assert(Everything::relation_count == 9);
static_assert(Everything::relation_index<ia::relation<Book, Near, Show>> == 1, "sources outside, targets inside");
static_assert(Everything::relation_keys::has<ia::relation<User, Near, User>>);

}  // namespace

TEST_CASE("relations have names for files") {
  CHECK(BookShow::name() == "book.follows.show");
  CHECK(ia::reverse<BookShow>::name() == "show.~follows.book");
  CHECK(ia::reverse<BookNear>::name() == "show.near.book");
}

TEST_CASE("a schema walks its types in the order of its lists") {
  std::vector<std::string> names;
  Catalogue::each_node([&](auto n) { names.emplace_back(n.name); });
  Catalogue::each_relation([&](auto r) { names.push_back(r.name() + " " + std::string{r.source.name}); });
  CHECK(names == std::vector<std::string>{"book", "show", "user", "book.follows.show book", "show.~follows.book show",
                                          "book.near.show book"});
}

TEST_CASE("maps: a value of its own type per key, or one type for all") {
  auto const widths = Catalogue::map_nodes([](auto n) {
    if constexpr (n.width == 0) {
      return std::string{"none"};
    } else {
      return n.width;
    }
  });
  CHECK(widths[Book{}] == 8);
  CHECK(widths[User{}] == "none");
  std::size_t seen = 0;
  widths.each([&](auto, auto const&) { ++seen; });
  CHECK(seen == 3);

  ia::per_relation<Catalogue, int> counts{};
  counts[BookNear{}] = 5;
  counts[ia::reverse<BookShow>{}] += 2;
  CHECK(counts.values == std::array<int, 3>{0, 2, 5});
  int sum = 0;
  counts.each([&](auto r, int& value) { sum += value * static_cast<int>(Catalogue::relation_index<decltype(r)>); });
  CHECK(sum == 12);

  // Two keys whose values have the same type stay apart.
  auto pair = ia::map_keys(ia::keys<Book, Show>{}, [](auto n) { return n.width; });
  pair[Show{}] = 9;
  CHECK(pair[Book{}] == 8);
  CHECK(pair[Show{}] == 9);
}
