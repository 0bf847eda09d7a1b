// Lists to learn ranking from, made of the interactions themselves: part of a user's history is hidden, and the
// candidates are scored by edges that never saw the user.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <intarsia/core/random.hpp>
#include <intarsia/models/rank_features.hpp>
#include <intarsia/sampling/permutation.hpp>
#include <span>
#include <utility>
#include <vector>

namespace intarsia::inline v0 {

struct rank_row_options {
  std::size_t list = 100;    // candidates of a user: those of highest score outside the history
  std::size_t groups = 5;    // of users; each group is scored by edges fitted on the others
  std::size_t rounds = 3;    // lists that a user gives at most
  std::size_t parts = 7;     // a round hides one of so many random parts of the history
  bool whole_types = false;  // a round hides one type of the history instead, and only that type is ranked
  std::size_t shortest = 7;  // histories that take part
  std::size_t left = 5;      // interactions that a hidden type has to leave
};

// Lists of equal length; shorter ones end in entries of zeros with answer -1.
struct rank_rows {
  std::size_t list = 0, width = 0;
  std::vector<float> features;  // (lists * list, width)
  std::vector<float> answers;   // (lists * list): 1 hidden, 0 not, -1 no entry
  std::vector<float> weights;   // (lists): 1 / sqrt(interactions hidden)

  [[nodiscard]] std::size_t size() const { return weights.size(); }
};

// Items with an interaction, of one type or of all.
[[nodiscard]] inline std::vector<std::uint8_t> known_items(interactions const& from,
                                                           std::size_t type = ~std::size_t{0}) {
  std::vector<std::uint8_t> out(from.items());
  for (std::size_t i = 0; i < out.size(); ++i) {
    bool const wanted = type == ~std::size_t{0} || from.numbering().type(i) == type;
    out[i] = wanted && from.by_item().degree(i) > 0 ? 1 : 0;
  }
  return out;
}

// The best items by score that are eligible and not in the history (ascending); valid until `best` is used again.
[[nodiscard]] inline std::span<scored const> best_outside(std::span<float const> scores,
                                                          std::span<std::uint32_t const> history,
                                                          std::span<std::uint8_t const> eligible, std::size_t list,
                                                          heaviest& best) {
  best.reset(list);
  auto skip = history.begin();
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (skip != history.end() && *skip == i) {
      ++skip;
    } else if (eligible[i] != 0) {
      best.offer(scores[i], static_cast<std::uint32_t>(i));
    }
  }
  return best.sorted();
}

namespace detail {

inline constexpr std::uint64_t rank_row_stream = 0x72616E6B;

// Which interactions of a user each round hides.
class rank_masks {
 public:
  rank_masks(interactions const& known, rank_row_options const& options, seed s)
      : known_{known}, options_{options}, seed_{s} {}

  // Whether round m of the user gives a list; fills what is seen and what is hidden, and the type (none: all).
  bool split(std::uint32_t user, std::size_t round, std::vector<std::uint32_t>& seen,
             std::vector<std::uint32_t>& hidden, std::size_t& type) const {
    auto const history = known_.by_user()[user];
    auto const& nodes = known_.numbering();
    seen.clear();
    hidden.clear();
    type = ~std::size_t{0};
    if (history.size() < options_.shortest) return false;
    if (options_.whole_types) {
      std::vector<std::size_t> count(nodes.types()), able;
      for (std::uint32_t const i : history) ++count[nodes.type(i)];
      for (std::size_t t = 0; t < count.size(); ++t) {
        if (count[t] > 0 && history.size() - count[t] >= options_.left) able.push_back(t);
      }
      if (able.empty()) return false;
      random dice{seed_, stream_of(rank_row_stream, 1, round), user};
      type = able[dice.below(static_cast<std::uint32_t>(able.size()))];
    }
    random dice{seed_, rank_row_stream, user};
    for (std::uint32_t const i : history) {
      bool const hide = options_.whole_types ? nodes.type(i) == type
                                             : dice.below(static_cast<std::uint32_t>(options_.parts)) == round;
      (hide ? hidden : seen).push_back(i);
    }
    return !hidden.empty();
  }

