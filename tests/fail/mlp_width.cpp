// expects: axes differ: the columns given are not the axis this operation contracts over
#include <intarsia/cpu/cpu.hpp>
#include <intarsia/nn/mlp.hpp>

#include "catalogue.hpp"

#ifdef RIGHT
constexpr std::size_t width = Podcast::width;
#else
constexpr std::size_t width = 384;
#endif

std::size_t score(ia::cpu::context& ctx, ia::table<Podcast> const& features) {
  ia::mlp<width, 16, 8> const tower{ctx};
  return tower(ctx, ctx.constant(features)).cols();
}
