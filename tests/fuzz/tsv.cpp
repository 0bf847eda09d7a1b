// Any bytes are a table or give io_error; every cell lies within its line.
#include <cstdint>
#include <intarsia/io/id_index.hpp>
#include <intarsia/io/tsv.hpp>

namespace ia = intarsia;

namespace {
template <class F>
void one_sentence(F&& f) {
  try {
    f();
  } catch (ia::io_error const& wrong) {
    if (std::string_view{wrong.what()}.find('\n') != std::string_view::npos) __builtin_trap();
  }
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const bytes{static_cast<char const*>(static_cast<void const*>(data)), size};
  one_sentence([&] {
    ia::tsv_table const table{ia::bytes_of(bytes), "fuzz.tsv"};
    for (std::string_view const name : table.columns()) {
      auto const column = table[name];
      for (std::size_t row = 0; row < column.rows(); ++row) {
        if (column[row].find_first_of("\t\n\r") != std::string_view::npos) __builtin_trap();
      }
      one_sentence([&] { static_cast<void>(column.numbers<int>()); });
      one_sentence([&] { static_cast<void>(column.numbers<float>()); });
      one_sentence([&] { ia::id_index const ids{column}; });
    }
    one_sentence([&] { static_cast<void>(table["stars"]); });
  });
  return 0;
}
