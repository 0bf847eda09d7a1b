// From a schema to ten audiobooks: a graph network places the titles, and two towers bring listeners to them.
#include "invented.hpp"

namespace ia = intarsia;

struct Audiobook  : ia::node<"audiobook", 32> {};
struct Podcast    : ia::node<"podcast", 24> {};
struct User       : ia::node<"user", 32> {};
struct CoListened : ia::verb<"co_listened", ia::symmetric> {};

using BookBook = ia::relation<Audiobook, CoListened, Audiobook>;
using BookShow = ia::relation<Audiobook, CoListened, Podcast>;

struct Catalogue : ia::schema<ia::nodes<Audiobook, Podcast>,
                              ia::relations<BookBook, BookShow, ia::reverse<BookShow>>> {};

int main(int count, char** words) {
  ia::context ctx{ia::thread_pool{2}, invented::seed_of(count, words)};
  invented::world<Catalogue> const world{ctx.random_seed()};
  invented::listeners<User, Audiobook> const users{ctx.random_seed()};

  // Titles heard together end up close together.
  ia::hetero_sage<Catalogue, 64, 32> encoder{ctx};
  ia::adam learn{encoder, {.rate = 3e-3f}};
  auto links = ia::sample_links(ctx, world.graph, {.batch = 512, .fanout = {10, 10}, .epochs = 15,
                                                   .negatives = {.each = 20}});
  for (auto& batch : links) {
    ia::tape tape{ctx};
    auto z = encoder(tape, batch.graph, batch.rows(world.features));
    learn.step(tape.backward(ia::link_contrastive(tape, z, batch.links, {.temperature = 0.2f})));
  }
  auto const titles = ia::own(encoder(ctx, world.graph, world.features))[Audiobook{}];

  // One tower for the listener, one for the book.
  ia::two_tower towers{ia::mlp<32, 64, 32>{ctx}, ia::mlp<32, 64, 32>{ctx}};
  auto const listeners = [&] { return ia::own(towers.query(ctx, ctx.constant(users.features))); };
  auto const books = [&] { return ia::own(towers.item(ctx, ctx.constant(titles))); };
  double const untrained = invented::recall(ctx, users, listeners(), books());
  ia::adam tune{towers};
  for (auto& batch : ia::sample_pairs(ctx, users.known, {.batch = 256, .epochs = 30})) {
    ia::tape tape{ctx};
    auto who = towers.query(tape, ia::gather(tape, tape.constant(users.features), batch.first));
    auto what = towers.item(tape, ia::gather(tape, tape.constant(titles), batch.second));
    tune.step(tape.backward(ia::in_batch_softmax(tape, who, what)));
  }
  invented::report("listens", invented::recall(ctx, users, listeners(), books()), untrained);

  // Ten books for the first listener, who is of community 0.
  ia::index const shelf{books()};
  for (auto [book, score] : shelf.top(10, listeners()[0])) {
    std::printf("book %3u of community %2u: %.2f\n", book.value, invented::community(book.value), double{score});
  }
}
