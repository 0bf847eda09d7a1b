// expects: this tensor lies in another memory than the context: move it with upload(ctx, x) or download(ctx, x)
#include <intarsia/cpu/context.hpp>

namespace ia = intarsia;

#ifdef RIGHT
using Space = ia::host;
#else
using Space = ia::device;
#endif

std::size_t rows(ia::cpu::context& ctx, ia::view<ia::dyn, ia::dim<4>, float const, Space> x) { return ctx.constant(x).rows(); }
