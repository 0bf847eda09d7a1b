// Training on a device takes the same steps as on the CPU: typed SAGE of every kind, two towers, every optimiser.
#include <intarsia/loss/in_batch_softmax.hpp>
#include <intarsia/models/hetero_sage.hpp>
#include <intarsia/models/two_tower.hpp>
#include <intarsia/nn/mlp.hpp>
#include <intarsia/ops/gather.hpp>
#include <intarsia/optim/adagrad.hpp>
#include <intarsia/optim/adam.hpp>
#include <intarsia/optim/row_adagrad.hpp>
#include <intarsia/optim/sgd.hpp>

#include "parity.hpp"

using namespace cuda_test;

namespace {

struct Book : ia::node<"book", 3> {};
struct Show : ia::node<"show", 2> {};
struct Person : ia::node<"person"> {};   // without features
struct Ghost : ia::node<"ghost", 2> {};  // without nodes
struct Told : ia::verb<"told"> {};
struct Near : ia::verb<"near", ia::symmetric> {};
using BookBook = ia::relation<Book, Near, Book>;
using BookShow = ia::relation<Book, Told, Show>;
using PersonBook = ia::relation<Person, Told, Book>;
using ShowShow = ia::relation<Show, Near, Show>;  // without edges
using GhostBook = ia::relation<Ghost, Told, Book>;
struct Typed : ia::schema<ia::nodes<Book, Show, Person, Ghost>,
                          ia::relations<BookBook, BookShow, ia::reverse<BookShow>, PersonBook, ShowShow, GhostBook>> {};

ia::graph<Typed> small_graph() {
  ia::graph<Typed> g{ia::per_node<Typed, std::size_t>{{12, 12, 5, 0}}};
  g.set(BookBook{}, sparse(12, 12, true, 1));
  g.set(BookShow{}, sparse(12, 12, false, 2));
  g.set(ia::reverse<BookShow>{}, sparse(12, 12, false, 3));
  g.set(PersonBook{}, sparse(12, 5, false, 4));
  return g;
}
template <class T>
auto features_of(ia::graph<Typed> const& g) {
  return Typed::map_nodes([&](auto n) {
    return noise<T, ia::rows_of<decltype(n)>, ia::dim<n.width>>(g.nodes(n), n.width,
                                                                70 + Typed::node_index<decltype(n)>);
  });
}

template <class Context, class Model, class Graph, class Features>
auto loss_of(ia::tape<Context>& on, Model const& model, Graph const& g, Features const& x) {
  auto const z = model(on, g, x);
  return in_batch_softmax(on, z[Book{}], z[Show{}], {.temperature = 0.2f});
}

template <class T>
void same_losses(ia::sage_options sage, double within) {
  ia::cpu::context host{ia::inline_executor{}, ia::seed{7}};
  ia::cuda::context ctx{ia::seed{7}};
  ia::hetero_sage<Typed, 8, 4, T> encoder{host, {.sage = sage}};
  auto const g = small_graph();
  auto const x = features_of<T>(g);
  auto on_device = ia::cuda::upload(ctx, encoder);
  auto const g2 = ia::cuda::upload(ctx, g);
  auto const x2 = ia::cuda::upload(ctx, x);
  ia::adam learn{encoder, {.rate = 1e-2f}};
  ia::adam learn2{on_device, {.rate = 1e-2f}};
  for (int step = 0; step < 20; ++step) {
    double expected = 0;
    {
      ia::tape tape{host};
      auto const loss = loss_of(tape, encoder, g, x);
      expected = static_cast<double>(loss.value[0][0]);
      learn.step(tape.backward(loss));
    }
    ia::tape tape{ctx};
    auto const loss = loss_of(tape, on_device, g2, x2);
    double const found = static_cast<double>(ia::cuda::download(ctx, loss)[0][0]);
    CAPTURE(step);
    CHECK(found == Approx(expected).epsilon(within));
    learn2.step(tape.backward(loss));
  }
  // The model comes back with what it has learned.
  auto const back = ia::cuda::download(on_device);
  ia::cpu::context again{ia::inline_executor{}, ia::seed{7}};
  ia::tape tape{host}, other{again};
  double const learned = static_cast<double>(loss_of(tape, encoder, g, x).value[0][0]);
  CHECK(static_cast<double>(loss_of(other, back, g, x).value[0][0]) == Approx(learned).epsilon(within));
}

TEST_CASE("cuda: the losses of twenty steps of typed SAGE") {
  same_losses<double>({ia::aggregation::mean}, 1e-9);
  same_losses<double>({ia::aggregation::max}, 1e-9);
  same_losses<double>({ia::aggregation::pool}, 1e-9);
  same_losses<double>({ia::aggregation::pool, true}, 1e-9);
  same_losses<float>({ia::aggregation::mean}, 1e-4);
}

TEST_CASE("cuda: repeated training gives the same bits, whatever the order of threads") {
  auto const train = [] {
    ia::cuda::context ctx{ia::seed{7}};
    auto const g = small_graph();
    auto const g2 = ia::cuda::upload(ctx, g);
    auto const x = ia::cuda::upload(ctx, features_of<float>(g));
    auto encoder = ia::cuda::upload(ctx, ia::hetero_sage<Typed, 8, 4>{ctx});
    ia::adam learn{encoder, {.rate = 1e-2f}};
    for (int step = 0; step < 3; ++step) {
      ia::tape tape{ctx};
      learn.step(tape.backward(loss_of(tape, encoder, g2, x)));
    }
    std::vector<float> numbers;
    auto const learned = ia::cuda::download(encoder);
    visit(learned,
          [&](std::string const&, auto const& t) { numbers.insert(numbers.end(), t.data(), t.data() + t.size()); });
    return numbers;
  };
  std::vector<float> first;
  in_every_order([&] {
    auto const found = train();
    if (first.empty()) first = found;
    CHECK(found == first);
  });
  CHECK(train() == first);
}

// Two towers on rows by id, their gradients by every optimiser.
template <class Optimizer>
void same_towers(Optimizer const& make) {
  ia::cpu::context host{ia::inline_executor{}, ia::seed{3}};
  ia::cuda::context ctx{ia::seed{3}};
  ia::two_tower towers{ia::basic_mlp<double, 3, 5, 4>{host}, ia::basic_mlp<double, 2, 5, 4>{host}};
  auto const books = noise<double, ia::rows_of<Book>, ia::dim<3>>(9, 3, 1);
  auto const shows = noise<double, ia::rows_of<Show>, ia::dim<2>>(7, 2, 2);
  std::vector<ia::id<Book>> const who{{8}, {1}, {1}, {4}};
  std::vector<ia::id<Show>> const what{{0}, {6}, {0}, {2}};
  auto on_device = ia::cuda::upload(ctx, towers);
  auto const books2 = ia::cuda::upload(ctx, books);
  auto const shows2 = ia::cuda::upload(ctx, shows);
  auto const who2 = ia::cuda::upload(ctx, who);
  auto const what2 = ia::cuda::upload(ctx, what);
  auto const loss = [](auto& on, auto const& model, auto const& b, auto const& s, auto const& i, auto const& j,
                       auto const& mask) {
    auto const query = model.query(on, gather(on, on.constant(b), i));
    auto const item = model.item(on, gather(on, on.constant(s), j));
    return in_batch_softmax(on, query, item, {.temperature = 0.5f}, mask);
  };
  auto learn = make(towers);
  auto learn2 = make(on_device);
  for (int step = 0; step < 5; ++step) {
    ia::tape tape{host};
    auto const expected = loss(tape, towers, books, shows, who, what, ia::same_item{what});
    ia::tape other{ctx};
    auto const found = on_device.with(other, [&](auto& on, auto const& model) {
      return loss(on, model, books2, shows2, who2, what2, ia::same_item{what2});
    });
    CHECK(ia::cuda::download(ctx, found)[0][0] == Approx(expected.value[0][0]).epsilon(1e-9));
    learn.step(tape.backward(expected));
    learn2.step(other.backward(found));
  }
}

TEST_CASE("cuda: two towers, by every optimiser") {
  same_towers([](auto& model) { return ia::adam{model, {.rate = 0.05f, .weight_decay = 0.1f}}; });
  same_towers([](auto& model) { return ia::adamw{model, {.rate = 0.05f}}; });
  same_towers([](auto& model) { return ia::sgd{model, {.rate = 0.1f, .momentum = 0.5f}}; });
  same_towers([](auto& model) { return ia::adagrad{model, {.rate = 0.1f}}; });
  same_towers([](auto& model) { return ia::row_adagrad{model, {.rate = 0.1f, .weight_decay = 0.1f}}; });
}

}  // namespace
