#include "progress.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace personalization {
namespace {

template <class... Numbers>
std::string format(char const* pattern, Numbers... numbers) {
  char text[256];
  int const length = std::snprintf(text, sizeof text, pattern, numbers...);
  return {text, static_cast<std::size_t>(std::clamp(length, 0, 255))};
}

std::string readable_rate(double per_second) {
  if (per_second >= 1e6) return format("%.1f M rows/s", per_second / 1e6);
  if (per_second >= 1e4) return format("%.0f k rows/s", per_second / 1e3);
  return format(per_second >= 100 ? "%.0f rows/s" : "%.1f rows/s", per_second);
}

double seconds_between(std::chrono::steady_clock::time_point a, std::chrono::steady_clock::time_point b) {
  return std::chrono::duration<double>(b - a).count();
}

}  // namespace

progress::progress() : terminal_{isatty(STDERR_FILENO) == 1} {}

void progress::begin(std::string stage, std::size_t total, std::size_t rows_per_step) {
  end();
  stage_ = std::move(stage);
  total_ = total;
  done_ = 0;
  rows_per_step_ = rows_per_step;
  last_loss_ = std::numeric_limits<double>::quiet_NaN();
  start_ = drawn_ = clock::now();
  open_ = true;
  quiet_ = false;
  if (terminal_) draw(last_loss_);
}

void progress::begin_quietly(std::string stage) {
  begin(std::move(stage));
  quiet_ = true;
}

void progress::step(std::size_t done, double loss) {
  done_ = done;
  if (!std::isnan(loss)) last_loss_ = loss;
  auto const now = clock::now();
  if (!terminal_ || seconds_between(drawn_, now) < 0.1) return;
  drawn_ = now;
  draw(last_loss_);
}

void progress::draw(double loss) {
  double const seconds = seconds_between(start_, clock::now());
  std::string line = stage_;
  line.resize(std::max<std::size_t>(line.size(), 34), ' ');
  if (total_ > 0) {
    constexpr std::size_t width = 24;
    std::size_t const full = std::min(width, done_ * width / total_);
    line += " [" + std::string(full, '#') + std::string(width - full, '.') + "]";
    line += format(" %3.0f %%", 100.0 * static_cast<double>(done_) / static_cast<double>(total_));
  }
  if (!std::isnan(loss)) line += format("  loss %.4f", loss);
  if (done_ > 0 && seconds > 0) {
    line += "  " + readable_rate(static_cast<double>(done_ * rows_per_step_) / seconds);
    if (total_ > done_) {
      line +=
          "  " + readable_seconds(seconds * static_cast<double>(total_ - done_) / static_cast<double>(done_)) + " left";
    }
  }
  std::fprintf(stderr, "\r\033[2K%s", line.c_str());
  std::fflush(stderr);
}

void progress::clear() {
  if (terminal_) std::fputs("\r\033[2K", stderr);
}

void progress::end(std::size_t rows) {
  if (!open_) return;
  open_ = false;
  double const seconds = seconds_between(start_, clock::now());
  rows = rows != 0 ? rows : done_ * rows_per_step_;
  auto const same = std::find_if(times_.begin(), times_.end(), [&](auto const& t) { return t.name == stage_; });
  if (same == times_.end()) {
    times_.push_back({stage_, seconds, rows});
  } else {
    same->seconds += seconds;
    same->rows += rows;
  }
  clear();
  if (quiet_ || seconds < 0.05) return;
  std::string line = stage_;
  line.resize(std::max<std::size_t>(line.size(), 34), ' ');
  line += " " + readable_seconds(seconds);
  if (!std::isnan(last_loss_)) line += format("  loss %.4f", last_loss_);
  if (rows > 0 && seconds > 0) line += "  " + readable_rate(static_cast<double>(rows) / seconds);
  std::fprintf(stderr, "%s\n", line.c_str());
}

void progress::say(std::string const& sentence) {
  clear();
  std::fprintf(stderr, "%s\n", sentence.c_str());
}

double peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

std::string readable_seconds(double seconds) {
  if (seconds < 10) return format("%.2f s", seconds);
  if (seconds < 100) return format("%.0f s", seconds);
  long const whole = std::lround(seconds);
  if (whole < 3600) return format("%ld min %02ld s", whole / 60, whole % 60);
  return format("%ld h %02ld min", whole / 3600, whole / 60 % 60);
}

}  // namespace personalization
