// The five kernels that benchmarks/guard counts the instructions of, on small inputs: guarded KERNEL. Each runs once
// outside of the counted function, so that memory has grown, and once inside.
#include <cstdio>
#include <intarsia/intarsia.hpp>
#include <string>

#include "generator.hpp"

namespace ia = intarsia;

namespace {

struct Node : ia::node<"node", 128> {};
struct Links : ia::verb<"links"> {};
using Link = ia::relation<Node, Links, Node>;
struct Plain : ia::schema<ia::nodes<Node>, ia::relations<Link>> {};

constexpr bench::relation_plan plan{20'011, 20'011, 400'000, 2, 2, 1, 12345, 67890};

[[nodiscard]] ia::csr edges() {
  auto const list = bench::edges_of(plan);
  auto const rows = bench::by_row(list.target, list.source, plan.targets);
  ia::csr out{.rows = plan.targets,
              .cols = plan.sources,
              .offsets = {rows.offsets.begin(), rows.offsets.end()},
              .columns = rows.columns,
              .values = {},
              .positions = {}};
  for (std::size_t r = 0; r < out.rows; ++r) {
    std::sort(out.columns.begin() + rows.offsets[r], out.columns.begin() + rows.offsets[r + 1]);
  }
  return out;
}
[[nodiscard]] ia::table<Node> table(std::size_t rows, std::uint64_t stream) {
  ia::table<Node> x{rows};
  auto const numbers = bench::uniform_table(stream, rows, 128);
  std::copy(numbers.begin(), numbers.end(), x.data());
  return x;
}

// What valgrind counts: instructions under this name.
template <class F>
[[gnu::noinline]] void guarded_section(F const& f) {
  f();
  asm volatile("" ::: "memory");
}

template <class F>
int twice(F const& f) {
  f();
  guarded_section(f);
  return 0;
}

}  // namespace

int main(int count, char** words) {
  std::string const kernel = count == 2 ? words[1] : "";
  ia::context ctx{ia::inline_executor{}, ia::seed{7}, ia::instruction_set::avx2};
  if (kernel == "sample") {
    ia::graph<Plain> graph{{{std::size_t{plan.targets}}}};
    graph.set(Link{}, edges());
    ia::neighbor_sampler<Plain, ia::context> sampler{ctx, graph, {.fanout = {15, 10}}};
    ia::block<Plain> block;
    sampler.reserve(block, {256});
    auto const seeds = bench::distinct_nodes(9000, plan.targets, 256);
    return twice([&] {
      sampler.start(block);
      for (std::uint32_t const s : seeds) sampler.add(block, Node{}, ia::id<Node>{s});
      sampler.fill(block, {0, 0});
    });
  }
  if (kernel == "aggregate") {
    auto const links = edges();
    auto const x = table(plan.sources, 3000);
    return twice([&] {
      ia::scope const step{ctx};
      static_cast<void>(ia::aggregate(ctx, ia::adjacency_view<Node, Node>{{links.view(), {}, {}, {}, nullptr}},
                                      ctx.constant(x)));
    });
  }
  if (kernel == "product") {
    auto const x = table(2048, 3000), w = table(128, 3001);
    ia::tensor<ia::dyn, ia::dyn> y(2048, 128), slope(128, 128);
    return twice([&] {
      gemm(ctx, ia::product::plain, ia::dense<float const>(x.view()), ia::dense<float const>(w.view()),
           ia::dense<float>(y.view()), false);
      gemm(ctx, ia::product::transposed_left, ia::dense<float const>(x.view()),
           ia::dense<float const>(ia::dense<float>(y.view())), ia::dense<float>(slope.view()), false);
    });
  }
  if (kernel == "softmax") {
    auto const x = table(512, 3000), y = table(512, 3001);
    return twice([&] {
      ia::tape tape{ctx};
      tape.backward(ia::in_batch_softmax(tape, tape.input(x), tape.input(y), {.temperature = 0.1f}));
    });
  }
  if (kernel == "search") {
    auto const x = table(8192, 3000), q = table(16, 3001);
    return twice([&] {
      static_cast<void>(ia::top_k(ctx, ia::dense<float const>(q.view()), ia::dense<float const>(x.view()), 100));
    });
  }
  std::fputs("guarded sample | aggregate | product | softmax | search\n", stderr);
  return 2;
}
