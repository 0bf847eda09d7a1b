// The next batch while this one trains: a sampler that runs ahead on a thread of its own.
#pragma once

#include <condition_variable>
#include <exception>
#include <intarsia/core/expects.hpp>
#include <intarsia/sampling/position.hpp>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace intarsia::inline v0 {

// The same batches, in the same order, as the sampler alone; exceptions of the sampler arrive with the batch that it
// could not make. `ring` batches exist at a time: one with the reader, the others ready or being made.
//   for (auto& batch : prefetch{sample_links(ctx, graph, {...})}) {...}
// The thread starts with the first batch and ends with the last, or when this object goes, also in mid-epoch. It uses
// the context's executor only, never its scratch memory.
template <class Sampler>
class prefetch {
 public:
  using batch_type = typename Sampler::batch_type;

  explicit prefetch(Sampler sampler, std::size_t ring = 2) : state_{std::make_unique<state>(std::move(sampler), ring)} {
    expects(ring >= 2, "prefetch: the ring holds at least two batches, one to read and one to fill");
  }
  prefetch(prefetch&&) noexcept = default;
  prefetch& operator=(prefetch&&) = delete;
  ~prefetch() {
    if (state_) state_->stop();
  }

  // The batch that advance() gives next, whatever was already made; and to go there.
  [[nodiscard]] sampler_position position() const { return state_->position; }
  void seek(sampler_position at) {
    state_->stop();
    state_->sampler.seek(at);
    state_->position = at;
  }
  // The sampler, for its sizes and options; its own position runs ahead, so it may not be asked while batches are made.
  [[nodiscard]] Sampler const& sampler() const { return state_->sampler; }

  // The next batch becomes current(); false at the end of the last epoch.
  bool advance() { return state_->advance(); }
  [[nodiscard]] batch_type& current() { return state_->cells[state_->read].batch; }
  [[nodiscard]] auto begin() { return batch_iterator<prefetch>{*this}; }
  [[nodiscard]] end_of_batches end() const { return {}; }

 private:
  enum class stage { free, ready, last, failed };
  struct cell {
    batch_type batch;
    sampler_position after;
    stage is = stage::free;
  };

  struct state {
    state(Sampler s, std::size_t ring) : sampler{std::move(s)}, position{sampler.position()} {
      for (std::size_t i = 0; i < ring; ++i) cells.push_back({sampler.make_batch(), {}, stage::free});
    }

    bool advance() {
      std::unique_lock lock{mutex};
      if (!worker.joinable()) {
        launch();
      } else if (reading) {
        cells[read].is = stage::free;
        read = (read + 1) % cells.size();
        changed.notify_all();
      }
      reading = false;
      changed.wait(lock, [this] { return cells[read].is != stage::free; });
      if (cells[read].is == stage::ready) {
        reading = true;
        position = cells[read].after;
        return true;
      }
      auto const problem = std::exchange(failure, nullptr);
      lock.unlock();
      stop();
      if (!problem) return false;
      std::rethrow_exception(problem);
    }

    void launch() {
      for (auto& each : cells) each.is = stage::free;
      read = 0;
      reading = stopping = false;
      worker = std::thread{[this] { work(); }};
    }

    void work() {
      for (std::size_t write = 0;; write = (write + 1) % cells.size()) {
        {
          std::unique_lock lock{mutex};
          changed.wait(lock, [&] { return stopping || cells[write].is == stage::free; });
          if (stopping) return;
        }
        stage outcome = stage::failed;
        std::exception_ptr problem;
        try {
          outcome = sampler.next(cells[write].batch) ? stage::ready : stage::last;
        } catch (...) {
          problem = std::current_exception();
        }
        std::scoped_lock lock{mutex};
        cells[write].after = sampler.position();
        cells[write].is = outcome;
        failure = problem;
        changed.notify_all();
        if (outcome != stage::ready) return;
      }
    }

    // Ends the thread and forgets what it made ahead; the sampler is set back to the reader's position.
    void stop() {
      if (!worker.joinable()) return;
      {
        std::scoped_lock lock{mutex};
        stopping = true;
      }
      changed.notify_all();
      worker.join();
      reading = false;
      sampler.seek(position);
    }

    Sampler sampler;
    sampler_position position;
    std::vector<cell> cells;
    std::size_t read = 0;
    bool reading = false, stopping = false;
    std::exception_ptr failure;
    std::mutex mutex;
    std::condition_variable changed;
    std::thread worker;
  };

  std::unique_ptr<state> state_;
};
template <class Sampler>
prefetch(Sampler) -> prefetch<Sampler>;
template <class Sampler>
prefetch(Sampler, std::size_t) -> prefetch<Sampler>;

}  // namespace intarsia::inline v0
