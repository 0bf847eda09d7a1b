// What this machine can do at best: reading, writing, lines at random places, gathered rows, numbering, multiplying in
// registers. Each figure is a rate of `work` per second; the roofs of the other programs are made of them.
#include <random>

#include "program.hpp"
#if INTARSIA_X86
#include <immintrin.h>
#endif

namespace {

using bench::entry, bench::options;
namespace ia = intarsia;

constexpr std::size_t mega = std::size_t{1} << 20;

#if INTARSIA_X86

__attribute__((target("avx2"))) float read_all(float const* x, std::size_t count) {
  __m256 sum[8] = {};
  for (std::size_t i = 0; i + 64 <= count; i += 64) {
    for (std::size_t k = 0; k < 8; ++k) sum[k] = _mm256_add_ps(sum[k], _mm256_load_ps(x + i + 8 * k));
  }
  for (std::size_t k = 1; k < 8; ++k) sum[0] = _mm256_add_ps(sum[0], sum[k]);
  return _mm256_cvtss_f32(sum[0]);
}
__attribute__((target("avx2,fma"))) void triad(float const* a, float const* b, float* c, std::size_t count, bool past) {
  __m256 const factor = _mm256_set1_ps(0.5f);
  for (std::size_t i = 0; i + 8 <= count; i += 8) {
    __m256 const x = _mm256_fmadd_ps(factor, _mm256_load_ps(b + i), _mm256_load_ps(a + i));
    if (past)
      _mm256_stream_ps(c + i, x);
    else
      _mm256_store_ps(c + i, x);
  }
}

// Rows of `width` floats, a multiple of 8, summed; hint 0 fetches into the first cache level, 1 into the second.
template <std::size_t Width>
__attribute__((target("avx2"))) float gather(float const* table, std::uint32_t const* ids, std::size_t count,
                                             std::size_t ahead, int hint) {
  constexpr std::size_t vectors = Width / 8 < 16 ? Width / 8 : 16;
  __m256 sum[vectors] = {};
  for (std::size_t i = 0; i < count; ++i) {
    if (ahead != 0) {
      float const* const next = table + std::size_t{ids[i + ahead]} * Width;
      for (std::size_t c = 0; c < Width; c += 16) {
        if (hint == 0)
          _mm_prefetch(reinterpret_cast<char const*>(next + c), _MM_HINT_T0);
        else
          _mm_prefetch(reinterpret_cast<char const*>(next + c), _MM_HINT_T1);
      }
    }
    float const* const row = table + std::size_t{ids[i]} * Width;
    for (std::size_t c = 0; c < Width / 8; ++c) {
      sum[c % vectors] = _mm256_add_ps(sum[c % vectors], _mm256_load_ps(row + 8 * c));
    }
  }
  for (std::size_t k = 1; k < vectors; ++k) sum[0] = _mm256_add_ps(sum[0], sum[k]);
  return _mm256_cvtss_f32(sum[0]);
}

// Products in registers alone. Each gives the number of floating-point operations of a call.
__attribute__((target("avx2,fma"))) double multiply_avx2() {
  __m256 const a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(1e-3f);
  __m256 sum[12];
  for (auto& s : sum) s = _mm256_set1_ps(1);
  for (int i = 0; i < 20000; ++i) {
    for (auto& s : sum) s = _mm256_fmadd_ps(s, a, b);
  }
  for (int k = 1; k < 12; ++k) sum[0] = _mm256_add_ps(sum[0], sum[k]);
  benchmark::DoNotOptimize(_mm256_cvtss_f32(sum[0]));
  return 20000.0 * 12 * 8 * 2;
}
__attribute__((target("avx512f"))) double multiply_avx512() {
  __m512 const a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(1e-3f);
  __m512 sum[16];
  for (auto& s : sum) s = _mm512_set1_ps(1);
  for (int i = 0; i < 20000; ++i) {
    for (auto& s : sum) s = _mm512_fmadd_ps(s, a, b);
  }
  for (int k = 1; k < 16; ++k) sum[0] = _mm512_add_ps(sum[0], sum[k]);
  benchmark::DoNotOptimize(_mm512_cvtss_f32(sum[0]));
  return 20000.0 * 16 * 16 * 2;
}
__attribute__((target("avx512f,avx512bf16,avx512bw,avx512vl"))) double multiply_bf16() {
  __m512 sum[16];
  __m512bh const a = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.999f), _mm512_set1_ps(0.5f));
  for (auto& s : sum) s = _mm512_set1_ps(1);
  for (int i = 0; i < 20000; ++i) {
    for (auto& s : sum) s = _mm512_dpbf16_ps(s, a, a);
  }
  for (int k = 1; k < 16; ++k) sum[0] = _mm512_add_ps(sum[0], sum[k]);
  benchmark::DoNotOptimize(_mm512_cvtss_f32(sum[0]));
  return 20000.0 * 16 * 32 * 2;
}
[[nodiscard]] bool has_bf16() { return __builtin_cpu_supports("avx512bf16"); }

