// The pattern of a sparse matrix of the host in the memory of a context.
#pragma once

#include <cstddef>
#include <cstdint>
#include <intarsia/exec/module.hpp>
#include <intarsia/tensor/csr.hpp>

namespace intarsia::inline v0::detail {

// A copy of the offsets and columns; without values and positions.
template <class Space>
class csr_in {
 public:
  csr_in() = default;
  csr_in(auto& ctx, csr_view<> a)
      : rows_{a.rows},
        cols_{a.cols},
        entries_{a.entries()},
        offsets_{owned_in<Space, std::uint64_t>::in(ctx, a.offsets ? a.rows + 1 : 0, 1)},
        columns_{owned_in<Space, std::uint32_t>::in(ctx, entries_, 1)} {
    owned_in<Space, std::uint64_t>::write(offsets_, a.offsets, offsets_.size());
    owned_in<Space, std::uint32_t>::write(columns_, a.columns, entries_);
  }
  [[nodiscard]] csr_view<Space> view() const {
    return {rows_, cols_, offsets_.size() > 0 ? offsets_.data() : nullptr, columns_.data(), nullptr, nullptr, entries_};
  }

 private:
  std::size_t rows_ = 0, cols_ = 0, entries_ = 0;
  typename owned_in<Space, std::uint64_t>::type offsets_;
  typename owned_in<Space, std::uint32_t>::type columns_;
};

}  // namespace intarsia::inline v0::detail
