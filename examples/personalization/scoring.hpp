// What ranks: a function that scores all items for some users.
#pragma once

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

// A score as the library's evaluation takes it.
struct as_scorer {
  scoring const& fill;
  void score(intarsia::cpu::context&, std::span<std::uint32_t const> users, intarsia::dense<float> out) const {
    fill(users, out);
  }
};

}  // namespace personalization