// Additions that wait for each other take one cycle each: how many there are in a second is the clock.
double count_cycles() {
  std::uint64_t x = 0;
  for (int i = 0; i < 10000; ++i) {
    asm volatile(
        "add $1, %0\n add $1, %0\n add $1, %0\n add $1, %0\n add $1, %0\n add $1, %0\n add $1, %0\n add $1, %0\n"
        "add $1, %0\n add $1, %0\n add $1, %0\n add $1, %0\n add $1, %0\n add $1, %0\n add $1, %0\n add $1, %0\n"
        : "+r"(x));
  }
  return 16.0 * 10000;
}
#else
float read_all(float const* x, std::size_t count) {
  float sum[16] = {};
  for (std::size_t i = 0; i + 16 <= count; i += 16) {
    for (std::size_t k = 0; k < 16; ++k) sum[k] += x[i + k];
  }
  for (std::size_t k = 1; k < 16; ++k) sum[0] += sum[k];
  return sum[0];
}
void triad(float const* a, float const* b, float* c, std::size_t count, bool /*past*/) {
  for (std::size_t i = 0; i < count; ++i) c[i] = a[i] + 0.5f * b[i];
}
template <std::size_t Width>
float gather(float const* table, std::uint32_t const* ids, std::size_t count, std::size_t ahead, int /*hint*/) {
  float sum[Width] = {};
  for (std::size_t i = 0; i < count; ++i) {
    if (ahead != 0) __builtin_prefetch(table + std::size_t{ids[i + ahead]} * Width);
    for (std::size_t c = 0; c < Width; ++c) sum[c] += table[std::size_t{ids[i]} * Width + c];
  }
  for (std::size_t c = 1; c < Width; ++c) sum[0] += sum[c];
  return sum[0];
}
#endif

// Numbers of 4 bytes on huge pages, shared by the figures; each takes what it needs of them.
struct memory {
  ia::any_executor threads;
  std::size_t parts;
  ia::aligned_buffer<float> numbers;
  std::vector<std::uint32_t> ids;

  memory(options const& o, std::size_t bytes)
      : threads{bench::make_context(o).threads()}, parts{std::max<std::size_t>(1, o.threads)}, numbers{bytes / 4} {
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers.data()[i] = 1;
  }
  // Random places below n, for every thread its own.
  void draw(std::size_t n, std::size_t count) {
    std::mt19937_64 dice{7};
    ids.resize(parts * (count + 64));
    for (auto& x : ids) x = static_cast<std::uint32_t>(dice() % n);
  }
  template <class F>
  void each_part(F&& f) {
    threads.bulk(parts, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t p = begin; p < end; ++p) f(p);
    });
  }
};

using shared = std::shared_ptr<bench::lazy<memory>>;

void add_streams(shared const& made, std::vector<entry>& entries) {
  entries.push_back({"roof/read/GB", [=](benchmark::State& state) {
                       auto& m = **made;
                       std::size_t const each = 256 * mega / m.parts;
                       for (auto _ : state) {
                         m.each_part([&](std::size_t p) {
                           benchmark::DoNotOptimize(read_all(m.numbers.data() + p * each, each));
                         });
                       }
                       state.counters["work"] = 256.0 * mega * 4;
                     }, {}});
  for (bool const past : {false, true}) {
    entries.push_back({past ? "roof/triad past the caches/GB" : "roof/triad/GB", [=](benchmark::State& state) {
                         auto& m = **made;
                         std::size_t const each = 64 * mega / m.parts;
                         for (auto _ : state) {
                           m.each_part([&](std::size_t p) {
                             float* const a = m.numbers.data() + p * each;
                             triad(a, a + 64 * mega, a + 128 * mega, each, past);
                           });
                         }
                         state.counters["work"] = 64.0 * mega * 12;
                       }, {}});
  }
}

template <std::size_t Width>
void add_gathers(shared const& made, std::vector<entry>& entries, std::vector<std::size_t> const& sizes) {
  for (std::size_t const size : sizes) {
    for (std::size_t const ahead : {0u, 8u, 16u, 32u, 64u}) {
      for (int const hint : {0, 1}) {
        if (ahead == 0 && hint == 1) continue;
        bool const line = Width == 16;
        std::string name{line ? "roof/lines of " : "roof/rows of "};
        if (!line) name += std::to_string(Width * 4) += " B of ";
        name += std::to_string(size) += ahead == 0 ? " MB/no prefetch" : hint == 0 ? " MB/T0 x" : " MB/T1 x";
        if (ahead != 0) name += std::to_string(ahead);
        entries.push_back({name, [=](benchmark::State& state) {
                             auto& m = **made;
                             std::size_t const rows = size * mega / (Width * 4);
                             // More than a cache holds, so that a row is far away when its turn comes again.
                             std::size_t const count = 256 * mega / (Width * 4);
                             m.draw(rows, count);
                             for (auto _ : state) {
                               m.each_part([&](std::size_t p) {
                                 benchmark::DoNotOptimize(gather<Width>(
                                     m.numbers.data(), m.ids.data() + p * (count + 64), count, ahead, hint));
                               });
                             }
                             auto const all = static_cast<double>(count * m.parts);
                             state.counters["work"] = line ? all : all * Width * 4;
                           }, {}});
      }
    }
  }
}

