// Every op on a device: its value and its gradients are those of the CPU.
#include <array>
#include <intarsia/exec/tape.hpp>
#include <intarsia/graph/adjacency.hpp>
#include <intarsia/ops/activation.hpp>
#include <intarsia/ops/add.hpp>
#include <intarsia/ops/affine.hpp>
#include <intarsia/ops/aggregate.hpp>
#include <intarsia/ops/concat.hpp>
#include <intarsia/ops/dot.hpp>
#include <intarsia/ops/dropout.hpp>
#include <intarsia/ops/edge_scores.hpp>
#include <intarsia/ops/edge_softmax.hpp>
#include <intarsia/ops/edge_sum.hpp>
#include <intarsia/ops/gather.hpp>
#include <intarsia/ops/matmul.hpp>
#include <intarsia/ops/normalize.hpp>
#include <intarsia/ops/rows.hpp>
#include <intarsia/ops/stack.hpp>
#include <intarsia/ops/sum.hpp>

#include "same_slopes.hpp"

using namespace cuda_test;

namespace {

struct Book : ia::node<"book"> {};
struct Show : ia::node<"show"> {};

// A relation with other edges for the targets that are marked, on the host and on a device.
struct links_of_both {
  ia::cuda::context ctx;
  ia::adjacency const plain{sparse(9, 6, false, 1)}, weighted{sparse(9, 6, true, 2)};
  std::vector<std::uint8_t> const other = marks(9, 3);
  ia::cuda::detail::device_csr const forward{ctx, weighted.forward()}, backward{ctx, weighted.backward()},
      other_forward{ctx, plain.forward()}, other_backward{ctx, plain.backward()};
  ia::cuda::device_array<std::uint8_t> const other2 = ia::cuda::upload(ctx, other);
  ia::edges_view<> here{weighted.forward(), weighted.backward(), plain.forward(), plain.backward(), other.data()};
  ia::edges_view<ia::device> there{forward.view(), backward.view(forward.values.data()), other_forward.view(),
                                   other_backward.view(), other2.data()};

  // Where `on` computes.
  template <class On>
  [[nodiscard]] auto of(On& /*on*/, bool alternatives) const {
    using space = typename On::context_type::space;
    ia::adjacency_view<Book, Show, space> links;
    auto& edges = static_cast<ia::edges_view<space>&>(links);
    if constexpr (std::is_same_v<space, ia::host>) {
      edges = here;
    } else {
      edges = there;
    }
    if (!alternatives) links.other = nullptr;
    return links;
  }
};

}  // namespace

namespace cuda_test {
struct scored_by_tanh {
  INTARSIA_FN auto operator()(auto source, auto target, auto weight, auto value) const {
    return value * weight * ia::tanh(source + target);
  }
};
}  // namespace cuda_test

TEST_CASE("cuda: ops number by number") {
  same_slopes([](auto& on, auto x) { return relu(on, x); }, noise<double>(5, 3, 1));
  same_slopes([](auto& on, auto x) { return leaky_relu(on, x, 0.1); }, noise<double>(5, 3, 1));
  same_slopes([](auto& on, auto x) { return tanh(on, x); }, noise<double>(5, 3, 1));
  same_slopes([](auto& on, auto x) { return sigmoid(on, x); }, noise<double>(5, 3, 1));
  same_slopes([](auto& on, auto x) { return softsign(on, x); }, noise<double>(5, 3, 1));
  same_slopes([](auto& on, auto x) { return scale(on, x, -1.5); }, noise<double>(5, 3, 1));
  same_slopes([](auto& on, auto x) { return dropout(on, x, 0.4, 3); }, noise<double>(50, 3, 1));
  same_slopes([](auto& on, auto a, auto b) { return add(on, a, b); }, noise<double>(5, 3, 1), noise<double>(5, 3, 2));
  same_slopes([](auto& on, auto a, auto b) { return subtract(on, a, b); }, noise<double>(5, 3, 1),
              noise<double>(5, 3, 2));
  same_slopes([](auto& on, auto a, auto b) { return multiply(on, a, b); }, noise<double>(5, 3, 1),
              noise<double>(5, 3, 2));
  same_slopes([](auto& on, auto x, auto b) { return add_bias(on, x, b); }, noise<double>(70, 3, 1),
              noise<double, ia::dim<1>>(1, 3, 2));
}

TEST_CASE("cuda: ops on rows and columns") {
  same_slopes([](auto& on, auto x) { return normalize_rows(on, x); }, noise<double>(6, 5, 1));
  same_slopes([](auto& on, auto x) { return standardize_columns(on, x); }, noise<double>(40, 5, 1));
  same_slopes([](auto& on, auto x) { return sum(on, x); }, noise<double>(40, 5, 1));
  same_slopes([](auto& on, auto x) { return mean(on, x); }, noise<double>(40, 5, 1));
  same_slopes([](auto& on, auto x) { return head(on, x, 2); }, noise<double>(6, 5, 1));
  same_slopes([](auto& on, auto a, auto b) { return row_dot(on, a, b); }, noise<double>(6, 5, 1),
              noise<double>(6, 5, 2));
  same_slopes([](auto& on, auto a, auto b) { return concat(on, a, b); }, noise<double>(6, 5, 1),
              noise<double>(6, 2, 2));
  same_slopes(
      [](auto& on, auto a, auto b) {
        return stack(on, std::array{a, b});
      },
      noise<double>(6, 5, 1), noise<double>(3, 5, 2));
}

