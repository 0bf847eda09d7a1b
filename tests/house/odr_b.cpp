#include <intarsia/intarsia.hpp>

namespace {
struct Book : intarsia::node<"book", 8> {};
}  // namespace

std::size_t answer_of_the_other_unit();

std::size_t answer_of_the_other_unit() {
  intarsia::context ctx{intarsia::thread_pool{2}, intarsia::seed{7}};
  intarsia::tape tape{ctx};
  intarsia::table<Book> books{4};
  return tape.constant(books).value.rows;
}
