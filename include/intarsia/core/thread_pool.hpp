// The executor that the library ships: a fixed set of threads that take pieces of work one by one.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <intarsia/core/config.hpp>
#include <intarsia/core/executor.hpp>
#include <intarsia/core/expects.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace intarsia::inline v0 {

// `thread_pool{8}` runs on the calling thread and seven others. One bulk at a time: a bulk called from inside a
// piece, or while another thread's bulk runs, is run on the calling thread. A worker that has nothing to do looks for
// the next bulk for some time, as one comes soon after another in training, and then sleeps. Movable; pieces must not
// outlive it.
class thread_pool {
 public:
  explicit thread_pool(std::size_t threads = std::max(1u, std::thread::hardware_concurrency()))
      : state_{std::make_unique<state>()} {
    expects<error>(threads > 0, "a thread pool needs at least one thread: thread_pool{1} runs on the caller's");
    // More threads than the machine has would only take time from each other.
    state_->spins = threads <= std::thread::hardware_concurrency();
    workers_.reserve(threads - 1);
    for (std::size_t i = 1; i < threads; ++i) workers_.emplace_back([s = state_.get()] { s->work(); });
  }
  thread_pool(thread_pool&&) noexcept = default;
  thread_pool& operator=(thread_pool&&) = delete;
  ~thread_pool() {
    if (!state_) return;
    {
      std::scoped_lock lock{state_->mutex};
      state_->stop = true;
    }
    state_->wake.notify_all();
    for (auto& worker : workers_) worker.join();
  }

  [[nodiscard]] std::size_t threads() const { return workers_.size() + 1; }

  // Runs f over the pieces and returns when all are done; the first exception of a piece is thrown here, and no
  // further pieces are started after it.
  template <class F>
  void bulk(std::size_t count, std::size_t grain, F&& f) {
    if (workers_.empty() || state_->taken.exchange(true, std::memory_order_acquire)) {
      return inline_executor{}.bulk(count, grain, f);
    }
    state_->run(count, grain, piece_ref{f}, workers_.size());
  }

 private:
  struct state {
    // A bulk is open while workers may join it: round << 32 | open bit | how many are in it. A bulk that is closed
    // waits for those that joined and for nobody else, so that a worker which is slow to wake delays nothing.
    static constexpr std::uint64_t open = std::uint64_t{1} << 31, one_round = std::uint64_t{1} << 32;

    std::atomic<bool> taken{false};  // by the one bulk that the workers serve
    alignas(64) std::atomic<std::uint64_t> gate{0};
    std::atomic<std::size_t> sleepers{0};
    std::atomic<bool> caller_sleeps{false}, stop{false};
    alignas(64) std::atomic<std::size_t> next{0};
    alignas(64) std::optional<piece_ref> job;  // this line is written while the gate is closed and nobody is in
    std::size_t count = 0, grain = 1;
    bool spins = false;
    std::mutex mutex;
    std::condition_variable wake, done;
    std::exception_ptr failure;

    void take(piece_ref f) {
      for (std::size_t begin; (begin = next.fetch_add(grain, std::memory_order_relaxed)) < count;) {
        try {
          f(begin, std::min(begin + grain, count));
        } catch (...) {
          std::scoped_lock lock{mutex};
          if (!failure) failure = std::current_exception();
          next = count;
        }
      }
    }

    void run(std::size_t n, std::size_t g, piece_ref f, std::size_t workers) {
      job.emplace(f);
      count = n, grain = g, failure = nullptr;
      next.store(0, std::memory_order_relaxed);
      gate.store(((gate.load(std::memory_order_relaxed) / one_round + 1) * one_round) | open);
      if (std::size_t const asleep = sleepers.load(); asleep > 0) {
        { std::scoped_lock lock{mutex}; }
        for (std::size_t i = std::min({asleep, workers, (n - 1) / g}); i > 0; --i) wake.notify_one();
      }
      take(f);
      gate.fetch_and(~open, std::memory_order_acq_rel);
      auto const empty = [this] { return (gate.load() & (open - 1)) == 0; };
      if (!spin_until(empty)) {
        std::unique_lock lock{mutex};
        caller_sleeps = true;
        done.wait(lock, empty);
        caller_sleeps = false;
      }
      std::exception_ptr const thrown = std::exchange(failure, nullptr);
      taken.store(false, std::memory_order_release);
      if (thrown) std::rethrow_exception(thrown);
    }

    void work() {
      std::uint64_t seen = 0;
      auto const called = [&] {
        std::uint64_t const now = gate.load();
        return stop.load() || ((now & open) != 0 && now / one_round != seen);
      };
      while (true) {
        if (!spin_until(called)) {
          std::unique_lock lock{mutex};
          ++sleepers;
          wake.wait(lock, called);
          --sleepers;
        }
        if (stop) return;
        std::uint64_t now = gate.load();
        while ((now & open) != 0 && now / one_round != seen) {
          if (!gate.compare_exchange_weak(now, now + 1)) continue;
          seen = now / one_round;
          take(*job);
          now = gate.fetch_sub(1) - 1;
          if ((now & (2 * open - 1)) == 0 && caller_sleeps) {
            { std::scoped_lock lock{mutex}; }
            done.notify_one();
          }
        }
      }
    }

    // Waits for about as long as it takes to wake a thread, and says whether what was waited for came. Others that have
    // work for this core go first; then it is better to sleep, and to be woken where a core is free.
    template <class F>
    [[nodiscard]] bool spin_until(F const& came) const {
      if (came()) return true;
      if (!spins) return false;
      using clock = std::chrono::steady_clock;
      constexpr std::chrono::microseconds most{100}, pushed_aside{20};
      auto const begin = clock::now();
      for (auto last = begin, now = begin; now - begin < most && now - last < pushed_aside; now = clock::now()) {
        last = now;
        for (int i = 0; i < 32; ++i) {
          if (came()) return true;
          pause();
        }
        std::this_thread::yield();
      }
      return came();
    }
    static void pause() {
#if INTARSIA_X86
      __builtin_ia32_pause();
#endif
    }
  };

  std::unique_ptr<state> state_;
  std::vector<std::thread> workers_;
};

}  // namespace intarsia::inline v0
