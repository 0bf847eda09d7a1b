// The whole model: shapes, lengths, and the slope of its loss along random directions.
#include <cmath>
#include <intarsia/core/thread_pool.hpp>
#include <intarsia/graph/builder.hpp>
#include <intarsia/loss/link_contrastive.hpp>
#include <intarsia/models/hetero_sage.hpp>
#include <intarsia/ops/gather.hpp>
#include <intarsia/sampling/link_sampler.hpp>

#include "../catch.hpp"
#include "../io/scratch.hpp"
#include "../nn/typed.hpp"

using namespace intarsia;
using namespace intarsia::test;

namespace {
using model = hetero_sage<Typed, 6, 4, double>;

// Persons have no features, ghosts no nodes, shows no links among themselves; the last book is alone.
graph<Typed> catalogue() {
  graph_builder<Typed> b{{{12, 8, 5, 0}}};
  for (std::uint32_t i = 0; i < 11; ++i) {
    b.add(BookBook{}, {i}, {(i + 3) % 11}).add(BookShow{}, {i}, {(3 * i) % 8}).add(ShowBook{}, {i % 8}, {i});
    b.add(PersonBook{}, {i % 5}, {i}).add(BookPerson{}, {i}, {(2 * i) % 5});
  }
  b.add(BookBook{}, {2}, {2});
  return b.build();
}
}  // namespace

TEST_CASE("hetero_sage: one row of length 1 per node") {
  cpu::context ctx{inline_executor{}, seed{4}};
  auto const g = catalogue();
  auto const x = features_of<Typed>({{12, 8, 5, 0}});
  model const encoder{ctx};
  auto const z = own(encoder(ctx, g, x));
  CHECK(z[Book{}].rows() == 12);
  CHECK(z[Person{}].rows() == 5);
  CHECK(z[Ghost{}].rows() == 0);
  for (std::size_t i = 0; i < 12; ++i) {
    double square = 0;
    for (double const v : z[Book{}][i]) square += v * v;
    CHECK(std::abs(square - 1) < 1e-9);
  }
}

TEST_CASE("hetero_sage: a block of all neighbors gives what the graph gives, with sources by slot or by id") {
  cpu::context ctx{inline_executor{}, seed{4}};
  auto const g = catalogue();
  auto const x = features_of<Typed>({{12, 8, 5, 0}});
  for (auto const how : {aggregation::mean, aggregation::max, aggregation::pool}) {
    for (auto const sharing : {neighbor_sharing::per_relation, neighbor_sharing::per_source}) {
      model const encoder{ctx, {.sage = {how}, .neighbors = sharing}};
      auto const z = own(encoder(ctx, g, x));
      for (bool const by_id : {false, true}) {
        auto links =
            sample_links(ctx, g, {.batch = 5, .fanout = {50, 50}, .exclude_seeds = false, .outermost_by_id = by_id});
        REQUIRE(links.advance());
        auto const& batch = links.current();
        CHECK(batch.graph.hop(0, 2).by_id == by_id);
        CHECK(batch.leaked_edges() > 0);
        scope const temporary{ctx};
        auto const part = encoder(ctx, batch.graph, batch.rows(x));
        Typed::each_node([&](auto n) {
          REQUIRE(part[n].rows() == batch.graph.targets(n));
          for (std::size_t i = 0; i < part[n].rows(); ++i) {
            for (std::size_t c = 0; c < 4; ++c) {
              CHECK(part[n].value[i][c] == Approx(z[n][batch.graph.ids(n)[i].value][c]).epsilon(1e-9));
            }
          }
        });
        // Copied rows of slots are no rows by id.
        auto const copied = Typed::map_nodes([&](auto n) { return gather_indexed(ctx, batch.rows(x)[n]); });
        if (by_id) CHECK_THROWS_AS(encoder(ctx, batch.graph, copied), shape_error);
      }
    }
  }
}

namespace {
// What the encoder makes of features stored as X, rounded to bf16 first so that all of them hold the same numbers.
template <class X>
std::vector<float> from_stored_as(bool by_id) {
  cpu::context ctx{inline_executor{}, seed{4}};
  auto const g = catalogue();
  auto const wide = features_of<Typed>({{12, 8, 5, 0}});
  auto const x = Typed::map_nodes([&](auto n) {
    using Node = decltype(n);
    tensor<rows_of<Node>, dim<Node::width>, X> stored(wide[n].rows());
    for (std::size_t i = 0; i < stored.size(); ++i) {
      stored.data()[i] = static_cast<X>(static_cast<float>(bf16{static_cast<float>(wide[n].data()[i])}));
    }
    return stored;
  });
  hetero_sage<Typed, 6, 4> const encoder{ctx};
  auto links = sample_links(ctx, g, {.batch = 5, .fanout = {5, 5}, .outermost_by_id = by_id});
  REQUIRE(links.advance());
  scope const temporary{ctx};
  auto const z = encoder(ctx, links.current().graph, links.current().graph.rows(x));
  std::vector<float> all;
  Typed::each_node([&](auto n) {
    for (std::size_t i = 0; i < z[n].rows(); ++i) all.insert(all.end(), z[n].value[i].begin(), z[n].value[i].end());
  });
  return all;
}
}  // namespace

