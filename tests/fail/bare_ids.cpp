// expects: ids of another node type than the rows they choose from: gather rows_of<N> by id<N> or slot<N>
#include <intarsia/cpu/cpu.hpp>
#include <intarsia/ops/gather.hpp>
#include <vector>

#include "catalogue.hpp"

#ifdef RIGHT
using Number = ia::id<Podcast>;
#else
using Number = std::uint32_t;
#endif

std::size_t rows(ia::cpu::context& ctx, ia::table<Podcast> const& podcasts, std::vector<Number> const& asked) {
  return ia::gather(ctx, ctx.constant(podcasts), asked).rows();
}
