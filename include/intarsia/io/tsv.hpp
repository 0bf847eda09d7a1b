// Tables in text files: columns between tabs, a header line that names them, one row a line. Quotation marks are
// letters like any other.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <intarsia/io/file.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace intarsia::inline v0 {

class tsv_table;

// One column of a table, which must outlive it. Row 0 is the line below the header.
class tsv_column {
 public:
  tsv_column(tsv_table const& table, std::size_t column) : table_{&table}, column_{column} {}

  [[nodiscard]] std::size_t rows() const;
  [[nodiscard]] std::string_view name() const;
  [[nodiscard]] std::string_view operator[](std::size_t row) const;
  // The cell as a number; throws io_error where it is not one, does not fit T, or is not finite.
  template <class T>
  requires std::integral<T> || std::floating_point<T>
  [[nodiscard]] T number(std::size_t row) const;
  // All cells as numbers.
  template <class T>
  [[nodiscard]] std::vector<T> numbers() const {
    std::vector<T> all(rows());
    for (std::size_t row = 0; row < all.size(); ++row) all[row] = number<T>(row);
    return all;
  }
  // Throws io_error{"file: line L, column "name": "cell" trouble; remedy"}: for what only the caller can know.
  [[noreturn]] void fail(std::size_t row, std::string_view trouble, std::string_view remedy) const;

 private:
  tsv_table const* table_;
  std::size_t column_;
};

// The text of a file and where its cells are. Lines end in \n or \r\n; the last one may lack its end; a byte order mark
// is passed over. Throws io_error, naming file, line and column, where the file is empty, a header is empty or there
// twice, a line has more or fewer cells than the header, or a sign that is not text is met.
class tsv_table {
 public:
  // `file` is named in errors.
  explicit tsv_table(file_bytes bytes, std::string file) : bytes_{std::move(bytes)}, file_{std::move(file)} { read(); }
  tsv_table(tsv_table&&) noexcept = default;
  tsv_table& operator=(tsv_table&&) noexcept = default;

  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::vector<std::string_view> const& columns() const { return names_; }
  [[nodiscard]] std::string const& file() const { return file_; }
  [[nodiscard]] std::string_view cell(std::size_t row, std::size_t column) const {
    std::size_t const place = (row + 1) * names_.size() + column;
    return text_of(bytes_).substr(begins_[place], lengths_[place]);
  }

  // The column of that name; throws io_error where there is none.
  [[nodiscard]] tsv_column operator[](std::string_view name) const& {
    if (auto const found = find(name)) return *found;
    std::string have;
    for (std::string_view each : names_) (have += have.empty() ? "" : ", ") += detail::printable(each);
    detail::io_failure(file_, "line 1", "the column " + detail::quoted(name) + " is missing, there are " + have,
                       "add the column or correct its name");
  }
  [[nodiscard]] std::optional<tsv_column> find(std::string_view name) const& {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (names_[i] == name) return tsv_column{*this, i};
    }
    return std::nullopt;
  }
  tsv_column operator[](std::string_view name) const&& = delete;  // a column must not outlive its table
  std::optional<tsv_column> find(std::string_view name) const&& = delete;

 private:
  void read();
  void read_line(std::size_t line, std::size_t begin, std::size_t end);
  void check_names() const;

  file_bytes bytes_;
  std::string file_;
  std::vector<std::string_view> names_;
  std::vector<std::uint64_t> begins_;   // (lines * columns)
  std::vector<std::uint32_t> lengths_;  // (lines * columns)
  std::size_t rows_ = 0;
};

// Reads a file. Throws io_error as tsv_table and read_file do.
[[nodiscard]] inline tsv_table load_tsv(std::string const& path) { return tsv_table{read_file(path), path}; }

inline std::size_t tsv_column::rows() const { return table_->rows(); }
inline std::string_view tsv_column::name() const { return table_->columns()[column_]; }
inline std::string_view tsv_column::operator[](std::size_t row) const { return table_->cell(row, column_); }

inline void tsv_column::fail(std::size_t row, std::string_view trouble, std::string_view remedy) const {
  detail::io_failure(table_->file(), "line " + std::to_string(row + 2) + ", column " + detail::quoted(name()),
                     detail::quoted((*this)[row]) + ' ' + std::string{trouble}, remedy);
}

