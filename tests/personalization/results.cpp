#include "results.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "../catch.hpp"
#include "folder.hpp"
#include "invented.hpp"

namespace p = personalization;
using Catch::Matchers::Contains;

TEST_CASE("results: results.json has the fields that were promised and no others in its rows") {
  auto const data = invented::report(0);
  test::folder const to{"results"};
  p::write_results(to.path() / "deep" / "results.json", data.results);
  auto const all = nlohmann::json::parse(to.read("deep/results.json"));
  CHECK(all["catalogue"] == "invented <b>&");
  CHECK(all["seeds"] == nlohmann::json::array({1, 2, 3}));
  CHECK(all["threads"] == 2);
  CHECK(all["settings"]["towers: batch"] == 1024);  // numbers stay numbers
  CHECK(all["settings"]["towers: rate"].is_string());
  CHECK(all["seconds"]["warm: towers"] == 96);
  CHECK(all["rows_per_second"]["warm: hgnn"].get<double>() == Approx(163840 / 31.0));
  CHECK(all["peak_mib"] == 712);
  CHECK(all["validation"].size() == 2);
  REQUIRE(all["rows"].size() == data.results.rows.size());
  std::set<std::string> const promised = {"split",  "model",    "seed",  "users",   "hr10",
                                          "ndcg10", "recall10", "mrr10", "coverage"};
  for (std::size_t i = 0; i < all["rows"].size(); ++i) {
    auto const& row = all["rows"][i];
    std::set<std::string> fields;
    for (auto const& [name, value] : row.items()) fields.insert(name);
    CHECK(fields == promised);
    CHECK(row["ndcg10"].get<double>() == data.results.rows[i].ndcg10);  // every digit
  }
}

TEST_CASE("results: what is not finite is null, what is not text is replaced") {
  p::study_results r;
  r.catalogue = "broken \xFF name";
  r.rows.push_back({"warm", "ease", 1, 0, std::nan(""), INFINITY, 0, 0, 0, {}});
  auto const all = nlohmann::json::parse(p::to_json(r));
  CHECK(all["rows"][0]["hr10"].is_null());
  CHECK(all["rows"][0]["ndcg10"].is_null());
}

TEST_CASE("results: mean and deviation over seeds") {
  p::study_results r;
  for (double const x : {1.0, 2.0, 6.0}) r.rows.push_back({"warm", "ease", 1, 9, 0, x, 0, 0, 0, {}});
  r.rows.push_back({"warm", "other", 1, 9, 0, 100, 0, 0, 0, {}});
  auto const s = p::over_seeds(r.rows, "warm", "ease", &p::result_row::ndcg10);
  CHECK(s.mean == Approx(3));
  CHECK(s.deviation == Approx(std::sqrt(7.0)));
  CHECK(s.count == 3);
  CHECK(p::over_seeds(r.rows, "cold", "ease", &p::result_row::ndcg10).count == 0);
}

TEST_CASE("results: the table marks the best of each column") {
  p::study_results r;
  r.rows = {{"warm", "popularity", 1, 9, .6, .1, .1, .1, .1, {}},
            {"warm", "ease", 1, 9, .5, .2, .1, .1, .1, {}},
            {"warm/tv", "ease", 1, 9, .5, .25, .1, .1, .1, {}}};
  auto const plain = p::to_table(r, false), bold = p::to_table(r, true);
  CHECK_THAT(plain, Contains("popularity  0.6000   0.1000") && !Contains("\033"));
  CHECK_THAT(bold, Contains("\033[1m0.6000\033[0m") && Contains("\033[1m0.2000\033[0m") && !Contains("\033[1m0.5000"));
  CHECK_THAT(plain, Contains("warm/tv"));
}

TEST_CASE("results: paired bootstrap") {
  std::vector<float> a(500), b(500);
  intarsia::random draw{intarsia::seed{3}, 1};
  for (std::size_t u = 0; u < a.size(); ++u) {
    float const taste = draw.uniform();
    a[u] = taste + 0.1F + 0.05F * static_cast<float>(draw.normal());
    b[u] = taste;
  }
  auto const gap = p::paired_bootstrap(a, b);
  CHECK(gap.mean == Approx(0.1).margin(0.01));
  CHECK(gap.low < gap.mean);
  CHECK(gap.mean < gap.high);
  // 1.96 standard errors each way.
  CHECK(gap.high - gap.low == Approx(2 * 1.96 * 0.05 / std::sqrt(500.0)).epsilon(0.15));
  CHECK(p::paired_bootstrap(a, b).low == gap.low);
  auto const none = p::paired_bootstrap(a, a);
  CHECK(none.mean == 0);
  CHECK(none.high == 0);
  CHECK(p::paired_bootstrap({}, {}).mean == 0);
  CHECK_THROWS_AS(p::paired_bootstrap(a, {}), intarsia::shape_error);
}
