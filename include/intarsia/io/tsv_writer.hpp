// Writing tables of text: columns between tabs, a header line that names them, one row a line.
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <intarsia/io/file.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace intarsia::inline v0 {

// Builds a table row by row and writes it at once.
class tsv_writer {
 public:
  // The names of the columns.
  explicit tsv_writer(std::vector<std::string> const& columns) : columns_{columns.size()} {
    for (std::string const& name : columns) cell(name);
    end_row();
  }
  // One row: texts and numbers; real numbers are written with as many digits as reading them back needs.
  // Throws shape_error where there are more or fewer cells than columns, io_error where a text has a tab or line end.
  template <class... Cells>
  void row(Cells const&... cells) {
    (cell(cells), ...);
    end_row();
  }
  // A row whose length is only known at run time: cells one by one, then the end of the row.
  void cell(std::string_view text) {
    if (text.find_first_of(std::string_view{"\t\n\r\0", 4}) != std::string_view::npos) {
      throw io_error{"a cell of a table cannot hold " + detail::quoted(text) +
                     "; replace its tabs and line ends by spaces"};
    }
    if (cells_++ != 0) text_ += '\t';
    text_ += text;
  }
  template <class T>
  requires std::integral<T> || std::floating_point<T>
  void cell(T number) {
    char digits[64];
    auto const end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    cell(std::string_view{digits, static_cast<std::size_t>(end - digits)});
  }
  void end_row() {
    expects(cells_ == columns_, "a row of a table has one cell for each column");
    text_ += '\n';
    cells_ = 0;
  }
  // Throws io_error as write_beside does.
  void save(std::string const& path) const { write_beside(path, text_); }

 private:
  std::size_t columns_ = 0, cells_ = 0;
  std::string text_;
};

}  // namespace intarsia::inline v0
