// A functor on each index or row. The loop is compiled once per instruction set with the functor inlined in it, so a
// plain functor is vectorised for the machine it runs on.
#pragma once

#include <cstddef>
#include <intarsia/cpu/context.hpp>
#include <intarsia/cpu/grain.hpp>
#include <type_traits>

namespace intarsia::inline v0::cpu {

namespace detail {
// F takes a row, or a row and its team.
template <class F>
inline constexpr bool wants_team = std::is_invocable_v<F const&, std::size_t, alone>;

// The functor is called in the loops themselves: clang flattens the calls of a function, and not those within them.
template <class F>
inline void loop(std::size_t begin, std::size_t end, F const& f) {
  for (std::size_t i = begin; i < end; ++i) {
    if constexpr (wants_team<F>) {
      f(i, alone{});
    } else {
      f(i);
    }
  }
}
#if INTARSIA_X86
template <class F>
[[gnu::target("avx2,fma"), gnu::flatten]] inline void loop_avx2(std::size_t begin, std::size_t end, F const& f) {
  for (std::size_t i = begin; i < end; ++i) {
    if constexpr (wants_team<F>) {
      f(i, alone{});
    } else {
      f(i);
    }
  }
}
template <class F>
[[gnu::target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl"), gnu::flatten]] inline void loop_avx512(std::size_t begin,
                                                                                                     std::size_t end,
                                                                                                     F const& f) {
  for (std::size_t i = begin; i < end; ++i) {
    if constexpr (wants_team<F>) {
      f(i, alone{});
    } else {
      f(i);
    }
  }
}
#endif

// f(i) for i of [begin, end), in order, compiled for an instruction set.
template <class F>
void run_on(instruction_set set, std::size_t begin, std::size_t end, F const& f) {
#if INTARSIA_X86
  if (set == instruction_set::avx512) return loop_avx512(begin, end, f);
  if (set == instruction_set::avx2) return loop_avx2(begin, end, f);
#endif
  static_cast<void>(set);
  loop(begin, end, f);
}

template <class F>
void pieces(context& ctx, std::size_t count, std::size_t grain, F const& f) {
  ctx.threads().bulk(
      count, grain, [&f, set = ctx.instructions()](std::size_t begin, std::size_t end) { run_on(set, begin, end, f); });
}
}  // namespace detail

// f(i) for each i of [0, count), in any order and on any thread.
template <class F>
void map(context& ctx, std::size_t count, F const& f) {
  detail::pieces(ctx, count, std::size_t{1} << 13, f);
}

// f(row), or f(row, alone{}), for each row of [0, rows); `work`: roughly how many operations a row takes.
template <class F>
void each_row(context& ctx, std::size_t rows, std::size_t work, F const& f) {
  detail::pieces(ctx, rows, rows_per_piece(work), f);
}

}  // namespace intarsia::inline v0::cpu
