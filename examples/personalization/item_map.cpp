#include "item_map.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <intarsia/cpu/cpu.hpp>
#include <intarsia/retrieval/top_k.hpp>
#include <numeric>
#include <utility>

namespace personalization {
namespace {

using plane = std::vector<std::array<float, 2>>;

// Rows of length 1 of some items; a row of zeros stays one.
numbers unit_rows(numbers const& from, std::vector<std::uint32_t> const& rows) {
  numbers out{rows.size(), from.cols()};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    double squares = 0;
    for (float const x : from[rows[i]]) squares += static_cast<double>(x) * static_cast<double>(x);
    for (std::size_t c = 0; c < from.cols(); ++c) {
      out[i][c] = squares > 0 ? static_cast<float>(static_cast<double>(from[rows[i]][c]) / std::sqrt(squares)) : 0.0F;
    }
  }
  return out;
}

// The two leading principal components by power iteration, each as ranks spread over [-10, 10]: no far-off group.
plane components(numbers x) {
  plane out(x.rows());
  for (std::size_t c = 0; c < x.cols(); ++c) {
    double mean = 0;
    for (std::size_t i = 0; i < x.rows(); ++i) mean += static_cast<double>(x[i][c]);
    for (std::size_t i = 0; i < x.rows(); ++i) x[i][c] -= static_cast<float>(mean / static_cast<double>(x.rows()));
  }
  std::vector<double> place(x.rows());
  for (std::size_t axis = 0; axis < 2; ++axis) {
    std::vector<double> direction(x.cols());
    for (std::size_t c = 0; c < x.cols(); ++c) direction[c] = 1.0 / static_cast<double>(c + 1);
    for (int round = 0; round < 30; ++round) {
      std::vector<double> next(x.cols());
      for (std::size_t i = 0; i < x.rows(); ++i) {
        place[i] = 0;
        for (std::size_t c = 0; c < x.cols(); ++c) place[i] += direction[c] * static_cast<double>(x[i][c]);
        for (std::size_t c = 0; c < x.cols(); ++c) next[c] += place[i] * static_cast<double>(x[i][c]);
      }
      double length = 0;
      for (double const v : next) length += v * v;
      for (std::size_t c = 0; c < x.cols(); ++c) direction[c] = length > 0 ? next[c] / std::sqrt(length) : 0;
    }
    std::vector<std::uint32_t> order(x.rows());
    std::iota(order.begin(), order.end(), 0U);
    std::sort(order.begin(), order.end(), [&](auto a, auto b) {
      return std::pair{place[a], a} < std::pair{place[b], b};
    });
    for (std::size_t rank = 0; rank < order.size(); ++rank) {
      out[order[rank]][axis] = -10 + 20 * static_cast<float>(rank) / static_cast<float>(order.size());
    }
    for (std::size_t i = 0; i < x.rows(); ++i) {
      for (std::size_t c = 0; c < x.cols(); ++c) x[i][c] -= static_cast<float>(place[i] * direction[c]);
    }
  }
  return out;
}

// Moves a by a force along a - b; and b by the opposite, where it is given.
void push(std::array<float, 2>& a, std::array<float, 2>* b, std::array<float, 2> const& gap, float force) {
  for (std::size_t axis = 0; axis < 2; ++axis) {
    float const move = std::clamp(force * gap[axis], -4.0F, 4.0F);
    a[axis] += move;
    if (b != nullptr) (*b)[axis] -= move;
  }
}

void lay_out(plane& at, ia::ranked_lists const& near) {
  constexpr std::uint64_t map_stream = 0x6d6170;
  constexpr std::size_t rounds = 200, others = 5;
  auto const count = static_cast<std::uint32_t>(at.size());
  for (std::size_t round = 0; round < rounds; ++round) {
    float const rate = 0.5F * (1.0F - static_cast<float>(round) / static_cast<float>(rounds));
    for (std::uint32_t i = 0; i < count; ++i) {
      ia::random chance{ia::seed{1}, map_stream + round, i};
      for (auto const& neighbor : near[i]) {
        if (neighbor.row == i) continue;
        std::array<float, 2> const gap = {at[i][0] - at[neighbor.row][0], at[i][1] - at[neighbor.row][1]};
        float const squares = gap[0] * gap[0] + gap[1] * gap[1];
        push(at[i], &at[neighbor.row], gap, -rate * 2 / (1 + squares) * 0.2F);
      }
      for (float& x : at[i]) x *= 1 - 0.02F * rate;  // a weak pull to the middle keeps groups without links in sight
      for (std::size_t o = 0; o < others; ++o) {
        std::uint32_t const other = chance.below(count);
        if (other == i) continue;
        std::array<float, 2> const gap = {at[i][0] - at[other][0], at[i][1] - at[other][1]};
        float const squares = gap[0] * gap[0] + gap[1] * gap[1];
        push(at[i], nullptr, gap, rate * 2 / ((0.01F + squares) * (1 + squares)));
      }
    }
  }
}

}  // namespace

std::vector<map_point> draw_map(ia::cpu::context& ctx, catalogue const& of, numbers const& vectors) {
  constexpr std::size_t most = 6000, neighbors = 15;
  std::size_t const every = (of.items() + most - 1) / most;
  std::vector<std::uint32_t> rows;
  for (std::size_t row = 0; row < of.items(); row += std::max<std::size_t>(every, 1))
    rows.push_back(static_cast<std::uint32_t>(row));
  auto const unit = unit_rows(vectors, rows);
  auto at = components(unit);
  lay_out(at, ia::top_k(ctx, unit.view(), unit.view(), neighbors + 1));
  std::vector<map_point> points;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    points.push_back({at[i][0], at[i][1], of.type_name(rows[i]), of.titles[rows[i]]});
  }
  return points;
}

}  // namespace personalization
