// Which slot a node has in the block under way.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <intarsia/sampling/buffer.hpp>
#include <span>

namespace intarsia::inline v0::detail {

// One 32-bit word per node: the number of the block that it was met in, and below it the slot. A block is left behind
// by counting up, and all words are set back when the number runs over.
class slot_table {
 public:
  explicit slot_table(std::size_t nodes = 0) : words_{nodes}, bits_{width(nodes)} {
    std::fill_n(words_.data(), words_.size(), 0u);
  }

  // No node has a slot.
  void clear() {
    if (++stamp_ >> (32 - bits_) != 0) restart();
  }
  // The slot of a node; new nodes get the next one and are appended to `ids`.
  std::uint32_t insert(std::uint32_t node, buffer<std::uint32_t>& ids) {
    std::uint32_t slot = node;
    insert(std::span{&slot, 1}, ids);
    return slot;
  }
  // Turns nodes into slots, in order. Words come near in two steps: many into the second cache level, the next few into
  // the first. By itself, because inside a larger function its few numbers would lie in memory.
  [[gnu::noinline]] void insert(std::span<std::uint32_t> nodes, buffer<std::uint32_t>& ids) {
    constexpr std::size_t ahead = 128, next = 12;
    std::size_t const most = std::min(ids.size() + nodes.size(), words_.size());
    say_up_to(most, ids);
    ids.reserve(most + 1);
    std::uint32_t* const all = ids.data();
    std::uint32_t* const words = words_.data();
    std::uint32_t const stamp = stamp_ << bits_;
    auto size = static_cast<std::uint32_t>(ids.size());
    for (std::size_t i = 0; i < std::min(ahead, nodes.size()); ++i) __builtin_prefetch(words + nodes[i], 0, 2);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (i + ahead < nodes.size()) __builtin_prefetch(words + nodes[i + ahead], 0, 2);
      if (i + next < nodes.size()) __builtin_prefetch(words + nodes[i + next], 0, 3);
      // A node that was met in this block has a slot below `size`; other words differ from the stamp in higher bits.
      // Whether it was cannot be foreseen, and compilers make branches of choices: `met` has all bits, or none.
      std::uint32_t const node = nodes[i], other = words[node] ^ stamp;
      std::uint64_t const above = std::uint64_t{other} - size;
      auto const met = static_cast<std::uint32_t>(above >> 32);
      std::uint32_t const slot = size + (static_cast<std::uint32_t>(above) & met);
      all[size] = node;
      size += 1 + met;
      words[node] = stamp | slot;
      nodes[i] = slot;
    }
    ids.resize(size);
  }

 private:
  // As many bits as most blocks need, so that there are many numbers of blocks.
  static int width(std::size_t nodes) { return std::clamp(static_cast<int>(std::bit_width(nodes)), 1, 20); }
  // Makes sure that `count` slots can be told apart.
  void say_up_to(std::size_t count, buffer<std::uint32_t> const& ids) {
    if (count <= std::size_t{1} << bits_) return;
    bits_ = static_cast<int>(std::bit_width(count));
    restart();
    for (std::size_t slot = 0; slot < ids.size(); ++slot) {
      words_.data()[ids[slot]] = (stamp_ << bits_) | static_cast<std::uint32_t>(slot);
    }
  }
  void restart() {
    std::fill_n(words_.data(), words_.size(), 0u);
    stamp_ = 1;
  }

  aligned_buffer<std::uint32_t> words_;
  int bits_;
  std::uint32_t stamp_ = 0;
};

}  // namespace intarsia::inline v0::detail
