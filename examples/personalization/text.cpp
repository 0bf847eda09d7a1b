#include "text.hpp"

#include <algorithm>

namespace personalization {

numbers text_vectors(ia::cpu::context&, catalogue const& of) {
  std::size_t width = 0;
  for (auto const& part : of.vectors) width += part.cols();
  numbers all{of.items(), width};
  for (std::size_t row = 0; row < of.items(); ++row) {
    auto place = all[row].begin();
    for (auto const& part : of.vectors) place = std::copy(part[row].begin(), part[row].end(), place);
  }
  return all;
}

}  // namespace personalization
