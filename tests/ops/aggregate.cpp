#include "../catch.hpp"
#include "../gradient.hpp"
#include "links.hpp"

#include <intarsia/core/thread_pool.hpp>
#include <intarsia/ops/activation.hpp>
#include <intarsia/ops/add.hpp>
#include <intarsia/ops/aggregate.hpp>
#include <intarsia/ops/gather.hpp>

using namespace intarsia;
using namespace intarsia::test;

namespace {
constexpr auto kinds = {reduction::sum, reduction::mean, reduction::max};
pooling plain(reduction r) {
  return r == reduction::sum ? pooling::sum : r == reduction::mean ? pooling::mean : pooling::max;
}
template <class Rows>
concept hears_lists = requires(cpu::context& ctx, adjacency_view<Song, List> links, var<Rows, dim<3>> x) {
  aggregate(ctx, links, x);
};
}  // namespace

TEST_CASE("aggregate: an example by hand") {
  cpu::context ctx;
  table<Song, 1> x(3);
  x[0][0] = 1, x[1][0] = 10, x[2][0] = -100;
  adjacency const edges{rows_to_csr({{0, 1}, {}, {1, 2}}, 3, {1, 3, 2, 1})};
  adjacency_view<Song, List> const links{edges.view()};
  auto const y = aggregate(ctx, links, ctx.constant(x), reduction::sum);
  static_assert(std::same_as<decltype(y)::row_axis, rows_of<List>>);
  CHECK(grid_of(y) == grid{{31}, {0}, {-80}});
  CHECK(distance(grid_of(aggregate(ctx, links, ctx.constant(x))), {{7.75}, {0}, {-80.0 / 3}}) < 1e-5);
  CHECK(grid_of(aggregate(ctx, links, ctx.constant(x), reduction::max)) == grid{{10}, {0}, {10}});
}

TEST_CASE("aggregate: values are those of the plain loops, for any number of threads") {
  cpu::context one, three{thread_pool{3}};
  auto const x = noise<rows_of<Song>, dim<6>>(5, 1);
  for (auto const& links : all_links()) {
    for (auto const how : kinds) {
      INFO(links.name << ", reduction " << static_cast<int>(how));
      auto const y = grid_of(aggregate(one, links.view(), one.constant(x), how));
      CHECK(distance(y, pooled(links.view(), grid_of(x), 6, plain(how))) < 1e-12);
      CHECK(grid_of(aggregate(three, links.view(), three.constant(x), how)) == y);
    }
  }
}

TEST_CASE("aggregate: gradients") {
  for (auto const& links : all_links()) {
    for (auto const how : kinds) {
      INFO(links.name << ", reduction " << static_cast<int>(how));
      auto const f = [&](auto& on, auto x) { return aggregate(on, links.view(), x, how); };
      CHECK(gradient_error(f, noise<rows_of<Song>, dim<3>>(5, 1)) < 1e-7);
    }
  }
}

TEST_CASE("aggregate: weights that cancel give zeros, not infinities") {
  cpu::context ctx;
  adjacency const edges{rows_to_csr({{0, 1}}, 2, {1, -1})};
  auto const x = noise<rows_of<Song>, dim<3>>(2, 1);
  CHECK(grid_of(aggregate(ctx, adjacency_view<Song, List>{edges.view()}, ctx.constant(x))) == grid{{0, 0, 0}});
}

TEST_CASE("aggregate: equal numbers give the gradient to the first edge") {
  cpu::context ctx;
  tape on{ctx};
  adjacency const edges{rows_to_csr({{2, 0}}, 3)};
  tensor<rows_of<Song>, dim<1>, double> const zeros_(3);
  auto const x = on.input(zeros_);
  static_cast<void>(on.backward(aggregate(on, adjacency_view<Song, List>{edges.view()}, x, reduction::max)));
  CHECK(x.grad[2][0] == 1);
  CHECK(x.grad[0][0] == 0);
}

