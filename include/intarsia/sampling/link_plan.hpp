// Which links each batch of an epoch learns from, as every backend draws them.
#pragma once

#include <intarsia/core/executor.hpp>
#include <intarsia/core/expects.hpp>
#include <intarsia/sampling/balance.hpp>
#include <intarsia/sampling/position.hpp>
#include <optional>
#include <span>

namespace intarsia::inline v0::detail {

// A link, read from anchor to positive in the direction of its relation.
struct drawn_link {
  std::uint32_t relation, anchor, positive;
};

struct link_draws {
  std::size_t batch;
  std::uint64_t steps;  // batches of an epoch; 0: until its links are used up
  balance how;
  bool weighted, either_end;
};

class link_plan {
 public:
  link_plan(std::vector<relation_rows> const& relations, std::vector<bool> const& supervises, link_draws how, seed key,
            std::uint64_t stream)
      : relations_{relations},
        how_{how},
        key_{key},
        stream_{stream},
        seeds_{relations_, supervises, how.how, how.weighted, key, stream_of(stream, 11)} {
    expects(how.batch > 0, "sample_links: a batch has at least one link");
    std::uint64_t const steps = (seeds_.size() + how.batch - 1) / how.batch;
    steps_ = how.steps == 0 || seeds_.size() == 0 ? steps : how.weighted ? how.steps : std::min(steps, how.steps);
    drawn_.resize(how.batch);
    edges_.resize(how.batch);
  }

  // Batches of an epoch, and links.
  [[nodiscard]] std::uint64_t steps() const { return steps_; }
  [[nodiscard]] seed_plan const& seeds() const { return seeds_; }
  [[nodiscard]] std::vector<relation_rows> const& relations() const { return relations_; }

  // To be called before batches of another epoch are drawn; true where it was another one.
  bool start(std::uint64_t epoch) {
    if (started_.epoch == epoch) return false;
    seeds_.start(epoch);
    started_.epoch = epoch;
    return true;
  }
  // The links of a batch, by relation in the order of the draw. keys, by relation: the edges of the links and their
  // reverses, target id << 32 | source id, rising, each once. Links are looked up by `threads`.
  template <executor Threads>
  [[nodiscard]] std::span<drawn_link const> draw(sampler_position at, std::vector<buffer<std::uint64_t>>& keys,
                                                 Threads const& threads) {
    for (auto& of_relation : keys) of_relation.clear();
    std::uint64_t const first = at.batch * how_.batch;
    std::uint64_t const stream = stream_of(stream_, 12, at.epoch);
    std::size_t const count = how_.weighted ? how_.batch : std::min<std::uint64_t>(how_.batch, seeds_.size() - first);
    threads.bulk(count, 64, [&](std::size_t begin, std::size_t end) {
      auto const link = [&](std::uint64_t i) { return seeds_(first + i); };
      each_link(relations_, begin, end, link, [&](std::uint64_t i, seed_edge const& edge) {
        auto const& relation = relations_[edge.relation];
        bool const turn = how_.either_end && relation.symmetric && relation.reverse != no_relation &&
                          random{key_, stream, first + i}.bits() % 2 == 1;
        edges_[i] = edge;
        drawn_[i] = turn ? drawn_link{relation.reverse, edge.target, edge.source}
                         : drawn_link{edge.relation, edge.source, edge.target};
      });
    });
    for (seed_edge const& edge : std::span{edges_}.first(count)) {
      std::uint32_t const reverse = relations_[edge.relation].reverse;
      std::uint64_t const key = (std::uint64_t{edge.target} << 32) | edge.source;
      keys[edge.relation].push(key);
      if (reverse != no_relation) keys[reverse].push((key >> 32) | (key << 32));
    }
    for (auto& of_relation : keys) {
      std::sort(of_relation.begin(), of_relation.end());
      of_relation.resize(
          static_cast<std::size_t>(std::unique(of_relation.begin(), of_relation.end()) - of_relation.begin()));
    }
    return {drawn_.data(), count};
  }

 private:
  // The epoch that was started here. A copy has started none: what its owner makes for an epoch lies in the original.
  struct started {
    std::optional<std::uint64_t> epoch;

    started() = default;
    started(started const&) {}
    started& operator=(started const&) {
      epoch.reset();
      return *this;
    }
    ~started() = default;
  };

  std::vector<relation_rows> relations_;
  link_draws how_;
  seed key_;
  std::uint64_t stream_;
  seed_plan seeds_;
  std::vector<drawn_link> drawn_;
  std::vector<seed_edge> edges_;  // of the links that were drawn
  std::uint64_t steps_ = 0;
  started started_;
};

}  // namespace intarsia::inline v0::detail
