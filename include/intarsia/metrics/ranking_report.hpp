// All metrics of one ranking task, as means over its users.
#pragma once

#include <cstddef>
#include <cstdint>
#include <intarsia/metrics/coverage.hpp>
#include <intarsia/metrics/mrr.hpp>
#include <intarsia/metrics/ndcg.hpp>
#include <intarsia/metrics/recall.hpp>
#include <span>
#include <vector>

namespace intarsia::inline v0 {

// Means over the users that have something relevant; all 0 where nobody has.
struct ranking_report {
  std::size_t users = 0;
  double hit_rate = 0, ndcg = 0, recall = 0, mrr = 0, coverage = 0;
  std::vector<std::uint32_t> user;  // who was ranked, in the order they were added
  std::vector<double> user_ndcg;    // of each of them: what a paired bootstrap draws from
};

// Adds up a report, one user at a time; the same order of users gives the same bits.
class ranking_tally {
 public:
  // Lists have at most k ids, all below `items`, out of `candidates` that could have been ranked.
  ranking_tally(std::size_t items, std::size_t candidates, std::size_t k)
      : k_{k}, candidates_{candidates}, seen_{items} {}

  // A user's list, best first, and what is relevant to that user, ascending. Users without anything relevant are left
  // out.
  void add(std::uint32_t user, std::span<std::uint32_t const> ranked, std::span<std::uint32_t const> relevant) {
    if (relevant.empty()) return;
    sum_.hit_rate += hit_rate(ranked, relevant);
    sum_.recall += recall(ranked, relevant);
    sum_.mrr += reciprocal_rank(ranked, relevant);
    double const order = ndcg(ranked, relevant, k_);
    sum_.ndcg += order;
    sum_.user.push_back(user);
    sum_.user_ndcg.push_back(order);
    seen_.add(ranked);
  }

  [[nodiscard]] ranking_report report() const {
    ranking_report out = sum_;
    out.users = out.user.size();
    out.coverage = seen_.share(candidates_);
    if (out.users == 0) return out;
    auto const n = static_cast<double>(out.users);
    for (double* const mean : {&out.hit_rate, &out.ndcg, &out.recall, &out.mrr}) *mean /= n;
    return out;
  }

 private:
  std::size_t k_, candidates_;
  coverage seen_;
  ranking_report sum_;
};

}  // namespace intarsia::inline v0
