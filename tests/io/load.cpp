#include <intarsia/io/load.hpp>

#include "scratch.hpp"

namespace ia = intarsia;

namespace {
struct Book : ia::node<"book", 3> {};
struct Show : ia::node<"show", 2> {};
struct User : ia::node<"user"> {};
struct Co : ia::verb<"co", ia::symmetric> {};
struct Likes : ia::verb<"likes"> {};
using BookBook = ia::relation<Book, Co, Book>;
using BookShow = ia::relation<Book, Co, Show>;
using UserBook = ia::relation<User, Likes, Book>;
struct Catalogue : ia::schema<ia::nodes<Book, Show, User>, ia::relations<BookBook, BookShow, ia::reverse<BookShow>,
                                                                        UserBook, ia::reverse<UserBook>>> {};

template <class T>
void put(std::string const& path, std::size_t cols, std::vector<T> const& numbers) {
  ia::tensor<ia::dyn, ia::dyn, T> x(cols ? numbers.size() / cols : 0, cols);
  std::copy(numbers.begin(), numbers.end(), x.data());
  ia::save_npy(path, x);
}
std::vector<std::uint32_t> row(ia::csr_view<> a, std::size_t i) { return {a[i].begin(), a[i].end()}; }

// Five books, two shows, users as the edges name them.
void put_catalogue(scratch_folder const& folder) {
  put<float>(folder / "book.npy", 3, std::vector<float>(15, 1.0f));
  put<float>(folder / "show.npy", 2, {1, 2, 3, 4});
  put<std::int64_t>(folder / "book.co.book.npy", 2, {0, 1, 2, 1, 1, 2, 0, 1, 4, 4});
  put<float>(folder / "book.co.book.weight.npy", 1, {0.5f, 2, 3, 9, 1});
  put<std::int32_t>(folder / "show.co.book.npy", 2, {1, 4, 0, 4});
  put<std::int32_t>(folder / "user.likes.book.npy", 2, {6, 0});
}
}  // namespace

TEST_CASE("a folder becomes a graph", "[io]") {
  scratch_folder const folder;
  put_catalogue(folder);
  auto const graph = ia::load_graph<Catalogue>(folder.path());
  CHECK(graph.nodes(Book{}) == 5);
  CHECK(graph.nodes(Show{}) == 2);
  CHECK(graph.nodes(User{}) == 7);

  // Symmetric within a type: mirrored, repeated edges once, the first weight counts.
  auto const near = graph[BookBook{}].forward;
  CHECK(row(near, 0) == std::vector<std::uint32_t>{1});
  CHECK(row(near, 1) == std::vector<std::uint32_t>{0, 2});
  CHECK(row(near, 2) == std::vector<std::uint32_t>{1});
  CHECK(row(near, 3).empty());
  CHECK(row(near, 4) == std::vector<std::uint32_t>{4});
  REQUIRE(near.values != nullptr);
  CHECK(std::vector<float>(near.values, near.values + near.entries()) == std::vector<float>{0.5f, 0.5f, 2, 3, 1});

  // One file serves both directions.
  CHECK(row(graph[BookShow{}].forward, 0) == std::vector<std::uint32_t>{4});
  CHECK(row(graph[BookShow{}].forward, 1) == std::vector<std::uint32_t>{4});
  CHECK(row(graph[ia::reverse<BookShow>{}].forward, 4) == std::vector<std::uint32_t>{0, 1});
  CHECK(row(graph[UserBook{}].forward, 0) == std::vector<std::uint32_t>{6});
  CHECK(row(graph[ia::reverse<UserBook>{}].forward, 6) == std::vector<std::uint32_t>{0});
  CHECK(graph[UserBook{}].forward.values == nullptr);
}

TEST_CASE("a folder gives features, and counts the nodes of types without them", "[io]") {
  scratch_folder const folder;
  put_catalogue(folder);
  auto const features = ia::load_features<Catalogue>(folder.path() + "/");
  CHECK(features[Book{}].rows() == 5);
  CHECK(features[Show{}][1][0] == 3.0f);
  CHECK(features[User{}].rows() == 7);
  CHECK(features[User{}].cols() == 0);
}

