// A folder of its own for a test, and what every error of a reader or writer must be like.
#pragma once

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <intarsia/core/expects.hpp>
#include <string>
#include <string_view>
#include <typeinfo>

#include "../catch.hpp"

// Removed with all that is in it at the end of the test.
class scratch_folder {
 public:
  scratch_folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "intarsia_io_XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  scratch_folder(scratch_folder const&) = delete;
  scratch_folder& operator=(scratch_folder const&) = delete;
  ~scratch_folder() { std::filesystem::remove_all(path_); }

  [[nodiscard]] std::string operator/(std::string_view name) const { return (path_ / name).string(); }
  [[nodiscard]] std::string path() const { return path_.string(); }
  // Writes a file as it is given.
  std::string put(std::string_view name, std::string_view bytes) const {
    std::ofstream{path_ / name, std::ios::binary}.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return *this / name;
  }
  [[nodiscard]] std::string get(std::string_view name) const {
    std::ifstream file{path_ / name, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
  }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator{path_}, std::filesystem::directory_iterator{}));
  }

 private:
  std::filesystem::path path_;
};

// f throws io_error itself, in one sentence of one line that names the file, says `phrase`, and gives a remedy.
template <class F>
void check_io_error(F&& f, std::string_view file, std::string_view phrase) {
  std::string sentence;
  try {
    f();
  } catch (intarsia::error const& wrong) {
    CHECK(typeid(wrong) == typeid(intarsia::io_error));
    sentence = wrong.what();
  }
  INFO("sentence: " << sentence);
  REQUIRE_FALSE(sentence.empty());
  CHECK(sentence.find(file) != std::string::npos);
  CHECK(sentence.find(phrase) != std::string::npos);
  std::size_t const remedy = sentence.rfind("; ");
  CHECK((remedy != std::string::npos && remedy + 8 < sentence.size()));
  CHECK(sentence.back() != '.');
  CHECK(sentence.size() < 500);
  CHECK(std::none_of(sentence.begin(), sentence.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
}

// Runs f in a process that may write files of at most `bytes` bytes; its exit code.
template <class F>
[[nodiscard]] inline int with_size_limit(rlim_t bytes, F&& f) {
  pid_t const child = ::fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit const limit{bytes, bytes};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(9);
    ::_exit(f());
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}
