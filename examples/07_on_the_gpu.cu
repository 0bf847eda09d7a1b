// The same encoder, loss and optimiser on a GPU: the context is another one, and what is read is uploaded first.
#include "invented.hpp"

namespace ia = intarsia;

struct Audiobook  : ia::node<"audiobook", 32> {};
struct Podcast    : ia::node<"podcast", 24> {};
struct CoListened : ia::verb<"co_listened", ia::symmetric> {};

using BookBook = ia::relation<Audiobook, CoListened, Audiobook>;
using BookShow = ia::relation<Audiobook, CoListened, Podcast>;

struct Catalogue : ia::schema<ia::nodes<Audiobook, Podcast>,
                              ia::relations<BookBook, BookShow, ia::reverse<BookShow>>> {};

void train(ia::seed seed) {
  ia::cuda::context ctx{seed};
  invented::world<Catalogue> const world{seed};
  auto const graph = ia::cuda::upload(ctx, world.graph);
  auto const features = ia::cuda::upload(ctx, world.features);

  auto encoder = ia::cuda::upload(ctx, ia::hetero_sage<Catalogue, 64, 32>{ctx});
  auto const untrained = ia::cuda::download(ctx, encoder(ctx, graph, features));

  ia::adam learn{encoder, {.rate = 3e-3f}};
  for (std::uint64_t step = 0; step < 150; ++step) {
    auto const links = invented::some_links(world.graph, BookShow{}, 512, seed, step);
    auto const books = ia::cuda::upload(ctx, links.first);
    auto const shows = ia::cuda::upload(ctx, links.second);
    ia::tape tape{ctx};
    auto z = encoder(tape, graph, features);
    auto loss = ia::in_batch_softmax(tape, ia::gather(tape, z[Audiobook{}], books), ia::gather(tape, z[Podcast{}], shows),
                                     {.temperature = 0.2f}, ia::same_item{shows.view()});
    learn.step(tape.backward(loss));
  }

  auto const trained = ia::cuda::download(ctx, encoder(ctx, graph, features));
  invented::report("links", invented::recall(world, trained), invented::recall(world, untrained));
}

int main(int count, char** words) {
  try {
    train(invented::seed_of(count, words));
  } catch (ia::cuda::error const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 2;
  }
}
