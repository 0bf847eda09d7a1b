// From edges in any order to a graph: sorted, without duplicates, with their mirror where they have one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <intarsia/core/executor.hpp>
#include <intarsia/core/id.hpp>
#include <intarsia/graph/graph.hpp>
#include <intarsia/tensor/row_sort.hpp>
#include <intarsia/tensor/transpose.hpp>
#include <span>
#include <utility>
#include <vector>

namespace intarsia::inline v0 {

// A message goes from `source` to `target` and counts `value`.
struct edge {
  std::uint32_t source = 0, target = 0;
  float value = 1;
  friend bool operator==(edge const&, edge const&) = default;
};

namespace detail {

// Edges as lists of their ends, given one by one or all at once.
class edge_lists {
 public:
  void add(std::uint32_t source, std::uint32_t target, float value) {
    if (lists_.empty() || !lists_.back().own) lists_.push_back({{}, {}, {}, 0, true});
    auto& last = lists_.back();
    if (value != 1 && values_.empty()) values_.resize(sources_.size(), 1.0f);
    sources_.push_back(source);
    targets_.push_back(target);
    if (value != 1 || !values_.empty()) values_.push_back(value);
    ++last.count;
    ++size_;
  }
  void add(std::span<std::uint32_t const> sources, std::span<std::uint32_t const> targets,
           std::span<float const> values) {
    expects(sources.size() == targets.size() && (values.empty() || values.size() == sources.size()),
            "graph_builder: an edge needs a source and a target, and a value where others have one");
    if (sources.empty()) return;
    lists_.push_back({sources, targets, values, sources.size(), false});
    size_ += sources.size();
    valued_ = valued_ || !values.empty();
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool valued() const { return valued_ || !values_.empty(); }

  // put(sources, targets, values, count) for each list of edges of a chunk, in order; values may be null.
  template <class Put>
  void each(std::size_t chunk, std::size_t chunks, Put const& put) const {
    std::size_t const begin = size_ * chunk / chunks, end = size_ * (chunk + 1) / chunks;
    std::size_t place = 0, own = 0;
    for (auto const& x : lists_) {
      std::size_t const first = std::max(begin, place), last = std::min(end, place + x.count);
      if (first < last) {
        std::size_t const at = first - place;
        if (x.own) {
          put(sources_.data() + own + at, targets_.data() + own + at,
              values_.empty() ? nullptr : values_.data() + own + at, last - first);
        } else {
          put(x.sources.data() + at, x.targets.data() + at, x.values.empty() ? nullptr : x.values.data() + at,
              last - first);
        }
      }
      place += x.count;
      own += x.own ? x.count : 0;
    }
  }

 private:
  struct list {
    std::span<std::uint32_t const> sources, targets;
    std::span<float const> values;
    std::size_t count;
    bool own;  // the next `count` of those given one by one
  };
  std::vector<list> lists_;
  std::vector<std::uint32_t> sources_, targets_;
  std::vector<float> values_;  // of those given one by one; empty: all are 1
  std::size_t size_ = 0;
  bool valued_ = false;
};

// One row per target, its sources rising; equal edges become one. `both`: each edge goes the other way as well, but
// those from a node to itself.
[[nodiscard]] inline csr rows_of_edges(any_executor const& threads, std::size_t targets, std::size_t sources,
                                       edge_lists const& edges, bool both) {
  std::size_t const chunks = chunks_for(threads);
  auto const ends = [&](std::size_t chunk, auto const& put) {
    edges.each(chunk, chunks, [&](auto const* source, auto const* target, float const*, std::size_t count) {
      put(edge_ends{target, source, count});
      for (std::size_t begin = 0, e = 0; both && e <= count; ++e) {
        if (e < count && source[e] != target[e]) continue;
        if (begin < e) put(edge_ends{source + begin, target + begin, e - begin});
        begin = e + 1;
      }
    });
  };
  auto const sort = [&](auto load_of, repeats what) {
    auto const each = [&](std::size_t chunk, auto const& put) {
      edges.each(chunk, chunks, [&](auto const* source, auto const* target, float const* value, std::size_t count) {
        for (std::size_t e = 0; e < count; ++e) {
          put(target[e], source[e], load_of(value, e));
          if (both && source[e] != target[e]) put(source[e], target[e], load_of(value, e));
        }
      });
    };
    return sort_rows<decltype(load_of(nullptr, 0))>(threads, targets, sources, (both ? 2 : 1) * edges.size(), false,
                                                    what, ends, each);
  };
  if (!edges.valued()) return sort([](float const*, std::size_t) { return no_load{}; }, repeats::count);
  return sort([](float const* values, std::size_t e) { return values ? values[e] : 1.0f; }, repeats::sum);
}
}  // namespace detail

// One row per target, its sources rising; the values of equal edges are summed in the order they were given, and there
// are no values where all are 1. Throws shape_error where an end is beyond the numbers given. By radix:
// O(edges + nodes); beside the edges and the result 4 bytes for each edge, 8 where they have values, and twice that
// where a node's number and another's fill more than about 40 bits.
[[nodiscard]] inline csr edges_to_csr(std::size_t targets, std::size_t sources, std::span<edge const> edges,
                                      any_executor const& threads = inline_executor{}) {
  static_assert(sizeof(edge) == 3 * sizeof(std::uint32_t));
  std::size_t const chunks = detail::chunks_for(threads);
  auto const chunk_of = [=](std::size_t chunk) {
    std::size_t const begin = edges.size() * chunk / chunks;
    return edges.subspan(begin, edges.size() * (chunk + 1) / chunks - begin);
  };
  auto const ends = [&](std::size_t chunk, auto const& put) {
    auto const some = chunk_of(chunk);
    if (!some.empty()) put(detail::edge_ends{&some.front().target, &some.front().source, some.size(), 3});
  };
  auto const sort = [&](auto load_of, detail::repeats what) {
    return detail::sort_rows<decltype(load_of(edge{}))>(
        threads, targets, sources, edges.size(), false, what, ends, [&](std::size_t chunk, auto const& put) {
          for (edge const& x : chunk_of(chunk)) put(x.target, x.source, load_of(x));
        });
  };
  bool const valued = std::any_of(edges.begin(), edges.end(), [](edge const& x) { return x.value != 1; });
  if (!valued) return sort([](edge const&) { return detail::no_load{}; }, detail::repeats::count);
  return sort([](edge const& x) { return x.value; }, detail::repeats::sum);
}

// Collects typed edges and makes a graph of them. An edge is mirrored into the reverse of its relation where the schema
// lists it (for a symmetric verb within one type that is the relation itself; an edge from a node to itself has no
// mirror); both relations then share the memory of their edges.
template <schema_type S>
class graph_builder {
 public:
  // The number of nodes of each type.
  explicit graph_builder(per_node<S, std::size_t> nodes) : nodes_{nodes} {}

