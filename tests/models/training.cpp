// Trainings end with the same bits for any number of threads and after any interruption, and stop where they must.
#include <cstring>
#include <filesystem>
#include <intarsia/models/training.hpp>
#include <limits>
#include <string>

#include "../catch.hpp"
#include "small.hpp"

using namespace intarsia;

namespace {
auto const nobody = [](std::size_t, double) {};

bool same_bits(std::vector<float> const& a, std::vector<float> const& b) {
  return !a.empty() && a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// A file that is gone at the end.
struct temporary_file {
  std::string path = (std::filesystem::temp_directory_path() /
                      ("intarsia_training_" +
                       std::to_string(std::hash<std::string>{}(Catch::getResultCapture().getCurrentTestName())) + "_" +
                       std::to_string(std::filesystem::file_time_type::clock::now().time_since_epoch().count())))
                         .string();
  ~temporary_file() { std::filesystem::remove(path); }
};

struct killed {};

// run(ctx, keep, watch) is stopped after `first` steps, resumed and stopped after `second`, and resumed to its end.
template <class Run>
std::vector<float> interrupted(Run const& run, std::string const& file, std::size_t first, std::size_t second) {
  std::filesystem::remove(file);
  for (std::size_t const at : {first, second}) {
    cpu::context ctx{thread_pool{2}, seed{12}};
    std::size_t seen = 0;
    auto const kill = [&](std::size_t step, double loss) {
      if (!std::isnan(loss)) seen = step;
      if (step == at && !std::isnan(loss)) throw killed{};
    };
    CHECK_THROWS_AS(run(ctx, checkpoints{file, 3, true}, kill), killed);
    CHECK(seen == at);
  }
  cpu::context ctx{thread_pool{2}, seed{12}};
  return run(ctx, checkpoints{file, 3, true}, nobody);
}

template <class Run>
void kill_and_resume(Run const& run, std::size_t steps, std::uint64_t stream) {
  temporary_file const file;
  cpu::context ctx{thread_pool{2}, seed{12}};
  auto const whole = run(ctx, checkpoints{}, nobody);
  intarsia::random dice{seed{1}, stream};
  for (int point = 0; point < 10; ++point) {
    auto const first = 1 + dice.below(static_cast<std::uint32_t>(steps) - 2);
    auto const second = first + 1 + dice.below(static_cast<std::uint32_t>(steps) - first);
    CAPTURE(first, second);
    CHECK(same_bits(interrupted(run, file.path, first, second), whole));
  }
  // What has ended is not trained again.
  cpu::context again{thread_pool{2}, seed{12}};
  std::size_t calls = 0;
  auto const resumed = run(again, checkpoints{file.path, 3, true}, [&](std::size_t step, double) {
    ++calls;
    CHECK(step == steps);
  });
  CHECK(calls == 1);
  CHECK(same_bits(resumed, whole));
}
}  // namespace

TEST_CASE("training: the same bits for any number of threads") {
  std::vector<std::vector<float>> first;
  for (std::size_t const threads : {1u, 2u, 3u, 7u}) {
    std::vector<std::vector<float>> ends;
    for (int kind = 0; kind < 4; ++kind) {
      cpu::context ctx{thread_pool{threads}, seed{4}};
      ends.push_back(kind < 2 ? small::train_encoder(ctx, kind == 0, 12, {}, nobody)
                              : small::train_small_towers(ctx, 12, {}, nobody,
                                                          kind == 2 ? tower_loss::softmax : tower_loss::literal));
    }
    if (first.empty()) first = ends;
    for (std::size_t kind = 0; kind < ends.size(); ++kind) {
      CAPTURE(threads, kind);
      CHECK(same_bits(ends[kind], first[kind]));
    }
  }
}

TEST_CASE("training: another seed ends elsewhere, and the loss falls") {
  auto const losses = [](std::uint64_t s) {
    cpu::context ctx{inline_executor{}, seed{s}};
    std::vector<double> all;
    static_cast<void>(small::train_encoder(ctx, true, 60, {}, [&](std::size_t, double loss) { all.push_back(loss); }));
    return all;
  };
  auto const one = losses(1), two = losses(2);
  REQUIRE(one.size() == 60);
  CHECK(one != two);
  CHECK(one.back() < 0.9 * one.front());
}

TEST_CASE("training: with products of bf16 the loss follows that of full ones, the same for any number of threads") {
  for (int kind = 0; kind < 2; ++kind) {
    auto const losses = [=](precision p, std::size_t threads) {
      cpu::context ctx{thread_pool{threads}, seed{4}};
      ctx.products(p);
      std::vector<double> all;
      auto const watch = [&](std::size_t, double loss) { all.push_back(loss); };
      static_cast<void>(kind == 0 ? small::train_encoder(ctx, true, 60, {}, watch)
                                  : small::train_small_towers(ctx, 60, {}, watch));
      return all;
    };
    auto const full = losses(precision::full, 1), rounded = losses(precision::bf16, 1);
    REQUIRE(full.size() == 60);
    CHECK(*std::min_element(full.begin(), full.end()) < 0.99 * full.front());
    CHECK(full != rounded);
    for (std::size_t step = 0; step < full.size(); ++step) {
      CAPTURE(kind, step);
      CHECK(rounded[step] == Approx(full[step]).epsilon(2e-2));
    }
    for (std::size_t const threads : {2u, 3u, 7u}) CHECK(losses(precision::bf16, threads) == rounded);
  }
}

TEST_CASE("training: killed at twenty points and resumed, towers end with the same bits") {
  kill_and_resume([](auto& ctx, checkpoints const& keep,
                     auto const& watch) { return small::train_small_towers(ctx, 14, keep, watch); },
                  14, 1);
}
TEST_CASE("training: killed at twenty points and resumed, a sampled encoder ends with the same bits") {
  kill_and_resume([](auto& ctx, checkpoints const& keep,
                     auto const& watch) { return small::train_encoder(ctx, false, 14, keep, watch); },
                  14, 2);
}
TEST_CASE("training: killed at twenty points and resumed, an encoder of the whole graph ends with the same bits") {
  kill_and_resume([](auto& ctx, checkpoints const& keep,
                     auto const& watch) { return small::train_encoder(ctx, true, 14, keep, watch); },
                  14, 3);
}

TEST_CASE("training: a loss that is no number stops it with stage and step, and is never saved") {
  temporary_file const file;
  cpu::context ctx;
  linear<2, 2> part{ctx};
  auto const before = small::weights(part);
  adam learn{part};
  for (double const bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    std::size_t watched = 0;
    auto const run = [&] {
      train(
          "first stage", part, learn, 9, {file.path, 2, false}, [&](std::size_t step) { return step == 5 ? bad : 1.0; },
          [&](std::size_t, double) { ++watched; });
    };
    CHECK_THROWS_WITH(run(), Catch::Contains("first stage") && Catch::Contains("step 5") && Catch::Contains("rate"));
    CHECK_THROWS_AS(run(), training_error);
    CHECK(watched == 10);
  }
  std::size_t from = 99;
  CHECK_THROWS_AS(train(
                      "first stage", part, learn, 9, {file.path, 2, true},
                      [&](std::size_t step) {
                        from = std::min(from, step);
                        return std::nan("");
                      },
                      nobody),
                  training_error);
  CHECK(from == 4);
  CHECK(same_bits(small::weights(part), before));
}

TEST_CASE("training: a checkpoint of another stage or length is refused") {
  temporary_file const file;
  cpu::context ctx;
  linear<2, 2> part{ctx};
  adam learn{part};
  auto const run = [&](std::string const& stage, std::size_t steps) {
    std::size_t done = 0;
    train(
        stage, part, learn, steps, {file.path, 2, true}, [&](std::size_t) { return ++done, 1.0; }, nobody);
    return done;
  };
  CHECK(run("one", 5) == 5);
  CHECK(run("one", 5) == 0);
  CHECK_THROWS_WITH(run("two", 5), Catch::Contains("another training than two"));
  CHECK_THROWS_AS(run("one", 6), io_error);
  CHECK(run("one", 5) == 0);
}

TEST_CASE("training: no steps, no files") {
  cpu::context ctx;
  linear<2, 2> part{ctx};
  adam learn{part};
  train(
      "none", part, learn, 0, {}, [](std::size_t) -> double { throw killed{}; }, nobody);
  temporary_file const file;
  train(
      "rare", part, learn, 3, {file.path, 0, false}, [](std::size_t) { return 0.0; }, nobody);
  CHECK(std::filesystem::exists(file.path));
}

TEST_CASE("training: of a judged training the weights of the best score are kept, after interruptions too") {
  auto const run = [](std::size_t every, double best_at, auto rate) {
    return [=](auto& ctx, checkpoints const& keep, auto const& watch) {
      linear<2, 2> part{ctx};
      adam learn{part};
      auto const score = [&](std::size_t done) { return rate(std::abs(static_cast<double>(done) - best_at)); };
      train(
          "judged", part, learn, 14, keep,
          [&](std::size_t step) {
            visit(part, [&](std::string const&, auto& x) { std::fill_n(x.data(), x.size(), float(step + 1)); });
            return 1.0;
          },
          watch, judged<decltype(score)>{every, score});
      return small::weights(part);
    };
  };
  auto const near = [](double far) { return -far; };
  cpu::context ctx;
  auto const ends = [&](auto const& trained) { return trained(ctx, checkpoints{}, nobody).front(); };
  CHECK(ends(run(3, 7, near)) == 6);    // judged at 3, 6, 9, 12 and 14
  CHECK(ends(run(3, 99, near)) == 14);  // the last is judged as well
  CHECK(ends(run(3, 0, near)) == 3);
  CHECK(ends(run(0, 0, near)) == 14);  // nobody judges
  CHECK(ends(run(3, 7, [](double) { return std::nan(""); })) == 14);
  CHECK(ends(run(3, 7, [](double) { return 1.0; })) == 3);  // the first of equals
  kill_and_resume(run(3, 7, near), 14, 4);
}
