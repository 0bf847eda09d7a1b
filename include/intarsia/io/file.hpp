// Whole files: read at once, written beside their place and then renamed, so that nobody ever sees half of one.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <initializer_list>
#include <intarsia/core/aligned.hpp>
#include <intarsia/io/sentence.hpp>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace intarsia::inline v0 {

static_assert(std::endian::native == std::endian::little,
              "the file formats are little-endian, and so must the machine be");

// The bytes of a file in memory.
using file_bytes = aligned_buffer<char>;

[[nodiscard]] inline std::string_view text_of(file_bytes const& bytes) {
  return bytes.size() == 0 ? std::string_view{} : std::string_view{bytes.data(), bytes.size()};
}
// A copy, for parsing what did not come from a file.
[[nodiscard]] inline file_bytes bytes_of(std::string_view text) {
  file_bytes bytes{text.size()};
  std::copy_n(text.data(), text.size(), bytes.data());
  return bytes;
}

namespace detail {

[[nodiscard]] inline std::string system_reason(int number) { return std::generic_category().message(number); }

// Closes its file at the end of a scope.
class descriptor {
 public:
  explicit descriptor(int number) : number_{number} {}
  descriptor(descriptor const&) = delete;
  descriptor& operator=(descriptor const&) = delete;
  ~descriptor() { close(); }
  [[nodiscard]] int number() const { return number_; }
  // False where the system reports a late failure to write.
  bool close() { return number_ < 0 || ::close(std::exchange(number_, -1)) == 0; }

 private:
  int number_;
};

}  // namespace detail

// The whole of a regular file. Throws io_error where it is missing, unreadable, a folder, or larger than memory.
[[nodiscard]] inline file_bytes read_file(std::string const& path) {
  detail::descriptor const file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.number() < 0) {
    int const reason = errno;
    detail::io_failure(path, "", "cannot be opened (" + detail::system_reason(reason) + ')',
                       "check that the file exists and may be read");
  }
  struct ::stat about {};
  if (::fstat(file.number(), &about) != 0 || !S_ISREG(about.st_mode)) {
    detail::io_failure(path, "", S_ISDIR(about.st_mode) ? "is a folder" : "is not a regular file",
                       "give the path of a file");
  }
  auto const size = static_cast<std::size_t>(about.st_size);
  file_bytes bytes;
  try {
    bytes = file_bytes{size};
  } catch (std::bad_alloc const&) {
    detail::io_failure(path, "", "has " + std::to_string(size) + " bytes, more than there is memory for",
                       "split the file or free memory");
  }
  for (std::size_t done = 0; done < size;) {
    auto const got = ::read(file.number(), bytes.data() + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      int const reason = errno;
      detail::io_failure(path, "byte " + std::to_string(done),
                         got == 0 ? "the file became shorter while it was read"
                                  : "cannot be read (" + detail::system_reason(reason) + ')',
                         "read it again when nobody writes to it");
    }
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

// Writes the parts one after another to `path` + ".partial", brings them to disk, and renames it to `path`.
// On any failure (disk full, no permission, a size limit) the partial file is removed, an older file at `path` stays
// as it was, and io_error is thrown. Signals are the program's own: one that limits file sizes ignores SIGXFSZ.
inline void write_beside(std::string const& path, std::span<std::string_view const> parts) {
  std::string const partial = path + ".partial";
  std::size_t written = 0;
  auto const fail = [&](int reason, bool made) {
    if (made) ::unlink(partial.c_str());
    detail::io_failure(path, "byte " + std::to_string(written),
                       "cannot be written (" + detail::system_reason(reason) + ')',
                       reason == ENOSPC || reason == EDQUOT || reason == EFBIG
                           ? "free some space, raise the limit, or choose another folder"
                           : "check that its folder exists and may be written to");
  };
  detail::descriptor file{::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)};
  if (file.number() < 0) fail(errno, false);
  for (std::string_view part : parts) {
    while (!part.empty()) {
      auto const put = ::write(file.number(), part.data(), part.size());
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) fail(put < 0 ? errno : ENOSPC, true);
      written += static_cast<std::size_t>(put);
      part.remove_prefix(static_cast<std::size_t>(put));
    }
  }
  if (::fsync(file.number()) != 0 && errno != EINVAL && errno != EROFS) fail(errno, true);
  if (!file.close()) fail(errno, true);
  if (std::rename(partial.c_str(), path.c_str()) != 0) fail(errno, true);
}
inline void write_beside(std::string const& path, std::string_view text) {
  write_beside(path, std::span<std::string_view const>{&text, 1});
}

}  // namespace intarsia::inline v0
