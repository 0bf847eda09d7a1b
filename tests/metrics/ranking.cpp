#include <cmath>
#include <intarsia/metrics/ranking_report.hpp>

#include "../catch.hpp"

namespace ia = intarsia;
using list = std::vector<std::uint32_t>;

TEST_CASE("metrics of one list, worked by hand") {
  list const ranked{7, 3, 9, 1}, relevant{1, 2, 3, 20, 30};
  CHECK(ia::hits(ranked, relevant) == 2);
  CHECK(ia::hit_rate(ranked, relevant) == 1);
  CHECK(ia::recall(ranked, relevant) == Approx(2.0 / 5));
  CHECK(ia::reciprocal_rank(ranked, relevant) == Approx(1.0 / 2));
  double const got = 1 / std::log2(3.0) + 1 / std::log2(5.0);
  double const ideal4 = 1 + 1 / std::log2(3.0) + 1 / std::log2(4.0) + 1 / std::log2(5.0);
  CHECK(ia::ndcg(ranked, relevant, 4) == Approx(got / ideal4));
  // Asked for ten, five are relevant: the ideal list has five hits although only four ids came back.
  CHECK(ia::ndcg(ranked, relevant, 10) == Approx(got / (ideal4 + 1 / std::log2(6.0))));
  CHECK(ia::ndcg(list{3, 1}, list{1, 3}, 10) == 1);
}

TEST_CASE("metrics of lists without a hit, without entries, without anything relevant") {
  for (auto const& [ranked, relevant] :
       {std::pair{list{4, 5}, list{1}}, std::pair{list{}, list{1}}, std::pair{list{4}, list{}}}) {
    CHECK(ia::hit_rate(ranked, relevant) == 0);
    CHECK(ia::recall(ranked, relevant) == 0);
    CHECK(ia::reciprocal_rank(ranked, relevant) == 0);
    CHECK(ia::ndcg(ranked, relevant, 10) == 0);
  }
}

TEST_CASE("coverage counts different ids") {
  ia::coverage seen{10};
  CHECK(seen.share(4) == 0);
  seen.add(list{1, 2});
  seen.add(list{2, 3});
  CHECK(seen.count() == 3);
  CHECK(seen.share(4) == 0.75);
  CHECK(ia::coverage{}.share(0) == 0);
}

TEST_CASE("a report is the mean over users with something relevant") {
  ia::ranking_tally tally{10, 5, 2};
  tally.add(4, list{1, 2}, list{1});
  tally.add(5, list{1, 2}, list{});
  tally.add(6, list{3, 2}, list{2, 7});
  auto const r = tally.report();
  CHECK(r.users == 2);
  CHECK(r.user == list{4, 6});
  CHECK(r.hit_rate == 1);
  CHECK(r.recall == 0.75);
  CHECK(r.mrr == 0.75);
  double const second = 1 / std::log2(3.0) / (1 + 1 / std::log2(3.0));
  CHECK(r.user_ndcg == std::vector<double>{1, second});
  CHECK(r.ndcg == Approx((1 + second) / 2));
  CHECK(r.coverage == Approx(3.0 / 5));
  CHECK(ia::ranking_tally{10, 5, 2}.report().ndcg == 0);
}
