// Counter-based random numbers: bits = f(seed, stream, index). No state, so any thread may ask for any draw.
// Philox4x32-10 of Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <intarsia/core/config.hpp>

namespace intarsia::inline v0 {

// The number from which every random decision of a program follows.
struct seed {
  std::uint64_t value = 0;
};

// Philox4x32-10: four 32-bit words for a counter of four words and a key of two.
INTARSIA_FN constexpr std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> c,
                                                          std::array<std::uint32_t, 2> k) {
  for (int round = 0; round < 10; ++round) {
    std::uint64_t const a = std::uint64_t{0xD2511F53u} * c[0];
    std::uint64_t const b = std::uint64_t{0xCD9E8D57u} * c[2];
    c = {static_cast<std::uint32_t>(b >> 32) ^ c[1] ^ k[0], static_cast<std::uint32_t>(b),
         static_cast<std::uint32_t>(a >> 32) ^ c[3] ^ k[1], static_cast<std::uint32_t>(a)};
    k = {k[0] + 0x9E3779B9u, k[1] + 0xBB67AE85u};
  }
  return c;
}

// A place in the space of draws. `stream` names the purpose (a layer, an epoch, a hop and relation), `index` the
// owner of the draw (a node, an edge); both 64 bits wide. Copying a generator repeats its draws.
class random {
 public:
  INTARSIA_FN constexpr random(seed s, std::uint64_t stream, std::uint64_t index = 0)
      : key_{low(s.value ^ mix(stream)), high(s.value ^ mix(stream))}, index_{index} {}

  // For kernels that make many draws at once: draw number n of an index is word n % 4 of
  // philox({low(index), high(index), low(n / 4), high(n / 4)}, key()).
  [[nodiscard]] INTARSIA_FN constexpr std::array<std::uint32_t, 2> key() const { return key_; }
  [[nodiscard]] INTARSIA_FN static constexpr random with_key(std::array<std::uint32_t, 2> key, std::uint64_t index) {
    random made{seed{}, 0, index};
    made.key_ = key;
    return made;
  }

  // The next 32 random bits.
  INTARSIA_FN constexpr std::uint32_t bits() {
    if (used_ == 4) {
      word_ = philox({low(index_), high(index_), low(block_), high(block_)}, key_);
      ++block_;
      used_ = 0;
    }
    return word_[used_++];
  }

  // A whole number in [0, n), each equally likely (Lemire's multiply and reject); n >= 1.
  INTARSIA_FN constexpr std::uint32_t below(std::uint32_t n) {
    std::uint64_t product = std::uint64_t{bits()} * n;
    if (static_cast<std::uint32_t>(product) < n) {
      std::uint32_t const reject = (0u - n) % n;
      while (static_cast<std::uint32_t>(product) < reject) product = std::uint64_t{bits()} * n;
    }
    return static_cast<std::uint32_t>(product >> 32);
  }

  // A number in [0, 1) with 24 bits.
  INTARSIA_FN constexpr float uniform() { return uniform_of(bits()); }
  // The number that uniform() makes of some bits.
  [[nodiscard]] INTARSIA_FN static constexpr float uniform_of(std::uint32_t bits) {
    return static_cast<float>(bits >> 8) * 0x1p-24f;
  }

  // A standard normal number (Box and Muller).
  [[nodiscard]] double normal() {
    double const u = (static_cast<double>(bits()) + 1.0) * 0x1p-32;
    double const v = static_cast<double>(bits()) * 0x1p-32;
    return std::sqrt(-2.0 * std::log(u)) * std::cos(6.283185307179586 * v);
  }

 private:
  INTARSIA_FN static constexpr std::uint32_t low(std::uint64_t x) { return static_cast<std::uint32_t>(x); }
  INTARSIA_FN static constexpr std::uint32_t high(std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); }
  // A bijection of 64-bit words, so distinct streams have distinct keys.
  INTARSIA_FN static constexpr std::uint64_t mix(std::uint64_t z) {
    z += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

  std::array<std::uint32_t, 2> key_;
  std::uint64_t index_;
  std::uint64_t block_ = 0;
  std::array<std::uint32_t, 4> word_{};
  unsigned used_ = 4;
};

}  // namespace intarsia::inline v0
