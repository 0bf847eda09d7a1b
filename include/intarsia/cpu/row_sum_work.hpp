// What the kernels of row_sum.hpp are given, and what they share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <intarsia/core/stored.hpp>
#include <intarsia/exec/backend.hpp>
#include <intarsia/exec/entries.hpp>
#include <intarsia/tensor/csr.hpp>
#include <type_traits>

namespace intarsia::inline v0::cpu::detail {

// A product that is shared out by rows. X is how the dense matrix is stored, T what is computed; that is written as it
// is, or rounded.
template <class X, class T>
struct row_sum_work {
  csr_view<> a;  // with offsets
  spmm_terms<T> terms;
  dense<X const> x;
  dense<T> y;     // without numbers where they are written as bf16
  bf16* rounded;  // rows as far apart as y says; null: y is written
  bool add;
  std::size_t entries;  // of a
  std::size_t ahead;    // the rows of x lie scattered: those of so many entries later are asked for
  bool stream;          // y is written past the caches; not where it is added to
};

using intarsia::detail::entry_value;
template <class X, class T>
[[nodiscard]] inline T row_sum_scale(row_sum_work<X, T> const& w, std::size_t entry, std::size_t source) {
  T const value = entry_value<T>(w.a, entry);
  return w.terms.col_scale ? value * w.terms.col_scale[source] : value;
}
template <class T, class X>
[[nodiscard]] inline T as_number(X x) {
  if constexpr (is_short<X>) {
    return static_cast<T>(static_cast<float>(x));
  } else {
    return static_cast<T>(x);
  }
}

// The floats that bf16 or f16 in the lower halves of words stand for. Half precision is moved to where float has its
// exponent and multiplied by 2^112, which is exact and numbers below the least normal one come out right.
template <class X, class Words>
[[gnu::always_inline]] inline void widen(Words& words) {
  if constexpr (std::is_same_v<X, bf16>) {
    words <<= 16;
  } else {
    using floats [[gnu::vector_size(sizeof(Words))]] = float;
    Words const size = (words & 0x7FFFu) << 13, sign = (words & 0x8000u) << 16;
    floats const number = __builtin_bit_cast(floats, size) * 0x1p112f;
    Words const endless = __builtin_bit_cast(Words, size >= 0x0F800000u);  // infinite or no number
    words = sign | __builtin_bit_cast(Words, number) | (endless & (size | 0x7F800000u));
  }
}

// The floats that the lower or the upper halves of words stand for.
template <class X, bool Upper, class Words>
[[gnu::always_inline]] inline void take_half(Words& words) {
  if constexpr (std::is_same_v<X, bf16> && Upper) {
    words &= 0xFFFF0000u;
  } else {
    if constexpr (!std::is_same_v<X, bf16>) words = Upper ? words >> 16 : words & 0xFFFFu;
    widen<X>(words);
  }
}
// The upper halves of words become their floats rounded to bf16; see there.
template <class Words>
[[gnu::always_inline]] inline void round_upper(Words& words) {
  Words const kept = __builtin_bit_cast(Words, (words & 0x7FFFFFFFu) > 0x7F800000u);  // no number
  Words const rounded = words + 0x7FFFu + ((words >> 16) & 1u);
  words = (kept & (words | 0x400000u)) | (~kept & rounded);
}

// A row that is shorter than a vector.
template <class X, class T, bool Weighted>
void row_sum_narrow(row_sum_work<X, T> const& w, std::size_t row) {
  T const whole = w.terms.row_scale ? w.terms.row_scale[row] : T{1};
  for (std::size_t c = 0; c < w.y.cols; ++c) {
    T sum{0};
    for (std::size_t e = w.a.offsets[row]; e < w.a.offsets[row + 1]; ++e) {
      std::size_t const source = w.a.columns[e];
      if (Weighted && !w.terms.cols.has(source)) continue;
      T const number = as_number<T>(w.x.data[source * w.x.stride + c]);
      sum += Weighted ? row_sum_scale(w, e, source) * number : number;
    }
    if (w.rounded) {
      w.rounded[row * w.y.stride + c] = bf16{static_cast<float>(sum * whole)};
    } else {
      T& to = w.y.data[row * w.y.stride + c];
      to = w.add ? to + sum * whole : sum * whole;
    }
  }
}

// The columns [begin, cols) of a row.
template <class X, class T>
inline void row_sum_rest(row_sum_work<X, T> const& w, std::size_t row, std::size_t begin, T const* from) {
  for (std::size_t c = begin, at = row * w.y.stride; c < w.y.cols; ++c, ++from) {
    if (w.rounded) {
      w.rounded[at + c] = bf16{static_cast<float>(*from)};
    } else {
      w.y.data[at + c] = *from;
    }
  }
}

}  // namespace intarsia::inline v0::cpu::detail
