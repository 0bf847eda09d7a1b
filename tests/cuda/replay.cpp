// Clipped gradients, steps counted on the device, and a whole training step as one graph.
#include <intarsia/cuda/link_sampler.cuh>
#include <intarsia/models/hetero_sage.hpp>
#include <intarsia/ops/gather.hpp>
#include <intarsia/ops/sum.hpp>
#include <intarsia/optim/adagrad.hpp>
#include <intarsia/optim/adam.hpp>
#include <intarsia/optim/clip.hpp>
#include <intarsia/optim/schedule.hpp>
#include <intarsia/optim/sgd.hpp>

#include "../sampling/graphs.hpp"
#include "parity.hpp"

using namespace cuda_test;
using sampling_test::Catalogue, sampling_test::make_graph;

namespace {

struct Word : ia::node<"word"> {};

template <class T>
struct two_tables {
  ia::tensor<ia::dyn, ia::dyn, T> plain;
  ia::tensor<ia::rows_of<Word>, ia::dim<5>, T> table;
  static auto members(auto& self) { return std::tuple{ia::named("plain", self.plain), ia::named("table", self.table)}; }
};

template <class T>
two_tables<T> make_tables() {
  return {noise<T>(300, 17, 1), noise<T, ia::rows_of<Word>, ia::dim<5>>(9, 5, 2)};
}

// A loss by all of one parameter and by some rows of the other, one of them twice.
template <class On, class Model, class Ids>
auto loss_of(On& on, Model const& m, Ids const& ids) {
  auto const x = on.watch(m.plain);
  auto const y = look_up(on, m.table, ids);
  return add(on, sum(on, multiply(on, x, x)), sum(on, multiply(on, y, y)));
}

template <class T>
void same_clipping(double limit) {
  ia::cpu::context host;
  ia::cuda::context ctx;
  auto here = make_tables<T>();
  auto there = ia::cuda::upload(ctx, here);
  std::vector<ia::id<Word>> const ids{{4}, {7}, {4}};
  auto const ids2 = ia::cuda::upload(ctx, ids);
  ia::sgd learn{here, {.rate = 0.125f}};
  ia::sgd learn2{there, {.rate = 0.125f}};
  for (int step = 0; step < 3; ++step) {
    ia::tape on{host};
    auto const slopes = on.backward(loss_of(on, here, ids));
    double const norm = clip(slopes, limit);
    learn.step(slopes);
    ia::tape on2{ctx};
    auto const slopes2 =
        on2.backward(there.with(on2, [&](auto& inside, auto const& m) { return loss_of(inside, m, ids2.view()); }));
    auto const norm2 = clip(slopes2, limit);
    CHECK(ia::cuda::download(ctx, norm2)[0][0] == Approx(norm).epsilon(1e-6 + tolerance<T>));
    learn2.step(slopes2);
    auto const back = ia::cuda::download(there);
    CHECK(distance(back.plain, here.plain) < tolerance<T>);
    CHECK(distance(back.table, here.table) < tolerance<T>);
  }
}

template <class Encoder>
auto rows_for(ia::graph<Catalogue> const& g) {
  return Catalogue::map_nodes([&](auto n) {
    return noise<double, ia::rows_of<decltype(n)>, ia::dim<n.width>>(g.nodes(n), n.width,
                                                                     40 + Catalogue::node_index<decltype(n)>);
  });
}
using encoder_type = ia::hetero_sage<Catalogue, 8, 6, double>;

ia::link_options<Catalogue> how() { return {.batch = 24, .fanout = {3, 2}, .epochs = 3, .steps = 3}; }
float rate_at(std::size_t step) { return 2e-2f * ia::schedule::cosine(step, 9); }

std::vector<double> on_host(ia::graph<Catalogue> const& g) {
  ia::cpu::context ctx{ia::inline_executor{}, ia::seed{6}};
  encoder_type encoder{ctx};
  auto const x = rows_for<encoder_type>(g);
  ia::adam learn{encoder, {.rate = rate_at(0)}};
  std::vector<double> losses;
  auto links = ia::sample_links(ctx, g, how());
  for (auto& batch : links) {
    learn.rate(rate_at(losses.size()));
    ia::tape on{ctx};
    auto const loss = link_contrastive(on, encoder(on, batch.graph, batch.rows(x)), batch.links, {.temperature = 0.3f});
    auto const slopes = on.backward(loss);
    clip(slopes, 0.5);
    learn.step(slopes);
    losses.push_back(loss.value[0][0]);
  }
  return losses;
}

// Every step by itself, or replayed from the third on.
std::vector<double> on_device(ia::graph<Catalogue> const& g, bool replays) {
  ia::cuda::context ctx{ia::seed{6}};
  auto encoder = ia::cuda::upload(ctx, encoder_type{ctx});
  auto const x = ia::cuda::upload(ctx, rows_for<encoder_type>(g));
  ia::adam learn{encoder, {.rate = rate_at(0)}};
  auto links = ia::cuda::sample_links(ctx, g, how());
  auto batch = links.make_batch();
  auto losses = ia::cuda::upload(ctx, matrix<double>(1, 1));
  std::vector<double> all;
  ia::cuda::replay step{ctx, replays ? 2u : 1000u};
  while (links.stage(batch)) {
    learn.rate(rate_at(all.size()));
    CHECK(step.captured() == (replays && all.size() > 2));
    step([&] {
      links.draw(batch);
      ia::tape on{ctx};
      auto const z = encoder(on, batch.graph, batch.rows(x));
      auto const loss = link_contrastive(on, z, batch.links, {.temperature = 0.3f});
      auto const slopes = on.backward(loss);
      static_cast<void>(clip(slopes, 0.5));
      learn.step(slopes);
      ia::cuda::copy(ctx, loss.value, losses.view());
    });
    all.push_back(ia::cuda::download(ctx, losses)[0][0]);
  }
  return all;
}

}  // namespace

