#include <intarsia/cuda/slot_table.cuh>
#include <map>

#include "schedules.hpp"

namespace ia = intarsia;

namespace {

// Slots as one thread gives them.
struct by_hand {
  std::map<std::uint32_t, std::uint32_t> slots;
  std::vector<std::uint32_t> ids;

  std::vector<std::uint32_t> insert(std::vector<std::uint32_t> nodes) {
    for (auto& node : nodes) {
      if (node == ia::cuda::no_node) continue;
      auto const [at, is_new] = slots.emplace(node, static_cast<std::uint32_t>(ids.size()));
      if (is_new) ids.push_back(node);
      node = at->second;
    }
    return nodes;
  }
};

void check(std::size_t nodes, std::size_t most, std::size_t length) {
  CAPTURE(nodes, most, length);
  ia::cuda::context ctx;
  ia::cuda::slot_table table{ctx, nodes, most};
  ia::random dice{ia::seed{3}, nodes, length};
  ia::cuda::device_array<std::uint32_t> ids{ctx, std::min(nodes, most)}, counts{ctx, 4};
  for (int block = 0; block < 2; ++block) {
    by_hand expected;
    table.clear(ctx);
    ia::cuda::fill(ctx, ia::dense<std::uint32_t, ia::device>{counts.data(), 1, 1, 1}, 0u);
    for (std::uint32_t list = 0; list < 3; ++list) {
      std::vector<std::uint32_t> asked(length);
      for (auto& node : asked) {
        // At most `most` different nodes come.
        node = ia::cuda::no_node;
        if (nodes == 0 || dice.below(5) == 0) continue;
        node = dice.below(static_cast<std::uint32_t>(most)) * 7 % static_cast<std::uint32_t>(nodes);
      }
      auto on_device = ia::cuda::upload(ctx, std::span<std::uint32_t const>{asked});
      table.insert(ctx, {on_device.data(), asked.size()}, ids.data(), counts.data() + list, counts.data() + list + 1);
      CHECK(ia::cuda::download(ctx, on_device.view()) == expected.insert(asked));
      CHECK(ia::cuda::download(ctx, counts.view())[list + 1] == expected.ids.size());
    }
    auto met = ia::cuda::download(ctx, ids.view());
    met.resize(expected.ids.size());
    CHECK(met == expected.ids);
  }
}

}  // namespace

TEST_CASE("nodes get slots in the order in which they come first, whatever the threads do") {
  cuda_test::in_every_order([] {
    check(0, 0, 4);
    check(1, 1, 3);
    check(50, 50, 200);    // a cell for each node
    check(5000, 50, 700);  // by hash, crowded
    check(1000000, 4, 300);
    check(1000000, 700, 0);
    check(1000000, 700, 600);
  });
}

TEST_CASE("cells: as many as nodes or twice as many as may come, and every home and way on lies inside") {
  using ia::cuda::detail::slot_cells;
  CHECK(slot_cells::cells_for(10, 100) == 10);
  CHECK(slot_cells::cells_for(100000, 100) == 256);
  CHECK(slot_cells::cells_for(100000, 128) == 512);
  CHECK(slot_cells::cells_for(0, 0) == 0);
  slot_cells cells;
  cells.size = 256;
  std::vector<int> met(256);
  for (std::uint32_t node = 0; node < 25600; ++node) ++met[cells.home(node)];
  for (int const count : met) CHECK(count > 40);
  CHECK(cells.after(255) == 0);
  cells.direct = true;
  CHECK(cells.home(77) == 77);
}