TEST_CASE("aggregate: a relation without any offsets is one without edges") {
  cpu::context ctx;
  edges_view<> v;
  v.forward.rows = 2;
  v.forward.cols = 3;
  auto const f = [&](auto& on, auto x) { return aggregate(on, adjacency_view<Song, List>{v}, x); };
  auto const x = noise<rows_of<Song>, dim<2>>(3, 1);
  CHECK(grid_of(f(ctx, ctx.constant(x))) == grid{{0, 0}, {0, 0}});
  CHECK(gradient_error(f, x) == 0);
}

TEST_CASE("aggregate_into: a sum over relations without temporaries") {
  auto const relations = all_links();
  auto const& a = relations[1];
  auto const& b = relations[8];
  for (auto const how : kinds) {
    INFO("reduction " << static_cast<int>(how));
    auto const into = [&](auto& on, auto x, auto y) {
      auto out = zeros<rows_of<List>, dim<3>, double>(on, 4, 3);
      aggregate_into(on, out, a.view(), x, how);
      aggregate_into(on, out, b.view(), y, how);
      return tanh(on, out);
    };
    auto const apart = [&](auto& on, auto x, auto y) {
      return tanh(on, add(on, aggregate(on, a.view(), x, how), aggregate(on, b.view(), y, how)));
    };
    auto const x = noise<rows_of<Song>, dim<3>>(5, 1), y = noise<rows_of<Song>, dim<3>>(5, 2);
    CHECK(gradient_error(into, x, y) < 1e-7);
    cpu::context ctx;
    CHECK(distance(grid_of(into(ctx, ctx.constant(x), ctx.constant(y))),
                   grid_of(apart(ctx, ctx.constant(x), ctx.constant(y)))) < 1e-14);
  }
}

TEST_CASE("aggregate: what does not fit") {
  STATIC_REQUIRE(hears_lists<rows_of<Song>>);
  STATIC_REQUIRE_FALSE(hears_lists<rows_of<List>>);
  cpu::context ctx;
  auto const relations = all_links();
  auto const few = noise<rows_of<Song>, dim<3>>(4, 1);
  CHECK_THROWS_AS(aggregate(ctx, relations[0].view(), ctx.constant(few)), shape_error);
  tape on{ctx};
  auto const x = noise<rows_of<Song>, dim<3>>(5, 1);
  auto const out = zeros<rows_of<List>, dim<3>, double>(on, 4, 3, false);
  CHECK_THROWS_AS(aggregate_into(on, out, relations[0].view(), on.input(x)), shape_error);
}

TEST_CASE("aggregate reads rows of a table by id as it reads their copy, also where they are stored in 16 bits") {
  cpu::context one, three{thread_pool{3}};
  table<Song, 20> songs(9);
  tensor<rows_of<Song>, dim<20>, bf16> half(9);
  tensor<rows_of<Song>, dim<20>, f16> half_precision(9);
  intarsia::random draw{seed{3}, 1};
  for (std::size_t i = 0; i < songs.size(); ++i) {
    half.data()[i] = bf16{draw.uniform() - .5f};
    songs.data()[i] = static_cast<float>(half.data()[i]);
    half_precision.data()[i] = f16{songs.data()[i]};  // exact: it has more digits, and the numbers are below 1
  }
  std::vector<std::uint32_t> const ids{8, 1, 5, 5, 0};
  table<Song, 20> copied(5);
  for (std::size_t i = 0; i < 5; ++i) std::copy_n(songs[ids[i]].begin(), 20, copied[i].begin());
  indexed_view<rows_of<Song>, dim<20>, float> const stored{songs.view(), ids};
  indexed_view<rows_of<Song>, dim<20>, bf16> const short_stored{half.view(), ids};
  indexed_view<rows_of<Song>, dim<20>, f16> const half_stored{half_precision.view(), ids};
  table<Song, 20, bf16> all_short(copied.rows());
  for (std::size_t i = 0; i < copied.size(); ++i) all_short.data()[i] = bf16{copied.data()[i]};
  CHECK(grid_of(gather_indexed(one, short_stored)) == grid_of(one.constant(copied)));
  CHECK(grid_of(gather_indexed(one, half_stored)) == grid_of(one.constant(copied)));
  for (auto const& links : all_links()) {
    for (auto const how : kinds) {
      INFO(links.name << ", reduction " << static_cast<int>(how));
      auto const y = grid_of(aggregate(one, links.view(), one.constant(copied), how));
      CHECK(grid_of(aggregate(one, links.view(), stored, how)) == y);
      CHECK(grid_of(aggregate(one, links.view(), short_stored, how)) == y);
      CHECK(grid_of(aggregate(one, links.view(), half_stored, how)) == y);
      CHECK(grid_of(aggregate(three, links.view(), short_stored, how)) == y);
      CHECK(grid_of(aggregate(three, links.view(), std::as_const(all_short).view(), how)) == y);
      tape t{one};
      auto const sum = zeros<rows_of<List>, dim<20>>(t, links.view().targets(), 20);
      aggregate_into(t, sum, links.view(), short_stored, how);
      CHECK(grid_of(sum) == y);
      aggregate_into(t, sum, links.view(), stored, how);
      for (std::size_t i = 0; i < y.size(); ++i) {
        for (std::size_t c = 0; c < 20; ++c) CHECK(sum.value[i][c] == Approx(2 * y[i][c]));
      }
    }
  }
  indexed_view<rows_of<Song>, dim<20>, float> const too_few{songs.view(), std::span{ids}.first(3)};
  CHECK_THROWS_AS(aggregate(one, all_links()[0].view(), too_few), shape_error);
  CHECK_THROWS_AS(aggregate(one, all_links()[0].view(), std::as_const(songs).view()), shape_error);
}