TEST_CASE("cuda: gradients are clipped by their common norm, rows that were looked up among them") {
  in_every_order([] {
    for (double const limit : {1.0, 1e6}) {
      same_clipping<double>(limit);
      same_clipping<float>(limit);
    }
  });
}

TEST_CASE("cuda: a step that is replayed learns what one that is run learns, and what the CPU learns") {
  auto const g = make_graph({50, 30, 20, 80, 150, 100, 60}, true, false);
  auto const expected = on_host(g);
  REQUIRE(expected.size() == 9);
  in_every_order([&] {
    auto const run = on_device(g, false), replayed = on_device(g, true);
    CHECK(run == replayed);
    REQUIRE(run.size() == expected.size());
    for (std::size_t i = 0; i < run.size(); ++i) CHECK(run[i] == Approx(expected[i]).epsilon(1e-9));
  });
}

TEST_CASE("cuda: a replay notices where scratch memory moved, and what must not be captured") {
  ia::cuda::context ctx;
  auto x = ia::cuda::upload(ctx, matrix<double>(1, 4));
  auto const one = ia::cuda::upload(ctx, noise<double>(1, 4, 1));
  int calls = 0;
  ia::cuda::replay step{ctx};
  auto const run = [&] {
    step([&] {
      ++calls;
      ia::scope const keep{ctx};
      auto const twice = scale(ctx, ctx.constant(one), 2.0);
      ia::cuda::copy(ctx, add(ctx, ctx.constant(x), twice).value, x.view());
    });
  };
  auto const first = [&] { return ia::cuda::download(ctx, x)[0][0]; };
  double const unit = 2 * ia::cuda::download(ctx, one)[0][0];
  for (int i = 0; i < 5; ++i) run();
  CHECK(calls == 3);
  CHECK(step.captured());
  CHECK(first() == Approx(5 * unit));
  {
    ia::scope const keep{ctx};
    static_cast<void>(ctx.scratch().take<std::byte>(std::size_t{8} << 20));
    CHECK(!step.captured());
    for (int i = 0; i < 5; ++i) run();
    CHECK(calls == 6);
    CHECK(first() == Approx(10 * unit));
  }
  run();
  CHECK(calls == 7);
  CHECK(first() == Approx(11 * unit));

  ia::cuda::replay wrong{ctx, 0};
  CHECK_THROWS_WITH(wrong([&] { static_cast<void>(ia::cuda::download(ctx, x)); }), Catch::Contains("outside of it"));
  CHECK(!wrong.captured());
  CHECK(first() == Approx(11 * unit));  // the stream is usable
}
