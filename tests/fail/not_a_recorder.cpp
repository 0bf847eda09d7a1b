// expects: the first argument of an op is a recorder: a tape to learn, or a context to compute
#include <intarsia/cpu/cpu.hpp>
#include <intarsia/ops/add.hpp>

namespace ia = intarsia;

using Vector = ia::var<ia::dyn, ia::dim<4>>;

std::size_t rows(ia::cpu::context& ctx, ia::any_executor& threads, Vector a, Vector b) {
#ifdef RIGHT
  return threads.threads() * ia::add(ctx, a, b).rows();
#else
  return ctx.streams() * ia::add(threads, a, b).rows();
#endif
}
