// The innermost loop of gemm: a small tile of C held in registers. The same text for each instruction set, because the
// target of a function must be spelled out and reaches no lambda or helper. Vector types stay inside the functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <intarsia/cpu/context.hpp>
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

// c (rows, cols) += (or =) a b over `depth` words. `a` is a panel: rows panel_stride apart, or, for A', one step after
// the other with the rows of a step side by side. Step k of b is b[k * b_stride ...], as wide as the tile.
template <class W>
using tile_kernel = void (*)(std::size_t depth, W const* a, W const* b, std::size_t b_stride,
                             typename sum_of<W>::type* c, std::size_t c_stride, std::size_t rows, std::size_t cols,
                             bool add);

// Rows of a table that are read soon: their lines are asked for one after another, a few at each step of something
// else.
struct row_asker {
  std::uint32_t const *next = nullptr, *end = nullptr;  // the numbers of the rows
  char const* table = nullptr;
  std::size_t stride = 0, bytes = 0;  // distance of rows; what is asked for of each
  char const *at = nullptr, *row_end = nullptr;

  [[gnu::always_inline]] inline void ask() {
    if (at >= row_end) {
      if (next == end) return;
      at = table + *next++ * stride;
      row_end = at + bytes;
    }
    __builtin_prefetch(at, 0, 2);
    at += 64;
  }
  // Whether all was asked for.
  [[nodiscard]] bool done() const { return next == end && at >= row_end; }
};
struct ask_nothing {
  [[gnu::always_inline]] inline void ask() const {}
};
// The same as a tile_kernel while rows are asked for.
template <class W>
using asking_kernel = void (*)(std::size_t depth, W const* a, W const* b, std::size_t b_stride,
                               typename sum_of<W>::type* c, std::size_t c_stride, std::size_t rows, std::size_t cols,
                               bool add, row_asker& asker);

// Kernels by height, tallest first; all are `cols` wide, and panels of A' are `rows` wide.
template <class T>
struct tile_set {
  std::size_t rows, cols;
  std::array<std::size_t, 3> heights;
  std::array<tile_kernel<T>, 3> plain, transposed;
};

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

template <class T, std::size_t Panel, class Rows>
struct tile_portable;
template <class T, std::size_t Panel, std::size_t... I>
struct tile_portable<T, Panel, std::index_sequence<I...>> {
  static void run(std::size_t depth, T const* a, T const* b, std::size_t b_stride, T* c, std::size_t c_stride,
                  std::size_t rows, std::size_t cols, bool add) {
    multiply(depth, a, b, b_stride, c, c_stride, rows, cols, add, ask_nothing{});
  }
  static void run_asking(std::size_t depth, T const* a, T const* b, std::size_t b_stride, T* c, std::size_t c_stride,
                         std::size_t rows, std::size_t cols, bool add, row_asker& asker) {
    asker = multiply(depth, a, b, b_stride, c, c_stride, rows, cols, add, asker);
  }

 private:
  // Gives back what is still to be asked for.
  template <class Asker>
  [[gnu::always_inline]] static inline Asker multiply(std::size_t depth, T const* a, T const* b, std::size_t b_stride,
                                                      T* c, std::size_t c_stride, std::size_t rows, std::size_t cols,
                                                      bool add, Asker asker) {
    using vec [[gnu::vector_size(16)]] = T;
    constexpr std::size_t row_step = Panel ? 1 : panel_stride<T>, step = Panel ? Panel : 1;
    vec left[sizeof...(I)], right[sizeof...(I)];
    ((left[I] = vec{}, right[I] = vec{}), ...);
    for (std::size_t k = 0; k < depth; ++k, a += step, b += b_stride) {
      vec b0, b1;
      std::memcpy(&b0, b, sizeof b0);
      std::memcpy(&b1, b + sizeof b0 / sizeof(T), sizeof b1);
      asker.ask();
      ((left[I] += a[I * row_step] * b0, right[I] += a[I * row_step] * b1), ...);
    }
    vec sum[2 * sizeof...(I)];
    ((sum[2 * I] = left[I], sum[2 * I + 1] = right[I]), ...);
    put_tile<32 / sizeof(T)>(reinterpret_cast<T const*>(sum), c, c_stride, rows, cols, add);
    return asker;
  }
};

