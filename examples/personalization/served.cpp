#include "served.hpp"

#include <filesystem>
#include <intarsia/cpu/cpu.hpp>
#include <intarsia/io/checkpoint.hpp>

#include "protocol.hpp"
#include "text.hpp"
#include "user_error.hpp"

namespace personalization {
namespace {

std::filesystem::path file_in(options const& o) { return o.out / "model" / "model.safetensors"; }

template <class T>
using list = ia::tensor<ia::dim<1>, ia::dyn, T>;

template <class To, class Values>
list<To> as_list(Values const& values) {
  list<To> out(std::size(values));
  std::copy(std::begin(values), std::end(values), out.data());
  return out;
}

template <class T>
std::vector<T> as_vector(ia::safetensors const& file, std::string const& name) {
  auto const values = file.read<ia::dim<1>, ia::dyn, T>(name);
  return {values.data(), values.data() + values.size()};
}

// Everything that serving reads.
struct model {
  ia::whitening transform;
  item_encoder network;
  ia::csr heard;
  std::vector<std::uint8_t> known;
  numbers text, embeddings;
  ia::interactions train;
  std::unique_ptr<joint_ranker const> ranker;
};

void add_cosines(numbers const& z, std::span<float const> to, std::span<float> scores) {
  for (std::size_t i = 0; i < z.rows() && i < scores.size(); ++i) {
    float sum = 0;
    for (std::size_t c = 0; c < z.cols(); ++c) sum += z[i][c] * to[c];
    scores[i] = sum;
  }
}

}  // namespace

void save_served_model(options const& o, catalogue const& of, foundation const& made, numbers const& text,
                       numbers const& z, ia::dot_scorer const& towers, joint_ranker const& ranker) {
  auto const& evidence = ranker.evidence();
  auto const heard_offsets = as_list<std::uint64_t>(made.heard.offsets),
             offsets = as_list<std::uint64_t>(evidence.sources().offsets);
  auto const heard_columns = as_list<std::uint32_t>(made.heard.columns), known = as_list<std::uint32_t>(made.known),
             sources = as_list<std::uint32_t>(evidence.sources().sources),
             own = as_list<std::uint32_t>(evidence.sources().own);
  auto const heard_values = as_list<float>(made.heard.values), weights = as_list<float>(evidence.sources().weights),
             bonds = as_list<float>(evidence.bonds()), likeness = as_list<float>(evidence.likeness());
  std::filesystem::create_directories(file_in(o).parent_path());
  ia::save(file_in(o).string(), {{"catalogue", of.name}}, ia::named("network", *made.network),
           ia::named("heard/offsets", heard_offsets), ia::named("heard/columns", heard_columns),
           ia::named("heard/values", heard_values), ia::named("known", known), ia::named("text", text),
           ia::named("embeddings", made.z), ia::named("z", z), ia::named("towers", towers.items()),
           ia::named("head", ranker.head()), ia::named("evidence/offsets", offsets),
           ia::named("evidence/sources", sources), ia::named("evidence/own", own),
           ia::named("evidence/weights", weights), ia::named("evidence/bonds", bonds),
           ia::named("evidence/likeness", likeness));
}

served_model load_served_model(ia::cpu::context& ctx, catalogue const& of, options const& o) {
  std::string const path = file_in(o).string();
  if (!std::filesystem::exists(path)) {
    throw user_error{path +
                     ": there is no saved model; run a study of this catalogue first, with --splits warm at least"};
  }
  ia::safetensors const file = ia::load_safetensors(path);
  auto m =
      std::make_shared<model>(model{load_transform(o.out / "model", of), new_encoder(ctx, {}), {}, {}, {}, {}, {}, {}});
  std::remove_cvref_t<decltype(std::declval<joint_ranker>().head())> head;
  ia::load(path, ia::named("network", m->network), ia::named("head", head));
  m->text = file.read<ia::dyn, ia::dyn, float>("text");
  m->embeddings = file.read<ia::dyn, ia::dyn, float>("embeddings");
  if (m->text.rows() != of.items()) {
    throw user_error{path + ": the model knows " + std::to_string(m->text.rows()) + " items where the catalogue has " +
                     std::to_string(of.items()) + "; run a study of this catalogue first"};
  }
  m->heard = {.rows = of.items(),
              .cols = of.items(),
              .offsets = as_vector<std::uint64_t>(file, "heard/offsets"),
              .columns = as_vector<std::uint32_t>(file, "heard/columns"),
              .values = as_vector<float>(file, "heard/values"),
              .positions = {}};
  for (auto const x : as_vector<std::uint32_t>(file, "known")) m->known.push_back(static_cast<std::uint8_t>(x));

  m->train = make_split(of, "warm").train;
  numbers const z = file.read<ia::dyn, ia::dyn, float>("z"), towers = file.read<ia::dyn, ia::dyn, float>("towers");
  std::array<ia::dense<float const>, 3> const tables{m->text.view(), z.view(), towers.view()};
  ia::ridge_candidates sources{
      as_vector<std::uint64_t>(file, "evidence/offsets"), as_vector<std::uint32_t>(file, "evidence/sources"),
      as_vector<float>(file, "evidence/weights"), as_vector<std::uint32_t>(file, "evidence/own")};
  m->ranker = std::make_unique<joint_ranker const>(
      ia::ridge_evidence{std::move(sources), as_vector<float>(file, "evidence/bonds"),
                         as_vector<float>(file, "evidence/likeness")},
      ia::rank_features{m->train, tables}, head, m->train.by_user(), ia::known_items(m->train));

  return {[&ctx, m](std::span<std::uint32_t const> history, std::span<float> scores) {
            m->ranker->score_history(ctx, history, scores);
          },
          [m](std::uint32_t item, std::span<float> scores) { add_cosines(m->embeddings, m->embeddings[item], scores); },
          [&ctx, &of, m](std::uint16_t type, std::span<float const> vector, std::span<float> scores) {
            auto const own = whiten_new(ctx, of, m->transform, vector);
            auto const all = embed_new_item(ctx, m->network, m->heard, m->known, *of.numbering, m->text, type, own[0]);
            add_cosines(all, all[of.items()], scores);
          }};
}

}  // namespace personalization
