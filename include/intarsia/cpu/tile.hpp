// The innermost loop of gemm: a small tile of C held in registers. The same text for each instruction set, because the
// target of a function must be spelled out and reaches no lambda or helper. Vector types stay inside the functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <intarsia/cpu/context.hpp>
#include <type_traits>
#include <utility>

namespace intarsia::inline v0::cpu::detail {

// Steps along the depth that a panel of A holds.
template <class T>
inline constexpr std::size_t panel_depth = 1024 / sizeof(T);
// Distance of two rows in a panel that keeps A's rows: off the powers of two, for the cache's sake.
template <class T>
inline constexpr std::size_t panel_stride = panel_depth<T> + 64 / sizeof(T);

// What products of words are summed in: words are numbers, or pairs of bf16 (bf16_pairs.hpp), a step being two then.
template <class W>
struct sum_of {
  using type = W;
};

// How A lies: rows panel_stride apart, or a_stride apart, or, for A', steps a_stride apart with the rows of a step side
// by side.
enum class a_layout { panel, rows, steps };

// What a kernel asks for of memory while it sums, a little with every step: many lines at once would keep what it
// reads itself waiting. It sums in so many parts, calls start before each, and ask with each step, which has time for
// so many lines, with the bytes of a word. `plain`: how A lies where it is not A'.
struct ask_nothing {
  static constexpr a_layout plain = a_layout::panel;
  static constexpr std::size_t parts = 1;
  template <std::size_t Rows, std::size_t Bytes, class T>
  [[gnu::always_inline]] inline void start(std::size_t, T*, std::size_t) const {}
  template <std::size_t Lines>
  [[gnu::always_inline]] inline void ask(std::size_t) const {}
};

// Rows of a table, by their numbers, one after another. A kernel takes it by reference: what it does not come to is
// left for the next one.
struct row_asker {
  static constexpr a_layout plain = a_layout::panel;
  static constexpr std::size_t parts = 1;
  std::uint32_t const *next = nullptr, *end = nullptr;  // the numbers of the rows
  char const* table = nullptr;
  std::size_t stride = 0, bytes = 0;  // distance of rows; what is asked for of each
  char const *at = nullptr, *row_end = nullptr;

  template <std::size_t Rows, std::size_t Bytes, class T>
  [[gnu::always_inline]] inline void start(std::size_t, T*, std::size_t) const {}
  template <std::size_t Lines>
  [[gnu::always_inline]] inline void ask(std::size_t word) {
    if (at >= row_end) {
      if (next == end) return;
      at = table + *next++ * stride;
      row_end = at + bytes;
    }
    __builtin_prefetch(at, 0, 2);
    at += 64;
    if constexpr (Lines > 1) ask<Lines - 1>(word);
  }
  // Whether all was asked for.
  [[nodiscard]] bool done() const { return next == end && at >= row_end; }
};

// The tile of C itself, and four rows `apart` bytes from one another, each as long as `depth` words: a quarter of both
// with each part.
struct panel_asker {
  static constexpr a_layout plain = a_layout::rows;
  static constexpr std::size_t parts = 4;
  void const* first;
  std::size_t apart = 0;
  char const* at = nullptr;

