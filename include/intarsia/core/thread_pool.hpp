// The executor that the library ships: a fixed set of threads that take pieces of work one by one.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
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
// piece, or while another thread's bulk runs, is run on the calling thread. Movable; pieces must not outlive it.
class thread_pool {
 public:
  explicit thread_pool(std::size_t threads = std::max(1u, std::thread::hardware_concurrency()))
      : state_{std::make_unique<state>()} {
    expects<error>(threads > 0, "a thread pool needs at least one thread: thread_pool{1} runs on the caller's");
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
    std::atomic<bool> taken{false};  // by the one bulk that the workers serve
    std::mutex mutex;
    std::condition_variable wake, done;
    std::optional<piece_ref> job;
    std::size_t count = 0, grain = 1, round = 0, busy = 0;
    std::atomic<std::size_t> next{0};
    std::exception_ptr failure;
    bool stop = false;

    void take(piece_ref f) {
      for (std::size_t begin; (begin = next.fetch_add(grain)) < count;) {
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
      {
        std::scoped_lock lock{mutex};
        job.emplace(f);
        count = n, grain = g, next = 0, busy = workers, failure = nullptr;
        ++round;
      }
      wake.notify_all();
      take(f);
      std::unique_lock lock{mutex};
      done.wait(lock, [this] { return busy == 0; });
      job.reset();
      std::exception_ptr const thrown = std::exchange(failure, nullptr);
      taken.store(false, std::memory_order_release);
      if (thrown) std::rethrow_exception(thrown);
    }

    void work() {
      std::size_t seen = 0;
      std::unique_lock lock{mutex};
      while (true) {
        wake.wait(lock, [&] { return stop || round != seen; });
        if (stop) return;
        seen = round;
        piece_ref const f = *job;
        lock.unlock();
        take(f);
        lock.lock();
        if (--busy == 0) done.notify_one();
      }
    }
  };

  std::unique_ptr<state> state_;
  std::vector<std::thread> workers_;
};

}  // namespace intarsia::inline v0
