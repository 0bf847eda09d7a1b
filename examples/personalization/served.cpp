#include "served.hpp"

#include <filesystem>
#include <intarsia/cpu/cpu.hpp>
#include <intarsia/io/checkpoint.hpp>
#include <numeric>

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

// A csr as three tensors.
struct saved_csr {
  list<std::uint64_t> offsets;
  list<std::uint32_t> columns;
  list<float> values;

  explicit saved_csr(ia::csr_view<> edges)
      : offsets{as_list<std::uint64_t>(std::span{edges.offsets, edges.rows + 1})},
        columns{as_list<std::uint32_t>(std::span{edges.columns, edges.entries()})},
        values{as_list<float>(std::span{edges.values, edges.values ? edges.entries() : 0})} {}
  static auto members(auto& self) {
    return std::tuple{ia::named("offsets", self.offsets), ia::named("columns", self.columns), ia::named("values", self.values)};
  }
};
ia::csr read_csr(ia::safetensors const& file, std::string const& name, std::size_t columns) {
  auto const offsets = file.read<ia::dim<1>, ia::dyn, std::uint64_t>(name + "/offsets");
  auto const ends = file.read<ia::dim<1>, ia::dyn, std::uint32_t>(name + "/columns");
  auto const values = file.read<ia::dim<1>, ia::dyn, float>(name + "/values");
  return {.rows = offsets.size() - 1,
          .cols = columns,
          .offsets = {offsets.data(), offsets.data() + offsets.size()},
          .columns = {ends.data(), ends.data() + ends.size()},
          .values = {values.data(), values.data() + values.size()},
          .positions = {}};
}

// Everything that serving reads.
struct model {
  ia::whitening transform;
  item_encoder network;
  ia::csr heard;
  std::vector<std::uint8_t> known;
  numbers z, item_inputs, item_vectors;
  history_tower query;
  ia::csr edges;  // by source
  std::vector<float> gate;
};

void add_cosines(numbers const& z, std::span<float const> to, std::span<float> scores) {
  for (std::size_t i = 0; i < z.rows() && i < scores.size(); ++i) {
    float sum = 0;
    for (std::size_t c = 0; c < z.cols(); ++c) sum += z[i][c] * to[c];
    scores[i] = sum;
  }
}

}  // namespace

void save_served_model(options const& o, catalogue const& of, foundation const& made, numbers const& item_inputs,
                       history_tower const& query, ia::dot_scorer const& towers, ia::edge_scorer const& edges,
                       std::span<float const> gate) {
  saved_csr const heard{made.heard.view()}, by_source{edges.by_source()};
  auto const known = as_list<std::uint32_t>(made.known);
  auto const gates = as_list<float>(gate);
  std::filesystem::create_directories(file_in(o).parent_path());
  ia::save(file_in(o).string(), {{"catalogue", of.name}, {"items", std::to_string(of.items())}},
           ia::named("network", *made.network), ia::named("query", query), ia::named("heard", heard), ia::named("edges", by_source),
           ia::named("known", known), ia::named("z", made.z), ia::named("item_inputs", item_inputs),
           ia::named("item_vectors", towers.items()), ia::named("gate", gates));
}

served_model load_served_model(ia::cpu::context& ctx, catalogue const& of, options const& o) {
  if (!std::filesystem::exists(file_in(o))) {
    throw user_error{file_in(o).string() + ": there is no saved model; run a study of this catalogue first, with --splits warm at least"};
  }
  ia::safetensors const file = ia::load_safetensors(file_in(o).string());
  auto m = std::make_shared<model>(model{load_transform(o.out / "model", of), new_encoder(ctx, {}), {}, {}, {}, {}, {}, {}, {}, {}});
  ia::load(file_in(o).string(), ia::named("network", m->network), ia::named("query", m->query));
  m->z = file.read<ia::dyn, ia::dyn, float>("z");
  if (m->z.rows() != of.items()) {
    throw user_error{file_in(o).string() + ": the model knows " + std::to_string(m->z.rows()) + " items where the catalogue has " +
                     std::to_string(of.items()) + "; run a study of this catalogue first"};
  }
  m->item_inputs = file.read<ia::dyn, ia::dyn, float>("item_inputs");
  m->item_vectors = file.read<ia::dyn, ia::dyn, float>("item_vectors");
  m->heard = read_csr(file, "heard", of.items());
  m->edges = read_csr(file, "edges", of.items());
  auto const known = file.read<ia::dim<1>, ia::dyn, std::uint32_t>("known");
  auto const gate = file.read<ia::dim<1>, ia::dyn, float>("gate");
  m->known.assign(known.data(), known.data() + known.size());
  m->gate.assign(gate.data(), gate.data() + gate.size());

  return {
      [&ctx, m](std::span<std::uint32_t const> history, std::span<float> scores) {
        std::ranges::fill(scores, 0.0F);
        for (auto const item : history) {
          for (auto e = m->edges.offsets[item]; e < m->edges.offsets[item + 1]; ++e) scores[m->edges.columns[e]] += m->edges.values[e];
        }
        std::array<std::uint64_t, 2> const ends{0, history.size()};
        ia::csr_view<> const one{1, m->item_inputs.rows(), ends.data(), history.data(), nullptr, nullptr};
        ia::history_mean const mean{ctx, one, m->item_inputs.view(), {128, 384}};
        auto const user = ia::user_outputs(ctx, m->query, mean);
        for (std::size_t i = 0; i < scores.size(); ++i) {
          scores[i] += m->gate[i] * std::inner_product(user[0].begin(), user[0].end(), m->item_vectors[i].begin(), 0.0F);
        }
      },
      [m](std::uint32_t item, std::span<float> scores) { add_cosines(m->z, m->z[item], scores); },
      [&ctx, &of, m](std::uint16_t type, std::span<float const> vector, std::span<float> scores) {
        auto const own = whiten_new(ctx, of, m->transform, vector);
        numbers text(m->item_inputs.rows(), own.cols());  // the item inputs are [z, text]
        for (std::size_t i = 0; i < text.rows(); ++i) std::copy_n(m->item_inputs[i].data() + m->z.cols(), text.cols(), text[i].data());
        auto const z = embed_new_item(ctx, m->network, m->heard, m->known, *of.numbering, text, type, own[0]);
        add_cosines(z, z[of.items()], scores);
      }};
}

}  // namespace personalization
