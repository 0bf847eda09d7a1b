// expects: axes differ: the columns given are not the axis this operation contracts over
#include <intarsia/cpu/cpu.hpp>
#include <intarsia/ops/matmul.hpp>

#include "catalogue.hpp"

std::size_t columns(ia::cpu::context& ctx, ia::table<Podcast> const& x, ia::matrix<Podcast::width, 8> const& weight) {
#ifdef RIGHT
  return ia::matmul(ctx, ctx.constant(x), ctx.constant(weight)).cols();
#else
  return ia::matmul(ctx, ctx.constant(weight), ctx.constant(x)).cols();
#endif
}
