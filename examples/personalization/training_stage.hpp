// One training of a study: what it is called, where it keeps its state, and who watches it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <intarsia/core/precision.hpp>
#include <intarsia/models/training.hpp>
#include <string>

#include "device.hpp"
#include "scoring.hpp"
#include "study_log.hpp"

namespace personalization {

struct training_stage {
  std::string name;  // in progress, messages and curves
  intarsia::checkpoints keep;
  study_log& log;
  curve& loss;
  // On a validation twin: what a score reaches there after so many steps. The best weights are kept. Elsewhere nothing.
  std::function<double(std::size_t done, scoring const&)> judge = {};
  device on = device::cpu;
  intarsia::precision products = intarsia::precision::full;  // while it trains; what is made of it after is full

  std::size_t thinning = 0;  // every so many-th loss becomes a point of the curve; 0: as the training finds right

  // For intarsia::train: every `usual`-th loss becomes a point of the curve, where thinning does not say otherwise.
  [[nodiscard]] auto watch(std::size_t usual = 1) const {
    return [this, every = thinning > 0 ? thinning : usual](std::size_t done, double value) {
      log.bar.step(done, value);
      if (done % every == 0) loss.points.emplace_back(static_cast<double>(done), value);
    };
  }
  // For intarsia::train: judges four times in a training; as_scoring() makes the score of the model as it stands.
  template <class AsScoring>
  [[nodiscard]] auto judged(std::size_t steps, AsScoring as_scoring) const {
    auto const score = [this, as_scoring](std::size_t done) { return judge(done, as_scoring()); };
    return intarsia::judged<decltype(score)>{judge ? std::max<std::size_t>(1, steps / 4) : 0, score};
  }
};

}  // namespace personalization
