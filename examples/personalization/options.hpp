// The command line of the program.
#pragma once

#include <cstdint>
#include <filesystem>
#include <intarsia/core/precision.hpp>
#include <optional>
#include <string>
#include <vector>

#include "device.hpp"

namespace personalization {

enum class command { study, recommend, similar, embed, split };
// Which splits also train on their validation twin, to note what settings are chosen by: none, the first, all, or all
// and nothing else.
enum class validate_on { none, first, all, only };
enum class split_by { random, time, user };

struct options {
  command what = command::study;

  // Of every command.
  std::filesystem::path catalogue;
  std::vector<std::string> features;  // empty: every .npy file of the catalogue's folder
  std::filesystem::path out = "out";  // results.json, report.html, map.svg, and the saved model in out/model
  std::size_t threads = 1;

  // Of a study.
  std::vector<std::string> splits;  // empty: default_splits; "all" is kept as the one word
  std::uint64_t seed = 1;
  std::size_t seeds = 1;               // seed, seed + 1, ...
  std::size_t steps = 0;               // of the towers; 0: as chosen for the split; other stages scale with it
  device on = device::cpu;             // where the networks are trained
  // How the graph network and the towers multiply while they are trained.
  intarsia::precision products = intarsia::precision::full;
  std::size_t checkpoint_every = 100;  // steps between checkpoints in out/checkpoints; 0: none
  validate_on validation = validate_on::first;
  bool quick = false, paper = false, ablations = false, resume = false;
  std::vector<std::string> only;  // rows to compute; empty: all that the other options ask for

  // Of recommend, similar, embed and split.
  std::string user, item, type;
  std::filesystem::path vector_file;
  std::size_t top = 10;
  split_by by = split_by::random;

  // Whether a row was asked for by --only, --paper, --ablations and --quick together.
  [[nodiscard]] bool wants(std::string const& row) const;
  // seed, seed + 1, ..., one for each of `seeds`.
  [[nodiscard]] std::vector<std::uint64_t> seed_list() const;
};

// Reads the command line. Prints the help and returns nothing where it was asked for; throws user_error with one
// sentence where an option is unknown, misspelt or out of range.
[[nodiscard]] std::optional<options> read_options(int count, char const* const* words);

}  // namespace personalization
