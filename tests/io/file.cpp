#include <unistd.h>

#include <intarsia/io/checkpoint.hpp>
#include <intarsia/io/file.hpp>
#include <intarsia/io/nameless_file.hpp>
#include <intarsia/io/npy.hpp>
#include <intarsia/io/tsv_writer.hpp>

#include "scratch.hpp"

namespace ia = intarsia;

namespace {
// 2 where f throws an io_error that names the partial file's place and gives the reason, 1 where it throws another.
template <class F>
int outcome(F&& f, std::string const& path, char const* reason) {
  try {
    f();
  } catch (ia::io_error const& wrong) {
    std::string const sentence = wrong.what();
    return sentence.find(path) == 0 && sentence.find(reason) != std::string::npos && sentence.find('\n') == std::string::npos ? 2 : 1;
  }
  return 0;
}
}  // namespace

TEST_CASE("a file is read as it was written", "[io]") {
  scratch_folder const folder;
  for (std::string const& text : {std::string{}, std::string{"a"}, std::string(100'000, 'x') + std::string{"\0\r\n", 3}}) {
    ia::write_beside(folder / "x", text);
    CHECK(ia::text_of(ia::read_file(folder / "x")) == text);
    CHECK(folder.files() == 1);
  }
}

TEST_CASE("parts follow each other", "[io]") {
  scratch_folder const folder;
  std::vector<std::string_view> const parts{"one", "", "two"};
  ia::write_beside(folder / "x", parts);
  CHECK(folder.get("x") == "onetwo");
}

TEST_CASE("a full disk leaves the old file and nothing else", "[io]") {
  scratch_folder const folder;
  std::string const path = folder.put("x", "old");
  ia::tensor<ia::dyn, ia::dyn> const numbers(1000, 100);
  int const npy = with_size_limit(
      4096, [&] { return outcome([&] { ia::save_npy(path, numbers); }, path, "byte 4096: cannot be written (File too large)"); });
  CHECK(npy == 2);
  int const checkpoint = with_size_limit(4096, [&] { return outcome([&] { ia::save(path, numbers); }, path, "File too large"); });
  CHECK(checkpoint == 2);
  int const table = with_size_limit(10, [&] {
    ia::tsv_writer writer{{"id", "title"}};
    for (int i = 0; i < 100; ++i) writer.row(i, "a title");
    return outcome([&] { writer.save(path); }, path, "free some space");
  });
  CHECK(table == 2);
  CHECK(folder.get("x") == "old");
  CHECK(folder.files() == 1);
  CHECK(with_size_limit(1 << 20, [&] { return outcome([&] { ia::save_npy(path, numbers); }, path, ""); }) == 0);
  CHECK(ia::load_npy(path).rows() == 1000);
  CHECK(folder.files() == 1);
}

TEST_CASE("a device without room is told", "[io]") {
  if (::access("/dev/full", W_OK) != 0) return;
  scratch_folder const folder;
  std::string const path = folder / "x";
  REQUIRE(::symlink("/dev/full", (path + ".partial").c_str()) == 0);
  check_io_error([&] { ia::write_beside(path, "text"); }, path, "byte 0: cannot be written (No space left on device)");
  CHECK(folder.files() == 0);
}

TEST_CASE("a folder that is not there, or a folder in the way", "[io]") {
  scratch_folder const folder;
  std::string const nowhere = folder / "nowhere/x";
  check_io_error([&] { ia::write_beside(nowhere, "text"); }, nowhere, "check that its folder exists");
  std::string const taken = folder / "taken";
  std::filesystem::create_directory(taken);
  check_io_error([&] { ia::write_beside(taken, "text"); }, taken, "cannot be written");
  CHECK(folder.files() == 1);
}

TEST_CASE("what an interrupted program left is written over", "[io]") {
  scratch_folder const folder;
  folder.put("x.partial", "half of something longer than the new text");
  ia::write_beside(folder / "x", "new");
  CHECK(folder.get("x") == "new");
  CHECK(folder.files() == 1);
}

TEST_CASE("a file that is given up leaves nothing", "[io]") {
  scratch_folder const folder;
  std::string const path = folder.put("x", "old");
  {
    ia::file_beside file{path};
    file.write("new");
    CHECK(folder.get("x.partial").size() <= 3);
    CHECK(folder.files() == 2);
  }
  CHECK(folder.get("x") == "old");
  CHECK(folder.files() == 1);
}

TEST_CASE("numbers put aside are read back, and their file has no name", "[io]") {
  scratch_folder const folder;
  ia::nameless_file aside{folder.path()};
  aside.write("one");
  aside.write("");
  aside.write("two");
  CHECK(folder.files() == 0);
  std::string back(5, '?');
  aside.read(1, back.data(), 5);
  CHECK(back == "netwo");
  check_io_error([&] { aside.read(3, back.data(), 5); }, folder.path(), "byte 6 of a file without name: cannot be read again");
  std::string const nowhere = folder / "nowhere";
  check_io_error([&] { ia::nameless_file{nowhere}; }, nowhere, "check that its folder exists");
  int const full = with_size_limit(4096, [&] {
    return outcome([&] { ia::nameless_file{folder.path()}.write(std::string(10'000, 'x')); }, folder.path(), "byte 4096: cannot be written (File too large)");
  });
  CHECK(full == 2);
  CHECK(folder.files() == 0);
}

namespace {
// Part k of what is written part by part: 999,999 bytes.
std::string part_of(std::size_t k) {
  return std::string(333'333, static_cast<char>('a' + k)) + std::string(666'666, '.');
}
}  // namespace

TEST_CASE("what becomes large part by part is written beside the program, and is the same", "[io]") {
  scratch_folder const folder;
  std::string all;
  {
    ia::file_beside file{folder / "x"};
    ia::nameless_file aside{folder.path()};
    for (std::size_t k = 0; k < 25; ++k) {
      all += part_of(k);
      file.write(part_of(k));
      aside.write(part_of(k));
    }
    file.commit();
    std::string back(all.size() - 77, '?');
    aside.read(77, back.data(), back.size());
    CHECK(back == all.substr(77));
    ia::file_bytes even{all.size() / 4096 * 4096};  // on a boundary, as large memory is
    aside.read(0, even.data(), even.size());
    CHECK(ia::text_of(even) == std::string_view{all}.substr(0, even.size()));
    aside.write("more");
    aside.read(all.size() - 1, back.data(), 5);
    CHECK(back.substr(0, 5) == ".more");
  }
  CHECK(folder.get("x") == all);
  CHECK(folder.files() == 1);
}

TEST_CASE("a large file that is given up, or has no room, leaves the old one", "[io]") {
  scratch_folder const folder;
  std::string const path = folder.put("x", "old");
  auto const write = [&](std::size_t parts) {
    ia::file_beside file{path};
    for (std::size_t k = 0; k < parts; ++k) file.write(part_of(k % 20));
    return file.commit();
  };
  {
    ia::file_beside file{path};
    for (std::size_t k = 0; k < 25; ++k) file.write(part_of(k));
  }
  CHECK(folder.files() == 1);
  for (std::size_t const parts : {12u, 14u, 40u}) {
    CHECK(with_size_limit(11 << 20, [&] { return outcome([&] { write(parts); }, path, "File too large"); }) == 2);
  }
  CHECK(folder.get("x") == "old");
  CHECK(folder.files() == 1);
}