#if INTARSIA_X86
template <class T, std::size_t Panel, class Rows>
struct tile_avx2;
template <class T, std::size_t Panel, std::size_t... I>
struct tile_avx2<T, Panel, std::index_sequence<I...>> {
  [[gnu::target("avx2,fma")]] static void run(std::size_t depth, T const* a, T const* b, std::size_t b_stride, T* c,
                                              std::size_t c_stride, std::size_t rows, std::size_t cols, bool add) {
    multiply(depth, a, b, b_stride, c, c_stride, rows, cols, add, ask_nothing{});
  }
  [[gnu::target("avx2,fma")]] static void run_asking(std::size_t depth, T const* a, T const* b, std::size_t b_stride,
                                                     T* c, std::size_t c_stride, std::size_t rows, std::size_t cols,
                                                     bool add, row_asker& asker) {
    asker = multiply(depth, a, b, b_stride, c, c_stride, rows, cols, add, asker);
  }

 private:
  // Gives back what is still to be asked for.
  template <class Asker>
  [[gnu::always_inline, gnu::target("avx2,fma")]] static inline Asker multiply(
      std::size_t depth, T const* a, T const* b, std::size_t b_stride, T* c, std::size_t c_stride, std::size_t rows,
      std::size_t cols, bool add, Asker asker) {
    using vec [[gnu::vector_size(32)]] = T;
    constexpr std::size_t row_step = Panel ? 1 : panel_stride<T>, step = Panel ? Panel : 1;
    vec left[sizeof...(I)], right[sizeof...(I)];
    ((left[I] = vec{}, right[I] = vec{}), ...);
    for (std::size_t k = 0; k < depth; ++k, a += step, b += b_stride) {
      vec b0, b1;
      std::memcpy(&b0, b, sizeof b0);
      std::memcpy(&b1, b + sizeof b0 / sizeof(T), sizeof b1);
      asker.ask();
      ((left[I] += a[I * row_step] * b0, right[I] += a[I * row_step] * b1), ...);
    }
    constexpr std::size_t width = 64 / sizeof(T);
    if (cols < width) {
      vec sum[2 * sizeof...(I)];
      ((sum[2 * I] = left[I], sum[2 * I + 1] = right[I]), ...);
      put_tile<width>(reinterpret_cast<T const*>(sum), c, c_stride, rows, cols, add);
      return asker;
    }
    // A whole row goes from the registers to C.
    vec was[2 * sizeof...(I)];
    if (add) {
      ((I < rows ? (std::memcpy(&was[2 * I], c + I * c_stride, 2 * sizeof(vec)), left[I] += was[2 * I],
                    right[I] += was[2 * I + 1], void())
                 : void()),
       ...);
    }
    ((I < rows ? (std::memcpy(c + I * c_stride, &left[I], sizeof(vec)),
                  std::memcpy(c + I * c_stride + width / 2, &right[I], sizeof(vec)), void())
               : void()),
     ...);
    return asker;
  }
};

template <class T, std::size_t Panel, class Rows>
struct tile_avx512;
template <class T, std::size_t Panel, std::size_t... I>
struct tile_avx512<T, Panel, std::index_sequence<I...>> {
  [[gnu::target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]] static void run(std::size_t depth, T const* a,
                                                                                 T const* b, std::size_t b_stride, T* c,
                                                                                 std::size_t c_stride, std::size_t rows,
                                                                                 std::size_t cols, bool add) {
    multiply(depth, a, b, b_stride, c, c_stride, rows, cols, add, ask_nothing{});
  }
  [[gnu::target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]] static void run_asking(
      std::size_t depth, T const* a, T const* b, std::size_t b_stride, T* c, std::size_t c_stride, std::size_t rows,
      std::size_t cols, bool add, row_asker& asker) {
    asker = multiply(depth, a, b, b_stride, c, c_stride, rows, cols, add, asker);
  }