TEST_CASE("hetero_sage reads features that are stored in 16 bits as the same numbers in float") {
  for (bool const by_id : {false, true}) {
    auto const want = from_stored_as<float>(by_id);
    CHECK(want.size() > 20);
    CHECK(from_stored_as<bf16>(by_id) == want);
    CHECK(from_stored_as<f16>(by_id) == want);
  }
}

TEST_CASE("hetero_sage: every node in blocks is what the whole graph gives, for any block and number of threads") {
  auto const g = catalogue();
  auto const x = features_of<Typed, float>({{12, 8, 5, 0}});
  auto const halves = Typed::map_nodes([&](auto n) {
    tensor<rows_of<decltype(n)>, dim<n.width>, bf16> half{x[n].rows()};
    for (std::size_t i = 0; i < half.size(); ++i) half.data()[i] = bf16{x[n].data()[i]};
    return half;
  });
  std::vector<hetero_sage_options> const all{{},
                                             {.sage = {aggregation::max}, .neighbors = neighbor_sharing::per_source},
                                             {.neighbors = neighbor_sharing::per_source, .normalize = false},
                                             {.sage = {aggregation::pool}, .last = activation::relu},
                                             {.sage = {aggregation::pool, true}, .normalize = false},
                                             {.neighbors = neighbor_sharing::per_source, .standardize = true}};
  for (auto const& options : all) {
    cpu::context made{inline_executor{}, seed{4}};
    hetero_sage<Typed, 6, 4> const encoder{made, options};
    auto const whole = own(encoder(made, g, x));
    for (std::size_t const threads : {1u, 2u, 3u, 7u}) {
      cpu::context ctx{thread_pool{threads}, seed{4}};
      for (std::size_t const block : {1u, 5u, 100u}) {
        hetero_sage<Typed, 6, 4>::layer_tables wide, narrow;
        encoder.every_node(ctx, g, x, wide, block);
        encoder.every_node(ctx, g, halves, narrow, block);
        encoder.every_node(ctx, g, halves, narrow, block);
        auto const &z = wide.out, &h = narrow.out;
        Typed::each_node([&](auto n) {
          REQUIRE(z[n].rows() == whole[n].rows());
          for (std::size_t i = 0; i < z[n].size(); ++i) {
            CHECK(z[n].data()[i] == Approx(whole[n].data()[i]).epsilon(1e-5).margin(1e-6));
            CHECK(h[n].data()[i] == Approx(whole[n].data()[i]).epsilon(0.05).margin(0.05));
          }
        });
      }
    }
  }
  graph_builder<Typed> alone{{{1, 0, 0, 0}}};
  auto const one = alone.build();
  cpu::context ctx{inline_executor{}, seed{4}};
  hetero_sage<Typed, 6, 4> const encoder{ctx};
  auto const y = features_of<Typed, float>({{1, 0, 0, 0}});
  auto const z = encoder.every_node(ctx, one, y);
  CHECK(std::abs(z[Book{}][0][0] - own(encoder(ctx, one, y))[Book{}][0][0]) < 1e-6f);
  CHECK(z[Show{}].rows() == 0);
  CHECK_THROWS_AS(encoder.every_node(ctx, g, y), shape_error);
}

namespace {
// Whether the files of a folder hold the bits of tables.
template <class Tables>
bool holds(scratch_folder const& folder, Tables const& tables) {
  bool same = true;
  Typed::each_node([&](auto n) {
    auto const back = load_table<decltype(n), 4>(folder / (std::string{n.name} + ".npy"));
    same = same && back.rows() == tables[n].rows() && std::equal(back.data(), back.data() + back.size(), tables[n].data());
  });
  return same && folder.files() == Typed::node_count;
}
}  // namespace

