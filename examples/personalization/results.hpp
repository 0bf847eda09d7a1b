// The figures of a study, as results.json and as tables on the terminal.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "progress.hpp"

namespace personalization {

// One row of the ladder on one ranking with one seed.
struct result_row {
  std::string split;  // "warm", "warm/TYPE", "cold" or "new-to-TYPE"
  std::string model;
  std::uint64_t seed = 0;
  std::size_t users = 0;
  double hr10 = 0, ndcg10 = 0, recall10 = 0, mrr10 = 0, coverage = 0;
  std::vector<float> user_ndcg;  // by user, in the order of the users of the ranking; not written to the file
};

// What results.json holds. Settings and validation figures are in the order in which they were noted.
struct study_results {
  std::string catalogue;
  std::vector<std::uint64_t> seeds;
  std::size_t threads = 1;
  std::vector<std::pair<std::string, std::string>> settings;
  std::vector<stage_time> stages;
  double peak_mib = 0;
  std::vector<std::pair<std::string, double>> validation;
  std::vector<result_row> rows;
};

// The text of results.json. A figure that is not finite becomes null.
[[nodiscard]] std::string to_json(study_results const& results);

// Writes it to `file`, beside and then renamed; makes the folder where it is missing.
void write_results(std::filesystem::path const& file, study_results const& results);

// Mean and standard deviation over the seeds of one figure; the deviation is 0 with one seed.
struct spread {
  double mean = 0, deviation = 0;
  std::size_t count = 0;
};
[[nodiscard]] spread over_seeds(std::vector<result_row> const& rows, std::string const& split, std::string const& model,
                                double result_row::*figure);

// Names in the order of their first row.
[[nodiscard]] std::vector<std::string> splits_of(std::vector<result_row> const& rows);
[[nodiscard]] std::vector<std::string> models_of(std::vector<result_row> const& rows, std::string const& split);

// One table per split (rows x five figures, mean and deviation over seeds, the best of a column in bold where `bold`);
// then one of NDCG@10 per type.
[[nodiscard]] std::string to_table(study_results const& results, bool bold);

// Difference in NDCG@10 of a row to another on the same users: the mean, and the bounds between which 95 of 100 draws
// of the users with replacement lie.
struct difference {
  double mean = 0, low = 0, high = 0;
};
// Paired bootstrap with `draws` resamples, the same for any thread count. Both lists are by user and of equal length;
// throws shape_error where they are not, gives zeros where they are empty.
[[nodiscard]] difference paired_bootstrap(std::vector<float> const& row, std::vector<float> const& other,
                                          std::size_t draws = 1000, std::uint64_t seed = 1);
// User by user, the mean over the seeds of a row; empty where the row is missing.
[[nodiscard]] std::vector<float> mean_user_ndcg(std::vector<result_row> const& rows, std::string const& split,
                                                std::string const& model);

}  // namespace personalization
