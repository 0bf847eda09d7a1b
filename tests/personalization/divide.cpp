#include "divide.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>

#include "../catch.hpp"
#include "catalogue.hpp"
#include "folder.hpp"
#include "user_error.hpp"

namespace p = personalization;
using Catch::Matchers::Contains;

namespace {

// 40 items of two types and 10 users with 30 items each, met in the order of the file.
void write_raw(test::folder const& to, bool times) {
  std::string items = "id\ttype\ttitle\n", pairs = times ? "user\titem\ttimestamp\n" : "user\titem\n";
  for (int i = 0; i < 40; ++i) items += "i" + std::to_string(i) + (i % 2 == 0 ? "\ttv\t" : "\tmovie\t") + "Title\n";
  for (int n = 0; n < 30; ++n) {
    for (int u = 0; u < 10; ++u) {
      pairs += "u" + std::to_string(u) + "\ti" + std::to_string(n);
      pairs += times ? "\t" + std::to_string(1000 + 10 * n + u) + "\n" : "\n";
    }
  }
  to.write("items.tsv", items);
  to.write("interactions.tsv", pairs);
  to.write_vectors("text.npy", 40);
}

p::options how(test::folder const& in, p::split_by by) {
  p::options o;
  o.catalogue = in.path();
  o.by = by;
  return o;
}

}  // namespace

TEST_CASE("divide: a catalogue without splits becomes one that can be read") {
  for (auto const by : {p::split_by::random, p::split_by::time, p::split_by::user}) {
    test::folder in{"divide"};
    write_raw(in, true);
    static_cast<void>(p::divide(how(in, by)));
    auto const c = p::read_catalogue(in.path(), {});
    std::array<int, 10> size{};
    for (auto const fold : c.fold) ++size[fold];
    for (int const n : size) CHECK(n == 30);
    std::array<int, 2> cold{};
    for (std::uint32_t row = 0; row < c.items(); ++row) cold[c.type(row) == c.find_type("tv") ? 0 : 1] += c.cold[row];
    CHECK(cold == std::array<int, 2>{3, 3});
    CHECK_FALSE(std::filesystem::exists(in.path() / "items.tsv.new"));
  }
}

TEST_CASE("divide: by time the newest tenth is fold 0 and the items met last are cold") {
  test::folder in{"divide-time"};
  write_raw(in, true);
  static_cast<void>(p::divide(how(in, p::split_by::time)));
  auto const c = p::read_catalogue(in.path(), {});
  for (std::size_t i = 0; i < c.interactions(); ++i) CHECK(c.fold[i] == 9 - i / 30);
  for (auto const* id : {"i24", "i26", "i28", "i25", "i27", "i29"}) CHECK(c.cold[c.find_item(id)] == 1);
}

TEST_CASE("divide: by user each list has its share of every fold") {
  test::folder in{"divide-user"};
  write_raw(in, false);
  static_cast<void>(p::divide(how(in, p::split_by::user)));
  auto const c = p::read_catalogue(in.path(), {});
  std::map<std::pair<std::uint32_t, int>, int> share;
  for (std::size_t i = 0; i < c.interactions(); ++i) ++share[{c.pairs[i].user, c.fold[i]}];
  CHECK(share.size() == 100);
  for (auto const& [key, n] : share) CHECK(n == 3);
}

TEST_CASE("divide: the seed decides, older columns are replaced, others stay") {
  test::folder in{"divide-seed"};
  test::write_small_catalogue(in);
  auto o = how(in, p::split_by::random);
  static_cast<void>(p::divide(o));
  auto const first = in.read("interactions.tsv");
  CHECK_THAT(in.read("items.tsv"), Contains("The \"First\" & <only>") && Contains("genres"));
  CHECK_THAT(first, Contains("user\titem\trating\tfold\n"));
  static_cast<void>(p::divide(o));
  CHECK(in.read("interactions.tsv") == first);
  o.seed = 2;
  static_cast<void>(p::divide(o));
  CHECK(in.read("interactions.tsv") != first);
}

TEST_CASE("divide: what is missing is said and nothing is written") {
  test::folder in{"divide-missing"};
  write_raw(in, false);
  auto const before = in.read("items.tsv");
  CHECK_THROWS_WITH(p::divide(how(in, p::split_by::time)), Contains("timestamp"));
  in.write("interactions.tsv", "user\titem\nu\tnobody\n");
  CHECK_THROWS_WITH(p::divide(how(in, p::split_by::random)), Contains("nobody"));
  CHECK(in.read("items.tsv") == before);
}