// Giving new numbers to ids in the order in which they are first met: a table of all nodes, and a hash table that stays
// in the second cache level.
void add_numbering(shared const& made, std::vector<entry>& entries) {
  for (std::size_t const nodes : {125'003u, 2'000'003u, 10'000'019u}) {
    entries.push_back({"roof/numbering by a table of " + std::to_string(nodes) + "/ids", [=](benchmark::State& state) {
                         auto& m = **made;
                         constexpr std::size_t count = 1 << 17;
                         m.draw(nodes, count);
                         struct cell {
                           std::uint32_t stamp, slot;
                         };
                         std::vector<std::vector<cell>> tables(m.parts, std::vector<cell>(nodes));
                         std::vector<std::vector<std::uint32_t>> met(m.parts, std::vector<std::uint32_t>(count));
                         std::uint32_t stamp = 0;
                         for (auto _ : state) {
                           ++stamp;
                           m.each_part([&](std::size_t p) {
                             std::uint32_t const* const ids = m.ids.data() + p * (count + 64);
                             cell* const table = tables[p].data();
                             std::uint32_t next = 0;
                             for (std::size_t i = 0; i < count; ++i) {
                               __builtin_prefetch(table + ids[i + 32], 1);
                               cell& c = table[ids[i]];
                               if (c.stamp != stamp) {
                                 c = {stamp, next};
                                 met[p][next++] = ids[i];
                               }
                             }
                             benchmark::DoNotOptimize(next);
                           });
                         }
                         state.counters["work"] = static_cast<double>(count * m.parts);
                       }, {}});
  }
  entries.push_back({"roof/numbering by a hash table of 2 MB/ids", [=](benchmark::State& state) {
                       auto& m = **made;
                       constexpr std::size_t count = 1 << 17, cells = 1 << 18;
                       m.draw(2'000'003, count);
                       struct cell {
                         std::uint32_t id, slot;
                       };
                       std::vector<std::vector<cell>> tables(m.parts, std::vector<cell>(cells));
                       std::vector<std::vector<std::uint32_t>> met(m.parts, std::vector<std::uint32_t>(count));
                       for (auto _ : state) {
                         m.each_part([&](std::size_t p) {
                           std::uint32_t const* const ids = m.ids.data() + p * (count + 64);
                           cell* const table = tables[p].data();
                           std::fill_n(table, cells, cell{0xFFFFFFFFu, 0});
                           auto const place = [](std::uint32_t id) { return (id * 2654435769u) >> 14; };
                           std::uint32_t next = 0;
                           for (std::size_t i = 0; i < count; ++i) {
                             __builtin_prefetch(table + place(ids[i + 16]), 1);
                             std::size_t at = place(ids[i]);
                             while (table[at].id != ids[i] && table[at].id != 0xFFFFFFFFu) at = (at + 1) % cells;
                             if (table[at].id != ids[i]) {
                               table[at] = {ids[i], next};
                               met[p][next++] = ids[i];
                             }
                           }
                           benchmark::DoNotOptimize(next);
                         });
                       }
                       state.counters["work"] = static_cast<double>(count * m.parts);
                     }, {}});
}

template <class F>
void add_rate(options const& o, std::vector<entry>& entries, std::string const& name, F f) {
  entries.push_back({name, [=](benchmark::State& state) {
                       auto const threads = bench::make_context(o).threads();
                       std::size_t const parts = std::max<std::size_t>(1, o.threads);
                       double work = 0;
                       for (auto _ : state) {
                         threads.bulk(parts, 1, [&](std::size_t begin, std::size_t) {
                           double const done = f();
                           if (begin == 0) work = done;
                         });
                       }
                       state.counters["work"] = work * static_cast<double>(parts);
                     }, {}});
}

void add(options const& o, std::vector<entry>& entries) {
  auto const made = std::make_shared<bench::lazy<memory>>([=] { return std::make_unique<memory>(o, 2048 * mega); });
#if INTARSIA_X86
  add_rate(o, entries, "roof/clock/cycles", &count_cycles);
  auto const widest = ia::widest_instructions();
  if (widest >= ia::instruction_set::avx2) add_rate(o, entries, "roof/multiply f32/AVX2", &multiply_avx2);
  if (widest >= ia::instruction_set::avx512) add_rate(o, entries, "roof/multiply f32/AVX-512", &multiply_avx512);
  if (has_bf16()) add_rate(o, entries, "roof/multiply bf16/AVX-512", &multiply_bf16);
#endif
  add_streams(made, entries);
  add_gathers<16>(made, entries, {64, 128, 256, 1024, 2048});
  add_gathers<64>(made, entries, {64, 512, 1024});
  add_gathers<128>(made, entries, {64, 512, 1024, 2048});
  add_numbering(made, entries);
}

}  // namespace

int main(int count, char** words) { return bench::main_of(count, words, &add); }
