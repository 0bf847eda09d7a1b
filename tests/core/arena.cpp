#include <cstring>
#include <intarsia/core/arena.hpp>
#include <intarsia/core/random.hpp>
#include <vector>

#include "../catch.hpp"

namespace ia = intarsia;

TEST_CASE("arena: aligned, and no two live pieces overlap, whatever is taken and given back") {
  ia::arena memory;
  ia::random draw{ia::seed{1}, 0};
  struct piece {
    unsigned char* place;
    std::size_t size;
    unsigned char mark;
    ia::arena::mark before;
  };
  std::vector<piece> live;
  for (int i = 0; i < 20'000; ++i) {
    if (!live.empty() && draw.below(100) < (live.size() > 60 ? 80u : 40u)) {
      std::size_t const keep = draw.below(static_cast<std::uint32_t>(live.size()));
      memory.rewind(live[keep].before);
      live.resize(keep);
    } else {
      std::size_t const size = draw.below(8) == 0 ? draw.below(200'000) : draw.below(500);
      auto const before = memory.here();
      auto const mark = static_cast<unsigned char>(i);
      auto* const place = memory.take<unsigned char>(size);
      REQUIRE(reinterpret_cast<std::uintptr_t>(place) % 64 == 0);
      std::memset(place, mark, size);
      live.push_back({place, size, mark, before});
    }
    if (i % 16 != 0) continue;
    for (auto const& p : live) {
      bool whole = true;
      for (std::size_t j = 0; j < p.size; j += 97) whole = whole && p.place[j] == p.mark;
      REQUIRE(whole);
    }
  }
}

TEST_CASE("arena: a loop of equal steps stops growing after two rounds") {
  ia::arena memory;
  std::size_t settled = 0;
  for (int round = 0; round < 20; ++round) {
    auto const start = memory.here();
    for (int i = 0; i < 50; ++i) {
      auto const inner = memory.here();
      static_cast<void>(memory.take<double>(30'000));
      if (i % 3 == 0) memory.rewind(inner);
    }
    memory.rewind(start);
    if (round == 1) settled = memory.capacity();
    if (round > 1) CHECK(memory.capacity() == settled);
  }
  CHECK(settled > 0);
}

TEST_CASE("arena: a fresh one reserves nothing, and a step takes no more than it needs twice over") {
  ia::arena memory;
  CHECK(memory.capacity() == 0);
  memory.rewind(memory.here());
  for (int round = 0; round < 4; ++round) {
    auto const start = memory.here();
    for (int i = 0; i < 100; ++i) static_cast<void>(memory.take<float>(10'000));
    memory.rewind(start);
  }
  CHECK(memory.capacity() >= 100 * 40'000);
  CHECK(memory.capacity() <= 2 * 100 * 40'064 + (1u << 17));
}

TEST_CASE("arena: large pieces reserve what they are, and not as much again") {
  ia::arena memory;
  constexpr std::size_t piece = std::size_t{40} << 20, ahead = std::size_t{32} << 20;
  for (int round = 0; round < 3; ++round) {
    auto const start = memory.here();
    for (int i = 0; i < 4; ++i) static_cast<void>(memory.take<std::byte>(piece));
    CHECK(memory.capacity() >= 4 * piece);
    CHECK(memory.capacity() <= 4 * piece + ahead);
    memory.rewind(start);
  }
}

TEST_CASE("aligned_buffer: copies are deep, moves leave an empty one") {
  ia::aligned_buffer<int> a{5};
  for (int i = 0; i < 5; ++i) a.data()[i] = i;
  CHECK(reinterpret_cast<std::uintptr_t>(a.data()) % 64 == 0);
  auto b = a;
  b.data()[0] = 9;
  CHECK(a.data()[0] == 0);
  auto const moved = std::move(b);
  CHECK(moved.data()[0] == 9);
  CHECK(moved.size() == 5);
  a = moved;
  CHECK(a.data()[0] == 9);
  CHECK(ia::aligned_buffer<int>{0}.data() == nullptr);
}
