// A step that is the same work every time, as one CUDA graph: the host launches once instead of for each kernel.
#pragma once

#include <intarsia/cuda/memory.cuh>
#include <intarsia/exec/steps.hpp>
#include <utility>

namespace intarsia::inline v0::cuda {

// cuda::replay step{ctx};
// while (links.stage(batch)) {         // moves what is new; outside of the graph
//   learn.rate(...);                   // so is a schedule
//   step([&] {
//     links.draw(batch);
//     tape tape{ctx};
//     auto loss = link_contrastive(tape, encoder(tape, batch.graph, batch.rows(features)), batch.links);
//     auto slopes = tape.backward(loss);
//     clip(slopes, 1.0);
//     learn.step(slopes);
//     copy(ctx, loss.value, losses.view());  // into memory of one's own, to be read after the step
//   });
// }
// The first calls just run the step, until scratch memory has grown to its size; the next one captures it, and those
// after it replay what was captured: the same kernels on the same memory. So a step may read what changes from memory
// (staged batches, counts, parameters), never from a variable of the host; nothing in it blocks or takes memory of its
// own; and where a size changes (a last batch with fewer links), forget() or a replay of its own serves. Scratch memory
// that other work has made grow, or another one merged, is noticed: the step is captured again. Does not block.
class replay {
 public:
  // `runs`: calls before the one that captures.
  explicit replay(context& ctx, unsigned runs = 2) : context_{&ctx}, wanted_{runs} {}
  replay(replay const&) = delete;
  replay& operator=(replay const&) = delete;
  ~replay() { forget(); }

  template <class Step>
  void operator()(Step&& step) {
    if (work_ && !fits()) forget();
    if (!work_) {
      if (runs_ < wanted_) {
        ++runs_;
        return step();
      }
      if (!capture(step)) return step();
    }
    check(cudaGraphLaunch(work_, context_->stream()), "replaying a step");
  }

  // Whether the next call replays.
  [[nodiscard]] bool captured() const { return work_ != nullptr && fits(); }
  // The next calls run the step anew, and capture it.
  void forget() {
    if (work_) static_cast<void>(cudaGraphExecDestroy(std::exchange(work_, nullptr)));
    runs_ = 0;
  }

 private:
  // Ends a capture and gives back what it made, whatever became of it.
  struct capturing {
    cudaStream_t stream;
    cudaGraph_t made = nullptr;
    bool open = true;
    ~capturing() {
      if (open) static_cast<void>(cudaStreamEndCapture(stream, &made));
      if (made) static_cast<void>(cudaGraphDestroy(made));
    }
  };

  // Whether scratch memory lies where it lay, and as much of it is in use.
  [[nodiscard]] bool fits() const {
    return changes_ == context_->scratch().changes() && begin_ == context_->scratch().here();
  }

  // False where scratch memory grew meanwhile: the addresses are not yet those of the steps to come. What was recorded
  // has not been done then.
  template <class Step>
  bool capture(Step& step) {
    changes_ = context_->scratch().changes();
    begin_ = context_->scratch().here();
    check(cudaStreamBeginCapture(context_->stream(), cudaStreamCaptureModeThreadLocal), "capturing a step");
    capturing now{context_->stream()};
    step();
    now.open = false;
    check(cudaStreamEndCapture(context_->stream(), &now.made), "capturing a step");
    if (changes_ != context_->scratch().changes()) return false;
    check(cudaGraphInstantiate(&work_, now.made, 0), "making a graph of a step");
    return true;
  }

  context* context_;
  unsigned wanted_, runs_ = 0;
  cudaGraphExec_t work_ = nullptr;
  std::size_t changes_ = 0;
  arena::mark begin_;
};

}  // namespace intarsia::inline v0::cuda

namespace intarsia::inline v0::detail {
template <>
struct repeating<cuda::context> : cuda::replay {
  using cuda::replay::replay;
};
}  // namespace intarsia::inline v0::detail
