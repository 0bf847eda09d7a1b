#include <intarsia/core/random.hpp>
#include <intarsia/sampling/slot_table.hpp>
#include <map>
#include <vector>

#include "../catch.hpp"

namespace ia = intarsia;

namespace {

// Some nodes twice, through both doors, against a map. Gives the number of slots.
std::size_t fill(ia::detail::slot_table& table, ia::detail::buffer<std::uint32_t>& ids, std::uint32_t nodes,
                 std::size_t count, std::uint64_t stream) {
  std::map<std::uint32_t, std::uint32_t> slots;
  ia::random draw{ia::seed{2}, stream};
  std::vector<std::uint32_t> given;
  auto const expected = [&](std::uint32_t node) {
    return slots.emplace(node, static_cast<std::uint32_t>(slots.size())).first->second;
  };
  ids.clear();
  table.clear();
  bool right = true;
  for (std::size_t i = 0; i < count / 4; ++i) {
    std::uint32_t const node = draw.below(nodes);
    right = right && table.insert(node, ids) == expected(node);
  }
  for (std::size_t i = 0; i < count; ++i) given.push_back(draw.below(nodes));
  auto told = given;
  table.insert(told, ids);
  for (std::size_t i = 0; i < count; ++i) right = right && told[i] == expected(given[i]);
  for (auto const& [node, slot] : slots) right = right && ids[slot] == node;
  CHECK(right);
  CHECK(ids.size() == slots.size());
  return ids.size();
}

}  // namespace

TEST_CASE("slots rise with the first meeting of a node, block after block") {
  ia::detail::slot_table table{300};
  ia::detail::buffer<std::uint32_t> ids;
  for (std::uint64_t block = 0; block < 50; ++block) fill(table, ids, 300, 1 + 20 * block, block);
}

TEST_CASE("the numbers of blocks run over and nothing is remembered") {
  ia::detail::slot_table table{std::size_t{1} << 20};
  ia::detail::buffer<std::uint32_t> ids;
  for (int block = 0; block < 10000; ++block) {
    table.clear();
    ids.clear();
    REQUIRE(table.insert(77, ids) == 0);
    REQUIRE(table.insert(static_cast<std::uint32_t>(block), ids) == (block == 77 ? 0 : 1));
  }
}

TEST_CASE("a block of more slots than most makes the table tell more of them apart") {
  std::uint32_t const nodes = 3'000'000;
  ia::detail::slot_table table{nodes};
  ia::detail::buffer<std::uint32_t> ids;
  fill(table, ids, nodes, 1000, 1);
  CHECK(fill(table, ids, nodes, 2'000'000, 2) > (std::size_t{1} << 20));
  fill(table, ids, nodes, 1000, 3);
}

TEST_CASE("a table of no nodes") {
  ia::detail::slot_table table;
  ia::detail::buffer<std::uint32_t> ids;
  table.clear();
  table.insert(std::span<std::uint32_t>{}, ids);
  CHECK(ids.size() == 0);
}
