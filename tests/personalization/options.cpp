#include "options.hpp"

#include <initializer_list>
#include <vector>

#include "../catch.hpp"
#include "rows.hpp"
#include "user_error.hpp"

namespace p = personalization;
using Catch::Matchers::Contains;

namespace {

p::options parse(std::initializer_list<char const*> words) {
  std::vector<char const*> all = {"personalization"};
  all.insert(all.end(), words.begin(), words.end());
  return p::read_options(static_cast<int>(all.size()), all.data()).value();
}

}  // namespace

TEST_CASE("options: defaults") {
  auto const o = parse({});
  CHECK(o.what == p::command::study);
  CHECK(o.splits.empty());
  CHECK(o.seed_list() == std::vector<std::uint64_t>{1});
  CHECK(o.products == intarsia::precision::full);
  CHECK(o.wants("ease"));
  CHECK_FALSE(o.wants("hgnn-knn/paper"));
  CHECK_FALSE(o.wants("ablation/no-weak"));
}

TEST_CASE("options: lists, flags and commands") {
  auto const o = parse({"--splits", "warm,cold", "--only", "ease,item-knn", "--seed", "5", "--seeds", "3", "--paper"});
  CHECK(o.splits == std::vector<std::string>{"warm", "cold"});
  CHECK(o.seed_list() == std::vector<std::uint64_t>{5, 6, 7});
  CHECK(o.wants("ease"));
  CHECK_FALSE(o.wants("popularity"));
  CHECK(parse({"--products", "bf16"}).products == intarsia::precision::bf16);
  CHECK(parse({"--products", "f32"}).products == intarsia::precision::full);
  CHECK(parse({"--quick"}).splits == std::vector<std::string>{"warm"});
  CHECK(parse({"--ablations"}).wants("ablation/hidden-movie"));

  auto const r = parse({"recommend", "--user", "17", "--type", "movie", "--out", "here"});
  CHECK(r.what == p::command::recommend);
  CHECK(r.user == "17");
  CHECK(r.out == "here");
  CHECK(parse({"split", "--by", "user"}).by == p::split_by::user);
  CHECK(parse({"embed", "--type", "ona", "--vector", "x.npy"}).what == p::command::embed);
}

TEST_CASE("options: each mistake is one sentence") {
  for (auto const& words : std::vector<std::vector<char const*>>{{"--nonsense"},
                                                                 {"--seeds", "none"},
                                                                 {"--seeds", "0"},
                                                                 {"--threads", "0"},
                                                                 {"--products", "f16"},
                                                                 {"--only", "eeze"},
                                                                 {"recommend"},
                                                                 {"split", "--by", "moon"},
                                                                 {"similar", "embed"},
                                                                 {"--seed"}}) {
    std::vector<char const*> all = {"personalization"};
    all.insert(all.end(), words.begin(), words.end());
    try {
      static_cast<void>(p::read_options(static_cast<int>(all.size()), all.data()));
      FAIL_CHECK("accepted: " << words.front());
    } catch (p::user_error const& mistake) {
      CHECK(std::string{mistake.what()}.find('\n') == std::string::npos);
      CHECK_FALSE(std::string{mistake.what()}.empty());
    }
  }
  CHECK_THROWS_WITH(parse({"--only", "eeze"}), Contains("eeze") && Contains("ridge-graph"));
}

TEST_CASE("options: rows that know items by interactions alone are not defined on cold") {
  CHECK_FALSE(p::is_defined("ease", "cold"));
  CHECK(p::is_defined("text-knn", "cold"));
  CHECK(p::is_defined("two-tower-hgnn+text", "cold"));
  CHECK_FALSE(p::is_defined("two-tower-hgnn+text", "warm"));
  CHECK(p::ablation_rows().size() == 9);
  CHECK(p::ladder_rows().size() == 12);
}
