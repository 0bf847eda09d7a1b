// The sum of products of one node type, where what only products read is kept as bf16: the same bits as where it is
// kept as float, forward and back.
#include <intarsia/core/thread_pool.hpp>
#include <intarsia/cpu/cpu.hpp>
#include <intarsia/exec/tape.hpp>
#include <intarsia/nn/sum_of_products.hpp>
#include <intarsia/ops/add.hpp>
#include <intarsia/ops/sum.hpp>

#include "../catch.hpp"

using namespace intarsia;

namespace {
using numbers = tensor<dyn, dyn>;

numbers random_numbers(std::size_t rows, std::size_t cols, std::uint64_t stream) {
  numbers x(rows, cols);
  intarsia::random draw{seed{11}, stream};
  for (std::size_t i = 0; i < x.size(); ++i) x.data()[i] = 2 * draw.uniform() - 1;
  return x;
}
csr some_edges(std::size_t targets, std::size_t sources) {
  csr a{.rows = targets, .cols = sources, .offsets = {0}, .columns = {}, .values = {}, .positions = {}};
  intarsia::random draw{seed{5}, targets};
  for (std::size_t row = 0; row < targets; ++row) {
    for (std::size_t e = 0; e < row % 5; ++e) a.columns.push_back(draw.below(static_cast<std::uint32_t>(sources)));
    a.offsets.push_back(a.columns.size());
  }
  return a;
}

// Output, gradients of the weights and of the bias, and of the rows where they learn.
template <class X>
std::vector<std::vector<float>> results(instruction_set set, std::size_t threads, std::size_t width, reduction how,
                                        activation then, int stored) {
  constexpr std::size_t sources = 90, targets = 70, out = 24;
  cpu::context ctx = threads == 1 ? cpu::context{inline_executor{}, seed{1}, set}
                                  : cpu::context{thread_pool{threads}, seed{1}, set};
  ctx.products(precision::bf16);
  auto const rows = random_numbers(sources, width, 1), own = random_numbers(width, out, 2),
             heard = random_numbers(width, out, 3), slope = random_numbers(targets, out, 4);
  tensor<dim<1>, dyn> bias(out);
  for (std::size_t c = 0; c < out; ++c) bias.data()[c] = 0.125f * static_cast<float>(c % 7);
  tensor<dyn, dyn, bf16> small(sources, width);
  tensor<dyn, dyn, f16> half(sources, width);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    small.data()[i] = bf16{rows.data()[i]}, half.data()[i] = f16{rows.data()[i]};
  }
  std::vector<std::uint32_t> ids(sources);
  for (std::size_t i = 0; i < sources; ++i) ids[i] = static_cast<std::uint32_t>(i * 7 % sources);
  auto const edges = some_edges(targets, sources);
  edges_view<> links;
  links.forward = edges.view();

  tape on{ctx};
  detail::source_rows<float, host> x;
  auto const made = on.input(rows);
  if (stored == 0) x = {detail::plain(made)};
  if (stored == 1) x = {indexed_view<dyn, dyn>{rows.view(), ids}, false};
  if (stored == 2) x = {indexed_view<dyn, dyn, bf16>{small.view(), ids}, false};
  if (stored == 3) x = {indexed_view<dyn, dyn, f16>{half.view(), ids}, false};
  std::array<detail::product_term<float, host>, 2> const terms{
      {{x, detail::plain(on.watch(own))}, {x, detail::plain(on.watch(heard)), &links, how}}};
  auto const y = detail::sum_of_kept<X>(on, targets, std::span<detail::product_term<float, host> const>{terms},
                                        on.watch(bias), then);
  auto const loss = sum(on, multiply(on, y, on.constant(slope)));
  auto const slopes = on.backward(loss);
  std::vector<std::vector<float>> all{{y.value.data, y.value.data + targets * out}};
  for (auto const* w : {&own, &heard}) all.emplace_back(slopes.by(w->data()), slopes.by(w->data()) + w->size());
  all.emplace_back(slopes.by(bias.data()), slopes.by(bias.data()) + out);
  if (stored == 0) all.emplace_back(made.grad.data, made.grad.data + rows.size());
  return all;
}
}  // namespace

TEST_CASE("sum_of_products: what is kept as bf16 for rounded products gives the bits of what is kept as float") {
  for (std::size_t const width : {3u, 17u, 64u, 128u}) {
    for (auto const how : {reduction::mean, reduction::max}) {
      for (auto const then : {activation::none, activation::relu, activation::tanh}) {
        for (int const stored : {0, 1, 2, 3}) {
          CAPTURE(width, static_cast<int>(how), static_cast<int>(then), stored);
          for (auto const set : {instruction_set::portable, instruction_set::avx2, instruction_set::avx512}) {
            auto const kept = results<float>(set, 1, width, how, then, stored);
            CHECK(results<bf16>(set, 1, width, how, then, stored) == kept);
            CHECK(results<bf16>(set, 3, width, how, then, stored) == kept);
            CHECK(std::all_of(kept.begin(), kept.end(), [](auto const& part) {
              return std::any_of(part.begin(), part.end(), [](float f) { return f != 0; });
            }));
          }
        }
      }
    }
  }
}
