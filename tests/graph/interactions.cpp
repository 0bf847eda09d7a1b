#include <intarsia/graph/interactions.hpp>

#include "../catch.hpp"

namespace ia = intarsia;

TEST_CASE("interactions sort pairs, count repeats once, and list them both ways") {
  std::vector<ia::interaction> const pairs{{2, 3}, {0, 1}, {2, 0}, {0, 1}, {2, 3}, {0, 0}};
  ia::interactions const x{4, ia::node_numbering{2, {0, 1, 0, 1, 0}}, pairs};
  CHECK(x.users() == 4);
  CHECK(x.items() == 5);
  CHECK(x.size() == 4);
  CHECK(x.mean_history() == 1);
  CHECK(x.pairs() == std::vector<ia::interaction>{{0, 0}, {0, 1}, {2, 0}, {2, 3}});
  CHECK(x.by_user().degree(1) == 0);
  CHECK(x.by_user().degree(3) == 0);
  CHECK(std::vector(x.by_item()[0].begin(), x.by_item()[0].end()) == std::vector<std::uint32_t>{0, 2});
  CHECK(x.by_item().degree(4) == 0);
  CHECK(x.by_item().rows == 5);
}

TEST_CASE("interactions are masked by place in the list and by pair") {
  std::vector<ia::interaction> const pairs{{0, 0}, {0, 1}, {1, 1}, {1, 2}};
  auto const numbering = std::make_shared<ia::node_numbering const>(1, std::vector<std::uint16_t>{0, 0, 0});
  ia::interactions const odd{2, numbering, pairs, [](std::size_t p) { return p % 2 == 1; }};
  CHECK(odd.pairs() == std::vector<ia::interaction>{{0, 1}, {1, 2}});
  CHECK(odd.where([](std::uint32_t user, std::uint32_t) { return user == 1; }).pairs() ==
        std::vector<ia::interaction>{{1, 2}});
  CHECK(ia::interactions{ia::node_numbering{1, {0, 0, 0}}, odd.by_user()}.pairs() == odd.pairs());
  CHECK(odd.where([](std::uint32_t, std::uint32_t) { return false; }).size() == 0);
}

TEST_CASE("interactions without users, items or pairs are ordinary; a pair beyond them is an error") {
  ia::interactions const none;
  CHECK(none.size() == 0);
  CHECK(none.mean_history() == 0);
  ia::interactions const quiet{3, ia::node_numbering{2, {1, 1}}, {}};
  CHECK(quiet.by_item().rows == 2);
  CHECK(quiet.mean_history() == 0);
  CHECK_THROWS_AS((ia::interactions{1, ia::node_numbering{1, {0}}, std::vector<ia::interaction>{{1, 0}}}),
                  ia::shape_error);
  CHECK_THROWS_AS((ia::interactions{1, ia::node_numbering{1, {0}}, std::vector<ia::interaction>{{0, 1}}}),
                  ia::shape_error);
}

TEST_CASE("a numbering gives each row a place within its type") {
  ia::node_numbering const n{3, {2, 0, 2, 0, 0}};
  CHECK(n.size() == 5);
  CHECK(n.types() == 3);
  CHECK(n.members(1).empty());
  CHECK(std::vector(n.members(0).begin(), n.members(0).end()) == std::vector<std::uint32_t>{1, 3, 4});
  for (std::size_t row = 0; row < n.size(); ++row) CHECK(n.members(n.type(row))[n.local(row)] == row);
  CHECK_THROWS_AS((ia::node_numbering{2, {0, 2}}), ia::shape_error);
}
