#include <intarsia/cuda.cuh>

#include "schedules.hpp"

namespace ia = intarsia;

namespace {

struct Book : ia::node<"book", 4> {};
struct Show : ia::node<"show", 3> {};
struct Co : ia::verb<"co", ia::symmetric> {};
using BookBook = ia::relation<Book, Co, Book>;
using BookShow = ia::relation<Book, Co, Show>;
struct Catalogue : ia::schema<ia::nodes<Book, Show>, ia::relations<BookBook, BookShow, ia::reverse<BookShow>>> {};

ia::csr rows(std::size_t targets, std::size_t sources, std::uint32_t each) {
  ia::csr made{.rows = targets, .cols = sources, .offsets = {0}, .columns = {}, .values = {}, .positions = {}};
  for (std::uint32_t t = 0; t < targets; ++t) {
    for (std::uint32_t e = 0; e < t % each; ++e) made.columns.push_back((t * 7 + e * 3) % 5 + e * 5);
    made.offsets.push_back(made.columns.size());
  }
  return made;
}

// One step of learning to tell three pairs apart, in a neighborhood: what the three books became before it, and the
// encoder after it.
template <class Neighborhood, class Features>
auto learn(ia::cuda::context& ctx, Neighborhood const& neighborhood, Features const& features,
           std::vector<std::uint32_t> const& books, std::vector<std::uint32_t> const& shows) {
  auto encoder = ia::cuda::upload(ctx, ia::hetero_sage<Catalogue, 6, 5>{ctx});
  auto const first = ia::cuda::upload(ctx, std::span{books}), second = ia::cuda::upload(ctx, std::span{shows});
  ia::sgd step{encoder, {.rate = 0.5f}};
  ia::tape tape{ctx};
  auto z = encoder(tape, neighborhood, features);
  auto const of = [&](auto const& ids, auto n) {
    return ia::gather(
        tape, z[n],
        std::span{static_cast<ia::slot<decltype(n)> const*>(static_cast<void const*>(ids.data())), ids.size()});
  };
  auto a = of(first, Book{});
  auto loss = ia::in_batch_softmax(tape, a, of(second, Show{}), {.temperature = 0.5f});
  auto met = ia::cuda::download(ctx, a);
  step.step(tape.backward(loss));
  return std::pair{std::move(met), ia::cuda::download(encoder)};
}

template <class Model>
std::vector<float> numbers_of(Model const& model) {
  std::vector<float> all;
  ia::visit(model, [&](std::string const&, auto const& x) { all.insert(all.end(), x.data(), x.data() + x.size()); });
  return all;
}

}  // namespace

TEST_CASE("a model learns in a sampled block with all neighbors what it learns in the whole graph") {
  ia::graph<Catalogue> g{ia::per_node<Catalogue, std::size_t>{{30, 20}}};
  g.set(BookBook{}, rows(30, 30, 5));
  g.set(BookShow{}, rows(20, 30, 6));
  g.set(ia::reverse<BookShow>{}, rows(30, 20, 4));
  auto features = Catalogue::map_nodes([&](auto n) { return ia::table<decltype(n)>(g.nodes(n)); });
  ia::random dice{ia::seed{4}, 1};
  Catalogue::each_node([&](auto n) {
    for (std::size_t i = 0; i < features[n].size(); ++i) features[n].data()[i] = dice.uniform() - 0.5f;
  });
  std::vector<std::uint32_t> const books{4, 9, 14}, shows{3, 17, 11};
  ia::cuda::context whole_ctx{ia::seed{1}};
  auto const all = ia::cuda::upload(whole_ctx, g);
  auto const whole = learn(whole_ctx, all, ia::cuda::upload(whole_ctx, features), books, shows);

  ia::cuda::context ctx{ia::seed{1}};
  auto const tables = ia::cuda::upload(ctx, features);
  for (bool const by_id : {false, true}) {
    ctx.streams(0);
    ia::cuda::neighbor_sampler sampler{
        ctx, g, {.fanout = {ia::all_neighbors, ia::all_neighbors}, .outermost_by_id = by_id}};
    ia::cuda::device_block<Catalogue> block;
    sampler.start(block);
    std::vector<std::uint32_t> book_slots, show_slots;
    for (auto const id : books) book_slots.push_back(sampler.add(block, Book{}, ia::id<Book>{id}).value);
    for (auto const id : shows) show_slots.push_back(sampler.add(block, Show{}, ia::id<Show>{id}).value);
    sampler.fill(block, {});
    auto const sampled = learn(ctx, block, block.rows(tables), book_slots, show_slots);
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t c = 0; c < 5; ++c) CHECK(sampled.first[i][c] == Approx(whole.first[i][c]).margin(1e-5));
    }
    ia::cuda::context untrained{ia::seed{1}};
    auto const a = numbers_of(whole.second), b = numbers_of(sampled.second);
    REQUIRE(a.size() == b.size());
    CHECK(a != numbers_of(ia::hetero_sage<Catalogue, 6, 5>{untrained}));
    for (std::size_t i = 0; i < a.size(); ++i) CHECK(b[i] == Approx(a[i]).margin(1e-5));
  }
}
