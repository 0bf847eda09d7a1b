// A learned vector per node of a type, for types without features.
#pragma once

#include <intarsia/exec/module.hpp>
#include <intarsia/nn/init.hpp>
#include <intarsia/ops/gather.hpp>

namespace intarsia::inline v0 {

template <class Node, std::size_t Width, class T = float>
struct embedding {
  using scalar = T;

  table<Node, Width, T> rows;

  embedding() = default;
  // `count` nodes, zeros, to be loaded.
  explicit embedding(std::size_t count) : rows{count} {}
  // Normal numbers with deviation 1/sqrt(Width): vectors of length about 1.
  embedding(auto& ctx, std::size_t count) : rows{count} {
    init::normal(ctx, rows, 1.0 / std::sqrt(static_cast<double>(Width)));
  }

  // All of them: (nodes, Width)
  [[nodiscard]] auto operator()(recorder auto& on) const { return on.watch(rows); }
  // Some of them: (n) ids -> (n, Width). Only they have a gradient, and an optimiser's step changes no others. The ids
  // have to live as long as the tape.
  template <class Ids>
    requires ids_of<Ids, Node>
  [[nodiscard]] auto operator()(recorder auto& on, Ids const& ids) const {
    return look_up(on, rows, ids);
  }

  static auto members(auto& self) { return std::tuple{named("rows", self.rows)}; }
};

}  // namespace intarsia::inline v0