template <class T>
requires std::integral<T> || std::floating_point<T> T tsv_column::number(std::size_t row)
const {
  std::string_view const text = (*this)[row];
  T value{};
  auto const [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (trouble == std::errc::result_out_of_range) fail(row, "is too large or too small a number", "correct it");
  if (trouble != std::errc{} || end != text.data() + text.size()) {
    fail(row, std::is_integral_v<T> ? "is not a whole number" : "is not a number",
         "write digits without spaces, or check that the column is the right one");
  }
  if constexpr (std::is_floating_point_v<T>) {
    if (!std::isfinite(value)) fail(row, "is not a finite number", "leave the row out or correct it");
  }
  return value;
}

inline void tsv_table::read_line(std::size_t line, std::size_t begin, std::size_t end) {
  std::string_view const text = text_of(bytes_);
  std::size_t const first = begins_.size();
  auto const place = [&] { return "line " + std::to_string(line); };
  if (end > begin && text[end - 1] == '\r') --end;
  for (std::size_t at = begin, from = begin;; ++at) {
    char const sign = at == end ? '\t' : text[at];
    if (sign == '\t') {
      if (at - from > UINT32_MAX)
        detail::io_failure(file_, place(), "a cell is longer than 4 GiB", "check that the file is text");
      begins_.push_back(from);
      lengths_.push_back(static_cast<std::uint32_t>(at - from));
      from = at + 1;
    } else if (sign == '\r' || sign == '\0') {
      detail::io_failure(
          file_, place() + ", byte " + std::to_string(at),
          sign == '\r' ? "a carriage return stands within the line" : "a zero byte stands within the line",
          sign == '\r' ? "remove it or end lines with a line feed" : "save the table as plain text");
    }
    if (at == end) break;
  }
  std::size_t const cells = begins_.size() - first;
  if (line == 1 || cells == names_.size()) return;
  std::string const counts = "there are " + std::to_string(cells) + (cells == 1 ? " cell" : " cells") +
                             " where the header has " + std::to_string(names_.size()) + " columns";
  if (begin == end) detail::io_failure(file_, place(), "the line is empty", "remove it");
  std::size_t const odd = std::min(cells, names_.size()) - 1;
  detail::io_failure(
      file_, place() + ", column " + detail::quoted(names_[odd]),
      counts + ", last " + detail::quoted(text.substr(begins_.back(), lengths_.back())),
      cells > names_.size() ? "remove tabs that are part of a text" : "add the missing cells, empty ones too");
}

inline void tsv_table::check_names() const {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (names_[i].empty()) {
      detail::io_failure(file_, "line 1", "column " + std::to_string(i + 1) + " has no name",
                         "name every column in the first line");
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (names_[i] != names_[j]) continue;
      detail::io_failure(file_, "line 1", "the column " + detail::quoted(names_[i]) + " is there twice",
                         "rename or remove one of the two");
    }
  }
}

inline void tsv_table::read() {
  std::string_view const text = text_of(bytes_);
  std::size_t const start = text.substr(0, 3) == "\xEF\xBB\xBF" ? 3 : 0;
  if (text.size() == start)
    detail::io_failure(file_, "line 1", "the file is empty", "begin it with a line of column names");
  std::size_t line = 0;
  for (std::size_t begin = start; begin < text.size();) {
    auto const* const found = static_cast<char const*>(std::memchr(text.data() + begin, '\n', text.size() - begin));
    std::size_t const end = found ? static_cast<std::size_t>(found - text.data()) : text.size();
    read_line(++line, begin, end);
    if (line == 1) {
      for (std::size_t i = 0; i < begins_.size(); ++i) names_.push_back(text.substr(begins_[i], lengths_[i]));
      check_names();
      // As many lines as a glance at the first ones promises.
      std::size_t const cells =
          std::min(text.size(), text.size() / std::max<std::size_t>(end - start, 8) * names_.size());
      begins_.reserve(cells);
      lengths_.reserve(cells);
    }
    begin = end + 1;
  }
  rows_ = line - 1;
}

}  // namespace intarsia::inline v0
