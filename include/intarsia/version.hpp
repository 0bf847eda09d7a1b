// The version of the library; CMake reads these three numbers from here.
#pragma once

namespace intarsia {

struct version {
  static constexpr int major = 0;
  static constexpr int minor = 1;
  static constexpr int patch = 0;
};

}  // namespace intarsia
