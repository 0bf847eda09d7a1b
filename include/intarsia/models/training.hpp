// The loop around every training: steps, checkpoints, going on after an interruption, and keeping the best weights.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <intarsia/core/expects.hpp>
#include <intarsia/io/checkpoint.hpp>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace intarsia::inline v0 {

// Where a training keeps its state, so that it can be interrupted at any moment.
struct checkpoints {
  std::string file;         // empty: none are kept
  std::size_t every = 100;  // steps between two of them; one more is written at the end
  bool resume = false;      // begin with the state in `file`, where there is one
};

// A training that is judged by what it does not learn from. score(k) rates the module as it stands after k steps,
// higher is better; it is called after every `every` steps and after the last, where `every` is not 0. The weights of
// the best score are those that the training ends with. score changes neither module nor optimizer.
template <class Score>
struct judged {
  std::size_t every;
  Score score;
};
struct not_judged {};

namespace detail {

// Copies every tensor of a module on the host into one of the same make, wherever that lies.
template <class From, class Module>
void copy_weights(From const& from, Module& to) {
  std::vector<void const*> sources;
  visit(from, [&](std::string const&, auto const& x) {
    if (x.size() > 0) sources.push_back(x.data());  // a module that lies elsewhere leaves out what has no numbers
  });
  std::size_t next = 0;
  visit(to, [&](std::string const&, auto& x) {
    using T = typename std::remove_cvref_t<decltype(x)>::scalar;
    if (x.size() == 0) return;
    owned_in<typename std::remove_cvref_t<decltype(x)>::space, T>::write(x, static_cast<T const*>(sources[next++]),
                                                                         x.size());
  });
}

// The weights that scored best so far, on the host, and their score. Nothing where nobody judges.
template <class Module>
struct best_weights {
  std::optional<Module> weights;
  tensor<dim<1>, dim<1>, double> score;

  void begin(Module const& now) {
    weights = now;
    score[0][0] = -std::numeric_limits<double>::infinity();
  }
  template <class Now>
  void offer(Now const& now, double rated) {
    if (!(rated > score[0][0])) return;
    score[0][0] = rated;
    copy_weights(on_host(now), *weights);
  }
  template <class To>
  void give_back(To& to) const {
    if (weights && std::isfinite(score[0][0])) copy_weights(*weights, to);
  }
  static auto members(auto& self) { return std::tuple{named("weights", self.weights), named("score", self.score)}; }
};

}  // namespace detail

// Trains a module where it lies: on the host, or an uploaded one, whose checkpoints are those of the host. Runs step(k)
// for k = 0 .. steps - 1; step returns the loss as a number and changes `module` and `optimizer` only. As its batch is
// to follow from k and seeds alone, a resumed training ends with the same bits as an uninterrupted one.
// watch(k + 1, loss) is called after each step. `stage` names the training in messages and in the file. `judge` is a
// judged{}, or nothing: the module then ends with the weights of the last step. Throws training_error where the loss is
// not a number, io_error where a checkpoint cannot be written or belongs to another training.
template <class Module, class Optimizer, class Step, class Watch, class Judge = not_judged>
void train(std::string const& stage, Module& module, Optimizer& optimizer, std::size_t steps, checkpoints const& keep,
           Step&& step, Watch&& watch, Judge&& judge = {}) {
  constexpr bool is_judged = !std::is_same_v<std::remove_cvref_t<Judge>, not_judged>;
  std::size_t done = 0;
  detail::best_weights<std::remove_cvref_t<decltype(on_host(module))>> best;
  if constexpr (is_judged) {
    if (judge.every > 0) best.begin(on_host(module));
  }
  if (keep.resume && !keep.file.empty() && std::filesystem::exists(keep.file)) {
    tensor<dim<1>, dim<1>, std::uint64_t> count;
    auto const texts = load(keep.file, named("module", module), named("optimizer", optimizer), named("step", count),
                            named("best", best));
    bool ours = false;
    for (auto const& [key, value] : texts)
      ours = ours || (key == "stage" && value == stage + '/' + std::to_string(steps));
    expects<io_error>(ours, (keep.file + ": this checkpoint is of another training than " + stage +
                             "; remove it, or run with the settings that it was made with")
                                .c_str());
    done = static_cast<std::size_t>(count[0][0]);
    watch(done, std::nan(""));
  }
  auto const save_now = [&] {
    if (keep.file.empty()) return;
    tensor<dim<1>, dim<1>, std::uint64_t> count;
    count[0][0] = done;
    save(keep.file, {{"stage", stage + '/' + std::to_string(steps)}}, named("module", module),
         named("optimizer", optimizer), named("step", count), named("best", best));
  };
  while (done < steps) {
    double const loss = step(done);
    if (!std::isfinite(loss)) {
      throw training_error{
          stage + ": the loss of step " + std::to_string(done) +
          " is not a finite number; lower the learning rate, or look for features that are not finite"};
    }
    ++done;
    if constexpr (is_judged) {
      if (best.weights && (done == steps || done % judge.every == 0)) best.offer(module, judge.score(done));
    }
    if (keep.every > 0 && done % keep.every == 0 && done < steps) save_now();
    watch(done, loss);
    if (done == steps) save_now();
  }
  best.give_back(module);
}

}  // namespace intarsia::inline v0
