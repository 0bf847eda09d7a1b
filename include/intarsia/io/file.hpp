// Whole files: read at once, written beside their place and then renamed, so that nobody ever sees half of one.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <initializer_list>
#include <intarsia/core/aligned.hpp>
#include <intarsia/io/sentence.hpp>
#include <intarsia/io/side_writer.hpp>
#include <intarsia/tensor/view.hpp>
#include <new>
#include <optional>
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

[[nodiscard]] inline std::string in_folder(std::string const& folder, std::string const& name) {
  return folder.empty() || folder.back() == '/' ? folder + name : folder + '/' + name;
}
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

// A regular file to be read in order. Throws io_error where it is missing, unreadable, or a folder.
class input_file {
 public:
  explicit input_file(std::string path)
      : path_{std::move(path)}, file_{::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)} {
    if (file_.number() < 0) {
      int const reason = errno;
      io_failure(path_, "", "cannot be opened (" + system_reason(reason) + ')',
                 "check that the file exists and may be read");
    }
    struct ::stat about {};
    if (::fstat(file_.number(), &about) != 0 || !S_ISREG(about.st_mode)) {
      io_failure(path_, "", S_ISDIR(about.st_mode) ? "is a folder" : "is not a regular file",
                 "give the path of a file");
    }
    size_ = static_cast<std::size_t>(about.st_size);
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  // The next bytes of the file; io_error where there are not as many.
  void read(void* to, std::size_t bytes) {
    auto* place = static_cast<char*>(to);
    for (std::size_t const end = done_ + bytes; done_ < end;) {
      auto const got = ::read(file_.number(), place, end - done_);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) {
        int const reason = errno;
        io_failure(path_, "byte " + std::to_string(done_),
                   got == 0 ? "the file became shorter while it was read"
                            : "cannot be read (" + system_reason(reason) + ')',
                   "read it again when nobody writes to it");
      }
      place += got;
      done_ += static_cast<std::size_t>(got);
    }
  }
  // f(), which takes memory for what the file holds; io_error where there is not enough.
  template <class F>
  [[nodiscard]] auto with_memory(F const& f) const {
    try {
      return f();
    } catch (std::bad_alloc const&) {
      io_failure(path_, "", "has " + std::to_string(size_) + " bytes, more than there is memory for",
                 "split the file or free memory");
    }
  }

 private:
  std::string path_;
  descriptor file_;
  std::size_t size_ = 0, done_ = 0;
};

// Appends to an open file. fail(errno) throws; `written` counts what was written until then.
template <class Fail>
void write_all(int file, std::string_view part, std::size_t& written, Fail const& fail) {
  while (!part.empty()) {
    auto const put = ::write(file, part.data(), part.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) fail(put < 0 ? errno : ENOSPC);
    written += static_cast<std::size_t>(put);
    part.remove_prefix(static_cast<std::size_t>(put));
  }
}
// Brings what is written to disk while more is made, and gives the system's copy of it back: much that is written part
// by part holds little memory, in this process and beside it. Advice only.
class write_behind {
 public:
  // `written` bytes of the file were written by now.
  void operator()([[maybe_unused]] int file, [[maybe_unused]] std::size_t written) {
#if defined(__linux__) && defined(SYNC_FILE_RANGE_WRITE)
    if (written - begun_ < window) return;
    auto const place = [](std::size_t byte) { return static_cast<off_t>(byte); };
    static_cast<void>(::sync_file_range(file, place(begun_), place(written - begun_), SYNC_FILE_RANGE_WRITE));
    if (begun_ > kept_) {
      static_cast<void>(::sync_file_range(
          file, place(kept_), place(begun_ - kept_),
          SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER));
      static_cast<void>(::posix_fadvise(file, place(kept_), place(begun_ - kept_), POSIX_FADV_DONTNEED));
    }
    kept_ = std::exchange(begun_, written);
#endif
  }

 private:
  static constexpr std::size_t window = std::size_t{32} << 20;

  std::size_t kept_ = 0, begun_ = 0;  // given back up to here; on its way to disk up to here
};

// Appends to a file. What becomes large part by part is written beside whatever makes it, without copies of the system
// where it can do without; elsewhere those are given back on the way. A single part is left alone however large.
class appender {
 public:
  [[nodiscard]] std::size_t written() const { return written_; }

