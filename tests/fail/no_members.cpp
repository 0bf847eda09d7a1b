// expects: a module lists its parts: static auto members(auto& self) { return std::tuple{ia::named(...)}; }
#include <intarsia/exec/module.hpp>

namespace ia = intarsia;

struct gate {
  ia::channels<8> weight;
#ifdef RIGHT
  static auto members(auto& self) { return std::tuple{ia::named("weight", self.weight)}; }
#endif
};

std::size_t count(gate const& layer) { return ia::parameter_count(layer); }
