// A folder of its own for a test, removed at its end, with a small catalogue in it where wanted.
#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <intarsia/io/npy.hpp>
#include <iterator>
#include <string>

namespace test {

class folder {
 public:
  explicit folder(std::string const& name)
      : path_{std::filesystem::temp_directory_path() / ("intarsia-personalization-" + name)} {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  folder(folder const&) = delete;
  folder& operator=(folder const&) = delete;
  ~folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] std::filesystem::path const& path() const { return path_; }
  void write(std::string const& file, std::string const& text) const { std::ofstream{path_ / file, std::ios::binary} << text; }
  [[nodiscard]] std::string read(std::string const& file) const {
    std::ifstream in{path_ / file, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  // One row of two numbers per item.
  void write_vectors(std::string const& file, std::size_t rows) const {
    intarsia::tensor<intarsia::dyn, intarsia::dyn> x(rows, 2);
    for (std::size_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(i % 5) - 2;
    intarsia::save_npy((path_ / file).string(), x);
  }

 private:
  std::filesystem::path path_;
};

inline constexpr char const* small_items =
    "id\ttype\ttitle\tgenres\tcold\n"
    "a\tmovie\tThe \"First\" & <only>\tDrama\t0\n"
    "b\ttv\tSecond\t\t0\n"
    "c\ttv\tThird\tComedy\t1\n"
    "d\tona\tFourth\tDrama\t0\n";
inline constexpr char const* small_interactions =
    "user\titem\trating\tfold\n"
    "10\ta\t8\t0\n"
    "10\tb\t-1\t3\n"
    "9\tb\t7\t1\n"
    "9\tc\t6\t2\n"
    "2\td\t9\t9\n"
    "2\tb\t5\t4\n";

inline void write_small_catalogue(folder const& to) {
  to.write("items.tsv", small_items);
  to.write("interactions.tsv", small_interactions);
  to.write_vectors("text.npy", 4);
}

}  // namespace test
