// Writes to a file beside whatever else the program does: a thread of its own hands full buffers to the disk, past the
// system's copies where it can, so that neither the processor nor much memory is taken by them.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstddef>
#include <cstring>
#include <intarsia/core/aligned.hpp>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

namespace intarsia::inline v0::detail {

// A file in which everything from a byte on goes past the system's copies, or by them again; false where it cannot.
[[nodiscard]] inline bool go_past_copies([[maybe_unused]] int file, [[maybe_unused]] bool past) {
#if defined(O_DIRECT)
  int const flags = ::fcntl(file, F_GETFL);
  return flags >= 0 && ::fcntl(file, F_SETFL, past ? flags | O_DIRECT : flags & ~O_DIRECT) == 0;
#else
  return false;
#endif
}
// What memory, places and lengths are multiples of where copies are left out.
inline constexpr std::size_t direct_step = 4096;

// Writes part at a place of the file; 0, or the reason why not.
[[nodiscard]] inline int write_at(int file, std::string_view part, std::size_t place) {
  while (!part.empty()) {
    auto const put = ::pwrite(file, part.data(), part.size(), static_cast<off_t>(place));
    if (put < 0 && errno == EINTR) continue;
    // A file system may allow the flag and refuse the write.
    if (put < 0 && errno == EINVAL && go_past_copies(file, false)) continue;
    if (put <= 0) return put < 0 ? errno : ENOSPC;
    place += static_cast<std::size_t>(put);
    part.remove_prefix(static_cast<std::size_t>(put));
  }
  return 0;
}

// Takes bytes that belong to a file from a place on, which is a multiple of direct_step.
class side_writer {
 public:
  // The file goes past copies until finish().
  side_writer(int file, std::size_t place) : file_{file}, place_{place}, writer_{[this] { work(); }} {}
  side_writer(side_writer const&) = delete;
  side_writer& operator=(side_writer const&) = delete;
  ~side_writer() {
    {
      std::scoped_lock const lock{mutex_};
      stopping_ = true;
    }
    changed_.notify_all();
    writer_.join();
  }

  // 0, or why bytes that were taken by now cannot be written.
  [[nodiscard]] int take(std::string_view part) {
    while (!part.empty()) {
      std::size_t const some = std::min(part.size(), size - filled_);
      std::memcpy(buffers_[now_].data() + filled_, part.data(), some);
      part.remove_prefix(some);
      if ((filled_ += some) < size) break;
      if (int const reason = hand_over()) return reason;
    }
    return 0;
  }
  // Waits until all is written, the last bytes by the system's copies.
  [[nodiscard]] int finish() {
    {
      std::unique_lock lock{mutex_};
      changed_.wait(lock, [this] { return !full_; });
    }
    if (reason_ != 0) return reason_;
    if (!go_past_copies(file_, false)) return errno;
    int const reason = write_at(file_, {buffers_[now_].data(), filled_}, place_);
    place_ += std::exchange(filled_, 0);
    return reason;
  }

 private:
  static constexpr std::size_t size = std::size_t{4} << 20;

  // Gives the full buffer to the thread when it is done with the other.
  [[nodiscard]] int hand_over() {
    {
      std::unique_lock lock{mutex_};
      changed_.wait(lock, [this] { return !full_; });
      if (reason_ != 0) return reason_;
      full_ = true;
      now_ = 1 - now_;
      filled_ = 0;
    }
    changed_.notify_all();
    return 0;
  }
  void work() {
    std::unique_lock lock{mutex_};
    while (true) {
      changed_.wait(lock, [this] { return stopping_ || full_; });
      if (stopping_) return;
      std::string_view const part{buffers_[1 - now_].data(), size};
      lock.unlock();
      int const reason = write_at(file_, part, place_);
      lock.lock();
      reason_ = reason;
      place_ += size;
      full_ = false;
      changed_.notify_all();
    }
  }

  int file_;
  std::size_t place_;  // of the next bytes in the file
  std::array<aligned_buffer<char>, 2> buffers_{aligned_buffer<char>{size}, aligned_buffer<char>{size}};
  std::size_t now_ = 0, filled_ = 0;  // the buffer that is being filled
  bool full_ = false, stopping_ = false;  // the other one is full
  int reason_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::thread writer_;  // last: it ends first
};

}  // namespace intarsia::inline v0::detail
