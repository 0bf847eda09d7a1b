// expects: axes differ: the columns given are not the axis this operation contracts over
#include <intarsia/cpu/cpu.hpp>
#include <intarsia/loss/in_batch_softmax.hpp>

namespace ia = intarsia;

#ifdef RIGHT
using Item = ia::dim<64>;
#else
using Item = ia::dim<128>;
#endif

float loss(ia::cpu::context& ctx, ia::var<ia::batch_rows, ia::dim<64>> query, ia::var<ia::batch_rows, Item> item) {
  return ia::in_batch_softmax(ctx, query, item).value[0][0];
}
