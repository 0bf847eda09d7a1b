#include <atomic>
#include <chrono>
#include <ctime>
#include <intarsia/core/thread_pool.hpp>
#include <numeric>
#include <string>
#include <thread>

#include "../catch.hpp"

namespace ia = intarsia;

namespace {

// How often each index was visited, and whether all pieces were those that the contract names.
template <class E>
void covers(E&& executor) {
  for (std::size_t count : {0u, 1u, 5u, 100u, 1001u}) {
    for (std::size_t grain : {1u, 3u, 100u, 5000u}) {
      std::vector<unsigned char> seen(count);
      std::atomic<bool> proper{true};
      executor.bulk(count, grain, [&](std::size_t begin, std::size_t end) {
        if (begin % grain != 0 || end != std::min(count, begin + grain)) proper = false;
        for (std::size_t i = begin; i < end; ++i) ++seen[i];
      });
      CHECK(proper);
      CHECK(std::count(seen.begin(), seen.end(), 1) == static_cast<std::ptrdiff_t>(count));
    }
  }
}

}  // namespace

TEST_CASE("executors call every piece once") {
  covers(ia::inline_executor{});
  for (std::size_t threads : {1u, 2u, 3u, 7u}) {
    ia::thread_pool pool{threads};
    CHECK(pool.threads() == threads);
    covers(pool);
    covers(ia::any_executor{std::move(pool)});
  }
}

TEST_CASE("thread_pool: ten thousand constructions and destructions, idle and used") {
  std::atomic<std::size_t> sum{0};
  for (int i = 0; i < 10'000; ++i) {
    ia::thread_pool pool{2};
    if (i % 4 == 0) pool.bulk(4, 1, [&](std::size_t begin, std::size_t) { sum += begin; });
  }
  CHECK(sum == 2'500 * 6);
}

TEST_CASE("thread_pool: thousands of small bulks in a row") {
  ia::thread_pool pool{4};
  std::atomic<std::size_t> sum{0};
  for (int i = 0; i < 5'000; ++i) pool.bulk(8, 1, [&](std::size_t begin, std::size_t) { sum += begin; });
  CHECK(sum == 5'000 * 28);
}

TEST_CASE("thread_pool: after any pause a worker comes to a bulk, whether it looks for one, falls asleep or sleeps") {
  for (std::size_t threads : {2u, 3u, 7u}) {
    ia::thread_pool pool{threads};
    for (int i = 0; i < 600; ++i) {
      auto const until = std::chrono::steady_clock::now() + std::chrono::microseconds{i % 300};
      while (std::chrono::steady_clock::now() < until) {}
      // Each piece waits for the other, so that one thread alone would wait for ever.
      std::atomic<int> here{0};
      pool.bulk(2, 1, [&](std::size_t, std::size_t) {
        ++here;
        while (here < 2) std::this_thread::yield();
      });
    }
  }
}

TEST_CASE("thread_pool: an idle pool sleeps") {
  ia::thread_pool pool{2};
  pool.bulk(2, 1, [](std::size_t, std::size_t) {});
  std::clock_t const before = std::clock();  // of the processor, over all threads
  std::this_thread::sleep_for(std::chrono::milliseconds{200});
  CHECK(std::clock() - before < CLOCKS_PER_SEC / 20);
}

TEST_CASE("thread_pool: an exception of a piece arrives at the caller, and the pool goes on") {
  ia::thread_pool pool{3};
  for (int round = 0; round < 200; ++round) {
    std::string caught;
    try {
      pool.bulk(100, 1, [&](std::size_t begin, std::size_t) {
        if (begin % 10 == 3) throw ia::error{"piece"};
      });
    } catch (ia::error const& e) {
      caught = e.what();
    }
    REQUIRE(caught == "piece");
    std::atomic<std::size_t> count{0};
    pool.bulk(10, 1, [&](std::size_t, std::size_t) { ++count; });
    REQUIRE(count == 10);
  }
  std::size_t done = 0;
  ia::thread_pool alone{1};
  CHECK_THROWS_AS(alone.bulk(9, 1,
                             [&](std::size_t, std::size_t) {
                               if (++done == 3) throw ia::error{"stop"};
                             }),
                  ia::error);
  CHECK(done == 3);
}

TEST_CASE("thread_pool: a bulk inside a piece runs there; bulks of several threads all finish") {
  ia::thread_pool pool{3};
  std::atomic<std::size_t> count{0};
  pool.bulk(6, 1, [&](std::size_t, std::size_t) {
    pool.bulk(5, 1, [&](std::size_t, std::size_t) { pool.bulk(2, 1, [&](std::size_t, std::size_t) { ++count; }); });
  });
  CHECK(count == 60);

  count = 0;
  std::vector<std::thread> callers;
  for (int t = 0; t < 3; ++t) {
    callers.emplace_back([&] {
      for (int i = 0; i < 300; ++i) pool.bulk(7, 2, [&](std::size_t begin, std::size_t end) { count += end - begin; });
    });
  }
  for (auto& caller : callers) caller.join();
  CHECK(count == 3 * 300 * 7);
}

TEST_CASE("thread_pool: none at all is refused; a moved pool still works") {
  CHECK_THROWS_AS(ia::thread_pool{0}, ia::error);
  ia::thread_pool first{2};
  first.bulk(2, 1, [](std::size_t, std::size_t) {});
  ia::thread_pool second = std::move(first);
  std::atomic<int> count{0};
  second.bulk(20, 1, [&](std::size_t, std::size_t) { ++count; });
  CHECK(count == 20);
}

TEST_CASE("any_executor: copies share one pool, a grain of zero counts as one") {
  ia::any_executor const a{ia::thread_pool{2}};
  ia::any_executor const b = a;
  CHECK(b.threads() == 2);
  std::atomic<int> count{0};
  b.bulk(3, 0, [&](std::size_t, std::size_t) { ++count; });
  CHECK(count == 3);
}
