// Batches of links on the device: those of sampling/link_sampler.hpp, link for link, negative for negative, and around
// them block for block.
#pragma once

#include <intarsia/cuda/device_links.cuh>
#include <intarsia/cuda/negative.cuh>
#include <intarsia/cuda/neighbor.cuh>
#include <intarsia/sampling/link_sampler.hpp>

namespace intarsia::inline v0::cuda {

// What one training step reads. With full_graph the slots of the links are ids: encode the uploaded graph, not `graph`.
template <schema_type S>
struct link_batch {
  device_block<S> graph;
  device_links<S> links;
  sampler_position position;

  // The rows of the features that the encoder reads.
  template <class Features>
  [[nodiscard]] auto rows(Features const& features) const {
    return graph.rows(features);
  }
};

namespace detail {

// Where the nodes of a batch stand among those that its neighborhoods start from: relation by relation its anchors, its
// positives and its negatives, each in the list of their type.
template <std::size_t Types>
struct link_lists {
  std::uint64_t const* pairs;    // (links): anchor << 32 | positive
  std::uint64_t const* begins;   // (relations + 1): the first link of each relation
  std::uint64_t const* firsts;   // (relations, types): its first place in the list of each type
  std::uint64_t const* streams;  // (relations): of the negatives
  std::uint64_t const* marks;    // (relations): its first mark, where negatives come from the batch
  std::uint32_t const* ends;     // (relations, 2): types of its sources and targets
  std::size_t relations, each;
  std::array<std::uint32_t*, Types> lists;

  struct link {
    std::size_t relation, rank;  // among the links of the relation
    std::uint32_t anchor, positive, source, target;
  };
  // There are no links from begins[relations] on.
  [[nodiscard]] INTARSIA_FN link link_of(std::size_t i) const {
    std::size_t const r = intarsia::detail::lower_place(begins + 1, relations, std::uint64_t{i} + 1);
    std::uint64_t const pair = pairs[i];
    return {r,
            static_cast<std::size_t>(i - begins[r]),
            static_cast<std::uint32_t>(pair >> 32),
            static_cast<std::uint32_t>(pair),
            ends[2 * r],
            ends[2 * r + 1]};
  }
  [[nodiscard]] INTARSIA_FN std::uint32_t& anchor(link const& x) const {
    return lists[x.source][firsts[x.relation * Types + x.source] + x.rank];
  }
  [[nodiscard]] INTARSIA_FN std::uint32_t& positive(link const& x) const {
    std::uint64_t const before = x.source == x.target ? count(x) : 0;
    return lists[x.target][firsts[x.relation * Types + x.target] + before + x.rank];
  }
  [[nodiscard]] INTARSIA_FN std::uint32_t& negative(link const& x, std::size_t j, std::uint32_t type) const {
    std::uint64_t const before = ((x.source == type ? 1 : 0) + (x.target == type ? 1 : 0)) * count(x);
    return lists[type][firsts[x.relation * Types + type] + before + x.rank * each + j];
  }

  // Links of its relation, and the positive of one of them.
  [[nodiscard]] INTARSIA_FN std::uint64_t count(link const& x) const {
    return begins[x.relation + 1] - begins[x.relation];
  }
  [[nodiscard]] INTARSIA_FN std::uint32_t positive_of(link const& x, std::size_t rank) const {
    return static_cast<std::uint32_t>(pairs[begins[x.relation] + rank]);
  }
};

// Which positives of its relation may count as a link's negatives.
template <std::size_t Types>
struct mark_link {
  link_lists<Types> at;
  negative_rules const* rules;  // (relations)
  std::uint8_t* valid;
  INTARSIA_FN void operator()(std::size_t i, std::size_t rank) const {
    if (i >= at.begins[at.relations]) return;
    auto const link = at.link_of(i);
    if (rank >= at.count(link)) return;
    bool const opposes = rules[link.relation].opposes(link.anchor, link.positive, at.positive_of(link, rank));
    valid[at.marks[link.relation] + link.rank * at.count(link) + rank] = opposes ? 1 : 0;
  }
};

// A link's negatives are drawn, and all its nodes go to the lists.
template <std::size_t Types>
struct draw_link {
  link_lists<Types> at;
  negative_rules const* rules;  // (relations)
  seed key;
  link_columns to;
  INTARSIA_FN void operator()(std::size_t i) const {
    if (i >= at.begins[at.relations]) return;
    auto const link = at.link_of(i);
    to.anchors[i] = link.anchor;
    to.positives[i] = link.positive;
    to.anchor_types[i] = link.source;
    to.positive_types[i] = link.target;
    bool const lists = at.lists[0] != nullptr;
    if (lists) {
      at.anchor(link) = link.anchor;
      at.positive(link) = link.positive;
    }
    random dice{key, at.streams[link.relation], link.rank};
    for (std::size_t j = 0; j < at.each; ++j) {
      auto const x = rules[link.relation].draw(dice, link.anchor);
      to.negatives[i * at.each + j] = x.node;
      to.negative_types[i * at.each + j] = x.type;
      to.valid[i * at.each + j] = x.valid ? 1 : 0;
      if (lists) at.negative(link, j, x.type) = x.node;
    }
  }
};

// From nodes to the slots that they were given in the lists.
template <std::size_t Types>
struct place_link {
  link_lists<Types> at;
  link_columns to;
  INTARSIA_FN void operator()(std::size_t i) const {
    if (i >= at.begins[at.relations]) return;
    auto const link = at.link_of(i);
    to.anchors[i] = at.anchor(link);
    to.positives[i] = at.positive(link);
    for (std::size_t j = 0; j < at.each; ++j) {
      to.negatives[i * at.each + j] = at.negative(link, j, to.negative_types[i * at.each + j]);
    }
  }
};

}  // namespace detail

// A range of batches, as link_sampler is on the CPU; for the same seed and stream of the context, the same batches:
//   auto links = cuda::sample_links(ctx, graph, {.batch = 1024, .fanout = {15, 10}});
//   for (auto& batch : links) { ... encoder(tape, batch.graph, batch.rows(features)) ... }
// The host draws which links a batch has and moves them, some kilobytes; the device does all else, and nothing is read
// back. With a balance of the whole graph the host also makes the graph of each epoch and moves it into the same
// memory; the device then holds the supervising relations twice. Negatives of the batch take batch^2 bytes of marks.
// The context and the graph outlive it. Throws shape_error where options contradict each other.
template <schema_type S>
class link_sampler {
 public:
  using batch_type = link_batch<S>;

