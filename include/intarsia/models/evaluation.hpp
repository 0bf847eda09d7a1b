// From scores to a report: the protocol that every row of a comparison goes through.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <intarsia/metrics/ranking_report.hpp>
#include <intarsia/models/scorer.hpp>
#include <intarsia/retrieval/top_k.hpp>
#include <optional>
#include <span>
#include <vector>

namespace intarsia::inline v0 {

// What is ranked for every user, and what each user should have found.
struct ranking_task {
  std::optional<std::span<std::uint32_t const>> candidates;  // items, ascending; none given: all items
  csr_view<> test;  // (users x items); items that are no candidates do not count
};

struct evaluation_options {
  std::size_t k = 10;
  std::size_t block = 256;           // users scored at once, at most
  std::size_t numbers = 1u << 25;    // scores held at once, at most (but one user's)
};

// One report per task. A user without a test item among the candidates is left out of that task. Items of `seen`
// (users x items) are never in a list of their user; ties go to the lower row. Every user is scored once for all tasks,
// a block at a time.
template <class Context, scorer<Context> Scorer>
[[nodiscard]] std::vector<ranking_report> evaluate(Context& ctx, Scorer const& model, csr_view<> seen,
                                                   std::span<ranking_task const> tasks,
                                                   evaluation_options const& options = {}) {
  std::size_t const items = seen.cols;
  for (auto const& task : tasks) {
    expects(task.test.rows == seen.rows && task.test.cols == items,
            "evaluate: what was seen and what is tested have the same users and items");
  }
  // What is relevant for a user in a task: the test items among the candidates.
  auto const relevant = [](ranking_task const& task, std::size_t user, std::vector<std::uint32_t>& out) {
    out.clear();
    for (std::uint32_t const item : task.test[user]) {
      if (!task.candidates || std::binary_search(task.candidates->begin(), task.candidates->end(), item)) {
        out.push_back(item);
      }
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
  };

  std::vector<ranking_tally> tallies;
  for (auto const& task : tasks) {
    tallies.emplace_back(items, task.candidates ? task.candidates->size() : items, options.k);
  }
  std::vector<std::uint32_t> wanted, users, ranked;
  for (std::size_t user = 0; user < seen.rows; ++user) {
    bool any = false;
    for (auto const& task : tasks) any = any || (relevant(task, user, wanted), !wanted.empty());
    if (any) users.push_back(static_cast<std::uint32_t>(user));
  }

  std::size_t const step = std::clamp<std::size_t>(options.numbers / std::max<std::size_t>(1, items), 1,
                                                   std::max<std::size_t>(1, options.block));
  tensor<dyn, dyn> numbers(std::min(step, users.size()), items);
  for (std::size_t begin = 0; begin < users.size(); begin += step) {
    auto const block = std::span<std::uint32_t const>{users}.subspan(begin, std::min(step, users.size() - begin));
    dense<float> const scores{numbers.data(), block.size(), items, items};
    model.score(ctx, block, scores);
    csr const known = rows_of_users(seen, block);
    for (std::size_t t = 0; t < tasks.size(); ++t) {
      auto const lists = top_k_of_scores(ctx, scores, options.k,
                                         {.candidates = tasks[t].candidates, .exclude = known.view(), .mask = {}});
      for (std::size_t i = 0; i < block.size(); ++i) {
        ranked.clear();
        for (scored const& x : lists[i]) ranked.push_back(x.row);
        relevant(tasks[t], block[i], wanted);
        tallies[t].add(block[i], ranked, wanted);
      }
    }
  }
  std::vector<ranking_report> reports;
  for (auto const& tally : tallies) reports.push_back(tally.report());
  return reports;
}
template <class Context, scorer<Context> Scorer>
[[nodiscard]] ranking_report evaluate(Context& ctx, Scorer const& model, csr_view<> seen, ranking_task const& task,
                                      evaluation_options const& options = {}) {
  return evaluate(ctx, model, seen, std::span{&task, 1}, options).front();
}

}  // namespace intarsia::inline v0
