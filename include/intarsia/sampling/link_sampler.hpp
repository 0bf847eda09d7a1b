// Batches of links to learn from, each with the neighborhood that its nodes are computed from.
#pragma once

#include <intarsia/sampling/link_plan.hpp>
#include <intarsia/sampling/links.hpp>
#include <intarsia/sampling/neighbor.hpp>
#include <intarsia/sampling/thinned.hpp>
#include <memory>
#include <optional>
#include <type_traits>

namespace intarsia::inline v0 {

// Sampled neighborhoods and each link once an epoch, or with `full_graph` and `weighted` the recommended training:
// every layer reads the whole graph, and only the links are drawn.
template <schema_type S>
struct link_options {
  std::size_t batch = 1024;  // links
  std::vector<intarsia::fanout<S>> fanout = {15,
                                             10};  // from the links outwards, one for each layer; not for full_graph
  intarsia::balance balance = intarsia::balance::by_relation;
  balance_scope scope = balance_scope::seeds;
  std::uint64_t epochs = 1;
  std::uint64_t steps = 0;  // batches of an epoch; 0: until its links are used up
  negative_options negatives = {};
  bool exclude_seeds = true;                        // no batch hears along its own links, in either direction
  bool full_graph = false;                          // no sampling of neighbors: slots are ids (nothing is excluded)
  bool weighted = false;                            // links with replacement, in proportion to edge values
  bool weighted_neighbors = false;                  // neighbors in proportion to edge values
  bool replace = false;                             // neighbors with replacement
  bool outermost_by_id = false;                     // as in neighbor_options
  bool either_end = true;                           // a link of a symmetric verb is read from either end by chance
  per_relation<S, bool> supervise = all_of_them();  // relations whose links enter the loss (with their reverses)

  // For samplers. Throws shape_error where options contradict each other.
  void check() const {
    expects(!(full_graph && scope == balance_scope::graph),
            "sample_links: full_graph reads every edge, so the balance can only apply to the seeds");
    expects(!(weighted && scope == balance_scope::graph),
            "sample_links: weighted links are drawn one by one, so the balance can only apply to the seeds");
  }
  [[nodiscard]] std::vector<bool> supervised() const {
    return std::vector<bool>(supervise.values.begin(), supervise.values.end());
  }
  [[nodiscard]] detail::link_draws draws() const { return {batch, steps, balance, weighted, either_end}; }

  [[nodiscard]] static per_relation<S, bool> all_of_them() {
    per_relation<S, bool> all;
    all.values.fill(true);
    return all;
  }
};

// What one training step reads.
template <schema_type S>
class link_batch {
 public:
  block<S> graph;     // what the encoder hears
  link_set<S> links;  // slots in what the encoder gives
  sampler_position position;

  // The rows of the features that the encoder reads.
  template <class Features>
  [[nodiscard]] auto rows(Features const& features) const {
    return graph.rows(features);
  }
  // How many entries of the block are links of this batch or their reverses; 0 where they are excluded. For tests.
  [[nodiscard]] std::size_t leaked_edges() const {
    std::size_t leaked = 0;
    for (std::size_t layer = 0; layer < graph.layers(); ++layer) {
      auto const& hop = graph.hop(layer, graph.layers());
      S::each_relation([&](auto r) {
        auto const rows = hop.edges[r].forward;
        auto const& keys = seeds_[S::template relation_index<decltype(r)>];
        for (std::size_t target = 0; target < rows.rows; ++target) {
          for (std::uint32_t const source : rows[target]) {
            std::uint32_t const id = hop.by_id ? source : graph.ids(r.source)[source].value;
            std::uint64_t const key = (std::uint64_t{graph.ids(r.target)[target].value} << 32) | id;
            if (std::binary_search(keys.data(), keys.data() + keys.size(), key)) ++leaked;
          }
        }
      });
    }
    return leaked;
  }

  // For samplers: the edges of the links and their reverses by relation, target id << 32 | source id, rising.
  [[nodiscard]] std::vector<detail::buffer<std::uint64_t>>& seeds() { return seeds_; }

 private:
  std::vector<detail::buffer<std::uint64_t>> seeds_;
};

// A range of batches: for (auto& batch : links) {...}. Loops go on from position(); at the end, seek({}) starts over.
// A batch is refilled by the next one. The same bits for any number of threads. The context and the graph outlive it.
template <schema_type S, class Context>
class link_sampler {
 public:
  using batch_type = link_batch<S>;

