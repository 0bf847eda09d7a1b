// Rows and what is heard of rows, times weights, in one pass: sums over neighbors are written straight to the panels
// that products read, and while one panel is multiplied, the rows that the next sums read are fetched. So the machine
// waits for memory and multiplies at the same time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <intarsia/cpu/context.hpp>
#include <intarsia/cpu/gemm.hpp>
#include <intarsia/cpu/pack.hpp>
#include <intarsia/cpu/row_sum.hpp>
#include <intarsia/cpu/spmm.hpp>
#include <intarsia/cpu/tile.hpp>
#include <intarsia/exec/backend.hpp>
#include <intarsia/exec/scope.hpp>
#include <span>

namespace intarsia::inline v0::cpu {

namespace detail {

// Columns [first, first + steps) of a term's rows, as many as a panel holds, and the weights they meet.
template <class T>
struct term_slice {
  heard_term<T> const* term;
  std::size_t first, steps;
  T* packed;  // panels of the weights
};

template <class T>
class heard_panels {
 public:
  heard_panels(context& ctx, std::span<heard_term<T> const> terms, last_touch<T> last, dense<T> c)
      : set_{ctx.instructions()}, tile_{tiles_for<T, row_asker&>(set_)}, last_{last}, c_{c} {
    widths_ = (c.cols + tile_.cols - 1) / tile_.cols;
    std::size_t most = 0;
    for (auto const& term : terms) most += (term.x.cols + panel_depth<T> - 1) / panel_depth<T>;
    slices_ = ctx.scratch().template take<term_slice<T>>(most);
    for (auto const& term : terms) {
      for (std::size_t k = 0; k < term.x.cols; k += panel_depth<T>) {
        std::size_t const steps = std::min(panel_depth<T>, term.x.cols - k);
        T* const packed = ctx.scratch().template take<T>(widths_ * steps * tile_.cols);
        for (std::size_t q = 0; q < widths_; ++q) {
          std::size_t const j = q * tile_.cols;
          pack_columns<T>(term.weights, false, k, steps, j, std::min(tile_.cols, c.cols - j),
                          packed + q * steps * tile_.cols, tile_.cols);
        }
        slices_[count_++] = {&term, k, steps, packed};
      }
    }
  }

  [[nodiscard]] std::size_t panels() const { return (c_.rows + tile_.rows - 1) / tile_.rows; }
  // Panels to give to a thread at once: most of a piece's rows are asked for by the piece itself.
  [[nodiscard]] static constexpr std::size_t grain() { return 32; }

  void operator()(std::size_t begin, std::size_t end) const {
    alignas(64) T panel[panel_size<T>];
    row_asker asker;
    std::size_t asked_panel = panels(), asked_slice = 0;  // what the asker asks for
    for (std::size_t p = begin; p < end; ++p) {
      std::size_t const i = p * tile_.rows, rows = std::min(tile_.rows, c_.rows - i);
      std::size_t height = 0;
      while (height + 1 < tile_.heights.size() && tile_.heights[height + 1] >= rows) ++height;
      for (std::size_t s = 0; s < count_; ++s) {
        term_slice<T> const& slice = slices_[s];
        bool const asked = asked_panel == p && asked_slice == s && asker.done();
        fill(slice, i, rows, asked, panel);
        for (std::size_t row = rows; row < tile_.heights[height]; ++row) {
          std::fill_n(panel + row * panel_stride<T>, slice.steps, T{0});
        }
        if (slice.term->a.offsets || p == begin) {
          asked_panel = p, asked_slice = s;
          asker = next_rows(asked_panel, asked_slice);
        }
        for (std::size_t q = 0; q < widths_; ++q) {
          std::size_t const j = q * tile_.cols;
          T* const to = c_.data + i * c_.stride + j;
          for (std::size_t row = 0; row < rows; ++row) {
            __builtin_prefetch(to + row * c_.stride, 1);
            __builtin_prefetch(to + row * c_.stride + tile_.cols / 2, 1);
          }
          tile_.plain[height](slice.steps, panel, panel_stride<T>, slice.packed + q * slice.steps * tile_.cols,
                              tile_.cols, to, c_.stride, rows, std::min(tile_.cols, c_.cols - j), s > 0, asker);
        }
      }
      if (last_.bias) run_on(set_, i, i + rows, touch_row<T>{c_, last_});
    }
  }

 private:
  // Rows [i, i + rows) of a term's columns to a panel; asked: the rows they are sums of were fetched.
  void fill(term_slice<T> const& slice, std::size_t i, std::size_t rows, bool asked, T* panel) const {
    heard_term<T> const& term = *slice.term;
    if (!term.a.offsets) {
      pack_panel(term.x, slice.first, slice.steps, i, rows, rows, panel);
      return;
    }
    csr_view<> a = term.a;
    a.offsets += i;
    a.rows = rows;
    spmm_terms<T> terms;
    if (term.row_scale) terms.row_scale = term.row_scale + i;
    std::size_t const entries = asked ? 0 : static_cast<std::size_t>(a.offsets[rows]);
    row_sum_work<T, T> const work{a,       terms, term.x.col_range(slice.first, slice.steps),
                                  {panel, rows, slice.steps, panel_stride<T>},
                                  nullptr, false, entries, rows_ahead, false};
    (a.values ? row_sum_for<T, T, true>(set_) : row_sum_for<T, T, false>(set_))(work, 0, rows);
  }
  // Moves to the next sums after those of a panel's slice, and asks for the rows they read.
  [[nodiscard]] row_asker next_rows(std::size_t& p, std::size_t& s) const {
    for (std::size_t step = 0; step < count_; ++step) {
      if (++s == count_) s = 0, ++p;
      heard_term<T> const& term = *slices_[s].term;
      if (!term.a.offsets || p >= panels()) continue;
      std::size_t const i = p * tile_.rows, rows = std::min(tile_.rows, c_.rows - i);
      row_asker asker;
      asker.next = term.a.columns + term.a.offsets[i];
      asker.end = term.a.columns + term.a.offsets[i + rows];
      asker.table = reinterpret_cast<char const*>(term.x.data + slices_[s].first);
      asker.stride = term.x.stride * sizeof(T);
      asker.bytes = slices_[s].steps * sizeof(T);
      return asker;
    }
    return {};
  }

  instruction_set set_;
  tile_set<T, row_asker&> tile_;
  last_touch<T> last_;
  dense<T> c_;
  term_slice<T>* slices_ = nullptr;
  std::size_t count_ = 0, widths_ = 0;
};
}  // namespace detail

// c = the sum over terms of (its rows, or what is heard of them) times its weights, + bias in each row, and where
// `relu` not below 0. At least one term; products are of the numbers as they are, whatever the context asks for.
template <class T>
void affine_heard(context& ctx, std::span<heard_term<T> const> terms, std::type_identity_t<dense<T const>> bias,
                  bool relu, dense<T> c) {
  scope const temporary{ctx};
  detail::heard_panels<T> const work{ctx, terms, {bias.data, relu}, c};
  ctx.threads().bulk(work.panels(), work.grain(), [&](std::size_t begin, std::size_t end) { work(begin, end); });
}

}  // namespace intarsia::inline v0::cpu
