// Numbers put aside on disk for a while, in a file that has no name: nobody else sees it, and it is gone with its
// object or its process, whatever happens.
#pragma once

#include <intarsia/io/file.hpp>

namespace intarsia::inline v0 {

class nameless_file {
 public:
  // Lies in the file system of `folder`. Throws io_error where nothing can be written there.
  explicit nameless_file(std::string folder) : folder_{std::move(folder)}, file_{make(folder_)} {
    if (file_.number() < 0) detail::write_failure(folder_, 0, errno);
  }

  // Appends. Throws io_error where there is no room.
  void write(std::string_view part) {
    end_.write(file_.number(), part, [this](int reason) { fail(reason); });
  }
  // The bytes [begin, begin + bytes), which were written before. Throws io_error where the disk fails.
  void read(std::size_t begin, void* to, std::size_t bytes) {
    end_.finish(file_.number(), [this](int reason) { fail(reason); });
    constexpr std::size_t most = std::size_t{16} << 20, step = detail::direct_step;
    bool past = bytes > most && begin % step == 0 && reinterpret_cast<std::uintptr_t>(to) % step == 0 &&
                detail::go_past_copies(file_.number(), true);
    for (std::size_t done = 0; done < bytes;) {
      std::size_t const some = std::min(bytes - done, most);
      if (past && some % step != 0) past = !detail::go_past_copies(file_.number(), false);
      auto const got = ::pread(file_.number(), static_cast<char*>(to) + done, some, static_cast<off_t>(begin + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EINVAL && past) {
        past = !detail::go_past_copies(file_.number(), false);
        continue;
      }
      if (got <= 0) {
        int const reason = errno;
        detail::io_failure(folder_, "byte " + std::to_string(begin + done) + " of a file without name",
                           "cannot be read again (" + (got == 0 ? "it ended" : detail::system_reason(reason)) + ')',
                           "check the disk, or choose another folder");
      }
#if defined(POSIX_FADV_DONTNEED)
      if (bytes > most && !past) {  // the system's copy is not needed beside this one
        static_cast<void>(::posix_fadvise(file_.number(), static_cast<off_t>(begin + done), static_cast<off_t>(got),
                                          POSIX_FADV_DONTNEED));
      }
#endif
      done += static_cast<std::size_t>(got);
    }
    if (past) static_cast<void>(detail::go_past_copies(file_.number(), false));
  }

 private:
  [[noreturn]] void fail(int reason) const { detail::write_failure(folder_, end_.written(), reason); }
  [[nodiscard]] static int make(std::string const& folder) {
    char const* const where = folder.empty() ? "." : folder.c_str();
#if defined(O_TMPFILE)
    int const file = ::open(where, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return file;
#endif
    std::string named = std::string{where} + "/.nameless_XXXXXX";
    int const other = ::mkostemp(named.data(), O_CLOEXEC);
    if (other >= 0) ::unlink(named.c_str());
    return other;
  }

  std::string folder_;
  detail::descriptor file_;
  detail::appender end_;
};

}  // namespace intarsia::inline v0