  link_sampler(Context& ctx, graph<S> const& g, link_options<S> options)
      : context_{&ctx},
        options_{std::move(options)},
        stream_{detail::stream_of(0x6C696E6B73u, ctx.next_stream())},
        neighbors_{ctx,
                   g,
                   {options_.fanout, options_.replace, options_.weighted_neighbors, options_.outermost_by_id},
                   detail::stream_of(stream_, 10)},
        whole_{g.hop()},
        plan_{neighbors_.relations().all(), options_.supervised(), options_.draws(), ctx.random_seed(), stream_},
        negatives_{std::make_shared<detail::negative_plan const>(
            plan_.relations(), options_.supervised(), neighbors_.relations().nodes(), options_.negatives)} {
    options_.check();
    if (options_.scope == balance_scope::graph) thinned_.reserve(plan_.relations(), plan_.seeds());
    neighbors_.reserve_hidden(2 * options_.batch);
  }

  // Batches of an epoch, and links.
  [[nodiscard]] std::uint64_t steps() const { return plan_.steps(); }
  [[nodiscard]] std::uint64_t links() const { return plan_.seeds().size(); }
  [[nodiscard]] std::uint64_t epochs() const { return options_.epochs; }
  [[nodiscard]] link_options<S> const& options() const { return options_; }

  // The batch that comes next.
  [[nodiscard]] sampler_position position() const { return next_; }
  void seek(sampler_position at) {
    expects(at.batch == 0 || at.batch < plan_.steps(),
            "sample_links: seek to a batch of the epoch, or to batch 0 of the next");
    next_ = at;
  }

  // A batch with memory for whatever may come; refilling it allocates nothing.
  [[nodiscard]] batch_type make_batch() const {
    batch_type b;
    std::size_t const most = options_.batch, each = negatives_->each();
    b.links.data().resize(S::relation_count);
    b.links.describe(options_.negatives.from, each);
    b.seeds().resize(S::relation_count);
    for (std::size_t r = 0; r < S::relation_count; ++r) {
      auto& links = b.links.data()[r];
      b.seeds()[r].reserve(2 * most);
      links.anchors.reserve(most);
      links.positives.reserve(most);
      links.negatives.reserve(most * each);
      links.valid.reserve(most * (options_.negatives.from == negative_source::in_batch ? most : each));
      if (options_.negatives.from != negative_source::catalogue) continue;
      links.types.reserve(most * each);
      links.by_type.resize(S::node_count);
      for (auto& of_type : links.by_type) {
        of_type.slots.reserve(most * each);
        of_type.links.reserve(most * each);
        of_type.places.reserve(most * each);
      }
    }
    if (options_.full_graph) {
      b.graph.refresh(whole_);
    } else {
      neighbors_.reserve(b.graph, std::vector<std::size_t>(S::node_count, most * (2 + each)));
    }
    return b;
  }

  // Fills a batch of make_batch() with the next one; false at the end of the last epoch.
  bool next(batch_type& b) {
    if (plan_.steps() == 0 || next_.epoch >= options_.epochs) return false;
    if (plan_.start(next_.epoch) && options_.scope == balance_scope::graph) {
      thinned_.build(plan_.relations(), plan_.seeds(), neighbors_.relations().all());
      neighbors_.index();
    }
    b.position = next_;
    draw_links(b);
    draw_negatives(b);
    if (!options_.full_graph) place(b);
    group_by_type(b);
    next_ = next_position(next_, plan_.steps());
    return true;
  }

  // The sampler's own batch, for loops.
  bool advance() {
    if (!current_) current_.emplace(make_batch());
    return next(*current_);
  }
  [[nodiscard]] batch_type& current() { return *current_; }
  [[nodiscard]] auto begin() { return batch_iterator<link_sampler>{*this}; }
  [[nodiscard]] end_of_batches end() const { return {}; }

 private:
  // The positives of the batch, read in the direction of their relation, by relation in the order of the draw.
  void draw_links(batch_type& b) {
    for (auto& links : b.links.data()) {
      links.anchors.clear();
      links.positives.clear();
    }
    for (detail::drawn_link const& link : plan_.draw(next_, b.seeds(), context_->threads())) {
      b.links.data()[link.relation].anchors.push(link.anchor);
      b.links.data()[link.relation].positives.push(link.positive);
    }
  }

