// expects: ids of another node type than the rows they choose from: gather rows_of<N> by id<N> or slot<N>
#include <intarsia/cpu/cpu.hpp>
#include <intarsia/nn/embedding.hpp>
#include <vector>

#include "catalogue.hpp"

#ifdef RIGHT
using Asked = Author;
#else
using Asked = Podcast;
#endif

std::size_t rows(ia::cpu::context& ctx, ia::embedding<Author, 8> const& authors, std::vector<ia::id<Asked>> const& ids) {
  return authors(ctx, ids).rows();
}
