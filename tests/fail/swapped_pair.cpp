// expects: ids of another node type than the rows they choose from: gather rows_of<N> by id<N> or slot<N>
#include <intarsia/cpu/cpu.hpp>
#include <intarsia/ops/gather.hpp>
#include <vector>

#include "catalogue.hpp"

struct pairs {
  std::vector<ia::id<Audiobook>> first;
  std::vector<ia::id<Podcast>> second;
};

std::size_t rows(ia::cpu::context& ctx, ia::table<Podcast> const& podcasts, pairs const& batch) {
#ifdef RIGHT
  return ia::gather(ctx, ctx.constant(podcasts), batch.second).rows();
#else
  return ia::gather(ctx, ctx.constant(podcasts), batch.first).rows();
#endif
}