TEST_CASE("aggregate: gradients of watched rows are those of a copy of the rows") {
  cpu::context ctx;
  table<Song, 20> songs(9);
  intarsia::random draw{seed{3}, 1};
  for (std::size_t i = 0; i < songs.size(); ++i) songs.data()[i] = draw.uniform() - .5f;
  std::vector<std::uint32_t> const ids{8, 1, 5, 5, 0};
  table<Song, 20> copied(5);
  for (std::size_t i = 0; i < 5; ++i) std::copy_n(songs[ids[i]].begin(), 20, copied[i].begin());
  indexed_view<rows_of<Song>, dim<20>, float> const stored{songs.view(), ids};
  for (auto const& links : all_links()) {
    for (auto const how : kinds) {
      for (int times : {0, 1, 2}) {
        INFO(links.name << ", reduction " << static_cast<int>(how) << ", heard " << times << " times");
        tape first{ctx}, second{ctx}, third{ctx};
        auto const x = first.input(copied);
        auto const rows = watch_rows(second, stored);
        auto const all = watch_rows(third, std::as_const(copied).view());
        auto const pull = [&](auto& on, auto const& from) {
          auto const loss = on.template fresh<dim<1>, dim<1>, float>(1, 1);
          for (int i = 0; i < times; ++i) {
            auto const y = aggregate(on, links.view(), from, how);
            REQUIRE(y.tracked());
            on.record([=] {
              for (std::size_t t = 0; t < y.rows(); ++t) {
                for (std::size_t c = 0; c < y.cols(); ++c) y.grad[t][c] = y.value[t][c] + static_cast<float>(i);
              }
            });
          }
          on.backward(loss);
        };
        pull(first, x);
        pull(second, rows);
        pull(third, all);
        for (auto const grad : {gradient_of(ctx, rows), gradient_of(ctx, all)}) {
          REQUIRE(grad.rows == 5);
          for (std::size_t i = 0; i < 5; ++i) {
            for (std::size_t c = 0; c < 20; ++c) CHECK(grad[i][c] == Approx(x.grad[i][c]).margin(1e-6));
          }
        }
      }
    }
  }
  CHECK_FALSE(watch_rows(ctx, stored).tracked());
  CHECK(grid_of(aggregate(ctx, all_links()[0].view(), watch_rows(ctx, stored))) ==
        grid_of(aggregate(ctx, all_links()[0].view(), ctx.constant(copied))));
}
