// Titles heard together end up close together: a graph network learns from some links and finds hidden ones.
#include "invented.hpp"

namespace ia = intarsia;

struct Audiobook  : ia::node<"audiobook", 32> {};
struct Podcast    : ia::node<"podcast", 24> {};
struct CoListened : ia::verb<"co_listened", ia::symmetric> {};

using BookBook = ia::relation<Audiobook, CoListened, Audiobook>;
using BookShow = ia::relation<Audiobook, CoListened, Podcast>;
using ShowShow = ia::relation<Podcast, CoListened, Podcast>;

struct Catalogue : ia::schema<ia::nodes<Audiobook, Podcast>,
                              ia::relations<BookBook, BookShow, ia::reverse<BookShow>, ShowShow>> {};

int main(int count, char** words) {
  ia::context ctx{ia::thread_pool{2}, invented::seed_of(count, words)};
  invented::world<Catalogue> const world{ctx.random_seed()};

  ia::hetero_sage<Catalogue, 64, 32> encoder{ctx};
  auto const untrained = ia::own(encoder(ctx, world.graph, world.features));

  ia::adam learn{encoder, {.rate = 3e-3f}};
  auto links = ia::sample_links(ctx, world.graph, {.batch = 512, .fanout = {10, 10}, .epochs = 15,
                                                   .negatives = {.each = 20}});
  for (auto& batch : links) {
    ia::tape tape{ctx};
    auto z = encoder(tape, batch.graph, batch.rows(world.features));
    auto loss = ia::link_contrastive(tape, z, batch.links, {.temperature = 0.2f});
    learn.step(tape.backward(loss));
  }

  auto const trained = ia::own(encoder(ctx, world.graph, world.features));
  invented::report("links", invented::recall(ctx, world, trained), invented::recall(ctx, world, untrained));
}
