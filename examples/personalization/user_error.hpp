// What the person at the keyboard can mend: one sentence on standard error, exit code 2.
#pragma once

#include <intarsia/core/expects.hpp>

namespace personalization {

struct user_error : intarsia::error {
  using error::error;
};

}  // namespace personalization
