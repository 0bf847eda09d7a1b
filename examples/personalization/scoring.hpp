// What ranks: a function that scores all items for some users.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <intarsia/cpu/context.hpp>
#include <intarsia/tensor/view.hpp>
#include <memory>
#include <span>
#include <utility>

namespace personalization {

// Fills (users given, items) with numbers, higher is better. Safe to call from one thread at a time.
using scoring = std::function<void(std::span<std::uint32_t const> users, intarsia::dense<float> scores)>;

// The score of a model of the library.
template <class Scorer>
[[nodiscard]] scoring scoring_of(intarsia::cpu::context& ctx, Scorer model) {
  return [&ctx, model = std::make_shared<Scorer const>(std::move(model))](auto users, auto out) {
    model->score(ctx, users, out);
  };
}

// Brings a user's scores to mean 0 and deviation 1 over some items; those of the others move along.
inline void standardize(std::span<float> x, std::span<std::uint32_t const> items) {
  double sum = 0, squares = 0;
  for (auto const i : items) sum += static_cast<double>(x[i]);
  double const mean = sum / static_cast<double>(items.size());
  for (auto const i : items) squares += (static_cast<double>(x[i]) - mean) * (static_cast<double>(x[i]) - mean);
  double const deviation = std::sqrt(squares / static_cast<double>(items.size())) + 1e-9;
  for (float& v : x) v = static_cast<float>((static_cast<double>(v) - mean) / deviation);
}

// A score as the library's evaluation takes it.
struct as_scorer {
  scoring const& fill;
  void score(intarsia::cpu::context&, std::span<std::uint32_t const> users, intarsia::dense<float> out) const {
    fill(users, out);
  }
};

}  // namespace personalization
