// What cannot be known before run time is checked here; each error is one sentence with its remedy.
#pragma once

#include <stdexcept>
#include <string>

namespace intarsia::inline v0 {

// The base of every exception that the library throws itself.
struct error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Sizes that do not fit together.
struct shape_error : error {
  using error::error;
};

// A file that cannot be read or written as asked; names file, place and remedy.
struct io_error : error {
  using error::error;
};

// Training that cannot go on, for example after a loss that is not a number.
struct training_error : error {
  using error::error;
};

// Throws Error{sentence} unless `holds`. The sentence is only built by the caller when it is a literal or cheap.
template <class Error = shape_error>
inline void expects(bool holds, char const* sentence) {
  if (!holds) throw Error{sentence};
}

}  // namespace intarsia::inline v0
