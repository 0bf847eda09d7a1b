#include "options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <map>
#include <thread>

#include "rows.hpp"
#include "user_error.hpp"

namespace personalization {
namespace {

namespace ia = intarsia;

std::vector<std::string> split_list(std::vector<std::string> const& words) {
  std::vector<std::string> parts;
  for (auto const& word : words) {
    std::size_t begin = 0;
    while (begin <= word.size()) {
      std::size_t const end = std::min(word.find(',', begin), word.size());
      if (end > begin) parts.push_back(word.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  return parts;
}

void add_study_options(CLI::App& app, options& o) {
  app.add_option("--splits", o.splits,
                 "splits to run, separated by commas: warm, cold, cold-draw-1 to -3, new-to-TYPE for a type but the "
                 "largest, or all")
      ->delimiter(',');
  app.add_option("--seed", o.seed, "first random seed; everything random follows from it")->capture_default_str();
  app.add_option("--seeds", o.seeds, "number of seeds: learned rows are trained once for each")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--steps", o.steps,
                 "training steps of the towers; the other stages keep their proportion (0: as chosen)")
      ->capture_default_str();
  app.add_option("--checkpoint-every", o.checkpoint_every, "steps between checkpoints in OUT/checkpoints (0: none)")
      ->capture_default_str();
  app.add_flag("--resume", o.resume,
               "go on from the checkpoints in OUT/checkpoints; the result is the same to the last bit");
  app.add_option("--device", o.on,
                 "where the graph network and the towers are trained: cpu, or cuda, the first CUDA device; the rest of "
                 "a study is the CPU's")
      ->transform(CLI::CheckedTransformer(std::map<std::string, device>{{"cpu", device::cpu}, {"cuda", device::cuda}}))
      ->default_str("cpu");
  app.add_option("--products", o.products,
                 "what the graph network and the towers multiply while they are trained: f32, or bf16, the numbers "
                 "rounded to it, which is faster where the processor has instructions for it")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, ia::precision>{{"f32", ia::precision::full}, {"bf16", ia::precision::bf16}}))
      ->default_str("f32");
  app.add_flag("--quick", o.quick, "the split warm only and fewer steps: a minute's look, with lower scores");
  app.add_flag("--paper", o.paper, "add the rows that end in /paper: the published configuration to the letter");
  app.add_option(
         "--validation", o.validation,
         "train on validation twins too and note their figures: none, first (of the splits), all, or only (no test)")
      ->transform(CLI::CheckedTransformer(std::map<std::string, validate_on>{{"none", validate_on::none},
                                                                             {"first", validate_on::first},
                                                                             {"all", validate_on::all},
                                                                             {"only", validate_on::only}}))
      ->default_str("first");
  app.add_flag("--ablations", o.ablations, "add the rows that begin with ablation/: one ingredient taken away in each");
  app.add_option("--only", o.only, "compute these rows only, separated by commas; names as in the table")
      ->delimiter(',');
}

void check_rows(options const& o) {
  auto const known = every_row();
  for (auto const& row : o.only) {
    if (std::find(known.begin(), known.end(), row) != known.end()) continue;
    std::string all;
    for (auto const& k : known) all += (all.empty() ? "" : ", ") + k;
    throw user_error{"--only: there is no row '" + row + "': the rows are " + all};
  }
}

}  // namespace

bool options::wants(std::string const& row) const {
  if (!only.empty()) return std::find(only.begin(), only.end(), row) != only.end();
  if (row.size() > 6 && row.substr(row.size() - 6) == "/paper") return paper;
  if (row.rfind("ablation/", 0) == 0) return ablations;
  return true;
}

std::vector<std::uint64_t> options::seed_list() const {
  std::vector<std::uint64_t> list;
  for (std::size_t i = 0; i < seeds; ++i) list.push_back(seed + i);
  return list;
}

std::optional<options> read_options(int count, char const* const* words) {
  options o;
  o.catalogue = PERSONALIZATION_CATALOGUE;
  o.threads = std::max(1U, std::thread::hardware_concurrency());

  CLI::App app{
      "From a catalogue of several item types to a top ten for each user: trains a graph neural network and two\n"
      "towers, compares them with the classical methods, and writes results.json and report.html.",
      "personalization"};
  app.fallthrough();
  app.add_option("--catalogue", o.catalogue, "folder with items.tsv and interactions.tsv")->capture_default_str();
  app.add_option(
         "--features", o.features,
         "text vectors (.npy, one row per item), separated by commas; looked for as given, then in the catalogue's "
         "folder; left out: every .npy file of that folder")
      ->delimiter(',');
  app.add_option("--out", o.out, "folder for results.json, report.html, map.svg and the saved model")
      ->capture_default_str();
  app.add_option("--threads", o.threads, "threads; results do not depend on their number")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  add_study_options(app, o);

  auto* const recommend = app.add_subcommand("recommend", "the best new items for a user, from the saved model");
  recommend->add_option("--user", o.user, "id of the user, as in interactions.tsv")->required();
  recommend->add_option("--type", o.type, "only items of this type");
  recommend->add_option("--top", o.top, "how many")->check(CLI::Range(1, 1000))->capture_default_str();

  auto* const similar = app.add_subcommand("similar", "the items nearest to an item, from the saved model");
  similar->add_option("--item", o.item, "id of the item, as in items.tsv")->required();
  similar->add_option("--type", o.type, "only items of this type");
  similar->add_option("--top", o.top, "how many")->check(CLI::Range(1, 1000))->capture_default_str();

  auto* const embed = app.add_subcommand("embed", "places an item that nobody has seen yet, and prints its neighbors");
  embed->add_option("--type", o.type, "type of the new item")->required();
  embed
      ->add_option("--vector", o.vector_file,
                   "its text vector: .npy with one row as wide as all vector files of the catalogue side by side")
      ->required();
  embed->add_option("--top", o.top, "how many neighbors")->check(CLI::Range(1, 1000))->capture_default_str();

  std::string by = "random";
  auto* const divide = app.add_subcommand("split", "writes the columns fold and cold into a catalogue's two tables");
  divide
      ->add_option("--by", by,
                   "random: drawn; time: the newest tenth is fold 0; user: the same within each user's list")
      ->check(CLI::IsMember({"random", "time", "user"}))
      ->capture_default_str();
  app.require_subcommand(0, 1);

  try {
    app.parse(count, words);
  } catch (CLI::CallForHelp const&) {
    std::fputs(app.help().c_str(), stdout);
    return std::nullopt;
  } catch (CLI::CallForAllHelp const&) {
    std::fputs(app.help("", CLI::AppFormatMode::All).c_str(), stdout);
    return std::nullopt;
  } catch (CLI::ParseError const& mistake) {
    std::string sentence = mistake.what();
    std::replace(sentence.begin(), sentence.end(), '\n', ' ');
    throw user_error{sentence + (sentence.ends_with('.') ? "" : ":") + " --help lists the options"};
  }

  o.splits = split_list(o.splits);
  o.only = split_list(o.only);
  o.features = split_list(o.features);
  check_rows(o);
  if (recommend->parsed()) o.what = command::recommend;
  if (similar->parsed()) o.what = command::similar;
  if (embed->parsed()) o.what = command::embed;
  if (divide->parsed()) o.what = command::split;
  o.by = by == "time" ? split_by::time : by == "user" ? split_by::user : split_by::random;
  if (o.quick && o.splits.empty()) o.splits = {"warm"};
  return o;
}

}  // namespace personalization
