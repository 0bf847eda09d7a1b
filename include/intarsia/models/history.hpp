// A user as the mean of what the user chose (arXiv 2403.07478, Figure 1), with the item to be predicted left out.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <intarsia/core/config.hpp>
#include <intarsia/core/expects.hpp>
#include <intarsia/exec/backend.hpp>
#include <intarsia/exec/csr_in.hpp>
#include <intarsia/exec/module.hpp>
#include <intarsia/tensor/csr.hpp>
#include <intarsia/tensor/tensor.hpp>
#include <span>
#include <vector>

namespace intarsia::inline v0 {

namespace detail {
// What the means of histories are made of, as a kernel reads it.
template <class Space>
struct history_sums {
  static constexpr std::size_t most_blocks = 8;

  std::uint32_t const* lengths = nullptr;  // (users)
  dense<float const, Space> sums;          // (users, width)
  std::array<std::size_t, most_blocks> blocks{};
  std::size_t block_count = 0;

  // out (width): the mean of a user; where `fewer` is 1, of a history without the item whose vector is `without`.
  INTARSIA_FN void mean(std::uint32_t user, float const* without, std::uint32_t fewer, float* out) const {
    float const* const sum = sums.data + user * sums.stride;
    std::size_t begin = 0;
    for (std::size_t b = 0; b < block_count; ++b) {
      std::size_t const end = begin + blocks[b];
      float squares = 0;
      for (std::size_t c = begin; c < end; ++c) {
        out[c] = fewer != 0 ? sum[c] - without[c] : sum[c];
        squares += out[c] * out[c];
      }
      // What subtraction leaves of a history of one item is rounding, not taste.
      bool const some = lengths[user] > fewer && squares > 0;
      float const scale = some ? std::sqrt(static_cast<float>(blocks[b]) / squares) : 0.0f;
      for (std::size_t c = begin; c < end; ++c) out[c] *= scale;
      begin = end;
    }
  }
};
template <class Space>
struct whole_means {
  history_sums<Space> of;
  std::uint32_t const* users;
  dense<float, Space> out;
  INTARSIA_FN void operator()(std::size_t i) const { of.mean(users[i], nullptr, 0, out.data + i * out.stride); }
};
template <class Space>
struct means_without {
  history_sums<Space> of;
  std::uint32_t const *users, *left_out;
  dense<float const, Space> items;
  dense<float, Space> out;
  INTARSIA_FN void operator()(std::size_t i) const {
    of.mean(users[i], items.data + left_out[i] * items.stride, 1, out.data + i * out.stride);
  }
};
}  // namespace detail

// Sums of item vectors per user, kept where the context computes, so that a mean without one item costs one
// subtraction. The columns are split into blocks (an embedding, a text vector); each block of a mean is scaled to
// length sqrt(its width), so that none drowns the others. A mean of nothing is 0.
template <class Space = host>
class history_mean {
 public:
  // histories: users x items, on the host; items (items, width), where the context computes; `blocks`, eight at most,
  // adds up to width, else shape_error.
  template <class Context>
  history_mean(Context& ctx, csr_view<> histories, dense<float const, Space> items,
               std::vector<std::size_t> const& blocks)
      : lengths_{detail::owned_in<Space, std::uint32_t>::in(ctx, histories.rows, 1)},
        sums_{detail::owned_in<Space, float>::in(ctx, histories.rows, items.cols)} {
    expects(blocks.size() <= blocks_.size(), "history_mean: give eight blocks at most");
    std::size_t width = 0;
    for (std::size_t const block : blocks) {
      blocks_[block_count_++] = block;
      width += block;
    }
    expects(width == items.cols, "history_mean: the blocks must add up to the width of the item vectors");
    expects(histories.cols == items.rows, "history_mean: histories and vectors must speak of the same items");
    std::vector<std::uint32_t> lengths(histories.rows);
    for (std::size_t u = 0; u < lengths.size(); ++u) lengths[u] = static_cast<std::uint32_t>(histories.degree(u));
    detail::owned_in<Space, std::uint32_t>::write(lengths_, lengths.data(), lengths.size());
    histories.values = nullptr;
    if constexpr (std::is_same_v<Space, host>) {
      spmm(ctx, histories, {}, items, sums_.view(), false);
    } else {
      detail::csr_in<Space> const there{ctx, histories};
      spmm(ctx, there.view(), {}, items, sums_.view(), false);
    }
  }

  [[nodiscard]] std::size_t users() const { return sums_.rows(); }
  [[nodiscard]] std::size_t width() const { return sums_.cols(); }

  // out (users given, width): the scaled means. Users, items and means lie where the context computes.
  template <class Context>
  void rows(Context& ctx, std::span<std::uint32_t const> users, dense<float, Space> out) const {
    each_row(ctx, users.size(), 4 * width(), detail::whole_means<Space>{sums(), users.data(), out});
  }
  // The same with item left_out[i], a member of the history of users[i], taken out of it; `items` as given before.
  template <class Context>
  void rows_without(Context& ctx, std::span<std::uint32_t const> users, std::span<std::uint32_t const> left_out,
                    dense<float const, Space> items, dense<float, Space> out) const {
    each_row(ctx, users.size(), 4 * width(),
             detail::means_without<Space>{sums(), users.data(), left_out.data(), items, out});
  }

 private:
  [[nodiscard]] detail::history_sums<Space> sums() const {
    return {lengths_.data(), sums_.view(), blocks_, block_count_};
  }

  std::array<std::size_t, detail::history_sums<Space>::most_blocks> blocks_{};
  std::size_t block_count_ = 0;
  typename detail::owned_in<Space, std::uint32_t>::type lengths_;  // (users, 1)
  typename detail::owned_in<Space, float>::type sums_;             // (users, width)
};
template <class Context, class Items>
history_mean(Context&, csr_view<>, Items, std::vector<std::size_t>) -> history_mean<typename Context::space>;

}  // namespace intarsia::inline v0
