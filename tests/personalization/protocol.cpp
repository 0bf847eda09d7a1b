#include "protocol.hpp"

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "../catch.hpp"
#include "user_error.hpp"

namespace p = personalization;

namespace {

p::catalogue const& tiny() {
  static p::catalogue const c = p::read_catalogue(INTARSIA_TEST_DATA "/anime-tiny", {});
  return c;
}

using pair_set = std::set<std::pair<std::uint32_t, std::uint32_t>>;
using rule = std::function<bool(std::size_t)>;

pair_set pairs_where(rule const& wanted) {
  pair_set out;
  for (std::size_t i = 0; i < tiny().interactions(); ++i) {
    if (wanted(i)) out.emplace(tiny().pairs[i].user, tiny().pairs[i].item);
  }
  return out;
}
pair_set pairs_in(intarsia::interactions const& of) {
  pair_set out;
  for (auto const& x : of.pairs()) out.emplace(x.user, x.item);
  return out;
}
bool is_type(std::size_t i, std::string const& type) { return tiny().type_name(tiny().pairs[i].item) == type; }
std::uint64_t rest(std::size_t i) { return tiny().user_number[tiny().pairs[i].user] % 5; }
bool cold(std::size_t i) { return tiny().cold[tiny().pairs[i].item] != 0; }
bool twin(std::size_t i) { return !cold(i) && tiny().pairs[i].item % 7 == 3; }

void check(p::split const& part, rule const& train, rule const& test) {
  CHECK(pairs_in(part.train) == pairs_where(train));
  CHECK(pairs_in(part.rankings.front().test) == pairs_where(test));
  for (std::size_t i = 0; i < tiny().interactions(); ++i) {
    if ((part.mask[i] != 0) != train(i)) FAIL_CHECK("the mask differs at interaction " << i);
  }
}

}  // namespace

TEST_CASE("protocol: names of the splits of a catalogue") {
  CHECK(p::split_names(tiny()) == std::vector<std::string>{"warm", "cold", "cold-draw-1", "cold-draw-2", "cold-draw-3",
                                                           "new-to-movie", "new-to-ova", "new-to-special",
                                                           "new-to-ona"});
  CHECK_THROWS_AS(p::make_split(tiny(), "new-to-tv"), p::user_error);     // the largest
  CHECK_THROWS_AS(p::make_split(tiny(), "new-to-music"), p::user_error);  // has no items here
  CHECK_THROWS_AS(p::make_validation(tiny(), "warmer"), p::user_error);
}

TEST_CASE("protocol: warm and its twin") {
  auto const fold = [](std::size_t i) { return tiny().fold[i]; };
  auto const part = p::make_split(tiny(), "warm");
  check(
      part, [&](auto i) { return fold(i) > 1; }, [&](auto i) { return fold(i) < 2; });
  CHECK_FALSE(part.validation);
  check(
      p::make_validation(tiny(), "warm"), [&](auto i) { return fold(i) > 2; }, [&](auto i) { return fold(i) == 2; });

  REQUIRE(part.rankings.size() == 6);  // all items, and five types
  CHECK(part.rankings[0].candidates.size() == tiny().items());
  CHECK(part.rankings[1].name == "warm/tv");
  CHECK(part.rankings[5].name == "warm/ona");
  for (std::size_t r = 1; r < part.rankings.size(); ++r) {
    auto const type = part.rankings[r].name.substr(5);
    CHECK(std::is_sorted(part.rankings[r].candidates.begin(), part.rankings[r].candidates.end()));
    CHECK(pairs_in(part.rankings[r].test) == pairs_where([&](auto i) { return fold(i) < 2 && is_type(i, type); }));
    for (auto const row : part.rankings[r].candidates) CHECK(tiny().type_name(row) == type);
  }
}

TEST_CASE("protocol: cold and its twin") {
  check(
      p::make_split(tiny(), "cold"), [](auto i) { return !cold(i); }, cold);
  auto const validation = p::make_validation(tiny(), "cold");
  check(
      validation, [](auto i) { return !cold(i) && !twin(i); }, twin);
  CHECK(validation.validation);
  for (auto const row : validation.rankings[0].candidates) {
    CHECK(row % 7 == 3);
    CHECK(tiny().cold[row] == 0);
    CHECK(validation.train.by_item().degree(row) == 0);
  }
}

TEST_CASE("protocol: new-to-T and its twin") {
  for (std::string const type : {"movie", "ona"}) {
    auto const part = p::make_split(tiny(), "new-to-" + type);
    check(
        part, [&](auto i) { return !(is_type(i, type) && rest(i) == 0); },
        [&](auto i) { return is_type(i, type) && rest(i) == 0; });
    for (auto const row : part.rankings[0].candidates) CHECK(tiny().type_name(row) == type);
    check(
        p::make_validation(tiny(), "new-to-" + type), [&](auto i) { return !(is_type(i, type) && rest(i) <= 1); },
        [&](auto i) { return is_type(i, type) && rest(i) == 1; });
  }
}

TEST_CASE("protocol: other draws of cold items stay on the training side") {
  auto const one = p::make_split(tiny(), "cold-draw-1"), again = p::make_split(tiny(), "cold-draw-1"),
             two = p::make_split(tiny(), "cold-draw-2");
  CHECK(one.name == "cold-draw-1");
  CHECK(one.rankings[0].name == one.name);
  CHECK(one.rankings[0].candidates == again.rankings[0].candidates);
  CHECK(one.rankings[0].candidates != two.rankings[0].candidates);
  std::vector<std::size_t> drawn(tiny().types()), open(tiny().types());
  for (std::uint32_t row = 0; row < tiny().items(); ++row) open[tiny().type(row)] += tiny().cold[row] == 0 ? 1U : 0U;
  for (auto const row : one.rankings[0].candidates) {
    CHECK(tiny().cold[row] == 0);
    ++drawn[tiny().type(row)];
    CHECK(one.train.by_item().degree(row) == 0);
  }
  for (std::size_t t = 0; t < drawn.size(); ++t) CHECK(drawn[t] == open[t] * 15 / 100);
  CHECK(pairs_in(one.train).size() + pairs_in(one.rankings[0].test).size() ==
        pairs_where([](auto i) { return !cold(i); }).size());
}

TEST_CASE("protocol: without weak signals") {
  auto const part = p::make_split(tiny(), "warm");
  CHECK(pairs_in(p::strong_pairs(tiny(), part)) ==
        pairs_where([](auto i) { return tiny().fold[i] > 1 && tiny().rating[i] != -1; }));
}
