// The learned rows of the ladder, and the model that is kept for `recommend`, `similar` and `embed`.
#pragma once

#include <cstdint>
#include <functional>
#include <intarsia/cpu/context.hpp>
#include <intarsia/tensor/view.hpp>
#include <span>
#include <string>
#include <vector>

#include "catalogue.hpp"
#include "options.hpp"
#include "protocol.hpp"
#include "scoring.hpp"
#include "study_log.hpp"

namespace personalization {

// A row of the ladder, ready to rank. What a model knows of a user is the training part of the split it was made for.
struct scored_model {
  std::string name;
  scoring score;
  double seconds = 0;
};

// Trains every learned row that o.wants() and that is defined on the split. `text` is (items, width), whitened.
// Throws ia::training_error where a loss is not a number.
[[nodiscard]] std::vector<scored_model> run_learned_rows(ia::cpu::context& ctx, catalogue const& of, split const& part,
                                                         numbers const& text, options const& o, std::uint64_t seed,
                                                         study_log& log);

// The saved model of the recommended row. Scores are over all items by row.
struct served_model {
  std::function<void(std::span<std::uint32_t const> history, std::span<float> scores)> recommend;
  std::function<void(std::uint32_t item, std::span<float> scores)> similar;
  // A new item of a type, by its raw text vector: the vector files of the catalogue side by side.
  std::function<void(std::uint16_t type, std::span<float const> vector, std::span<float> scores)> place;
};

// Reads it from o.out / "model"; throws user_error where no study has saved one, or one of another catalogue.
[[nodiscard]] served_model load_served_model(ia::cpu::context& ctx, catalogue const& of, options const& o);

}  // namespace personalization
