// The machine behind the stand-in for the CUDA runtime: its memory, and how a block of threads runs.
#pragma once

#include <setjmp.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

struct dim3 {
  unsigned x = 1, y = 1, z = 1;
};

inline dim3 threadIdx, blockIdx, blockDim, gridDim;

namespace emulated {

// What the emulation is told and what it counts; one program at a time.
struct machine {
  int devices = 1;                  // how many it claims to have
  std::size_t memory = 512u << 20;  // bytes a program may hold
  unsigned schedule = 0;            // 0: threads in order; 1: in reverse; else a seed for a shuffled order
  std::size_t launches = 0, waits = 0, held = 0;

  std::byte* base = nullptr;
  std::size_t size = std::size_t{1} << 30;
  std::map<std::size_t, std::size_t> taken;  // offset -> bytes
  int open = 0;

  void reserve() {
    if (base) return;
    void* const place = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (place == MAP_FAILED) std::abort();
    base = static_cast<std::byte*>(place);
  }
  // The part of the memory that programs hold.
  [[nodiscard]] std::size_t end() const { return taken.empty() ? 0 : (--taken.end())->first + (--taken.end())->second; }
  void unlock() {
    reserve();
    if (open++ == 0 && end() > 0) mprotect(base, end(), PROT_READ | PROT_WRITE);
  }
  void lock() {
    if (--open == 0 && end() > 0) mprotect(base, end(), PROT_NONE);
  }
};
inline machine here;

struct opened {
  opened() { here.unlock(); }
  ~opened() { here.lock(); }
};

// A thread of a block; it lives on, to run that thread of the blocks to come. After its start it changes places with
// the scheduler by jumps, which unlike swapcontext ask nothing of the kernel.
struct fiber {
  jmp_buf state;
  std::unique_ptr<std::byte[]> stack;
  bool done = false;
};
struct barrier {
  unsigned arrived = 0, round = 0;
};

struct block_run {
  static constexpr std::size_t stack = std::size_t{1} << 16;
  std::vector<fiber> fibers;
  jmp_buf scheduler;
  std::size_t current = 0, alive = 0, idle = 0;
  barrier all;
  std::vector<barrier> warps;        // by the first thread of those that meet
  std::vector<std::uint64_t> slots;  // by thread: what it shows to its warp
  std::function<void()> const* body = nullptr;
};
inline block_run* running = nullptr;

inline void pause() {
  if (_setjmp(running->fibers[running->current].state) == 0) _longjmp(running->scheduler, 1);
}
inline void enter() {
  for (;; pause()) {
    (*running->body)();
    running->fibers[running->current].done = true;
    --running->alive;
    running->idle = 0;
  }
}
inline void start(fiber& thread) {
  thread.stack = std::make_unique<std::byte[]>(block_run::stack);
  ucontext_t first;
  getcontext(&first);
  first.uc_stack.ss_sp = thread.stack.get();
  first.uc_stack.ss_size = block_run::stack;
  first.uc_link = nullptr;
  makecontext(&first, enter, 0);
  setcontext(&first);
}
inline void resume(fiber& thread) {
  if (_setjmp(running->scheduler) != 0) return;
  if (!thread.stack) start(thread);
  _longjmp(thread.state, 1);
}
inline void meet(barrier& b, unsigned need) {
  unsigned const round = b.round;
  ++b.arrived;
  running->idle = 0;
  while (b.round == round) {
    if (b.arrived >= need || (&b == &running->all && b.arrived >= running->alive)) {
      b.arrived = 0;
      ++b.round;
      return;
    }
    pause();
  }
}

inline void run_block(unsigned threads, std::function<void()> const& body) {
  static block_run run;
  run.body = &body;
  if (run.fibers.size() < threads) run.fibers.resize(threads);
  for (unsigned t = 0; t < threads; ++t) run.fibers[t].done = false;
  run.slots.assign(threads, 0);
  run.warps.assign((threads + 31) / 32 * 32, {});
  run.all = {};
  run.alive = threads;
  running = &run;
  std::vector<std::size_t> order(threads);
  for (std::size_t t = 0; t < threads; ++t) order[t] = here.schedule == 1 ? threads - 1 - t : t;
  std::uint64_t dice = 0x9E3779B97F4A7C15u * (here.schedule + 1) + blockIdx.x;
  while (run.alive > 0) {
    if (here.schedule > 1) {
      for (std::size_t t = threads; t-- > 1;) {
        dice = dice * 6364136223846793005u + 1442695040888963407u;
        std::swap(order[t], order[(dice >> 33) % (t + 1)]);
      }
    }
    if (++run.idle > 1000) {
      std::fprintf(stderr, "emulated: the threads of a block wait for each other for ever\n");
      std::abort();
    }
    for (std::size_t const t : order) {
      if (run.fibers[t].done) continue;
      run.current = t;
      threadIdx = {static_cast<unsigned>(t), 0, 0};
      resume(run.fibers[t]);
    }
  }
  running = nullptr;
}

// Where the threads of `mask` of the calling thread's warp meet.
inline barrier& meeting(unsigned mask) {
  return running->warps[threadIdx.x / 32 * 32 + static_cast<unsigned>(std::countr_zero(mask))];
}
}  // namespace emulated