  void draw_negatives(batch_type& b) {
    std::size_t const each = negatives_->each();
    for (std::uint32_t r = 0; r < S::relation_count; ++r) {
      auto& links = b.links.data()[r];
      std::size_t const count = links.anchors.size();
      std::uint32_t const source = plan_.relations()[r].source, target = plan_.relations()[r].target;
      if (options_.negatives.from == negative_source::in_batch) {
        links.valid.resize(count * count);
        context_->threads().bulk(count, 16, [&](std::size_t begin, std::size_t end) {
          for (std::size_t i = begin; i < end; ++i) {
            for (std::size_t j = 0; j < count; ++j) {
              bool const other = i != j && links.positives[i] != links.positives[j];
              bool const free = options_.negatives.on_collision == collision::keep ||
                                !negatives_->collides(source, links.anchors[i], target, links.positives[j]);
              links.valid[i * count + j] = other && free ? 1 : 0;
            }
          }
        });
        continue;
      }
      bool const any_type = options_.negatives.from == negative_source::catalogue;
      std::uint64_t const stream = detail::stream_of(stream_, 13, next_.epoch, next_.batch, r);
      links.negatives.resize(count * each);
      links.valid.resize(count * each);
      links.types.resize(any_type ? count * each : 0);
      context_->threads().bulk(count, 16, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
          random dice{context_->random_seed(), stream, i};
          for (std::size_t j = i * each; j < (i + 1) * each; ++j) {
            auto const x = negatives_->draw(dice, source, links.anchors[i], target);
            links.negatives[j] = x.node;
            links.valid[j] = x.valid ? 1 : 0;
            if (any_type) links.types[j] = x.type;
          }
        }
      });
    }
  }

  // From ids to slots: the nodes of the links become the innermost targets, and the hops are drawn around them.
  void place(batch_type& b) {
    neighbors_.start(b.graph);
    for (std::uint32_t r = 0; r < S::relation_count; ++r) {
      auto& links = b.links.data()[r];
      std::uint32_t const source = plan_.relations()[r].source, target = plan_.relations()[r].target;
      neighbors_.add(b.graph, source, {links.anchors.data(), links.anchors.size()});
      neighbors_.add(b.graph, target, {links.positives.data(), links.positives.size()});
      if (links.types.size() == 0) neighbors_.add(b.graph, target, {links.negatives.data(), links.negatives.size()});
      for (std::size_t j = 0; j < links.types.size(); ++j) {
        neighbors_.add(b.graph, links.types[j], {links.negatives.data() + j, 1});
      }
    }
    if (options_.exclude_seeds) {
      for (std::size_t r = 0; r < S::relation_count; ++r) neighbors_.hide(r, b.seeds()[r].view());
    }
    neighbors_.fill(b.graph, next_);
  }

  void group_by_type(batch_type& b) {
    if (options_.negatives.from != negative_source::catalogue) return;
    std::size_t const each = negatives_->each();
    for (auto& links : b.links.data()) {
      for (auto& of_type : links.by_type) {
        of_type.slots.clear();
        of_type.links.clear();
        of_type.places.clear();
      }
      for (std::size_t j = 0; j < links.negatives.size(); ++j) {
        auto& of_type = links.by_type[links.types[j]];
        of_type.slots.push(links.negatives[j]);
        of_type.links.push(static_cast<std::uint32_t>(j / each));
        of_type.places.push(static_cast<std::uint32_t>(j));
      }
    }
  }

  Context* context_;
  link_options<S> options_;
  std::uint64_t stream_;
  neighbor_sampler<S, Context> neighbors_;
  intarsia::hop<S> whole_;
  detail::link_plan plan_;  // of the whole graph, also where neighbors_ reads a thinned one
  std::shared_ptr<detail::negative_plan const> negatives_;  // copies share it
  detail::thinned_rows thinned_;
  sampler_position next_;
  std::optional<batch_type> current_;
};

// auto links = sample_links(ctx, graph, {.batch = 1024, .fanout = {15, 10}, .epochs = 10});
// Throws shape_error where options contradict each other.
template <schema_type S, class Context>
[[nodiscard]] link_sampler<S, Context> sample_links(Context& ctx, graph<S> const& g,
                                                    link_options<std::type_identity_t<S>> options = {}) {
  return {ctx, g, std::move(options)};
}
template <schema_type S, class Context>
void sample_links(Context&, graph<S>&&, link_options<std::type_identity_t<S>> = {}) = delete;

}  // namespace intarsia::inline v0
