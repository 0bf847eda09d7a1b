// expects: a message is one generic rule (source, target, weight)
#include <intarsia/cpu/cpu.hpp>
#include <intarsia/graph/graph.hpp>
#include <intarsia/ops/propagate.hpp>

#include "catalogue.hpp"

struct gated {
#ifdef RIGHT
  auto operator()(auto source, auto target, auto gate) const { return source * ia::sigmoid(gate * target); }
#else
  float operator()(float source, float target, float gate) const { return source * ia::sigmoid(gate * target); }
#endif
};

std::size_t rows(ia::cpu::context& ctx, ia::graph<Catalogue> const& graph, ia::table<Audiobook, 8> const& books,
                 ia::table<Podcast, 8> const& podcasts, ia::channels<8> const& gate) {
  return ia::propagate(ctx, graph[BookShow{}], ctx.constant(books), ctx.constant(podcasts), ctx.watch(gate), gated{}).rows();
}
