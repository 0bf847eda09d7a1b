// The next batches while one trains: samplers that run ahead on threads of their own.
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

struct prefetch_options {
  std::size_t workers = 1;  // threads, each of which makes whole batches with a copy of the sampler
  std::size_t ring = 0;     // batches that exist at a time, one of them with the reader; 0: two for each worker
};

// The same batches, in the same order, as the sampler alone; exceptions of the sampler arrive with the batch that it
// could not make.
//   for (auto& batch : prefetch{sample_links(ctx, graph, {...}), {.workers = 2}}) {...}
// The threads start with the first batch and end with the last, or when this object goes, also in mid-epoch. They use
// the context's executor only, never its scratch memory. A Sampler can be copied, and has make_batch(), next(batch),
// steps(), which are the batches of an epoch, position() and seek(position).
template <class Sampler>
class prefetch {
 public:
  using batch_type = typename Sampler::batch_type;

  explicit prefetch(Sampler sampler, prefetch_options options = {})
      : state_{std::make_unique<state>(std::move(sampler), options)} {}
  prefetch(prefetch&&) noexcept = default;
  prefetch& operator=(prefetch&&) = delete;
  ~prefetch() {
    if (state_) state_->stop();
  }

  // The batch that advance() gives next, whatever was already made; and to go there.
  [[nodiscard]] sampler_position position() const { return state_->position; }
  void seek(sampler_position at) {
    state_->stop();
    state_->samplers.front().seek(at);
    state_->position = at;
  }
  // The sampler, for its sizes and options; its own position runs ahead, so it may not be asked while batches are made.
  [[nodiscard]] Sampler const& sampler() const { return state_->samplers.front(); }

  // The next batch becomes current(); false at the end of the last epoch.
  bool advance() { return state_->advance(); }
  [[nodiscard]] batch_type& current() { return state_->current().batch; }
  [[nodiscard]] auto begin() { return batch_iterator<prefetch>{*this}; }
  [[nodiscard]] end_of_batches end() const { return {}; }

 private:
  enum class stage { free, ready, last, failed };
  struct cell {
    batch_type batch;
    std::exception_ptr failure{};
    stage is = stage::free;
  };

  struct state {
    state(Sampler sampler, prefetch_options options) : position{sampler.position()} {
      expects(options.workers >= 1, "prefetch: there is at least one worker");
      std::size_t const ring = options.ring == 0 ? 2 * options.workers : options.ring;
      expects(ring > options.workers, "prefetch: the ring holds a batch to read, and one to fill for each worker");
      for (std::size_t i = 0; i < ring; ++i) cells.push_back({sampler.make_batch()});
      samplers.reserve(options.workers);
      samplers.push_back(std::move(sampler));
      while (samplers.size() < options.workers) samplers.push_back(samplers.front());
    }

    [[nodiscard]] cell& current() { return cells[reads % cells.size()]; }

    bool advance() {
      std::unique_lock lock{mutex};
      if (workers.empty()) {
        launch();
      } else if (reading) {
        current().is = stage::free;
        ++reads;
        changed.notify_all();
      }
      reading = false;
      changed.wait(lock, [this] { return current().is != stage::free; });
      if (current().is == stage::ready) {
        reading = true;
        position = next_position(position, samplers.front().steps());
        return true;
      }
      auto const problem = std::exchange(current().failure, nullptr);
      lock.unlock();
      stop();
      if (!problem) return false;
      std::rethrow_exception(problem);
    }

    void launch() {
      for (auto& each : cells) each.is = stage::free;
      reads = makes = 0;
      coming = position;
      reading = stopping = false;
      for (auto& sampler : samplers) workers.emplace_back([this, &sampler] { work(sampler); });
    }

    void work(Sampler& sampler) {
      for (stage outcome = stage::ready; outcome == stage::ready;) {
        std::unique_lock lock{mutex};
        std::uint64_t const turn = makes++;
        sampler_position const at = std::exchange(coming, next_position(coming, sampler.steps()));
        cell& mine = cells[turn % cells.size()];
        changed.wait(lock, [&] { return stopping || turn < reads + cells.size(); });
        if (stopping) return;
        lock.unlock();
        std::exception_ptr problem;
        try {
          sampler.seek(at);
          outcome = sampler.next(mine.batch) ? stage::ready : stage::last;
        } catch (...) {
          outcome = stage::failed;
          problem = std::current_exception();
        }
        lock.lock();
        mine.failure = problem;
        mine.is = outcome;
        changed.notify_all();
      }
    }

    // Ends the threads and forgets what they made ahead; the first sampler is set back to the reader's position.
    void stop() {
      if (workers.empty()) return;
      {
        std::scoped_lock lock{mutex};
        stopping = true;
      }
      changed.notify_all();
      for (auto& worker : workers) worker.join();
      workers.clear();
      reading = false;
      samplers.front().seek(position);
    }

    std::vector<Sampler> samplers;  // one for each worker
    sampler_position position, coming;
    std::vector<cell> cells;
    std::uint64_t reads = 0, makes = 0;  // batches that the reader left behind, and that were begun
    bool reading = false, stopping = false;
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::thread> workers;
  };

  std::unique_ptr<state> state_;
};
template <class Sampler>
prefetch(Sampler) -> prefetch<Sampler>;
template <class Sampler>
prefetch(Sampler, prefetch_options) -> prefetch<Sampler>;

}  // namespace intarsia::inline v0