TEST_CASE("types without nodes and relations without edges", "[io]") {
  scratch_folder const folder;
  put<float>(folder / "book.npy", 3, {});
  put<float>(folder / "show.npy", 2, {1, 2});
  for (auto const* name : {"book.co.book.npy", "book.co.show.npy", "user.likes.book.npy"}) put<std::int64_t>(folder / name, 2, {});
  auto const graph = ia::load_graph<Catalogue>(folder.path());
  CHECK(graph.nodes(Book{}) == 0);
  CHECK(graph.nodes(Show{}) == 1);
  CHECK(graph.nodes(User{}) == 0);
  CHECK(graph[BookShow{}].forward.entries() == 0);
  CHECK(ia::load_features<Catalogue>(folder.path())[Book{}].rows() == 0);
}

TEST_CASE("missing files are errors unless the options say otherwise", "[io]") {
  scratch_folder const folder;
  put_catalogue(folder);
  std::filesystem::remove(folder / "user.likes.book.npy");
  check_io_error([&] { static_cast<void>(ia::load_graph<Catalogue>(folder.path())); }, folder / "user.likes.book.npy",
                 "the edges of this relation are missing");
  auto const graph = ia::load_graph<Catalogue>(folder.path(), {.missing_is_empty = true, .nodes = {{0, 0, 4}}});
  CHECK(graph[UserBook{}].forward.entries() == 0);
  CHECK(graph.nodes(User{}) == 4);
  CHECK(graph.nodes(Book{}) == 5);

  std::filesystem::remove(folder / "show.npy");
  check_io_error([&] { static_cast<void>(ia::load_features<Catalogue>(folder.path())); }, folder / "show.npy", "cannot be opened");
  std::string const nowhere = folder / "nowhere";
  check_io_error([&] { static_cast<void>(ia::load_graph<Catalogue>(nowhere)); }, nowhere, "there is no such folder");
  check_io_error([&] { static_cast<void>(ia::load_features<Catalogue>(folder / "book.npy")); }, "book.npy", "is not a folder");
}

TEST_CASE("edges that name nodes that are not there", "[io]") {
  scratch_folder const folder;
  put_catalogue(folder);
  put<std::int32_t>(folder / "show.co.book.npy", 2, {0, 4, 2, 4});
  check_io_error([&] { static_cast<void>(ia::load_graph<Catalogue>(folder.path())); }, folder / "show.co.book.npy",
                 "row 1, column 0: the number 2 is no show, of which there are 2");
  put<std::int32_t>(folder / "show.co.book.npy", 2, {0, 5});
  check_io_error([&] { static_cast<void>(ia::load_graph<Catalogue>(folder.path())); }, folder / "show.co.book.npy",
                 "row 0, column 1: the number 5 is no book, of which there are 5");
  put<std::int32_t>(folder / "show.co.book.npy", 2, {0, -5});
  check_io_error([&] { static_cast<void>(ia::load_graph<Catalogue>(folder.path())); }, folder / "show.co.book.npy",
                 "row 0, column 1: the number -5 is outside 0 to 4294967295");
  put<std::int32_t>(folder / "show.co.book.npy", 3, {0, 1, 2});
  check_io_error([&] { static_cast<void>(ia::load_graph<Catalogue>(folder.path())); }, folder / "show.co.book.npy",
                 "has 3 columns where 2 are needed");
  put<std::int32_t>(folder / "show.co.book.npy", 2, {});
  put<float>(folder / "book.co.book.weight.npy", 1, {1, 2});
  check_io_error([&] { static_cast<void>(ia::load_graph<Catalogue>(folder.path())); }, folder / "book.co.book.weight.npy",
                 "there are 2 weights for 5 edges");
}

TEST_CASE("pairs are typed by column", "[io]") {
  scratch_folder const folder;
  put<std::int64_t>(folder / "likes.npy", 2, {6, 0, 1, 4});
  ia::pairs<User, Book> const likes = ia::load_pairs<User, Book>(folder / "likes.npy");
  REQUIRE(likes.size() == 2);
  CHECK(likes.first[0] == ia::id<User>{6});
  CHECK(likes.second[1] == ia::id<Book>{4});
  put<std::int64_t>(folder / "none.npy", 2, {});
  CHECK(ia::load_pairs<User, Book>(folder / "none.npy").size() == 0);
}