  // Rows of C are `Bytes` long.
  template <std::size_t Rows, std::size_t Bytes, class T>
  [[gnu::always_inline]] inline void start(std::size_t part, T* c, std::size_t c_stride) {
    for (std::size_t row = Rows * part / parts; row < Rows * (part + 1) / parts; ++row) {
      for (std::size_t byte = 0; byte < Bytes; byte += 64) {
        __builtin_prefetch(reinterpret_cast<char const*>(c + row * c_stride) + byte, 1);
      }
    }
    at = static_cast<char const*>(first) + part * apart;
  }
  template <std::size_t Lines>
  [[gnu::always_inline]] inline void ask(std::size_t word) {
    __builtin_prefetch(at, 0, 2);
    at += parts * word;
  }
};

// c (rows, cols) += (or =) a b over `depth` words; all rows of the kernel's height are read of `a`, which lies as
// a_layout says. Step k of b is b[k * b_stride ...], as wide as the tile. Ask: one of the above, or a reference.
template <class W, class Ask = ask_nothing>
using tile_kernel = void (*)(std::size_t depth, W const* a, std::size_t a_stride, W const* b, std::size_t b_stride,
                             typename sum_of<W>::type* c, std::size_t c_stride, std::size_t rows, std::size_t cols,
                             bool add, Ask asks);

// Kernels by height, tallest first; all are `cols` wide.
template <class T, class Ask = ask_nothing>
struct tile_set {
  std::size_t rows, cols;
  std::array<std::size_t, 3> heights;
  std::array<tile_kernel<T, Ask>, 3> plain, transposed;
};

// Where a kernel reads its rows of A: from one pointer, or, where they lie, from one for three rows: one for each would
// not stay in registers.
template <a_layout A, std::size_t I>
inline constexpr bool has_pointer = A == a_layout::rows ? I % 3 == 0 : I == 0;
template <a_layout A, std::size_t I, class W>
inline void start_row(W const** from, W const* a, std::size_t a_stride) {
  if constexpr (has_pointer<A, I>) from[I / 3] = a + I * a_stride;
}
template <a_layout A, std::size_t I, class W>
[[nodiscard]] inline W const* row_of(W const* const* from, std::size_t a_stride) {
  if constexpr (A == a_layout::rows) return from[I / 3] + I % 3 * a_stride;
  return from[0] + (A == a_layout::panel ? I * panel_stride<W> : I);
}
template <a_layout A, std::size_t I, class W>
inline void next_step(W const** from, std::size_t a_stride) {
  if constexpr (has_pointer<A, I>) from[I / 3] += A == a_layout::steps ? a_stride : 1;
}

// Adds the finished tile `sum` (rows of Width) to c.
template <std::size_t Width, class T>
inline void put_tile(T const* sum, T* c, std::size_t c_stride, std::size_t rows, std::size_t cols, bool add) {
  for (std::size_t row = 0; row < rows; ++row, sum += Width, c += c_stride) {
    if (cols < Width) {
      for (std::size_t i = 0; i < cols; ++i) c[i] = add ? c[i] + sum[i] : sum[i];
    } else if (add) {
      for (std::size_t i = 0; i < Width; ++i) c[i] += sum[i];
    } else {
      std::memcpy(c, sum, Width * sizeof(T));
    }
  }
}

template <class T, a_layout A, class Ask, class Rows>
struct tile_portable;
template <class T, a_layout A, class Ask, std::size_t... I>
struct tile_portable<T, A, Ask, std::index_sequence<I...>> {
  static void run(std::size_t depth, T const* a, std::size_t a_stride, T const* b, std::size_t b_stride, T* c,
                  std::size_t c_stride, std::size_t rows, std::size_t cols, bool add, Ask asks) {
    using vec [[gnu::vector_size(16)]] = T;
    std::remove_reference_t<Ask> asker = asks;
    T const* from[sizeof...(I) / 3 + 1];
    (start_row<A, I>(from, a, a_stride), ...);
    vec left[sizeof...(I)], right[sizeof...(I)];
    ((left[I] = vec{}, right[I] = vec{}), ...);
    std::size_t k = 0;
    for (std::size_t part = 0; part < asker.parts; ++part) {
      asker.template start<sizeof...(I), 2 * sizeof(vec)>(part, c, c_stride);
      for (std::size_t const until = depth * (part + 1) / asker.parts; k < until; ++k, b += b_stride) {
        asker.template ask<1>(sizeof(T));
        vec b0, b1;
        std::memcpy(&b0, b, sizeof b0);
        std::memcpy(&b1, b + sizeof b0 / sizeof(T), sizeof b1);
        ((left[I] += *row_of<A, I>(from, a_stride) * b0,
          right[I] += *row_of<A, I>(from, a_stride) * b1),
         ...);
        (next_step<A, I>(from, a_stride), ...);
      }
    }
    if constexpr (std::is_reference_v<Ask>) asks = asker;
    vec sum[2 * sizeof...(I)];
    ((sum[2 * I] = left[I], sum[2 * I + 1] = right[I]), ...);
    put_tile<32 / sizeof(T)>(reinterpret_cast<T const*>(sum), c, c_stride, rows, cols, add);
  }
};

#if INTARSIA_X86
template <class T, a_layout A, class Ask, class Rows>
struct tile_avx2;
template <class T, a_layout A, class Ask, std::size_t... I>
struct tile_avx2<T, A, Ask, std::index_sequence<I...>> {
  [[gnu::target("avx2,fma")]] static void run(std::size_t depth, T const* a, std::size_t a_stride, T const* b,
                                              std::size_t b_stride, T* c, std::size_t c_stride, std::size_t rows,
                                              std::size_t cols, bool add, Ask asks) {
    using vec [[gnu::vector_size(32)]] = T;
    std::remove_reference_t<Ask> asker = asks;
    T const* from[sizeof...(I) / 3 + 1];
    (start_row<A, I>(from, a, a_stride), ...);
    vec left[sizeof...(I)], right[sizeof...(I)];
    ((left[I] = vec{}, right[I] = vec{}), ...);
    std::size_t k = 0;
    for (std::size_t part = 0; part < asker.parts; ++part) {
      asker.template start<sizeof...(I), 2 * sizeof(vec)>(part, c, c_stride);
      for (std::size_t const until = depth * (part + 1) / asker.parts; k < until; ++k, b += b_stride) {
        asker.template ask<1>(sizeof(T));
        vec b0, b1;
        std::memcpy(&b0, b, sizeof b0);
        std::memcpy(&b1, b + sizeof b0 / sizeof(T), sizeof b1);
        ((left[I] += *row_of<A, I>(from, a_stride) * b0,
          right[I] += *row_of<A, I>(from, a_stride) * b1),
         ...);
        (next_step<A, I>(from, a_stride), ...);
      }
    }
    if constexpr (std::is_reference_v<Ask>) asks = asker;
    constexpr std::size_t width = 64 / sizeof(T);
    if (cols < width) {
      vec sum[2 * sizeof...(I)];
      ((sum[2 * I] = left[I], sum[2 * I + 1] = right[I]), ...);
      put_tile<width>(reinterpret_cast<T const*>(sum), c, c_stride, rows, cols, add);
      return;
    }
    // A whole row goes from the registers to C.
    vec was;
    if (add) {
      ((I < rows ? (std::memcpy(&was, c + I * c_stride, sizeof(vec)), left[I] += was,
                    std::memcpy(&was, c + I * c_stride + width / 2, sizeof(vec)), right[I] += was, void())
                 : void()),
       ...);
    }
    ((I < rows ? (std::memcpy(c + I * c_stride, &left[I], sizeof(vec)),
                  std::memcpy(c + I * c_stride + width / 2, &right[I], sizeof(vec)), void())
               : void()),
     ...);
  }
};

template <class T, a_layout A, class Ask, class Rows>
struct tile_avx512;
template <class T, a_layout A, class Ask, std::size_t... I>
struct tile_avx512<T, A, Ask, std::index_sequence<I...>> {
  [[gnu::target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]] static void run(
      std::size_t depth, T const* a, std::size_t a_stride, T const* b, std::size_t b_stride, T* c, std::size_t c_stride,
      std::size_t rows, std::size_t cols, bool add, Ask asks) {
    using vec [[gnu::vector_size(64)]] = T;
    std::remove_reference_t<Ask> asker = asks;
    T const* from[sizeof...(I) / 3 + 1];
    (start_row<A, I>(from, a, a_stride), ...);
    vec left[sizeof...(I)], right[sizeof...(I)];
    ((left[I] = vec{}, right[I] = vec{}), ...);
    std::size_t k = 0;
    for (std::size_t part = 0; part < asker.parts; ++part) {
      asker.template start<sizeof...(I), 2 * sizeof(vec)>(part, c, c_stride);
      for (std::size_t const until = depth * (part + 1) / asker.parts; k < until; ++k, b += b_stride) {
        asker.template ask<4>(sizeof(T));  // while a step takes 28 cycles
        vec b0, b1;
        std::memcpy(&b0, b, sizeof b0);
        std::memcpy(&b1, b + sizeof b0 / sizeof(T), sizeof b1);
        ((left[I] += *row_of<A, I>(from, a_stride) * b0,
          right[I] += *row_of<A, I>(from, a_stride) * b1),
         ...);
        (next_step<A, I>(from, a_stride), ...);
      }
    }
    if constexpr (std::is_reference_v<Ask>) asks = asker;
    constexpr std::size_t width = 128 / sizeof(T);
    if (cols < width) {
      vec sum[2 * sizeof...(I)];
      ((sum[2 * I] = left[I], sum[2 * I + 1] = right[I]), ...);
      put_tile<width>(reinterpret_cast<T const*>(sum), c, c_stride, rows, cols, add);
      return;
    }
    // A whole row goes from the registers to C.
    vec was;
    if (add) {
      ((I < rows ? (std::memcpy(&was, c + I * c_stride, sizeof(vec)), left[I] += was,
                    std::memcpy(&was, c + I * c_stride + width / 2, sizeof(vec)), right[I] += was, void())
                 : void()),
       ...);
    }
    ((I < rows ? (std::memcpy(c + I * c_stride, &left[I], sizeof(vec)),
                  std::memcpy(c + I * c_stride + width / 2, &right[I], sizeof(vec)), void())
               : void()),
     ...);
  }
};
#endif

template <template <class, a_layout, class, class> class Tile, class T, class Ask, std::size_t Tall, std::size_t Middle,
          std::size_t Low>
[[nodiscard]] tile_set<T, Ask> make_tiles(std::size_t cols) {
  using tall = std::make_index_sequence<Tall>;
  using middle = std::make_index_sequence<Middle>;
  using low = std::make_index_sequence<Low>;
  constexpr a_layout plain = std::remove_reference_t<Ask>::plain, steps = a_layout::steps;
  return {Tall,
          cols,
          {Tall, Middle, Low},
          {Tile<T, plain, Ask, tall>::run, Tile<T, plain, Ask, middle>::run, Tile<T, plain, Ask, low>::run},
          {Tile<T, steps, Ask, tall>::run, Tile<T, steps, Ask, middle>::run, Tile<T, steps, Ask, low>::run}};
}

// The tallest panel of any instruction set.
inline constexpr std::size_t tallest_tile = 14;

// As many accumulators as the registers hold: 28 of 32, 12 of 16, 8 of 16.
template <class T, class Ask = ask_nothing>
[[nodiscard]] tile_set<T, Ask> tiles_for(instruction_set set) {
#if INTARSIA_X86
  if (set == instruction_set::avx512) return make_tiles<tile_avx512, T, Ask, 14, 8, 4>(128 / sizeof(T));
  if (set == instruction_set::avx2) return make_tiles<tile_avx2, T, Ask, 6, 4, 2>(64 / sizeof(T));
#endif
  static_cast<void>(set);
  return make_tiles<tile_portable, T, Ask, 4, 2, 1>(32 / sizeof(T));
}

}  // namespace intarsia::inline v0::cpu::detail
