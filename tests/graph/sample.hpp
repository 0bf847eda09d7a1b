// Small random catalogues for the tests of everything that reads interactions.
#pragma once

#include <cmath>
#include <cstdint>
#include <intarsia/core/random.hpp>
#include <intarsia/core/thread_pool.hpp>
#include <intarsia/cpu/cpu.hpp>
#include <intarsia/graph/interactions.hpp>
#include <vector>

namespace sample {
namespace ia = intarsia;

// Types by chance, but type 1 has no item where there are three types or more; user 0 and item 0 have no pair.
inline ia::interactions catalogue(std::size_t users, std::size_t items, std::size_t types, double density,
                                  std::uint64_t seed) {
  ia::random draw{ia::seed{seed}, 1};
  std::vector<std::uint16_t> type(items);
  for (auto& t : type) {
    t = static_cast<std::uint16_t>(draw.below(static_cast<std::uint32_t>(types)));
    if (types > 2 && t == 1) t = 0;
  }
  std::vector<ia::interaction> pairs;
  for (std::uint32_t u = 1; u < users; ++u) {
    for (std::uint32_t i = 1; i < items; ++i) {
      // Later items are rarer, later users shorter.
      double const chance =
          density * 4 / (1 + 3.0 * i / static_cast<double>(items)) / (1 + 3.0 * u / static_cast<double>(users));
      if (static_cast<double>(draw.uniform()) < chance) pairs.push_back({u, i});
    }
  }
  return {users, ia::node_numbering{types, type}, pairs};
}

inline ia::cpu::context context(std::size_t threads = 1) {
  return ia::cpu::context{ia::thread_pool{threads}, ia::seed{7}};
}

inline bool has(ia::interactions const& x, std::size_t user, std::size_t item) {
  auto const row = x.by_user()[user];
  for (auto const i : row) {
    if (i == item) return true;
  }
  return false;
}

// Sum over shared users of (history / scale)^power; power 0 counts them.
inline double shared(ia::interactions const& x, std::size_t i, std::size_t j, double power, double scale = 1) {
  double sum = 0;
  for (std::size_t u = 0; u < x.users(); ++u) {
    if (has(x, u, i) && has(x, u, j)) sum += std::pow(static_cast<double>(x.by_user().degree(u)) / scale, power);
  }
  return sum;
}

inline bool same(ia::csr const& a, ia::csr const& b) {
  return a.rows == b.rows && a.cols == b.cols && a.offsets == b.offsets && a.columns == b.columns &&
         a.values == b.values;
}

// The value of an entry; 0 where there is none.
inline float at(ia::csr_view<> a, std::size_t row, std::size_t column) {
  for (std::size_t e = 0; e < a.degree(row); ++e) {
    if (a.columns[a.offsets[row] + e] == column) return a.values[a.offsets[row] + e];
  }
  return 0;
}

}  // namespace sample
