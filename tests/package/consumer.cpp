// A program of somebody else: one step of training, with nothing but the library.
#include <cstdio>
#include <intarsia/intarsia.hpp>

namespace ia = intarsia;

int main() {
  ia::context ctx{ia::thread_pool{2}, ia::seed{7}};
  ia::tape tape{ctx};
  ia::channels<4> weight;
  auto const x = tape.watch(weight);
  std::printf("%zu columns\n", x.cols());
  return x.cols() == 4 ? 0 : 1;
}