 private:
  // Gives back what is still to be asked for.
  template <class Asker>
  [[gnu::always_inline, gnu::target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]] static inline Asker multiply(
      std::size_t depth, T const* a, T const* b, std::size_t b_stride, T* c, std::size_t c_stride, std::size_t rows,
      std::size_t cols, bool add, Asker asker) {
    using vec [[gnu::vector_size(64)]] = T;
    constexpr std::size_t row_step = Panel ? 1 : panel_stride<T>, step = Panel ? Panel : 1;
    vec left[sizeof...(I)], right[sizeof...(I)];
    ((left[I] = vec{}, right[I] = vec{}), ...);
    for (std::size_t k = 0; k < depth; ++k, a += step, b += b_stride) {
      vec b0, b1;
      std::memcpy(&b0, b, sizeof b0);
      std::memcpy(&b1, b + sizeof b0 / sizeof(T), sizeof b1);
      asker.ask(), asker.ask(), asker.ask(), asker.ask();  // while a step takes 28 cycles
      ((left[I] += a[I * row_step] * b0, right[I] += a[I * row_step] * b1), ...);
    }
    constexpr std::size_t width = 128 / sizeof(T);
    if (cols < width) {
      vec sum[2 * sizeof...(I)];
      ((sum[2 * I] = left[I], sum[2 * I + 1] = right[I]), ...);
      put_tile<width>(reinterpret_cast<T const*>(sum), c, c_stride, rows, cols, add);
      return asker;
    }
    // A whole row goes from the registers to C.
    vec was[2 * sizeof...(I)];
    if (add) {
      ((I < rows ? (std::memcpy(&was[2 * I], c + I * c_stride, 2 * sizeof(vec)), left[I] += was[2 * I],
                    right[I] += was[2 * I + 1], void())
                 : void()),
       ...);
    }
    ((I < rows ? (std::memcpy(c + I * c_stride, &left[I], sizeof(vec)),
                  std::memcpy(c + I * c_stride + width / 2, &right[I], sizeof(vec)), void())
               : void()),
     ...);
    return asker;
  }
};
#endif

template <template <class, std::size_t, class> class Tile, class T, std::size_t Tall, std::size_t Middle,
          std::size_t Low>
[[nodiscard]] tile_set<T> make_tiles(std::size_t cols) {
  return {Tall,
          cols,
          {Tall, Middle, Low},
          {Tile<T, 0, std::make_index_sequence<Tall>>::run, Tile<T, 0, std::make_index_sequence<Middle>>::run,
           Tile<T, 0, std::make_index_sequence<Low>>::run},
          {Tile<T, Tall, std::make_index_sequence<Tall>>::run, Tile<T, Tall, std::make_index_sequence<Middle>>::run,
           Tile<T, Tall, std::make_index_sequence<Low>>::run}};
}

// The kernels of plain panels that ask for rows meanwhile.
template <template <class, std::size_t, class> class Tile, class T, std::size_t Tall, std::size_t Middle,
          std::size_t Low>
[[nodiscard]] std::array<asking_kernel<T>, 3> make_asking() {
  return {Tile<T, 0, std::make_index_sequence<Tall>>::run_asking,
          Tile<T, 0, std::make_index_sequence<Middle>>::run_asking,
          Tile<T, 0, std::make_index_sequence<Low>>::run_asking};
}

// The tallest panel of any instruction set.
inline constexpr std::size_t tallest_tile = 14;

// As many accumulators as the registers hold: 28 of 32, 12 of 16, 8 of 16.
template <class T>
[[nodiscard]] tile_set<T> tiles_for(instruction_set set) {
#if INTARSIA_X86
  if (set == instruction_set::avx512) return make_tiles<tile_avx512, T, 14, 8, 4>(128 / sizeof(T));
  if (set == instruction_set::avx2) return make_tiles<tile_avx2, T, 6, 4, 2>(64 / sizeof(T));
#endif
  static_cast<void>(set);
  return make_tiles<tile_portable, T, 4, 2, 1>(32 / sizeof(T));
}

// The same, asking; by the heights of tiles_for.
template <class T>
[[nodiscard]] std::array<asking_kernel<T>, 3> asking_for(instruction_set set) {
#if INTARSIA_X86
  if (set == instruction_set::avx512) return make_asking<tile_avx512, T, 14, 8, 4>();
  if (set == instruction_set::avx2) return make_asking<tile_avx2, T, 6, 4, 2>();
#endif
  static_cast<void>(set);
  return make_asking<tile_portable, T, 4, 2, 1>();
}

}  // namespace intarsia::inline v0::cpu::detail
