// What the person at the terminal sees while a stage runs, and the seconds that each stage took.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

namespace personalization {

// One finished stage. `rows` are the things it worked through (lines read, pairs trained, users ranked); 0: not
// counted.
struct stage_time {
  std::string name;
  double seconds = 0;
  std::size_t rows = 0;
};

// A bar on standard error where that is a terminal, and one line per stage at its end, none for a stage of less than a
// twentieth of a second. Stages of the same name, as over
// seeds, add up in `times`.
class progress {
 public:
  progress();

  // Begins a stage; `total` steps are expected (0: unknown), each worth `rows_per_step` rows. Ends the one under way.
  void begin(std::string stage, std::size_t total = 0, std::size_t rows_per_step = 1);
  // The same for a stage that leaves no line of its own, only its seconds.
  void begin_quietly(std::string stage);
  // `done` steps are over; redraws at most ten times a second. `loss`, where there is one, is shown.
  void step(std::size_t done, double loss = std::numeric_limits<double>::quiet_NaN());
  // Ends the stage; `rows` replaces steps * rows_per_step where it is not 0. Without a stage under way: does nothing.
  void end(std::size_t rows = 0);

  // A sentence of its own, above the bar.
  void say(std::string const& sentence);

  [[nodiscard]] std::vector<stage_time> const& times() const { return times_; }

 private:
  using clock = std::chrono::steady_clock;
  void draw(double loss);
  void clear();

  bool terminal_;
  std::string stage_;
  bool open_ = false, quiet_ = false;
  std::size_t total_ = 0, done_ = 0, rows_per_step_ = 1;
  double last_loss_ = std::numeric_limits<double>::quiet_NaN();
  clock::time_point start_, drawn_;
  std::vector<stage_time> times_;
};

// The most memory that the process has held so far, in MiB.
[[nodiscard]] double peak_mib();

// "85 s", "2 min 10 s", "1 h 05 min"; "0.42 s" below ten seconds.
[[nodiscard]] std::string readable_seconds(double seconds);

}  // namespace personalization
