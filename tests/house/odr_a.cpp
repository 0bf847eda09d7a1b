// Two translation units include everything: a function that is defined and not inline stops the linker.
#include <cstdio>
#include <intarsia/intarsia.hpp>

std::size_t answer_of_the_other_unit();

namespace {
struct Book : intarsia::node<"book", 4> {};
}  // namespace

int main() {
  intarsia::context ctx{intarsia::thread_pool{2}, intarsia::seed{7}};
  intarsia::tape tape{ctx};
  intarsia::table<Book> books{3};
  std::size_t const here = tape.constant(books).value.rows;
  std::size_t const there = answer_of_the_other_unit();
  if (here != 3 || there != 4) std::fputs("odr: a unit saw another library\n", stderr);
  return here == 3 && there == 4 ? 0 : 1;
}
