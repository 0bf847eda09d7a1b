// A user as the mean of what the user chose (arXiv 2403.07478, Figure 1), with the item to be predicted left out.
#pragma once

#include <cmath>
#include <cstdint>
#include <intarsia/core/expects.hpp>
#include <intarsia/tensor/csr.hpp>
#include <intarsia/tensor/tensor.hpp>
#include <span>
#include <utility>
#include <vector>

namespace intarsia::inline v0 {

// Sums of item vectors per user, kept so that a mean without one item costs one subtraction. The columns are split
// into blocks (an embedding, a text vector); each block of a mean is scaled to length sqrt(its width), so that none
// drowns the others. A mean of nothing is 0.
class history_mean {
 public:
  // histories: users x items; items (items, width); `blocks` adds up to width, else shape_error.
  template <class Context>
  history_mean(Context& ctx, csr_view<> histories, dense<float const> items, std::vector<std::size_t> blocks)
      : blocks_{std::move(blocks)}, lengths_(histories.rows), sums_(histories.rows, items.cols) {
    std::size_t width = 0;
    for (std::size_t const block : blocks_) width += block;
    expects(width == items.cols, "history_mean: the blocks must add up to the width of the item vectors");
    expects(histories.cols == items.rows, "history_mean: histories and vectors must speak of the same items");
    for (std::size_t u = 0; u < lengths_.size(); ++u) lengths_[u] = static_cast<std::uint32_t>(histories.degree(u));
    histories.values = nullptr;
    spmm(ctx, histories, {}, items, sums_.view(), false);
  }

  [[nodiscard]] std::size_t users() const { return sums_.rows(); }
  [[nodiscard]] std::size_t width() const { return sums_.cols(); }

  // out (users given, width): the scaled means.
  template <class Context>
  void rows(Context& ctx, std::span<std::uint32_t const> users, dense<float> out) const {
    each_row(ctx, users.size(), 4 * width(), [this, users, out](std::size_t i) { mean(users[i], {}, 0, out[i]); });
  }
  // The same with item left_out[i], a member of the history of users[i], taken out of it; `items` as given before.
  template <class Context>
  void rows_without(Context& ctx, std::span<std::uint32_t const> users, std::span<std::uint32_t const> left_out,
                    dense<float const> items, dense<float> out) const {
    each_row(ctx, users.size(), 4 * width(),
             [this, users, left_out, items, out](std::size_t i) { mean(users[i], items[left_out[i]], 1, out[i]); });
  }

 private:
  void mean(std::uint32_t user, std::span<float const> without, std::uint32_t fewer, std::span<float> out) const {
    auto const sum = sums_[user];
    std::size_t begin = 0;
    for (std::size_t const block : blocks_) {
      float squares = 0;
      for (std::size_t c = begin; c < begin + block; ++c) {
        out[c] = fewer != 0 ? sum[c] - without[c] : sum[c];
        squares += out[c] * out[c];
      }
      // What subtraction leaves of a history of one item is rounding, not taste.
      bool const some = lengths_[user] > fewer && squares > 0;
      float const scale = some ? std::sqrt(static_cast<float>(block) / squares) : 0.0f;
      for (std::size_t c = begin; c < begin + block; ++c) out[c] *= scale;
      begin += block;
    }
  }

  std::vector<std::size_t> blocks_;
  std::vector<std::uint32_t> lengths_;
  tensor<dyn, dyn> sums_;
};

}  // namespace intarsia::inline v0