  link_sampler(context& ctx, graph<S> const& g, link_options<S> options)
      : context_{&ctx},
        options_{std::move(options)},
        stream_{intarsia::detail::stream_of(0x6C696E6B73u, ctx.next_stream())},
        rows_{g},
        neighbors_{ctx,
                   g,
                   {options_.fanout, options_.replace, options_.weighted_neighbors, options_.outermost_by_id},
                   intarsia::detail::stream_of(stream_, 10)},
        plan_{rows_.all(), options_.supervised(), options_.draws(), ctx.random_seed(), stream_},
        keys_(S::relation_count) {
    options_.check();
    intarsia::detail::negative_plan const negatives{rows_.all(), options_.supervised(), rows_.nodes(),
                                                    options_.negatives};
    std::vector<csr_view<device>> edges;
    for (std::size_t r = 0; r < S::relation_count; ++r) edges.push_back(neighbors_.rows(r));
    if (options_.scope == balance_scope::graph) {
      thinned_.reserve(plan_.relations(), plan_.seeds());
      whole_.resize(S::relation_count);
      for (std::size_t r = 0; r < S::relation_count; ++r) {
        if (thinned_.most(r) > 0) whole_[r] = neighbors_.hand_out(r, thinned_.most(r));
      }
    }
    negatives_.emplace(ctx, negatives, std::span<csr_view<device> const>{edges});
    std::vector<detail::negative_rules> rules;
    std::vector<std::uint32_t> ends;
    for (auto const& relation : rows_.all()) {
      rules.push_back(negatives_->rules(relation.source, relation.target));
      ends.push_back(relation.source);
      ends.push_back(relation.target);
    }
    rules_ = upload(ctx, std::span<detail::negative_rules const>{rules});
    ends_ = upload(ctx, std::span<std::uint32_t const>{ends});
    staged_.resize(options_.batch + words);
    inputs_ = {ctx, staged_.size()};
    for (auto& keys : keys_) keys.reserve(2 * options_.batch);
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

  // A batch with memory for whatever may come.
  [[nodiscard]] batch_type make_batch() {
    batch_type b;
    b.links.reserve(*context_, options_.batch, options_.negatives.from, negatives_->each());
    if (!options_.full_graph) {
      neighbors_.reserve(b.graph, std::vector<std::size_t>(S::node_count, options_.batch * (2 + negatives_->each())));
    }
    return b;
  }

  // Fills a batch of make_batch() with the next one; false at the end of the last epoch. Does not block.
  bool next(batch_type& b) {
    if (!stage(b)) return false;
    draw(b);
    return true;
  }
  // The first half of next: moves which links the batch has to the device. The second half is the same work for every
  // batch, so that it may be captured in a CUDA graph; of batches with equally many links (b.links.size()), so may the
  // step that learns from them.
  bool stage(batch_type& b) {
    if (plan_.steps() == 0 || next_.epoch >= options_.epochs) return false;
    if (plan_.start(next_.epoch) && options_.scope == balance_scope::graph) thin();
    auto const drawn = plan_.draw(next_, keys_, inline_executor{});
    auto& begins = b.links.begins();
    begins.assign(S::relation_count + 1, 0);
    for (auto const& link : drawn) ++begins[link.relation + 1];
    for (std::size_t r = 0; r < S::relation_count; ++r) begins[r + 1] += begins[r];
    std::array<std::uint64_t, S::relation_count> end{};
    for (auto const& link : drawn) {
      staged_[words + begins[link.relation] + end[link.relation]++] =
          (std::uint64_t{link.anchor} << 32) | link.positive;
    }
    std::copy(begins.begin(), begins.end(), staged_.begin());
    write_firsts(begins);
    for (std::size_t r = 0; r < S::relation_count; ++r) {
      staged_[streams_at + r] = intarsia::detail::stream_of(stream_, 13, next_.epoch, next_.batch, r);
      staged_[marks_at + r] = b.links.marks_before(r);
    }
    detail::to_device(context_->stream(), staged_.data(), inputs_.data(),
                      (words + drawn.size()) * sizeof(std::uint64_t));
    if (!options_.full_graph) {
      neighbors_.start(b.graph);
      for (std::size_t r = 0; options_.exclude_seeds && r < S::relation_count; ++r) {
        neighbors_.hide(r, keys_[r].view());
      }
      neighbors_.stage(b.graph, next_, true);
    }
    b.links.size(drawn.size());
    b.position = next_;
    if (++next_.batch == plan_.steps()) next_ = {next_.epoch + 1, 0};
    return true;
  }
  // Does not block, and takes no memory but scratch.
  void draw(batch_type& b) {
    context& ctx = *context_;
    std::uint64_t const* const from = inputs_.data();
    detail::link_lists<S::node_count> at{
        from + words,       from, from + firsts_at, from + streams_at, from + marks_at, ends_.data(), S::relation_count,
        negatives_->each(), {}};
    for (std::size_t n = 0; !options_.full_graph && n < S::node_count; ++n) {
      auto const list = neighbors_.seeds(n);
      check(cudaMemsetAsync(list.data(), 0xFF, list.size_bytes(), ctx.stream()), "clearing a batch");
      at.lists[n] = list.data();
    }
    map(ctx, options_.batch, detail::draw_link<S::node_count>{at, rules_.data(), ctx.random_seed(), b.links.columns()});
    if (options_.negatives.from == negative_source::in_batch) {
      each_number(ctx, options_.batch, options_.batch,
                  detail::mark_link<S::node_count>{at, rules_.data(), b.links.columns().valid});
    }
    if (options_.full_graph) return;
    neighbors_.draw(b.graph);
    map(ctx, options_.batch, detail::place_link<S::node_count>{at, b.links.columns()});
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
  // Inputs: where each relation's links begin, their places in the lists of the types, streams, marks; then the links.
  static constexpr std::size_t firsts_at = S::relation_count + 1;
  static constexpr std::size_t streams_at = firsts_at + S::relation_count * S::node_count;
  static constexpr std::size_t marks_at = streams_at + S::relation_count;
  static constexpr std::size_t words = marks_at + S::relation_count;

  // Neighbors come from the links of the epoch from now on.
  void thin() {
    thinned_.build(plan_.relations(), plan_.seeds(), rows_.all());
    for (std::size_t r = 0; r < S::relation_count; ++r) {
      if (thinned_.most(r) > 0) neighbors_.read(r, rows_.all()[r].rows);
    }
  }
  void write_firsts(std::span<std::uint64_t const> begins) {
    std::array<std::uint64_t, S::node_count> next{};
    bool const any_type = options_.negatives.from == negative_source::catalogue;
    for (std::size_t r = 0; r < S::relation_count; ++r) {
      auto const& relation = rows_.all()[r];
      for (std::size_t n = 0; n < S::node_count; ++n) {
        staged_[firsts_at + r * S::node_count + n] = next[n];
        std::size_t const each = any_type || relation.target == n ? negatives_->each() : 0;
        next[n] +=
            (begins[r + 1] - begins[r]) * ((relation.source == n ? 1 : 0) + (relation.target == n ? 1 : 0) + each);
      }
    }
  }

  context* context_;
  link_options<S> options_;
  std::uint64_t stream_;
  intarsia::detail::typed_rows<S> rows_;
  neighbor_sampler<S> neighbors_;
  intarsia::detail::link_plan plan_;  // of the whole graph, also where neighbors_ reads a thinned one
  intarsia::detail::thinned_rows thinned_;
  std::vector<detail::device_rows> whole_;  // what negatives are tested against where neighbors_ reads a thinned graph
  std::optional<negatives> negatives_;
  device_array<detail::negative_rules> rules_;
  device_array<std::uint32_t> ends_;
  std::vector<intarsia::detail::buffer<std::uint64_t>> keys_;
  std::vector<std::uint64_t> staged_;
  device_array<std::uint64_t> inputs_;
  sampler_position next_;
  std::optional<batch_type> current_;
};

// auto links = cuda::sample_links(ctx, graph, {.batch = 1024, .fanout = {15, 10}, .epochs = 10});
template <schema_type S>
[[nodiscard]] link_sampler<S> sample_links(context& ctx, graph<S> const& g,
                                           link_options<std::type_identity_t<S>> options = {}) {
  return {ctx, g, std::move(options)};
}
template <schema_type S>
void sample_links(context&, graph<S>&&, link_options<std::type_identity_t<S>> = {}) = delete;

}  // namespace intarsia::inline v0::cuda
