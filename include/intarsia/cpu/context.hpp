// Where CPU work runs: threads, the seed, scratch memory, and the widest instructions to use.
#pragma once

#include <cstdint>
#include <intarsia/core/arena.hpp>
#include <intarsia/core/config.hpp>
#include <intarsia/core/executor.hpp>
#include <intarsia/core/precision.hpp>
#include <intarsia/core/random.hpp>
#include <intarsia/exec/recorder.hpp>
#include <intarsia/exec/team.hpp>
#include <utility>

namespace intarsia::inline v0 {

// In rising order; each includes the ones before it.
enum class instruction_set { portable, avx2, avx512 };

// The widest that this processor and its operating system offer.
[[nodiscard]] inline instruction_set widest_instructions() {
#if INTARSIA_X86
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    return instruction_set::avx512;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return instruction_set::avx2;
#endif
  return instruction_set::portable;
}

// Whether the processor multiplies pairs of bf16 and adds them in one instruction (AVX-512 BF16).
[[nodiscard]] inline bool multiplies_bf16() {
#if INTARSIA_X86
  return widest_instructions() == instruction_set::avx512 && __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

namespace cpu {

// cpu::context ctx{thread_pool{8}, seed{7}}; a third argument caps the instructions used, so that every kernel body can
// be compared on one machine. Contexts own their scratch memory: one per thread that records; movable, not copyable.
class context : public computes<context> {
 public:
  using space = host;
  using team = alone;

  explicit context(any_executor threads = inline_executor{}, seed s = {}, instruction_set cap = instruction_set::avx512)
      : threads_{std::move(threads)},
        seed_{s},
        instructions_{std::min(cap, widest_instructions())},
        pairs_{instructions_ == instruction_set::avx512 && intarsia::multiplies_bf16()} {}
  // Never chosen: the compiler lists it for what is no executor, and says what that lacks.
  template <class E>
  requires(!std::convertible_to<E, any_executor>) && executor<E> explicit context(E, seed = {},
                                                                                  instruction_set = {}) = delete;
  context(context&&) noexcept = default;
  context& operator=(context&&) noexcept = default;

  [[nodiscard]] any_executor const& threads() const { return threads_; }
  [[nodiscard]] seed random_seed() const { return seed_; }
  [[nodiscard]] instruction_set instructions() const { return instructions_; }

  // How products of float matrices (gemm, pair_softmax) take their operands from now on; those of double are full
  // always. Rounded products are the same bits on every instruction set, but for numbers below 1.2e-38, which AVX-512
  // BF16 takes for zero; what lies between them (exponentials, means) is not.
  void products(precision p) { products_ = p; }
  [[nodiscard]] precision products() const { return products_; }
  // Whether this context's instructions multiply pairs of bf16.
  [[nodiscard]] bool multiplies_bf16() const { return pairs_; }

  // Numbers (scratch) and pullbacks (notes) of the computation under way; given back by a tape or scope.
  [[nodiscard]] arena& scratch() { return scratch_; }
  [[nodiscard]] arena& notes() { return notes_; }

  // A stream of random numbers that nobody else of this context has: layers and samplers take one when they are made.
  [[nodiscard]] std::uint64_t next_stream() { return streams_++; }
  // How many were taken; setting it back, as when training is resumed, repeats those after it.
  [[nodiscard]] std::uint64_t streams() const { return streams_; }
  void streams(std::uint64_t taken) { streams_ = taken; }

 private:
  any_executor threads_;
  seed seed_;
  instruction_set instructions_;
  bool pairs_;
  precision products_ = precision::full;
  std::uint64_t streams_ = 0;
  arena scratch_, notes_;
};

}  // namespace cpu
}  // namespace intarsia::inline v0