TEST_CASE("hetero_sage: every node to files has the bits of the tables in memory") {
  auto const g = catalogue();
  auto const x = features_of<Typed, float>({{12, 8, 5, 0}});
  std::vector<hetero_sage_options> const all{{},
                                             {.sage = {aggregation::pool}, .neighbors = neighbor_sharing::per_source},
                                             {.neighbors = neighbor_sharing::per_source, .standardize = true}};
  for (auto const& options : all) {
    cpu::context made{inline_executor{}, seed{4}};
    hetero_sage<Typed, 6, 4> const encoder{made, options};
    auto const want = encoder.every_node(made, g, x);
    for (std::size_t const threads : {1u, 2u, 3u, 7u}) {
      cpu::context ctx{thread_pool{threads}, seed{4}};
      for (std::size_t const block : {1u, 5u, 100u}) {
        scratch_folder const folder;
        hetero_sage<Typed, 6, 4>::layer_tables tables;
        encoder.every_node(ctx, g, x, tables, block);
        encoder.every_node(ctx, g, x, folder.path(), block);
        CHECK(holds(folder, tables.out));
        auto given = x;
        encoder.every_node(ctx, g, std::move(given), folder.path() + "/", block);
        CHECK(holds(folder, tables.out));
      }
    }
    scratch_folder const folder;
    encoder.every_node(made, g, x, folder.path());
    CHECK(holds(folder, want));
  }
  graph_builder<Typed> alone{{{1, 0, 0, 0}}};
  cpu::context ctx{inline_executor{}, seed{4}};
  hetero_sage<Typed, 6, 4> const encoder{ctx};
  auto const one = alone.build();
  auto const y = features_of<Typed, float>({{1, 0, 0, 0}});
  scratch_folder const folder;
  encoder.every_node(ctx, one, y, folder.path());
  CHECK(holds(folder, encoder.every_node(ctx, one, y)));
}

TEST_CASE("hetero_sage: where files cannot be written, one sentence and nothing new") {
  auto const g = catalogue();
  auto const x = features_of<Typed, float>({{12, 8, 5, 0}});
  cpu::context ctx{inline_executor{}, seed{4}};
  hetero_sage<Typed, 2, 6> const encoder{ctx};
  scratch_folder const folder;
  std::string const nowhere = folder / "nowhere";
  check_io_error([&] { encoder.every_node(ctx, g, x, nowhere); }, nowhere, "check that its folder exists");
  folder.put("book.npy", "old");
  for (rlim_t const room : {rlim_t{100}, rlim_t{150}, rlim_t{300}}) {  // within a header, what is put aside, a result
    int const code = with_size_limit(room, [&] {
      try {
        encoder.every_node(ctx, g, x, folder.path());
      } catch (io_error const& wrong) {
        return std::string{wrong.what()}.find("File too large") != std::string::npos ? 2 : 1;
      }
      return 0;
    });
    CHECK(code == 2);
    CHECK(folder.get("book.npy") == "old");
    CHECK(folder.files() == 1);
  }
  CHECK_THROWS_AS(encoder.every_node(ctx, g, features_of<Typed, float>({{1, 0, 0, 0}}), folder.path()), shape_error);
  CHECK(folder.files() == 1);
}

TEST_CASE("hetero_sage: the slope of the loss along random directions, sampled and whole") {
  cpu::context ctx{inline_executor{}, seed{9}};
  auto const g = catalogue();
  auto const x = features_of<Typed>({{12, 8, 5, 0}});
  std::vector<hetero_sage_options> const all{{},
                                             {.sage = {aggregation::max}, .neighbors = neighbor_sharing::per_source},
                                             {.sage = {aggregation::pool}, .last = activation::relu},
                                             {.sage = {aggregation::pool, true}, .normalize = false},
                                             {.neighbors = neighbor_sharing::per_source, .standardize = true}};
  for (bool const whole : {true, false}) {
    auto links = sample_links(ctx, g,
                              {.batch = 16,
                               .fanout = {3, 2},
                               .negatives = {.from = negative_source::catalogue, .each = 4},
                               .full_graph = whole});
    REQUIRE(links.advance());
    auto const& batch = links.current();
    for (std::size_t o = 0; o < all.size(); ++o) {
      model encoder{ctx, all[o]};
      // The bias of a type without features begins at 0, where relu has a kink.
      visit(encoder, [&](std::string const& path, auto& numbers) {
        if (path == "first/self/person/bias") std::copy_n(noise<dyn, dim<6>>(1, 5).data(), 6, numbers.data());
      });
      for (std::uint64_t direction = 1; direction <= 3; ++direction) {
        CAPTURE(whole, o, direction);
        CHECK(directional_error(
                  ctx, encoder,
                  [&](auto& on, auto const& part) {
                    return link_contrastive(on, part(on, batch.graph, batch.rows(x)), batch.links,
                                            {.temperature = .5f});
                  },
                  direction) < 1e-5);
      }
    }
  }
}
