// expects: a pullback captures vars and numbers by value, nothing that owns memory
#include <intarsia/cpu/context.hpp>
#include <intarsia/exec/tape.hpp>
#include <vector>

namespace ia = intarsia;

void remember(ia::tape<ia::cpu::context>& on, ia::var<ia::dyn, ia::dim<4>> y) {
  std::vector<float> const kept{1, 2, 3, 4};
#ifdef RIGHT
  float const* const numbers = kept.data();
  on.record([=] { y.grad[0][0] += numbers[0]; });
#else
  on.record([=] { y.grad[0][0] += kept[0]; });
#endif
}
