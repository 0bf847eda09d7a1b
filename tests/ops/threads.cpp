// All ops in one computation, large enough to be cut into many pieces: the same bits for any number of threads.
#include "../catch.hpp"
#include "../gradient.hpp"
#include "links.hpp"

#include <intarsia/core/thread_pool.hpp>
#include <intarsia/ops/activation.hpp>
#include <intarsia/ops/add.hpp>
#include <intarsia/ops/affine.hpp>
#include <intarsia/ops/aggregate.hpp>
#include <intarsia/ops/concat.hpp>
#include <intarsia/ops/dot.hpp>
#include <intarsia/ops/dropout.hpp>
#include <intarsia/ops/gather.hpp>
#include <intarsia/ops/matmul.hpp>
#include <intarsia/ops/normalize.hpp>
#include <intarsia/ops/propagate.hpp>
#include <intarsia/ops/rows.hpp>
#include <intarsia/ops/softmax.hpp>
#include <intarsia/ops/sum.hpp>

using namespace intarsia;
using namespace intarsia::test;

namespace {
constexpr std::size_t songs = 1500, lists = 900, asked = 700;

struct gate {
  auto operator()(auto source, auto target, auto weight) const { return source * sigmoid(weight * (source - target)); }
};

csr edges_between(std::uint64_t stream) {
  std::vector<std::vector<std::uint32_t>> rows(lists);
  std::vector<float> values;
  intarsia::random draw{seed{11}, stream};
  for (auto& row : rows) {
    row.resize(draw.below(25));
    for (auto& song : row) {
      song = draw.below(songs);
      values.push_back(draw.uniform());
    }
  }
  return rows_to_csr(rows, songs, values);
}

std::vector<float> numbers_with(any_executor threads) {
  auto const x = noise<rows_of<Song>, dim<48>, float>(songs, 1);
  auto const w = noise<dim<48>, dim<40>, float>(48, 2);
  auto const b = noise<dim<1>, dim<40>, float>(1, 3), g = noise<dim<1>, dim<40>, float>(1, 4);
  adjacency const first{edges_between(1)}, other{edges_between(2)};
  std::vector<std::uint8_t> mark(lists);
  for (std::size_t i = 0; i < lists; ++i) mark[i] = i % 5 == 0;
  edges_view<> edges = first.view();
  edges.other_forward = other.forward(), edges.other_backward = other.backward(), edges.other = mark.data();
  adjacency_view<Song, List> const links{edges};
  std::vector<id<List>> ids(asked);
  std::vector<std::uint32_t> right(asked);
  intarsia::random draw{seed{5}, 5};
  for (std::size_t i = 0; i < asked; ++i) ids[i] = {draw.below(lists)}, right[i] = draw.below(asked);

  cpu::context ctx{std::move(threads), seed{7}};
  tape on{ctx};
  auto const vx = on.input(x);
  auto const vw = on.watch(w);
  auto const vb = on.watch(b), vg = on.watch(g);
  auto const h = dropout(on, affine(on, vx, vw, vb, activation::tanh), 0.1, 3);
  auto heard = aggregate(on, links, h, reduction::mean);
  heard = add(on, heard, aggregate(on, links, h, reduction::max));
  heard = add(on, standardize_columns(on, heard), propagate(on, links, h, heard, vg, gate{}));
  auto const both = concat(on, normalize_rows(on, heard), relu(on, heard));
  auto const q = gather(on, both, ids);
  auto const scores = softmax_cross_entropy(on, matmul_transposed(on, q, scale(on, q, 2)), right);
  auto const loss = add(on, scores, mean(on, row_dot(on, head(on, both, 800), head(on, both, 800))));
  static_cast<void>(on.backward(loss));
  std::vector<float> numbers{loss.value[0][0]};
  for (auto const& grad : {vx.grad, vw.grad, vb.grad, vg.grad}) {
    numbers.insert(numbers.end(), grad.data, grad.data + grad.rows * grad.cols);
  }
  return numbers;
}
}  // namespace

TEST_CASE("ops: loss and gradients have the same bits for 1, 2, 3 and 7 threads") {
  auto const one = numbers_with(inline_executor{});
  CHECK(std::isfinite(one[0]));
  std::size_t moving = 0;
  for (float const x : one) moving += x != 0;
  CHECK(moving > one.size() / 2);
  for (std::size_t const threads : {2U, 3U, 7U}) CHECK(numbers_with(thread_pool{threads}) == one);
}