  // fail(errno) throws.
  template <class Fail>
  void write(int file, std::string_view part, Fail const& fail) {
    if (!side_ && !plain_ && written_ + part.size() >= enough && part.size() < enough) {
      std::size_t const rest = (direct_step - written_ % direct_step) % direct_step;
      if (part.size() >= rest) {
        write_all(file, part.substr(0, rest), written_, fail);
        part.remove_prefix(rest);
        if (go_past_copies(file, true)) {
          side_.emplace(file, written_);
        } else {
          plain_ = true;
        }
      }
    }
    if (side_) {
      if (int const reason = side_->take(part)) fail(reason);
      written_ += part.size();
    } else {
      write_all(file, part, written_, fail);
      behind_(file, written_);
    }
  }
  // Waits until the system has all of it.
  template <class Fail>
  void finish(int file, Fail const& fail) {
    if (!side_) return;
    if (int const reason = side_->finish()) fail(reason);
    if (::lseek(file, static_cast<off_t>(written_), SEEK_SET) < 0) fail(errno);
    side_.reset();
    plain_ = true;
  }

 private:
  static constexpr std::size_t enough = std::size_t{8} << 20;

  std::size_t written_ = 0;
  bool plain_ = false;  // by the system's copies, also where it is much
  write_behind behind_;
  std::optional<side_writer> side_;
};

// Rows of numbers one after another, without what lies between them; to anything with write(bytes).
template <class File, class T>
void write_rows(File& file, dense<T const> rows) {
  if (rows.cols == 0) return;
  std::size_t const at_once = rows.contiguous() ? std::max<std::size_t>(1, rows.rows) : 1;
  for (std::size_t row = 0; row < rows.rows; row += at_once) {
    auto const* const first = static_cast<char const*>(static_cast<void const*>(rows.data + row * rows.stride));
    file.write({first, at_once * rows.cols * sizeof(T)});
  }
}
[[noreturn]] inline void write_failure(std::string_view path, std::size_t written, int reason) {
  io_failure(path, "byte " + std::to_string(written), "cannot be written (" + system_reason(reason) + ')',
             reason == ENOSPC || reason == EDQUOT || reason == EFBIG
                 ? "free some space, raise the limit, or choose another folder"
                 : "check that its folder exists and may be written to");
}

}  // namespace detail

// The whole of a regular file. Throws io_error where it is missing, unreadable, a folder, or larger than memory.
[[nodiscard]] inline file_bytes read_file(std::string const& path) {
  detail::input_file file{path};
  auto bytes = file.with_memory([&] { return file_bytes{file.size()}; });
  file.read(bytes.data(), bytes.size());
  return bytes;
}

// A file that is written in order as `path` + ".partial" and gets its name when it is whole. On any failure (disk full,
// no permission, a size limit), or where it is destroyed before commit(), the partial file is removed and an older file
// at `path` stays as it was. Signals are the program's own: one that limits file sizes ignores SIGXFSZ.
class file_beside {
 public:
  // Throws io_error where the file cannot be made.
  explicit file_beside(std::string path)
      : path_{std::move(path)},
        partial_{path_ + ".partial"},
        file_{::open(partial_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)} {
    if (file_.number() < 0) detail::write_failure(path_, 0, errno);
  }
  file_beside(file_beside const&) = delete;
  file_beside& operator=(file_beside const&) = delete;
  ~file_beside() {
    if (!whole_) ::unlink(partial_.c_str());
  }

  // Throws io_error where the bytes cannot be written.
  void write(std::string_view part) {
    end_.write(file_.number(), part, [this](int reason) { fail(reason); });
  }
  // Brings the file to disk and renames it to `path`; nothing may be written after. Throws io_error.
  void commit() {
    end_.finish(file_.number(), [this](int reason) { fail(reason); });
    if (::fsync(file_.number()) != 0 && errno != EINVAL && errno != EROFS) fail(errno);
    if (!file_.close()) fail(errno);
    if (std::rename(partial_.c_str(), path_.c_str()) != 0) fail(errno);
    whole_ = true;
  }

 private:
  [[noreturn]] void fail(int reason) const { detail::write_failure(path_, end_.written(), reason); }

  std::string path_, partial_;
  detail::descriptor file_;
  detail::appender end_;
  bool whole_ = false;
};

// Writes the parts one after another, as file_beside does.
inline void write_beside(std::string const& path, std::span<std::string_view const> parts) {
  file_beside file{path};
  for (std::string_view const part : parts) file.write(part);
  file.commit();
}
inline void write_beside(std::string const& path, std::string_view text) {
  write_beside(path, std::span<std::string_view const>{&text, 1});
}

}  // namespace intarsia::inline v0
