// A step of training takes no memory once the first ones have.
#include "../catch.hpp"
#include "../gradient.hpp"
#include "module.hpp"

#include <atomic>
#include <cstdlib>
#include <intarsia/optim/adam.hpp>
#include <intarsia/optim/clip.hpp>
#include <intarsia/optim/sgd.hpp>
#include <new>

namespace {
std::atomic<std::size_t> taken{0};
void* take(std::size_t size) {
  ++taken;
  if (void* const p = std::malloc(size ? size : 1)) return p;
  throw std::bad_alloc{};
}
}  // namespace
void* operator new(std::size_t size) { return take(size); }
void* operator new[](std::size_t size) { return take(size); }
void* operator new(std::size_t size, std::nothrow_t const&) noexcept { return ++taken, std::malloc(size ? size : 1); }
void operator delete(void* p, std::nothrow_t const&) noexcept { std::free(p); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }

using namespace intarsia;
using namespace intarsia::test;

TEST_CASE("optimisers: forward, backward and step take no memory after the first steps") {
  cpu::context ctx;
  large_model model{ctx};
  adam learn{model};
  sgd also{model, {.momentum = 0.5f}};
  auto const step = [&] {
    tape on{ctx};
    auto const slopes = on.backward(model.loss(on));
    static_cast<void>(clip(slopes, 1));
    learn.step(slopes);
    also.step(slopes);
  };
  step();
  step();
  std::size_t const before = taken, scratch = ctx.scratch().capacity(), notes = ctx.notes().capacity();
  for (int i = 0; i < 3; ++i) step();
  CHECK(taken == before);
  CHECK(ctx.scratch().capacity() == scratch);
  CHECK(ctx.notes().capacity() == notes);
}
