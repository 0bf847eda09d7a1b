// Scores of two towers: the inner product of a user's vector and an item's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <intarsia/exec/scope.hpp>
#include <intarsia/tensor/product.hpp>
#include <intarsia/tensor/tensor.hpp>
#include <span>
#include <utility>

namespace intarsia::inline v0 {

// score(user, i) = users_u . items_i, with users (users, d) and items (items, d).
class dot_scorer {
 public:
  // Throws shape_error where the vectors differ in width.
  dot_scorer(tensor<dyn, dyn> users, tensor<dyn, dyn> items) : users_{std::move(users)}, items_{std::move(items)} {
    expects(users_.cols() == items_.cols(), "dot_scorer: users and items need vectors of one width");
  }

  [[nodiscard]] tensor<dyn, dyn> const& users() const { return users_; }
  [[nodiscard]] tensor<dyn, dyn> const& items() const { return items_; }

  // out (users given, items)
  template <class Context>
  void score(Context& ctx, std::span<std::uint32_t const> users, dense<float> out) const {
    scope const temporary{ctx};
    dense<float> const some{ctx.scratch().template take<float>(users.size() * users_.cols()), users.size(),
                            users_.cols(), users_.cols()};
    gather_rows(ctx, dense<float const>(users_.view()), users.data(), some);
    gemm(ctx, product::transposed_right, dense<float const>(some), dense<float const>(items_.view()), out, false);
  }

 private:
  tensor<dyn, dyn> users_, items_;
};

}  // namespace intarsia::inline v0
