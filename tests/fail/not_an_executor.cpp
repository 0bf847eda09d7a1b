// expects: an executor has bulk(count, grain, f) and threads(): see core/executor.hpp
#include <intarsia/cpu/context.hpp>

namespace ia = intarsia;

struct pool {
  void bulk(std::size_t count, std::size_t grain, auto&& f) { ia::inline_executor{}.bulk(count, grain, f); }
#ifdef RIGHT
  std::size_t threads() const { return 1; }
#endif
};

ia::cpu::context make() { return ia::cpu::context{pool{}}; }
