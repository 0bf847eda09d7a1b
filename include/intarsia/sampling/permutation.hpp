// A shuffle that needs no memory: where each number goes is computed from a key.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <intarsia/core/random.hpp>

namespace intarsia::inline v0 {

namespace detail {
// A bijection of 64-bit words that looks random (the finaliser of splitmix64).
[[nodiscard]] constexpr std::uint64_t scramble(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

// One stream number from several: the purpose, the epoch, the hop, ...
template <class... Parts>
[[nodiscard]] constexpr std::uint64_t stream_of(std::uint64_t base, Parts... parts) {
  ((base = scramble(base * 0x9E3779B97F4A7C15u + static_cast<std::uint64_t>(parts) + 0x632BE59BD9B4E019u)), ...);
  return base;
}
}  // namespace detail

// A permutation of [0, size): a Feistel network on the least power of two that holds `size`, walked until it lands
// inside; ten rounds, and more where a round has only a few bits to mix. The first m images are a uniform sample
// without replacement.
class permutation {
 public:
  permutation() = default;
  permutation(std::uint64_t size, seed s, std::uint64_t stream) : size_{size} {
    int const bits = std::max(2, static_cast<int>(std::bit_width(size > 0 ? size - 1 : 0)));
    low_bits_ = bits / 2;
    high_bits_ = bits - low_bits_;
    passes_ = bits < 16 ? 4 : 1;
    random dice{s, stream};
    for (auto& key : keys_) key = (std::uint64_t{dice.bits()} << 32) | dice.bits();
  }

  [[nodiscard]] std::uint64_t size() const { return size_; }
  // Where i < size goes.
  [[nodiscard]] std::uint64_t operator[](std::uint64_t i) const {
    do i = once(i);
    while (i >= size_);
    return i;
  }

 private:
  [[nodiscard]] std::uint64_t once(std::uint64_t x) const {
    std::uint64_t const low_mask = (std::uint64_t{1} << low_bits_) - 1,
                        high_mask = (std::uint64_t{1} << high_bits_) - 1;
    std::uint64_t low = x & low_mask, high = x >> low_bits_;
    for (std::uint64_t pass = 0; pass < passes_; ++pass) {
      for (std::size_t round = 0; round < keys_.size(); round += 2) {
        low ^= detail::scramble(high + keys_[round] + (pass << 32)) & low_mask;
        high ^= detail::scramble(low + keys_[round + 1] + (pass << 32)) & high_mask;
      }
    }
    return (high << low_bits_) | low;
  }

  std::uint64_t size_ = 0, passes_ = 1;
  int low_bits_ = 1, high_bits_ = 1;
  std::array<std::uint64_t, 10> keys_{};
};

}  // namespace intarsia::inline v0