  template <key_of<typename S::relation_keys> R>
  graph_builder& add(R r, id<typename R::source_type> source, id<typename R::target_type> target, float value = 1) {
    if constexpr (kept_by_reverse<R>) {
      edges_[reverse<R>{}].add(target.value, source.value, value);
    } else {
      edges_[r].add(source.value, target.value, value);
    }
    return *this;
  }
  // Edge e goes from sources[e] to targets[e] and counts values[e], or 1 without values. The lists are looked at when
  // the graph is built and must live until then. Throws shape_error where they are not equally long.
  template <key_of<typename S::relation_keys> R>
  graph_builder& add(R r, std::span<std::uint32_t const> sources, std::span<std::uint32_t const> targets,
                     std::span<float const> values = {}) {
    if constexpr (kept_by_reverse<R>) {
      edges_[reverse<R>{}].add(targets, sources, values);
    } else {
      edges_[r].add(sources, targets, values);
    }
    return *this;
  }

  // Throws shape_error where an edge ends beyond the numbers of nodes. The graph is the same for any number of threads.
  [[nodiscard]] graph<S> build(any_executor const& threads = inline_executor{}) const {
    graph<S> g{nodes_};
    S::each_relation([&]<class R>(R r) {
      if constexpr (!kept_by_reverse<R>) {
        auto const& edges = edges_[r];
        constexpr bool own_mirror = std::is_same_v<R, reverse<R>>;
        csr forward = detail::rows_of_edges(threads, nodes_[r.target], nodes_[r.source], edges, own_mirror);
        adjacency const both = own_mirror ? adjacency::symmetric(std::move(forward)) : [&] {
          auto const view = forward.view();
          csr backward = edges.valued() || !view.values ? mirrored(view, threads)
                                                        : detail::transposed_counts(threads, view);
          return adjacency{std::move(forward), std::move(backward)};
        }();
        g.set(r, both);
        if constexpr (!own_mirror && has_reverse<R>) g.set(reverse<R>{}, both.reversed());
      }
    });
    return g;
  }

 private:
  template <class R>
  static constexpr bool has_reverse = S::relation_keys::template has<reverse<R>>;
  // Of a relation and its reverse, the one that comes first in the schema keeps the edges.
  template <class R>
  static constexpr bool kept_by_reverse =
      has_reverse<R> && S::relation_keys::template index<reverse<R>> < S::relation_keys::template index<R>;

  per_node<S, std::size_t> nodes_;
  per_relation<S, detail::edge_lists> edges_;
};

}  // namespace intarsia::inline v0