 private:
  interactions const& known_;
  rank_row_options const& options_;
  seed seed_;
};

}  // namespace detail

// Lists in which at least one hidden item is among the candidates, for every user in turn of every group. `ridge` are
// the settings of the edges; random numbers come from the seed of the context.
template <class Context>
[[nodiscard]] rank_rows make_rank_rows(Context& ctx, interactions const& known, rank_features const& features,
                                       ridge_options const& ridge, rank_row_options const& options = {}) {
  expects(options.groups > 1 && options.parts > 1,
          "make_rank_rows: users and histories are cut into two parts or more");
  detail::rank_masks const masks{known, options, ctx.random_seed()};
  std::vector<std::vector<std::uint8_t>> eligible;
  for (std::size_t t = 0; t < known.numbering().types(); ++t) eligible.push_back(known_items(known, t));
  eligible.push_back(known_items(known));
  rank_rows out{.list = options.list, .width = features.width(), .features = {}, .answers = {}, .weights = {}};
  std::size_t const numbers = options.list * features.width();
  auto const group_of = [&](std::uint32_t user) { return detail::scramble(user + 1) % options.groups; };
  for (std::size_t g = 0; g < options.groups; ++g) {
    ridge_evidence const evidence{ctx, known.where([&](std::uint32_t u, std::uint32_t) { return group_of(u) != g; }),
                                  ridge, features.vectors()};
    std::vector<std::uint32_t> users;
    for (std::uint32_t u = 0; u < known.users(); ++u) {
      if (group_of(u) == g) users.push_back(u);
    }
    constexpr std::size_t grain = 16;
    std::vector<rank_rows> pieces((users.size() + grain - 1) / grain);
    ctx.threads().bulk(users.size(), grain, [&](std::size_t begin, std::size_t end) {
      rank_rows& mine = pieces[begin / grain];
      rank_features::work work;
      heaviest best;
      std::vector<float> scores(known.items());
      std::vector<std::uint32_t> seen, hidden;
      for (std::size_t u = begin; u < end; ++u) {
        for (std::size_t round = 0; round < options.rounds; ++round) {
          std::size_t type = 0;
          if (!masks.split(users[u], round, seen, hidden, type)) continue;
          evidence.score(seen, scores);
          auto const& allowed = eligible[std::min(type, eligible.size() - 1)];
          auto const top = best_outside(scores, seen, allowed, options.list, best);
          std::size_t const first = mine.answers.size();
          for (scored const& x : top) {
            mine.answers.push_back(std::binary_search(hidden.begin(), hidden.end(), x.row) ? 1.0f : 0.0f);
          }
          if (std::find(mine.answers.begin() + static_cast<std::ptrdiff_t>(first), mine.answers.end(), 1.0f) ==
              mine.answers.end()) {
            mine.answers.resize(first);
            continue;
          }
          mine.answers.resize(first + options.list, -1.0f);
          std::size_t const at = mine.features.size();
          mine.features.resize(at + numbers);
          features.write(evidence, seen, top, work, {mine.features.data() + at, top.size(), out.width, out.width});
          mine.weights.push_back(1 / std::sqrt(static_cast<float>(hidden.size())));
        }
      }
    });
    std::size_t lists = out.size();
    for (auto const& p : pieces) lists += p.size();
    out.features.reserve(lists * numbers * options.groups / (g + 1));
    for (auto& p : pieces) {
      out.features.insert(out.features.end(), p.features.begin(), p.features.end());
      out.answers.insert(out.answers.end(), p.answers.begin(), p.answers.end());
      out.weights.insert(out.weights.end(), p.weights.begin(), p.weights.end());
      p = {};
    }
  }
  return out;
}

}  // namespace intarsia::inline v0