TEST_CASE("cuda: rows shared by some threads, or all of a warp") {
  for (std::size_t const width : {1u, 2u, 7u, 12u, 33u, 64u, 130u}) {
    CAPTURE(width);
    same_slopes([](auto& on, auto a, auto b) { return row_dot(on, a, b); }, noise<double>(37, width, 1),
                noise<double>(37, width, 2));
    same_slopes([](auto& on, auto a, auto b) { return multiply(on, relu(on, add(on, a, b)), b); },
                noise<double>(9, width, 1), noise<double>(9, width, 2));
    same_slopes([](auto& on, auto x) { return dropout(on, x, 0.4, 3); }, noise<double>(9, width, 1));
    if (width == 1) continue;  // its direction never changes: gradients are rounding alone
    auto x = noise<double>(11, width, 1);
    for (std::size_t c = 0; c < width; ++c) x[3][c] = 0;
    same_slopes([](auto& on, auto r) { return normalize_rows(on, r, 2.0); }, x);
  }
}

TEST_CASE("cuda: products of matrices") {
  same_slopes([](auto& on, auto x, auto w) { return matmul(on, x, w); }, noise<double>(6, 5, 1),
              noise<double>(5, 4, 2));
  same_slopes([](auto& on, auto a, auto b) { return matmul_transposed(on, a, b); }, noise<double>(6, 5, 1),
              noise<double>(4, 5, 2));
  for (auto const then : {ia::activation::none, ia::activation::relu, ia::activation::tanh, ia::activation::sigmoid}) {
    same_slopes([then](auto& on, auto x, auto w, auto b) { return affine(on, x, w, b, then); }, noise<double>(6, 5, 1),
                noise<double>(5, 4, 2), noise<double, ia::dim<1>>(1, 4, 3));
  }
}

TEST_CASE("cuda: what targets hear, with alternatives for some of them") {
  links_of_both const links;
  for (auto const how : {ia::reduction::sum, ia::reduction::mean, ia::reduction::max}) {
    for (bool const alternatives : {false, true}) {
      auto const hear = [&](auto& on, auto x) { return aggregate(on, links.of(on, alternatives), x, how); };
      same_slopes(hear, noise<double, ia::rows_of<Book>>(6, 5, 4));
    }
  }
}

TEST_CASE("cuda: scores of edges, their softmax per target, and sums that they weigh") {
  links_of_both all;
  for (bool const alternatives : {false, true}) {
    CAPTURE(alternatives);
    auto const links_of = [&](auto& on) { return all.of(on, alternatives); };
    auto const books = noise<double, ia::rows_of<Book>>(6, 12, 4), values = noise<double, ia::rows_of<Book>>(6, 12, 5);
    auto const shows = noise<double, ia::rows_of<Show>>(9, 12, 6);
    auto const weight = noise<double, ia::dim<1>>(1, 12, 7);
    same_slopes(
        [&](auto& on, auto b, auto s, auto w) {
          return ia::edge_scores<2>(on, links_of(on), b, s, w, scored_by_tanh{});
        },
        books, shows, weight);
    same_slopes(
        [&](auto& on, auto b, auto s) {
          auto const links = links_of(on);
          return ia::edge_softmax(on, links, ia::edge_dots<3>(on, links, b, s));
        },
        books, shows);
    auto const attend = [&](auto& on, auto b, auto s, auto v) {
      auto const links = links_of(on);
      return ia::edge_sum(on, links, v, ia::edge_softmax(on, links, ia::edge_dots<3>(on, links, b, s)));
    };
    same_slopes(attend, books, shows, values);
    // Room for more edges than there are, as in sampled blocks.
    auto const exact = all.there;
    all.there.forward.most_entries += 3;
    all.there.other_forward.most_entries += 5;
    same_slopes(attend, books, shows, values);
    all.there = exact;
  }
}

TEST_CASE("cuda: rows by id, and the rows of a parameter that learns") {
  ia::cpu::context host;
  ia::cuda::context ctx;
  std::vector<ia::id<Book>> const ids{{4}, {0}, {4}, {2}};
  auto const ids2 = ia::cuda::upload(ctx, ids);
  auto const choose = [&](auto& on, auto x) {
    if constexpr (std::is_same_v<typename decltype(x)::space, ia::host>) {
      return gather(on, x, ids);
    } else {
      return gather(on, x, ids2.view());
    }
  };
  same_slopes(choose, noise<double, ia::rows_of<Book>>(6, 5, 4));
}
