// Every kernel of the backend against the CPU's, in double and float, in any order of threads.
#include <intarsia/exec/scope.hpp>

#include "parity.hpp"

// nvcc needs the types that its kernels are made for outside nameless namespaces.
namespace cuda_test {
struct same_digit {
  INTARSIA_FN bool operator()(std::size_t query, std::size_t item) const { return query % 10 == item % 10; }
};

struct gated {
  template <class N>
  INTARSIA_FN N operator()(N source, N target, N weight, N value) const {
    return value * ia::sigmoid(target * weight) * source;
  }
};
}  // namespace cuda_test

using namespace cuda_test;
using ia::device;

namespace {

constexpr std::size_t widths[] = {1, 3, 8, 17, 64, 100, 128};

TEMPLATE_TEST_CASE("cuda: sums over neighbors", "", float, double) {
  using T = TestType;
  ia::cpu::context host;
  ia::cuda::context ctx;
  in_every_order([&] {
    for (std::size_t const width : widths) {
      for (unsigned kind = 0; kind < 16; kind += width == 17 ? 1 : 5) {
        bool const values = (kind & 1) != 0, scales = (kind & 2) != 0, marked = (kind & 4) != 0, add = (kind & 8) != 0;
        CAPTURE(width, kind);
        ia::csr const a = sparse(23, 19, values, kind);
        auto const x = noise<T>(19, width, 1), row_scale = noise<T>(23, 1, 2), col_scale = noise<T>(19, 1, 3);
        auto const rows = marks(23, 4), cols = marks(19, 5);
        auto expected = noise<T>(23, width, 6);
        auto const y = ia::cuda::upload(ctx, expected);
        ia::spmm_terms<T> terms;
        ia::spmm_terms<T, device> device_terms;
        auto const x2 = ia::cuda::upload(ctx, x), row_scale2 = ia::cuda::upload(ctx, row_scale),
                   col_scale2 = ia::cuda::upload(ctx, col_scale);
        auto const rows2 = ia::cuda::upload(ctx, rows), cols2 = ia::cuda::upload(ctx, cols);
        if (scales) {
          terms.row_scale = row_scale.data(), terms.col_scale = col_scale.data();
          device_terms.row_scale = row_scale2.data(), device_terms.col_scale = col_scale2.data();
        }
        if (marked) {
          terms.rows = {rows.data(), false}, terms.cols = {cols.data(), true};
          device_terms.rows = {rows2.data(), false}, device_terms.cols = {cols2.data(), true};
        }
        ia::cuda::detail::device_csr const a2{ctx, a.view()};
        auto writable = ia::cuda::device_tensor<ia::dyn, ia::dyn, T>{ctx, 23, width};
        ia::cuda::copy(ctx, y.view(), ia::dense<T, device>(writable.view()));
        spmm(host, a.view(), terms, ia::dense<T const>(x.view()), ia::dense<T>(expected.view()), add);
        spmm(ctx, a2.view(), device_terms, ia::dense<T const, device>(x2.view()), ia::dense<T, device>(writable.view()),
             add);
        CHECK(distance(ia::cuda::download(ctx, writable), expected) < tolerance<T>);
      }
    }
  });
}

TEST_CASE("cuda: rows stored as bf16") {
  ia::cpu::context host;
  ia::cuda::context ctx;
  ia::csr const a = sparse(7, 9, true, 3);
  ia::cuda::detail::device_csr const a2{ctx, a.view()};
  std::vector<std::uint32_t> const ids{8, 0, 3, 3, 1};
  auto const ids2 = ia::cuda::upload(ctx, ids);
  for (std::size_t const cols : {1u, 5u, 8u, 12u, 16u, 40u}) {  // read one by one, eight, four
    CAPTURE(cols);
    auto const x = noise<float>(9, cols, 1);
    ia::tensor<ia::dyn, ia::dyn, ia::bf16> stored(9, cols);
    for (std::size_t i = 0; i < x.size(); ++i) stored.data()[i] = ia::bf16{x.data()[i]};
    auto const stored2 = ia::cuda::upload(ctx, stored);
    ia::dense<ia::bf16 const> const here = stored.view();
    ia::dense<ia::bf16 const, device> const there = stored2.view();
    matrix<float> sums(7, cols), rows(5, cols), most(7, cols);
    ia::tensor<ia::dyn, ia::dyn, std::uint32_t> who(7, cols);
    ia::cuda::device_tensor<ia::dyn, ia::dyn, float> sums2{ctx, 7, cols}, rows2{ctx, 5, cols}, most2{ctx, 7, cols};
    ia::cuda::device_tensor<ia::dyn, ia::dyn, std::uint32_t> who2{ctx, 7, cols};
    spmm(host, a.view(), {}, here, ia::dense<float>(sums.view()), false);
    spmm(ctx, a2.view(), {}, there, ia::dense<float, device>(sums2.view()), false);
    gather_rows(host, here, ids.data(), ia::dense<float>(rows.view()));
    gather_rows(ctx, there, ids2.data(), ia::dense<float, device>(rows2.view()));
    segment_max(host, a.view(), {}, here, ia::dense<float>(most.view()), ia::dense<std::uint32_t>(who.view()));
    segment_max(ctx, a2.view(), {}, there, ia::dense<float, device>(most2.view()),
                ia::dense<std::uint32_t, device>(who2.view()));
    CHECK(distance(ia::cuda::download(ctx, sums2), sums) < 1e-5);
    CHECK(distance(ia::cuda::download(ctx, rows2), rows) == 0);
    CHECK(distance(ia::cuda::download(ctx, most2), most) == 0);
    CHECK(distance(ia::cuda::download(ctx, who2), who) == 0);
  }
}

TEST_CASE("cuda: the transpose, with room for more entries than there are") {
  ia::cpu::context host;
  ia::cuda::context ctx;
  in_every_order([&] {
    ia::csr const a = sparse(29, 11, true, 8);
    auto const expected = transpose(host, a.view());
    std::vector<std::uint32_t> padded = a.columns;
    padded.insert(padded.end(), 13, 5);
    auto const offsets = ia::cuda::upload(ctx, a.offsets);
    auto const columns = ia::cuda::upload(ctx, padded);
    ia::csr_view<device> const view{29, 11, offsets.data(), columns.data(), nullptr, nullptr, padded.size()};
    auto const t = transpose(ctx, view);
    auto const entries = a.columns.size();
    CHECK(ia::cuda::download(ctx, std::span{t.offsets, std::size_t{12}}) ==
          std::vector<std::uint64_t>(expected.offsets, expected.offsets + 12));
    CHECK(ia::cuda::download(ctx, std::span{t.columns, entries}) ==
          std::vector<std::uint32_t>(expected.columns, expected.columns + entries));
    CHECK(ia::cuda::download(ctx, std::span{t.positions, entries}) ==
          std::vector<std::uint32_t>(expected.positions, expected.positions + entries));
    auto const bare = transpose(ctx, view, false);  // nobody asks for places
    CHECK(bare.positions == nullptr);
    CHECK(ia::cuda::download(ctx, std::span{bare.columns, entries}) ==
          std::vector<std::uint32_t>(expected.columns, expected.columns + entries));
  });
}

TEMPLATE_TEST_CASE("cuda: the maximum over neighbors, and its way back", "", float, double) {
  using T = TestType;
  ia::cpu::context host;
  ia::cuda::context ctx;
  for (std::size_t const width : widths) {
    CAPTURE(width);
    ia::csr const a = sparse(23, 19, false, 4);
    auto x = noise<T>(19, width, 1);
    for (std::size_t i = 0; i < x.size(); i += 3) x.data()[i] = T{0.5};  // ties
    auto const dy = noise<T>(23, width, 2);
    matrix<T> y(23, width), dx = noise<T>(19, width, 3);
    matrix<std::uint32_t> who(23, width);
    auto const x2 = ia::cuda::upload(ctx, x), dy2 = ia::cuda::upload(ctx, dy);
    auto dx2 = ia::cuda::upload(ctx, dx);
    ia::cuda::device_tensor<ia::dyn, ia::dyn, T> y2{ctx, 23, width};
    ia::cuda::device_tensor<ia::dyn, ia::dyn, std::uint32_t> who2{ctx, 23, width};
    ia::cuda::detail::device_csr const a2{ctx, a.view()};
    segment_max(host, a.view(), {}, ia::dense<T const>(x.view()), ia::dense<T>(y.view()),
                ia::dense<std::uint32_t>(who.view()));
    segment_max(ctx, a2.view(), {}, ia::dense<T const, device>(x2.view()), ia::dense<T, device>(y2.view()),
                ia::dense<std::uint32_t, device>(who2.view()));
    CHECK(distance(ia::cuda::download(ctx, y2), y) == 0);
    CHECK(ia::cuda::download(ctx, std::span<std::uint32_t const>{who2.data(), who2.size()}) ==
          std::vector<std::uint32_t>(who.data(), who.data() + who.size()));
    segment_max_pull(host, transpose(host, a.view()), {}, ia::dense<std::uint32_t const>(who.view()),
                     ia::dense<T const>(dy.view()), ia::dense<T>(dx.view()));
    segment_max_pull(ctx, transpose(ctx, a2.view()), {}, ia::dense<std::uint32_t const, device>(who2.view()),
                     ia::dense<T const, device>(dy2.view()), ia::dense<T, device>(dx2.view()));
    CHECK(distance(ia::cuda::download(ctx, dx2), dx) < tolerance<T>);
  }
}

TEMPLATE_TEST_CASE("cuda: rows by id, back again, and merged", "", float, double) {
  using T = TestType;
  ia::cpu::context host;
  ia::cuda::context ctx;
  in_every_order([&] {
    for (std::size_t const width : widths) {
      CAPTURE(width);
      std::vector<std::uint32_t> ids;
      ia::random draw{ia::seed{4}, width};
      for (int i = 0; i < 40; ++i) ids.push_back(draw.below(13));
      auto const x = noise<T>(13, width, 1), dy = noise<T>(40, width, 2);
      auto dx = noise<T>(13, width, 3);
      matrix<T> out(40, width), sums(40, width);
      auto const ids2 = ia::cuda::upload(ctx, ids);
      auto const x2 = ia::cuda::upload(ctx, x), dy2 = ia::cuda::upload(ctx, dy);
      auto dx2 = ia::cuda::upload(ctx, dx);
      ia::cuda::device_tensor<ia::dyn, ia::dyn, T> out2{ctx, 40, width}, sums2{ctx, 40, width};
      gather_rows(host, ia::dense<T const>(x.view()), ids.data(), ia::dense<T>(out.view()));
      gather_rows(ctx, ia::dense<T const, device>(x2.view()), ids2.data(), ia::dense<T, device>(out2.view()));
      CHECK(distance(ia::cuda::download(ctx, out2), out) == 0);
      scatter_rows(host, ia::dense<T const>(dy.view()), ids.data(), ia::dense<T>(dx.view()));
      scatter_rows(ctx, ia::dense<T const, device>(dy2.view()), ids2.data(), ia::dense<T, device>(dx2.view()));
      CHECK(distance(ia::cuda::download(ctx, dx2), dx) < tolerance<T>);

      std::vector<std::uint32_t> rows(40);
      ia::cuda::device_array<std::uint32_t> rows2{ctx, 40};
      std::size_t const count =
          merge_rows(host, ids.data(), ia::dense<T const>(dy.view()), rows.data(), ia::dense<T>(sums.view()));
      REQUIRE(merge_rows(ctx, ids2.data(), ia::dense<T const, device>(dy2.view()), rows2.data(),
                         ia::dense<T, device>(sums2.view())) == 40);
      auto const found = ia::cuda::download(ctx, rows2.view());
      auto const made = ia::cuda::download(ctx, sums2);
      std::size_t k = 0;
      for (std::size_t i = 0; i < 40; ++i) {
        if (found[i] == ia::no_entry) continue;
        REQUIRE(k < count);
        CHECK(found[i] == rows[k]);
        CHECK(relative_distance<T>(made[i], sums[k]) < tolerance<T>);
        ++k;
      }
      CHECK(k == count);
    }
  });
}

TEMPLATE_TEST_CASE("cuda: sums of columns and of all numbers", "", float, double) {
  using T = TestType;
  ia::cpu::context host;
  ia::cuda::context ctx;
  in_every_order([&] {
    for (std::size_t const rows : {0u, 1u, 31u, 300u}) {
      for (bool const add : {false, true}) {
        CAPTURE(rows, add);
        auto const x = noise<T>(rows, 11, 1);
        auto columns = noise<T>(1, 11, 2), all = noise<T>(1, 1, 3);
        auto const x2 = ia::cuda::upload(ctx, x);
        auto columns2 = ia::cuda::upload(ctx, columns), all2 = ia::cuda::upload(ctx, all);
        column_sum(host, ia::dense<T const>(x.view()), ia::dense<T>(columns.view()), add);
        column_sum(ctx, ia::dense<T const, device>(x2.view()), ia::dense<T, device>(columns2.view()), add);
        total(host, ia::dense<T const>(x.view()), ia::dense<T>(all.view()), add);
        total(ctx, ia::dense<T const, device>(x2.view()), ia::dense<T, device>(all2.view()), add);
        CHECK(distance(ia::cuda::download(ctx, columns2), columns) < tolerance<T>);
        CHECK(distance(ia::cuda::download(ctx, all2), all) < tolerance<T>);
      }
    }
  });
}

TEMPLATE_TEST_CASE("cuda: products", "", float, double) {
  using T = TestType;
  ia::cpu::context host;
  ia::cuda::context ctx;
  for (auto const form : {ia::product::plain, ia::product::transposed_left, ia::product::transposed_right}) {
    for (std::size_t const depth : {0u, 1u, 17u}) {
      for (bool const add : {false, true}) {
        CAPTURE(static_cast<int>(form), depth, add);
        bool const left = form == ia::product::transposed_left, right = form == ia::product::transposed_right;
        auto const a = left ? noise<T>(depth, 9, 1) : noise<T>(9, depth, 1);
        auto const b = right ? noise<T>(5, depth, 2) : noise<T>(depth, 5, 2);
        auto c = noise<T>(9, 8, 3);  // the product goes to five of its columns
        auto const a2 = ia::cuda::upload(ctx, a), b2 = ia::cuda::upload(ctx, b);
        auto c2 = ia::cuda::upload(ctx, c);
        gemm(host, form, ia::dense<T const>(a.view()), ia::dense<T const>(b.view()),
             ia::dense<T>(c.view()).col_range(2, 5), add);
        gemm(ctx, form, ia::dense<T const, device>(a2.view()), ia::dense<T const, device>(b2.view()),
             ia::dense<T, device>(c2.view()).col_range(2, 5), add);
        CHECK(distance(ia::cuda::download(ctx, c2), c) < tolerance<T>);
      }
    }
  }
}

TEST_CASE("cuda: products of operands rounded to bf16") {
  ia::cpu::context host;
  ia::cuda::context ctx;
  host.products(ia::precision::bf16);
  ctx.products(ia::precision::bf16);
  auto const a = noise<float>(9, 21, 1), b = noise<float>(21, 5, 2);
  auto const a2 = ia::cuda::upload(ctx, a), b2 = ia::cuda::upload(ctx, b);
  matrix<float> c(9, 5), full(9, 5);
  ia::cuda::device_tensor<ia::dyn, ia::dyn, float> c2{ctx, 9, 5};
  gemm(host, ia::product::plain, ia::dense<float const>(a.view()), ia::dense<float const>(b.view()),
       ia::dense<float>(c.view()), false);
  gemm(ctx, ia::product::plain, ia::dense<float const, device>(a2.view()), ia::dense<float const, device>(b2.view()),
       ia::dense<float, device>(c2.view()), false);
  CHECK(distance(ia::cuda::download(ctx, c2), c) < 2e-2);
  host.products(ia::precision::full);
  gemm(host, ia::product::plain, ia::dense<float const>(a.view()), ia::dense<float const>(b.view()),
       ia::dense<float>(full.view()), false);
  double const rounded = distance(ia::cuda::download(ctx, c2), full);
  CHECK(rounded > 1e-5);
  CHECK(rounded < 2e-2);
}

TEMPLATE_TEST_CASE("cuda: products with a bias and relu", "", float, double) {
  using T = TestType;
  ia::cpu::context host;
  ia::cuda::context ctx;
  for (std::size_t const depth : {0u, 1u, 17u}) {
    for (bool const relu : {false, true}) {
      CAPTURE(depth, relu);
      auto const a = noise<T>(9, depth, 1), b = noise<T>(depth, 5, 2), bias = noise<T>(1, 5, 4);
      auto c = noise<T>(9, 8, 3);  // the product goes to five of its columns
      auto const a2 = ia::cuda::upload(ctx, a), b2 = ia::cuda::upload(ctx, b), bias2 = ia::cuda::upload(ctx, bias);
      auto c2 = ia::cuda::upload(ctx, c);
      gemm_bias(host, ia::dense<T const>(a.view()), ia::dense<T const>(b.view()), ia::dense<T const>(bias.view()), relu,
                ia::dense<T>(c.view()).col_range(2, 5));
      gemm_bias(ctx, ia::dense<T const, device>(a2.view()), ia::dense<T const, device>(b2.view()),
                ia::dense<T const, device>(bias2.view()), relu, ia::dense<T, device>(c2.view()).col_range(2, 5));
      CHECK(distance(ia::cuda::download(ctx, c2), c) < tolerance<T>);
      bool below = false;
      for (std::size_t i = 0; i < 9; ++i) {
        for (std::size_t k = 2; k < 7; ++k) below = below || c[i][k] < 0;
      }
      CHECK(below != relu);
    }
  }
}

TEST_CASE("cuda: products of operands rounded to tf32, which the CPU takes as they are") {
  ia::cpu::context host;
  ia::cuda::context ctx;
  host.products(ia::precision::tf32);
  ctx.products(ia::precision::tf32);
  auto const a = noise<float>(9, 21, 1), b = noise<float>(21, 5, 2);
  auto const a2 = ia::cuda::upload(ctx, a), b2 = ia::cuda::upload(ctx, b);
  matrix<float> c(9, 5), full(9, 5);
  ia::cuda::device_tensor<ia::dyn, ia::dyn, float> c2{ctx, 9, 5};
  gemm(host, ia::product::plain, ia::dense<float const>(a.view()), ia::dense<float const>(b.view()),
       ia::dense<float>(c.view()), false);
  gemm(ctx, ia::product::plain, ia::dense<float const, device>(a2.view()), ia::dense<float const, device>(b2.view()),
       ia::dense<float, device>(c2.view()), false);
  double const rounded = distance(ia::cuda::download(ctx, c2), c);
  CHECK(rounded > 1e-6);
  CHECK(rounded < 2e-3);
  host.products(ia::precision::full);
  gemm(host, ia::product::plain, ia::dense<float const>(a.view()), ia::dense<float const>(b.view()),
       ia::dense<float>(full.view()), false);
  CHECK(distance(c, full) == 0);
}

TEMPLATE_TEST_CASE("cuda: the softmax of a batch", "", float, double) {
  using T = TestType;
  ia::cpu::context host;
  ia::cuda::context ctx;
  in_every_order([&] {
    for (std::size_t const n : {0u, 1u, 33u}) {
      CAPTURE(n);
      auto const query = noise<T>(n, 6, 1), item = noise<T>(n, 6, 2);
      auto const log_q = noise<float>(1, n, 3), weight = noise<float>(1, n, 4);
      auto const query2 = ia::cuda::upload(ctx, query), item2 = ia::cuda::upload(ctx, item);
      auto const log_q2 = ia::cuda::upload(ctx, log_q), weight2 = ia::cuda::upload(ctx, weight);
      matrix<T> losses(n, 1), dquery(n, 6), ditem(n, 6);
      ia::cuda::device_tensor<ia::dyn, ia::dyn, T> losses2{ctx, n, 1}, dquery2{ctx, n, 6}, ditem2{ctx, n, 6};
      pair_softmax(host, ia::dense<T const>(query.view()), ia::dense<T const>(item.view()),
                   ia::pair_terms<T>{T{3}, T{0.25}, log_q.data(), weight.data()}, same_digit{},
                   ia::dense<T>(losses.view()), ia::dense<T>(dquery.view()), ia::dense<T>(ditem.view()));
      pair_softmax(ctx, ia::dense<T const, device>(query2.view()), ia::dense<T const, device>(item2.view()),
                   ia::pair_terms<T, device>{T{3}, T{0.25}, log_q2.data(), weight2.data()}, same_digit{},
                   ia::dense<T, device>(losses2.view()), ia::dense<T, device>(dquery2.view()),
                   ia::dense<T, device>(ditem2.view()));
      CHECK(distance(ia::cuda::download(ctx, losses2), losses) < tolerance<T>);
      CHECK(distance(ia::cuda::download(ctx, dquery2), dquery) < tolerance<T>);
      CHECK(distance(ia::cuda::download(ctx, ditem2), ditem) < tolerance<T>);
    }
  });
}

TEST_CASE("cuda: a message rule of one's own, and its gradients") {
  using T = double;
  ia::cpu::context host;
  ia::cuda::context ctx;
  ia::csr const a = sparse(13, 10, true, 6);
  ia::cuda::detail::device_csr const a2{ctx, a.view()};
  auto const source = noise<T>(10, 5, 1), target = noise<T>(13, 5, 2), weight = noise<T>(1, 5, 3),
             dy = noise<T>(13, 5, 4);
  auto y = noise<T>(13, 5, 5), dsource = noise<T>(10, 5, 6), dtarget = noise<T>(13, 5, 7), dweight = noise<T>(1, 5, 8);
  auto const source2 = ia::cuda::upload(ctx, source), target2 = ia::cuda::upload(ctx, target),
             weight2 = ia::cuda::upload(ctx, weight), dy2 = ia::cuda::upload(ctx, dy);
  auto y2 = ia::cuda::upload(ctx, y), dsource2 = ia::cuda::upload(ctx, dsource),
       dtarget2 = ia::cuda::upload(ctx, dtarget), dweight2 = ia::cuda::upload(ctx, dweight);
  edge_map(host, a.view(), gated{}, source.view(), target.view(), weight.view(), ia::dense<T>(y.view()), true);
  edge_map(ctx, a2.view(), gated{}, source2.view(), target2.view(), weight2.view(), ia::dense<T, device>(y2.view()),
           true);
  edge_map_pull(host, a.view(), transpose(host, a.view()), gated{}, source.view(), target.view(), weight.view(),
                dy.view(), ia::dense<T>(dsource.view()), ia::dense<T>(dtarget.view()), ia::dense<T>(dweight.view()));
  edge_map_pull(ctx, a2.view(), transpose(ctx, a2.view()), gated{}, source2.view(), target2.view(), weight2.view(),
                dy2.view(), ia::dense<T, device>(dsource2.view()), ia::dense<T, device>(dtarget2.view()),
                ia::dense<T, device>(dweight2.view()));
  CHECK(distance(ia::cuda::download(ctx, y2), y) < 1e-12);
  CHECK(distance(ia::cuda::download(ctx, dsource2), dsource) < 1e-12);
  CHECK(distance(ia::cuda::download(ctx, dtarget2), dtarget) < 1e-12);
  CHECK(distance(ia::cuda::download(ctx, dweight2), dweight) < 1e-12);
}

}  // namespace
