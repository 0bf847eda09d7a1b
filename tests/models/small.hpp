// A small catalogue of two types with who chose what, and trainings on it that take a moment.
#pragma once

#include <intarsia/core/thread_pool.hpp>
#include <intarsia/cpu/cpu.hpp>
#include <intarsia/graph/builder.hpp>
#include <intarsia/loss/link_contrastive.hpp>
#include <intarsia/models/hetero_sage.hpp>
#include <intarsia/models/train_towers.hpp>
#include <intarsia/nn/mlp.hpp>
#include <intarsia/sampling/link_sampler.hpp>
#include <vector>

#include "../gradient.hpp"

namespace small {
using namespace intarsia;

struct Book : node<"book", 6> {};
struct Show : node<"show", 4> {};
struct Near : verb<"near", symmetric> {};
using BookBook = relation<Book, Near, Book>;
using BookShow = relation<Book, Near, Show>;
struct Shelf : schema<nodes<Book, Show>, relations<BookBook, BookShow, reverse<BookShow>>> {};

inline constexpr std::uint32_t books = 300, shows = 120, users = 150;

[[nodiscard]] inline graph<Shelf> shelf() {
  graph_builder<Shelf> b{{{books, shows}}};
  for (std::uint32_t i = 0; i < books; ++i) {
    intarsia::random dice{seed{5}, 1, i};
    for (int k = 0; k < 4; ++k) b.add(BookBook{}, {i}, {dice.below(books)}).add(BookShow{}, {i}, {dice.below(shows)});
  }
  return b.build();
}
[[nodiscard]] inline auto features() {
  return Shelf::map_nodes([](auto n) {
    bool const book = Shelf::node_index<decltype(n)> == 0;
    return test::noise<rows_of<decltype(n)>, dim<n.width>, float>(book ? books : shows, book ? 1 : 2);
  });
}
[[nodiscard]] inline interactions choices() {
  std::vector<interaction> pairs;
  for (std::uint32_t u = 0; u + 1 < users; ++u) {  // the last has none
    intarsia::random dice{seed{6}, 1, u};
    for (std::uint32_t k = 0; k <= u % 9; ++k) pairs.push_back({u, dice.below(books)});
  }
  return {users, node_numbering{1, std::vector<std::uint16_t>(books)}, pairs};
}

// Every number of a module, in order.
template <class M>
[[nodiscard]] std::vector<float> weights(M const& part) {
  std::vector<float> all;
  visit(part, [&](std::string const&, auto const& x) { all.insert(all.end(), x.data(), x.data() + x.size()); });
  return all;
}

using encoder = hetero_sage<Shelf, 12, 8>;
using towers = two_tower<mlp<6, 10, 5>, mlp<6, 10, 5>>;

// Links of a few relations into a graph network; batch and weights follow from the seed and the step alone.
template <class Watch>
[[nodiscard]] std::vector<float> train_encoder(cpu::context& ctx, bool full_graph, std::size_t steps,
                                               checkpoints const& keep, Watch&& watch) {
  auto const g = shelf();
  auto const x = features();
  encoder model{ctx};
  adam learn{model, {.rate = 1e-2f}};
  auto links = sample_links(
      ctx, g, {.batch = 64, .fanout = {3, 2}, .epochs = 1000, .negatives = {.each = 6}, .full_graph = full_graph});
  train("foundation", model, learn, steps, keep, [&](std::size_t step) {
    links.seek({step / links.steps(), step % links.steps()});
    links.advance();
    auto const& batch = links.current();
    tape on{ctx};
    auto const z = model(on, batch.graph, batch.rows(x));
    auto const loss = link_contrastive(on, z, batch.links);
    learn.step(on.backward(loss));
    return static_cast<double>(loss.value.data[0]);
  }, watch);
  return weights(model);
}

template <class Watch>
[[nodiscard]] std::vector<float> train_small_towers(cpu::context& ctx, std::size_t steps, checkpoints const& keep,
                                                    Watch&& watch, tower_loss loss = tower_loss::softmax) {
  auto const chosen = choices();
  auto const items = test::noise<dyn, dyn, float>(books, 6, 3), cold = test::noise<dyn, dyn, float>(books, 6, 4);
  history_mean const histories{ctx, chosen.by_user(), items.view(), {4, 2}};
  towers model{mlp<6, 10, 5>{ctx}, mlp<6, 10, 5>{ctx}};
  train_towers(ctx, model, chosen, histories, {items.view(), cold.view(), items.view()},
               {.loss = loss, .batch = 64, .steps = steps, .rate = 1e-2f}, "towers", keep, watch);
  return weights(model);
}

}  // namespace small
