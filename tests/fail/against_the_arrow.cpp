// expects: messages flow from source to target: x must hold one row per node of the relation's source type
#include <intarsia/cpu/cpu.hpp>
#include <intarsia/graph/graph.hpp>
#include <intarsia/ops/aggregate.hpp>

#include "catalogue.hpp"

#ifdef RIGHT
using Speaker = Audiobook;
#else
using Speaker = Podcast;
#endif

std::size_t rows(ia::cpu::context& ctx, ia::graph<Catalogue> const& graph, ia::table<Speaker> const& x) {
  return ia::aggregate(ctx, graph[BookShow{}], ctx.constant(x)).rows();
}
