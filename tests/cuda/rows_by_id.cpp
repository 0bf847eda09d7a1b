// Rows of a table that learns, looked up by id; rows heard by id in a matrix with room for more entries.
#include <intarsia/graph/adjacency.hpp>
#include <intarsia/nn/embedding.hpp>
#include <intarsia/ops/aggregate.hpp>
#include <intarsia/ops/dot.hpp>
#include <intarsia/ops/sum.hpp>
#include <intarsia/optim/adam.hpp>

#include "parity.hpp"

using namespace cuda_test;

namespace {

struct Book : ia::node<"book"> {};
struct Show : ia::node<"show"> {};

}  // namespace

TEST_CASE("cuda: a table learns by the rows that are looked up") {
  in_every_order([] {
    ia::cpu::context host{ia::inline_executor{}, ia::seed{3}};
    ia::cuda::context ctx{ia::seed{3}};
    ia::embedding<Book, 5, double> table{host, 9};
    auto on_device = ia::cuda::upload(ctx, table);
    std::vector<ia::id<Book>> const first{{8}, {1}, {1}, {4}}, second{{4}, {8}, {0}, {1}};
    auto const first2 = ia::cuda::upload(ctx, first), second2 = ia::cuda::upload(ctx, second);
    auto const loss = [](auto& on, auto const& model, auto const& a, auto const& b) {
      return sum(on, row_dot(on, model(on, a), model(on, b)));
    };
    ia::adam learn{table, {.rate = 0.05f}};
    ia::adam learn2{on_device, {.rate = 0.05f}};
    for (int step = 0; step < 4; ++step) {
      ia::tape tape{host};
      auto const expected = loss(tape, table, first, second);
      ia::tape other{ctx};
      auto const found = on_device.with(
          other, [&](auto& on, auto const& model) { return loss(on, model, first2.view(), second2.view()); });
      CHECK(ia::cuda::download(ctx, found)[0][0] == Approx(expected.value[0][0]).epsilon(1e-11));
      learn.step(tape.backward(expected));
      learn2.step(other.backward(found));
    }
    auto const learned = on_device.download();
    CHECK(distance(learned.rows, table.rows) < 1e-11);
  });
}

TEST_CASE("cuda: rows heard by id, and columns beyond the entries are not read") {
  ia::cpu::context host;
  ia::cuda::context ctx;
  ia::csr const a = sparse(9, 6, true, 2);
  auto const rows = noise<double, ia::rows_of<Book>>(20, 4, 1);
  std::vector<std::uint32_t> const ids{19, 3, 7, 3, 0, 12};
  auto padded = a;
  padded.columns.resize(a.columns.size() + 50, 0xFFFFFFF0u);
  padded.values.resize(padded.columns.size());
  auto const offsets2 = ia::cuda::upload(ctx, padded.offsets);
  auto const columns2 = ia::cuda::upload(ctx, padded.columns);
  auto const values2 = ia::cuda::upload(ctx, padded.values);
  auto const ids2 = ia::cuda::upload(ctx, ids);
  auto const rows2 = ia::cuda::upload(ctx, rows);
  ia::adjacency_view<Book, Show> links;
  links.forward = a.view();
  ia::adjacency_view<Book, Show, ia::device> links2;
  links2.forward = {9, 6, offsets2.data(), columns2.data(), values2.data(), nullptr, padded.columns.size()};
  for (auto const how : {ia::reduction::sum, ia::reduction::mean, ia::reduction::max}) {
    ia::scope const keep{ctx};
    ia::scope const keep2{host};
    ia::indexed_view<ia::rows_of<Book>, ia::dyn, double> const x{rows.view(), ids};
    ia::indexed_view<ia::rows_of<Book>, ia::dyn, double, ia::device> const x2{rows2.view(), ids2.view()};
    auto const expected = aggregate(host, links, x, how);
    auto const found = ia::cuda::download(ctx, aggregate(ctx, links2, x2, how));
    CHECK(relative_distance<double>({found.data(), found.size()},
                                    {expected.value.data, expected.rows() * expected.cols()}) < 1e-12);
  }
}
