// Which slot a node has in the block under way, on the device: nodes are numbered in the order in which they come
// first, whatever the threads do.
#pragma once

#include <bit>
#include <intarsia/core/expects.hpp>
#include <intarsia/cuda/memory.cuh>
#include <intarsia/cuda/scan.cuh>
#include <span>

namespace intarsia::inline v0::cuda {

// No node: places of a list that do not count.
inline constexpr std::uint32_t no_node = 0xFFFFFFFFu;

namespace detail {

// Open addressing. Where there is a cell for each node of the graph, nodes are their own cells.
struct slot_cells {
  std::uint32_t* keys = nullptr;   // (size): the node of a cell
  std::uint32_t* first = nullptr;  // (size): where the node came first
  std::uint32_t* slots = nullptr;  // (size): of nodes of earlier lists
  std::uint32_t size = 0;
  bool direct = false;

  // Twice as many cells as nodes may come, or one for each node that there is.
  [[nodiscard]] static std::size_t cells_for(std::size_t nodes, std::size_t most) {
    return std::min(nodes, std::size_t{1} << std::bit_width(2 * std::min(nodes, most)));
  }
  [[nodiscard]] INTARSIA_FN constexpr std::uint32_t home(std::uint32_t node) const {
    return direct ? node : scrambled(node) & (size - 1);
  }
  [[nodiscard]] INTARSIA_FN constexpr std::uint32_t after(std::uint32_t cell) const { return (cell + 1) & (size - 1); }
  // A bijection of 32-bit words that looks random.
  [[nodiscard]] INTARSIA_FN static constexpr std::uint32_t scrambled(std::uint32_t x) {
    x = (x ^ (x >> 16)) * 0x21F0AAADu;
    x = (x ^ (x >> 15)) * 0x735A2D97u;
    return x ^ (x >> 15);
  }
};

// Finds the cell of each node of a list, and the first place of each cell.
struct find_cells {
  slot_cells table;
  std::uint32_t const* nodes;
  std::uint32_t* cells;
  std::uint32_t base;
  __device__ void operator()(std::size_t i) const {
    std::uint32_t const node = nodes[i];
    std::uint32_t cell = no_node;
    if (node != no_node) {
      cell = table.home(node);
      if (table.direct) {
        table.keys[cell] = node;
      } else {
        for (;; cell = table.after(cell)) {
          std::uint32_t const seen = atomicCAS(table.keys + cell, no_node, node);
          if (seen == no_node || seen == node) break;
        }
      }
      atomicMin(table.first + cell, base + static_cast<std::uint32_t>(i));
    }
    cells[i] = cell;
  }
};

// 1 where a node comes for the first time.
struct is_first {
  slot_cells table;
  std::uint32_t const* cells;
  std::uint32_t base;
  INTARSIA_FN std::uint32_t operator()(std::size_t i) const {
    std::uint32_t const cell = cells[i];
    return cell != no_node && table.first[cell] == base + static_cast<std::uint32_t>(i) ? 1 : 0;
  }
};

// From nodes to slots; new nodes are written behind those that there were.
struct give_slots {
  slot_cells table;
  std::uint32_t* nodes;
  std::uint32_t const* cells;
  std::uint32_t const* ranks;
  std::size_t count;
  std::uint32_t base;
  std::uint32_t const* before;
  std::uint32_t* after;
  std::uint32_t* ids;
  std::uint32_t absent;
  INTARSIA_FN void operator()(std::size_t i) const {
    if (i == count) {
      *after = *before + ranks[count];
      return;
    }
    std::uint32_t const cell = cells[i];
    if (cell == no_node) {
      nodes[i] = absent;
      return;
    }
    std::uint32_t const first = table.first[cell];
    if (first < base) {
      nodes[i] = table.slots[cell];
      return;
    }
    std::uint32_t const slot = *before + ranks[first - base];
    if (first - base == i) {
      ids[slot] = table.keys[cell];
      table.slots[cell] = slot;
    }
    nodes[i] = slot;
  }
};

}  // namespace detail

class slot_table {
 public:
  slot_table() = default;
  // For the nodes [0, nodes) of a graph, of which at most `most` different ones come between two clears.
  slot_table(context& ctx, std::size_t nodes, std::size_t most)
      : nodes_{nodes}, most_{std::min(nodes, most)}, words_{ctx, 3 * detail::slot_cells::cells_for(nodes, most)} {
    std::size_t const size = detail::slot_cells::cells_for(nodes, most);
    cells_ = {words_.data(), words_.data() + size, words_.data() + 2 * size, static_cast<std::uint32_t>(size),
              size == nodes};
  }

  [[nodiscard]] std::size_t most() const { return most_; }

  // No node has a slot. Does not block.
  void clear(context& ctx) {
    listed_ = 0;
    if (cells_.size == 0) return;
    check(cudaMemsetAsync(cells_.keys, 0xFF, 2 * std::size_t{cells_.size} * sizeof(std::uint32_t), ctx.stream()),
          "clearing a table of slots");
  }
  // Turns nodes into slots, as one thread would that goes through the list: a node without a slot gets the next one
  // and is written to ids[slot]. no_node stays. *after = how many slots there are now; *before, how many there were.
  // All on the device; `after` may not be `before`. Does not block. Throws shape_error where the lists since the last
  // clear are longer than 2^32 - 1.
  void insert(context& ctx, std::span<std::uint32_t> nodes, std::uint32_t* ids, std::uint32_t const* before,
              std::uint32_t* after) {
    list const one{this, nodes, ids, before, after, no_node};
    insert(ctx, std::span{&one, 1});
  }
  // The same for lists of different tables, side by side.
  struct list {
    slot_table* table;
    std::span<std::uint32_t> nodes;
    std::uint32_t* ids;
    std::uint32_t const* before;
    std::uint32_t* after;
    std::uint32_t absent = no_node;  // what places without a node are given
  };
  static void insert(context& ctx, std::span<list const> lists) {
    scope const keep{ctx};
    detail::work_list<detail::mapped<detail::find_cells>> find{ctx, lists.size()};
    detail::work_list<detail::scanned<std::uint32_t, detail::is_first>> rank{ctx, lists.size()};
    detail::work_list<detail::mapped<detail::give_slots>> give{ctx, lists.size()};
    for (list const& x : lists) {
      std::size_t const count = x.nodes.size();
      expects(x.table->listed_ + count < no_node,
              "slot_table: a block draws fewer than 2^32 entries from a type, use smaller batches or fan-outs");
      auto const base = static_cast<std::uint32_t>(x.table->listed_);
      x.table->listed_ += count;
      std::uint32_t* const cells = ctx.scratch().template take<std::uint32_t>(count);
      std::uint32_t* const ranks = ctx.scratch().template take<std::uint32_t>(count + 1);
      detail::slot_cells const& table = x.table->cells_;
      find.push({count, {table, x.nodes.data(), cells, base}});
      rank.push({count, {table, cells, base}, ranks, nullptr});
      give.push({count + 1, {table, x.nodes.data(), cells, ranks, count, base, x.before, x.after, x.ids, x.absent}});
    }
    detail::map_pieces(ctx, find);
    detail::scan_pieces(ctx, rank.view());
    detail::map_pieces(ctx, give);
  }

 private:
  std::size_t nodes_ = 0, most_ = 0, listed_ = 0;
  device_array<std::uint32_t> words_;
  detail::slot_cells cells_;
};

}  // namespace intarsia::inline v0::cuda
