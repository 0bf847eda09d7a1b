// The softmax of a batch whose scores do not fit into memory at once.
#include "parity.hpp"

using namespace cuda_test;

TEST_CASE("cuda: the softmax of a batch, strip by strip") {
  constexpr std::size_t n = 11, cols = 5;
  ia::cpu::context host;
  auto const query = noise<double>(n, cols, 1), item = noise<double>(n, cols, 2);
  matrix<double> losses(n, 1), dquery(n, cols), ditem(n, cols);
  pair_softmax(host, ia::dense<double const>(query.view()), ia::dense<double const>(item.view()),
               ia::pair_terms<double>{3.0, 0.5}, nullptr, ia::dense<double>(losses.view()),
               ia::dense<double>(dquery.view()), ia::dense<double>(ditem.view()));
  in_every_order([&] {
    for (std::size_t const most_scores : {1u, 22u, 44u, 1000u}) {
      CAPTURE(most_scores);
      ia::cuda::context ctx;
      auto const query2 = ia::cuda::upload(ctx, query), item2 = ia::cuda::upload(ctx, item);
      ia::cuda::device_tensor<ia::dyn, ia::dyn, double> losses2{ctx, n, 1}, dquery2{ctx, n, cols}, ditem2{ctx, n, cols};
      pair_softmax(
          ctx, ia::dense<double const, ia::device>(query2.view()), ia::dense<double const, ia::device>(item2.view()),
          ia::pair_terms<double, ia::device>{3.0, 0.5}, nullptr, ia::dense<double, ia::device>(losses2.view()),
          ia::dense<double, ia::device>(dquery2.view()), ia::dense<double, ia::device>(ditem2.view()), most_scores);
      CHECK(distance(ia::cuda::download(ctx, losses2), losses) < 1e-12);
      CHECK(distance(ia::cuda::download(ctx, dquery2), dquery) < 1e-12);
      CHECK(distance(ia::cuda::download(ctx, ditem2), ditem) < 1e-12);
    }
  });
}
