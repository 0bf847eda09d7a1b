// expects: axes differ: the columns given are not the axis this operation contracts over
#include <intarsia/cpu/cpu.hpp>
#include <intarsia/nn/linear.hpp>

#include "catalogue.hpp"

#ifdef RIGHT
using Fed = Audiobook;
#else
using Fed = Podcast;
#endif

std::size_t width(ia::cpu::context& ctx, ia::table<Fed> const& features) {
  ia::linear<Audiobook::width, 8> const layer{ctx};
  return layer(ctx, ctx.constant(features)).cols();
}
