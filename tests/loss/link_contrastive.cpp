// The loss of link prediction against plain loops over links, for every source of negatives that it takes.
#include <cmath>
#include <intarsia/graph/builder.hpp>
#include <intarsia/loss/link_contrastive.hpp>
#include <intarsia/sampling/link_sampler.hpp>

#include "../catch.hpp"
#include "../gradient.hpp"
#include "../oracle.hpp"

using namespace intarsia;
using namespace intarsia::test;

namespace {
struct Book : node<"book", 3> {};
struct Show : node<"show", 3> {};
struct Near : verb<"near", symmetric> {};
using BookBook = relation<Book, Near, Book>;
using BookShow = relation<Book, Near, Show>;
struct Shelf : schema<nodes<Book, Show>, relations<BookBook, BookShow, reverse<BookShow>>> {};

graph<Shelf> shelf() {
  graph_builder<Shelf> b{{{12, 9}}};
  for (std::uint32_t i = 0; i < 12; ++i) {
    b.add(BookBook{}, {i}, {(i + 1) % 12}).add(BookShow{}, {i}, {(2 * i) % 9}).add(BookShow{}, {i}, {(i + 5) % 9});
  }
  return b.build();
}
auto vectors(std::size_t books, std::size_t shows) {
  return map_keys(Shelf::node_keys{}, [&](auto n) {
    bool const book = Shelf::node_index<decltype(n)> == 0;
    return noise<rows_of<decltype(n)>, dim<3>>(book ? books : shows, book ? 1 : 2);
  });
}
double dot(grid const& a, std::size_t i, grid const& b, std::size_t j) {
  double sum = 0;
  for (std::size_t c = 0; c < a[i].size(); ++c) sum += a[i][c] * b[j][c];
  return sum;
}

// The loss of the links as the sampler describes them.
double expected(link_set<Shelf> const& links, std::vector<grid> const& z, link_contrastive_options const& o) {
  double sum = 0, pairs = 0;
  bool const soft = o.kind == contrast_kind::softmax;
  Shelf::each_relation([&](auto r) {
    auto const view = links[r];
    auto const& data = links.data()[Shelf::relation_index<decltype(r)>];
    std::size_t const source = Shelf::node_index<typename decltype(r)::source_type>;
    std::size_t const target = Shelf::node_index<typename decltype(r)::target_type>;
    for (std::size_t l = 0; l < view.size(); ++l) {
      std::size_t const a = view.anchors[l].value;
      double const right = dot(z[source], a, z[target], view.positives[l].value);
      double total = std::exp(right / double{o.temperature});
      for (std::size_t j = l * view.each; j < (l + 1) * view.each; ++j) {
        if (view.valid[j] == 0) continue;
        std::size_t const type = data.types.size() > 0 ? data.types[j] : target;
        double const wrong = dot(z[source], a, z[type], data.negatives[j]);
        total += std::exp(wrong / double{o.temperature});
        if (!soft) sum += std::max(0.0, double{o.margin} + wrong - right);
        pairs += soft ? 0 : 1;
      }
      if (soft) sum += std::log(total) - right / double{o.temperature};
      pairs += soft ? 1 : 0;
    }
  });
  return pairs == 0 ? 0 : sum / pairs;
}
}  // namespace

TEST_CASE("link_contrastive: values and gradients for negatives of every kind") {
  cpu::context ctx{inline_executor{}, seed{3}};
  auto const g = shelf();
  for (auto const from : {negative_source::uniform, negative_source::by_degree, negative_source::catalogue}) {
    for (bool const whole : {true, false}) {
      auto sampler = sample_links(
          ctx, g, {.batch = 7, .fanout = {3}, .negatives = {.from = from, .each = 4}, .full_graph = whole});
      std::size_t masked = 0, batches = 0;
      for (auto& batch : sampler) {
        auto const z = vectors(whole ? 12 : batch.graph.targets(Book{}), whole ? 9 : batch.graph.targets(Show{}));
        Shelf::each_relation([&](auto r) {
          for (auto const v : batch.links[r].valid) masked += v == 0 ? 1 : 0;
        });
        for (link_contrastive_options const& o :
             {link_contrastive_options{}, {contrast_kind::margin, 1, .4f}, {contrast_kind::softmax, .7f, 0}}) {
          CAPTURE(static_cast<int>(from), whole, static_cast<int>(o.kind));
          scope const temporary{ctx};
          auto const vars = map_keys(Shelf::node_keys{}, [&](auto n) { return ctx.constant(z[n]); });
          auto const loss = link_contrastive(ctx, vars, batch.links, o);
          double const right = expected(batch.links, {grid_of(z[Book{}]), grid_of(z[Show{}])}, o);
          CHECK(loss.value.data[0] == Approx(right).epsilon(1e-6));
          if (batches > 0) continue;
          auto const run = [&](auto& on, auto book, auto show) {
            auto given = map_keys(Shelf::node_keys{}, [&](auto n) { return on.constant(z[n]); });
            given[Book{}] = book;
            given[Show{}] = show;
            return link_contrastive(on, given, batch.links, o);
          };
          CHECK(gradient_error(ctx, run, z[Book{}], z[Show{}]) < 1e-6);
        }
        ++batches;
      }
      CHECK(batches > 2);
      CHECK(masked > 0);
    }
  }
}

TEST_CASE("link_contrastive: without links the loss is 0, without negatives there is none") {
  cpu::context ctx;
  auto const z = vectors(12, 9);
  auto const vars = map_keys(Shelf::node_keys{}, [&](auto n) { return ctx.constant(z[n]); });
  link_set<Shelf> none;
  none.data().resize(Shelf::relation_count);
  CHECK(link_contrastive(ctx, vars, none).value.data[0] == 0);
  auto const g = shelf();
  auto sampler = sample_links(
      ctx, g, {.batch = 7, .negatives = {.from = negative_source::in_batch}, .full_graph = true});
  REQUIRE(sampler.advance());
  CHECK_THROWS_WITH(link_contrastive(ctx, vars, sampler.current().links), Catch::Contains(".each"));
}
