// What nvcc has to take: the training of a typed model, every op and every loss on a device. Compiled, never run.
#include <array>
#include <intarsia/cuda/cuda.cuh>
#include <intarsia/cuda/link_sampler.cuh>
#include <intarsia/exec/tape.hpp>
#include <intarsia/loss/in_batch_softmax.hpp>
#include <intarsia/loss/info_nce.hpp>
#include <intarsia/loss/listwise_softmax.hpp>
#include <intarsia/loss/logistic.hpp>
#include <intarsia/loss/max_margin.hpp>
#include <intarsia/loss/pairwise_difference.hpp>
#include <intarsia/loss/squared_error.hpp>
#include <intarsia/models/hetero_sage.hpp>
#include <intarsia/ops/concat.hpp>
#include <intarsia/ops/dropout.hpp>
#include <intarsia/ops/edge_scores.hpp>
#include <intarsia/ops/edge_softmax.hpp>
#include <intarsia/ops/edge_sum.hpp>
#include <intarsia/ops/gather.hpp>
#include <intarsia/ops/normalize.hpp>
#include <intarsia/ops/rows.hpp>
#include <intarsia/ops/stack.hpp>
#include <intarsia/optim/adam.hpp>
#include <intarsia/optim/clip.hpp>

namespace ia = intarsia;

struct Book : ia::node<"book", 3> {};
struct Show : ia::node<"show", 2> {};
struct Told : ia::verb<"told"> {};
struct Near : ia::verb<"near", ia::symmetric> {};
using BookBook = ia::relation<Book, Near, Book>;
using BookShow = ia::relation<Book, Told, Show>;
struct Three : ia::schema<ia::nodes<Book, Show>, ia::relations<BookBook, BookShow, ia::reverse<BookShow>>> {};

using device_tape = ia::tape<ia::cuda::context>;
using matrix = ia::var<ia::dyn, ia::dyn, float, ia::device>;
using column = ia::var<ia::dyn, ia::dim<1>, float, ia::device>;
using loss = ia::var<ia::dim<1>, ia::dim<1>, float, ia::device>;

float trains(ia::cuda::context& ctx, ia::graph<Three> const& g) {
  ia::hetero_sage<Three, 8, 4> encoder{ctx};
  auto on_device = ia::cuda::upload(ctx, encoder);
  auto const links = ia::cuda::upload(ctx, g);
  auto const rows = Three::map_nodes(
      [&](auto n) { return ia::tensor<ia::rows_of<decltype(n)>, ia::dim<n.width>>(g.nodes(n), n.width); });
  auto const features = ia::cuda::upload(ctx, rows);
  ia::adam learn{on_device, {.rate = 1e-2f}};
  ia::tape tape{ctx};
  auto const z = on_device(tape, links, features);
  auto const missed = in_batch_softmax(tape, z[Book{}], z[Show{}], {.temperature = 0.2f});
  learn.step(tape.backward(missed));
  return ia::cuda::download(ctx, missed)[0][0];
}

float learns_links(ia::cuda::context& ctx, ia::graph<Three> const& g) {
  auto encoder = ia::cuda::upload(ctx, ia::hetero_sage<Three, 8, 4>{ctx});
  auto const features =
      ia::cuda::upload(ctx, Three::map_nodes([&](auto n) {
                         return ia::tensor<ia::rows_of<decltype(n)>, ia::dim<n.width>>(g.nodes(n), n.width);
                       }));
  ia::adam learn{encoder, {.rate = 1e-2f}};
  auto links = ia::cuda::sample_links(ctx, g, {.batch = 64, .fanout = {5, 3}});
  auto batch = links.make_batch();
  auto last = ia::cuda::upload(ctx, ia::tensor<ia::dyn, ia::dyn>(1, 1));
  ia::cuda::replay step{ctx};
  while (links.stage(batch)) {
    step([&] {
      links.draw(batch);
      ia::tape tape{ctx};
      auto const missed = link_contrastive(tape, encoder(tape, batch.graph, batch.rows(features)), batch.links);
      auto const slopes = tape.backward(missed);
      static_cast<void>(clip(slopes, 1.0));
      learn.step(slopes);
      copy(ctx, missed.value, last.view());
    });
  }
  return ia::cuda::download(ctx, last)[0][0];
}

auto attends(device_tape& on, ia::adjacency_view<Book, Show, ia::device> links,
             ia::var<ia::rows_of<Book>, ia::dim<8>, float, ia::device> books,
             ia::var<ia::rows_of<Show>, ia::dim<8>, float, ia::device> shows) {
  auto const scores = edge_dots<2>(on, links, books, shows);
  return edge_sum(on, links, books, edge_softmax(on, links, scores));
}

matrix by_number(device_tape& on, matrix a, matrix b) {
  auto y = relu(on, add(on, a, b));
  y = leaky_relu(on, subtract(on, y, b));
  y = tanh(on, multiply(on, y, b));
  y = sigmoid(on, scale(on, y, 2.0f));
  return dropout(on, softsign(on, y), 0.5, 1);
}
matrix by_row(device_tape& on, matrix a, matrix b) {
  auto const x = normalize_rows(on, standardize_columns(on, a));
  return stack(on, std::array{head(on, x, 1), matmul(on, x, b)});
}
column dots(device_tape& on, matrix a, matrix b) { return row_dot(on, a, b); }
loss of_pairs(device_tape& on, matrix a, matrix b, std::span<std::uint32_t const> items) {
  auto const first = in_batch_softmax(on, a, b, {}, ia::same_item{items});
  return add(on, first, add(on, pairwise_difference(on, a, b), squared_error(on, a, b)));
}
loss with_negatives(device_tape& on, matrix a, matrix p, matrix n) {
  return add(on, info_nce(on, a, p, n), max_margin(on, a, p, n));
}
loss of_scores(device_tape& on, matrix s, column c, std::span<std::uint32_t const> targets,
               std::span<float const> answers) {
  return add(on, softmax_cross_entropy(on, s, targets),
             add(on, logistic(on, c, answers), listwise_softmax(on, c, 3, answers)));
}
