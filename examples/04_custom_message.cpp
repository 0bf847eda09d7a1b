// A message rule of one's own: what it says is all there is to write, its derivatives are found by the library.
#include "invented.hpp"

namespace ia = intarsia;

// A learned gate per channel decides how much of the source passes to the target.
struct gated {
  INTARSIA_FN auto operator()(auto source, auto target, auto gate) const {
    return source * ia::sigmoid(gate * (source - target));
  }
};

template <class S, std::size_t Width>
struct gated_layer {
  ia::per_relation<S, ia::channels<Width>> gate;

  auto operator()(ia::recorder auto& on, ia::graph<S> const& graph, auto const& x) const {
    auto out = x;
    S::each_relation([&](auto r) {
      auto heard = ia::propagate(on, graph[r], x[r.source], x[r.target], on.watch(gate[r]), gated{});
      out[r.target] = ia::add(on, out[r.target], heard);
    });
    return out;
  }
  static auto members(auto& self) { return std::tuple{ia::named("gate", self.gate)}; }
};

// Features of any width to vectors of one, then what the neighbors say.
template <class S, std::size_t Width>
auto entrances(ia::context& ctx) {
  return S::map_nodes([&](auto n) { return ia::linear<n.width, Width>{ctx}; });
}
template <class S, std::size_t Width>
struct network {
  decltype(entrances<S, Width>(std::declval<ia::context&>())) enter;
  gated_layer<S, Width> hear;

  explicit network(ia::context& ctx) : enter{entrances<S, Width>(ctx)} {}
  auto operator()(ia::recorder auto& on, ia::graph<S> const& graph, auto const& features) const {
    auto const heard = hear(on, graph, S::map_nodes([&](auto n) { return enter[n](on, on.constant(features[n])); }));
    return S::map_nodes([&](auto n) { return ia::normalize_rows(on, heard[n]); });
  }
  static auto members(auto& self) { return std::tuple{ia::named("enter", self.enter), ia::named("hear", self.hear)}; }
};

struct Audiobook  : ia::node<"audiobook", 32> {};
struct Podcast    : ia::node<"podcast", 24> {};
struct CoListened : ia::verb<"co_listened", ia::symmetric> {};
using BookShow = ia::relation<Audiobook, CoListened, Podcast>;
struct Catalogue : ia::schema<ia::nodes<Audiobook, Podcast>, ia::relations<BookShow, ia::reverse<BookShow>>> {};

int main(int count, char** words) {
  ia::context ctx{ia::thread_pool{2}, invented::seed_of(count, words)};
  invented::world<Catalogue> const world{ctx.random_seed()};

  network<Catalogue, 32> encoder{ctx};
  auto const recall = [&] { return invented::recall(ctx, world, ia::own(encoder(ctx, world.graph, world.features))); };
  double const untrained = recall();
  ia::adam learn{encoder, {.rate = 5e-3f}};
  for (auto& batch : ia::sample_links(ctx, world.graph, {.batch = 512, .epochs = 30, .negatives = {.each = 20},
                                                         .full_graph = true})) {
    ia::tape tape{ctx};
    auto z = encoder(tape, world.graph, world.features);
    learn.step(tape.backward(ia::link_contrastive(tape, z, batch.links, {.temperature = 0.2f})));
  }
  invented::report("links", recall(), untrained);
}
