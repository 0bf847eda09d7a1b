// The losses of links that name their ends by id against those of rows that were copied.
#include <cmath>
#include <intarsia/core/thread_pool.hpp>
#include <intarsia/loss/contrast_rows.hpp>
#include <intarsia/loss/info_nce.hpp>
#include <intarsia/loss/max_margin.hpp>
#include <intarsia/ops/gather.hpp>

#include "../catch.hpp"
#include "../gradient.hpp"
#include "../oracle.hpp"

using namespace intarsia;
using namespace intarsia::test;

namespace {
struct links {
  std::vector<slot<void>> anchors, positives, negatives;
  std::vector<std::uint8_t> valid;

  links(std::size_t count, std::size_t each, std::uint32_t rows, bool marked) {
    intarsia::random dice{seed{4}, 1, count};
    auto const any = [&] { return slot<void>{dice.below(rows)}; };
    for (std::size_t i = 0; i < count; ++i) {
      anchors.push_back(any());
      positives.push_back(i % 5 == 0 ? anchors.back() : any());
      for (std::size_t j = 0; j < each; ++j) {
        negatives.push_back(j % 7 == 3 ? anchors.back() : any());
        if (marked) valid.push_back(dice.uniform() < .8f ? 1 : 0);
      }
    }
  }
  [[nodiscard]] link_ends<host> ends() const { return {anchors, positives, negatives, valid}; }
};

template <class On, class X>
auto by_id(On& on, X x, links const& of, bool soft) {
  using T = typename X::scalar;
  auto const ends = of.ends();
  return soft ? detail::contrast_rows(on, x, ends, detail::info_nce_row<T>{{.3f}, ends.anchors.size()})
              : detail::contrast_rows(
                    on, x, ends,
                    detail::max_margin_row<T>{on.backend(), {.4f, ends.valid}, ends.negatives.size()});
}
template <class On, class X>
auto by_copies(On& on, X x, links const& of, bool soft) {
  auto const a = gather(on, x, of.anchors), p = gather(on, x, of.positives), n = gather(on, x, of.negatives);
  return soft ? info_nce(on, a, p, n, {.3f, of.valid}) : max_margin(on, a, p, n, {.4f, of.valid});
}
// The loss, and after it the gradient by each number.
template <class F>
std::vector<float> both(cpu::context& ctx, tensor<rows_of<void>, dyn> const& x, F const& loss) {
  tape on{ctx};
  auto const given = on.input(x);
  auto const y = loss(on, given);
  std::vector<float> all{y.value.data[0]};
  static_cast<void>(on.backward(y));
  for (std::size_t i = 0; i < x.rows(); ++i) {
    for (std::size_t c = 0; c < x.cols(); ++c) all.push_back(given.grad[i][c]);
  }
  return all;
}
double apart(std::vector<float> const& a, std::vector<float> const& b) {
  double difference = 0, length = 1e-30;
  for (std::size_t i = 0; i < b.size(); ++i) {
    difference += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
    length += std::pow(static_cast<double>(b[i]), 2);
  }
  return std::sqrt(difference / length);
}
}  // namespace

TEST_CASE("contrast_rows: what copied rows give, the same bits for any number of threads, on every instruction set") {
  for (std::size_t const width : {1u, 3u, 8u, 17u, 64u, 100u, 128u, 384u}) {
    auto const x = noise<rows_of<void>, dyn, float>(30, width, 5);
    for (std::size_t const count : {0u, 1u, 200u}) {
      for (bool const marked : {false, true}) {
        links const of{count, 6, 30, marked};
        for (bool const soft : {false, true}) {
          CAPTURE(width, count, marked, soft);
          cpu::context plain;
          auto const right = both(plain, x, [&](auto& on, auto z) { return by_copies(on, z, of, soft); });
          for (auto const set : {instruction_set::portable, instruction_set::avx2, instruction_set::avx512}) {
            std::vector<float> first;
            for (unsigned const threads : {1u, 2u, 3u, 7u}) {
              cpu::context ctx{thread_pool{threads}, seed{1}, set};
              auto const found = both(ctx, x, [&](auto& on, auto z) { return by_id(on, z, of, soft); });
              if (threads == 1) first = found;
              CHECK(found == first);
            }
            CHECK(apart(first, right) < 1e-5);
          }
        }
      }
    }
  }
}

TEST_CASE("contrast_rows: gradients in double") {
  cpu::context ctx;
  auto const x = noise<rows_of<void>, dyn>(9, 5, 2);
  for (bool const marked : {false, true}) {
    links const of{12, 4, 9, marked};
    for (bool const soft : {false, true}) {
      CHECK(gradient_error(ctx, [&](auto& on, auto z) { return by_id(on, z, of, soft); }, x) < 1e-6);
    }
  }
}

TEST_CASE("contrast_rows: ends that do not fit are refused") {
  cpu::context ctx;
  auto const x = noise<rows_of<void>, dyn, float>(5, 3, 2);
  links of{4, 2, 5, true};
  of.negatives[3] = {5};
  CHECK_THROWS_WITH(by_id(ctx, ctx.constant(x), of, true), Catch::Contains("beyond the last row"));
  of.negatives.pop_back();
  CHECK_THROWS_WITH(by_id(ctx, ctx.constant(x), of, true), Catch::Contains("k negatives per anchor"));
}
