// The loop around every training: steps, checkpoints, and going on after an interruption.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <intarsia/core/expects.hpp>
#include <intarsia/io/checkpoint.hpp>
#include <string>

namespace intarsia::inline v0 {

// Where a training keeps its state, so that it can be interrupted at any moment.
struct checkpoints {
  std::string file;         // empty: none are kept
  std::size_t every = 100;  // steps between two of them; one more is written at the end
  bool resume = false;      // begin with the state in `file`, where there is one
};

// Runs step(k) for k = 0 .. steps - 1; step returns the loss as a number and changes `module` and `optimizer` only. As
// its batch is to follow from k and seeds alone, a resumed training ends with the same bits as an uninterrupted one.
// watch(k + 1, loss) is called after each step. `stage` names the training in messages and in the file.
// Throws training_error where the loss is not a number, io_error where a checkpoint cannot be written or belongs to
// another training.
template <class Module, class Optimizer, class Step, class Watch>
void train(std::string const& stage, Module& module, Optimizer& optimizer, std::size_t steps, checkpoints const& keep,
           Step&& step, Watch&& watch) {
  std::size_t done = 0;
  if (keep.resume && !keep.file.empty() && std::filesystem::exists(keep.file)) {
    tensor<dim<1>, dim<1>, std::uint64_t> count;
    auto const texts = load(keep.file, named("module", module), named("optimizer", optimizer), named("step", count));
    bool ours = false;
    for (auto const& [key, value] : texts)
      ours = ours || (key == "stage" && value == stage + '/' + std::to_string(steps));
    expects<io_error>(ours, (keep.file + ": this checkpoint is of another training than " + stage +
                             "; remove it, or run with the settings that it was made with").c_str());
    done = static_cast<std::size_t>(count[0][0]);
    watch(done, std::nan(""));
  }
  auto const save_now = [&] {
    if (keep.file.empty()) return;
    tensor<dim<1>, dim<1>, std::uint64_t> count;
    count[0][0] = done;
    save(keep.file, {{"stage", stage + '/' + std::to_string(steps)}}, named("module", module),
         named("optimizer", optimizer), named("step", count));
  };
  while (done < steps) {
    double const loss = step(done);
    if (!std::isfinite(loss)) {
      throw training_error{
          stage + ": the loss of step " + std::to_string(done) +
          " is not a finite number; lower the learning rate, or look for features that are not finite"};
    }
    ++done;
    if (keep.every > 0 && done % keep.every == 0 && done < steps) save_now();
    watch(done, loss);
    if (done == steps) save_now();
  }
}

}  // namespace intarsia::inline v0
