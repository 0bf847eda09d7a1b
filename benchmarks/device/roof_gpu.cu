// What the device can do at most: copying, random rows and sectors, bf16 products, launches.
#include <intarsia/core/bf16.hpp>
#include <intarsia/cuda/cuda.cuh>
#include <intarsia/cuda/replay.cuh>

#include "measure.cuh"

namespace {
namespace ia = intarsia;
using ia::cuda::check;
}  // namespace

namespace bench_kernels {

__device__ inline std::uint64_t mixed(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

// Random rows of `packs` times 16 bytes, `packs` neighboring threads to a row, four rows in flight; one number out.
template <unsigned Packs>
__global__ void gather_kernel(float4 const* table, std::size_t rows, std::size_t count, float* out) {
  std::size_t const first = ia::cuda::thread_number() / Packs, step = ia::cuda::thread_count() / Packs;
  unsigned const place = threadIdx.x % Packs;
  float sum = 0;
  for (std::size_t i = first; i < count; i += 4 * step) {
    float4 x[4];
    for (unsigned k = 0; k < 4; ++k) x[k] = table[mixed(i + k * step) % rows * Packs + place];
    for (unsigned k = 0; k < 4; ++k) sum += x[k].x + x[k].y + x[k].z + x[k].w;
  }
  out[ia::cuda::thread_number()] = sum;
}
__global__ void nothing_kernel() {}

}  // namespace bench_kernels

namespace {

template <unsigned Packs>
void gather(ia::cuda::context& ctx, ia::cuda::device_array<float4> const& table) {
  constexpr unsigned threads = 256;
  std::size_t const blocks = std::size_t{ctx.processors()} * 16, rows = table.size() / Packs;
  std::size_t const count = std::size_t{1} << (28 - (Packs > 8 ? 5 : 3));
  ia::cuda::device_array<float> out{ctx, blocks * threads};
  double const ms = bench::milliseconds(ctx, [&] {
    ia::cuda::launch(ctx, bench_kernels::gather_kernel<Packs>, {blocks, threads}, table.data(), rows, count,
                     out.data());
  });
  std::string const name = Packs == 2 ? "sectors/32" : "gather/" + std::to_string(Packs * 16);
  bench::report("roof", name, static_cast<double>(count * Packs * 16) / ms / 1e6, "GB/s");
}

void products(ia::cuda::context& ctx) {
  constexpr std::uint64_t n = 8192;
  ia::cuda::device_array<ia::bf16> a{ctx, n * n}, b{ctx, n * n}, c{ctx, n * n};
  // Random bits of numbers near 1: zeros would use less power.
  std::vector<ia::bf16> numbers(n * n);
  ia::random draw{ia::seed{1}, 1};
  for (auto& x : numbers) x = ia::bf16{draw.uniform() - 0.5f};
  for (auto* to : {&a, &b}) {
    check(cudaMemcpyAsync(to->data(), numbers.data(), numbers.size() * 2, cudaMemcpyHostToDevice, ctx.stream()),
          "moving");
  }
  namespace d = ia::cuda::detail;
  d::matmul_form form;
  d::check(cublasLtMatmulDescCreate(&form.handle, CUBLAS_COMPUTE_32F, CUDA_R_32F));
  d::matrix_form square;
  d::check(cublasLtMatrixLayoutCreate(&square.handle, CUDA_R_16BF, n, n, n));
  d::matmul_wish wish;
  d::check(cublasLtMatmulPreferenceCreate(&wish.handle));
  d::check(cublasLtMatmulPreferenceSetAttribute(wish.handle, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                                &d::gemm_workspace, sizeof d::gemm_workspace));
  cublasLtMatmulHeuristicResult_t best{};
  int found = 0;
  d::check(cublasLtMatmulAlgoGetHeuristic(ctx.blas(), form.handle, square.handle, square.handle, square.handle,
                                          square.handle, wish.handle, 1, &best, &found));
  ia::cuda::device_array<std::byte> work{ctx, std::max<std::size_t>(1, best.workspaceSize)};
  float const one = 1, zero = 0;
  double const ms = bench::milliseconds(ctx, [&] {
    d::check(cublasLtMatmul(ctx.blas(), form.handle, &one, a.data(), square.handle, b.data(), square.handle, &zero,
                            c.data(), square.handle, c.data(), square.handle, &best.algo, work.data(),
                            best.workspaceSize, ctx.stream()));
  });
  bench::report("roof", "gemm/bf16", 2.0 * n * n * n / ms / 1e9, "TFLOP/s");
}

void launches(ia::cuda::context& ctx) {
  auto const hundred = [&] {
    for (int i = 0; i < 100; ++i) ia::cuda::launch(ctx, bench_kernels::nothing_kernel, {1, 32});
  };
  bench::report("roof", "launch", bench::milliseconds(ctx, hundred) * 10, "us");
  ia::cuda::replay graph{ctx, 0};
  bench::report("roof", "launch/in_graph", bench::milliseconds(ctx, [&] { graph(hundred); }) * 10, "us");
}

}  // namespace

int main() {
  return bench::run([](ia::cuda::context& ctx) {
    std::size_t free = 0, all = 0;
    check(cudaMemGetInfo(&free, &all), "asking for memory");
    std::size_t const bytes = std::min(std::size_t{16} << 30, free / 4);
    ia::cuda::device_array<float4> table{ctx, bytes / sizeof(float4)};
    check(cudaMemsetAsync(table.data(), 0, bytes, ctx.stream()), "setting");
    std::size_t const half = std::min(bytes / 2, std::size_t{2} << 30);
    double const ms = bench::milliseconds(ctx, [&] {
      auto* const to = static_cast<std::byte*>(static_cast<void*>(table.data()));
      check(cudaMemcpyAsync(to, to + half, half, cudaMemcpyDeviceToDevice, ctx.stream()), "copying");
    });
    bench::report("roof", "copy", 2.0 * static_cast<double>(half) / ms / 1e6, "GB/s");
    gather<2>(ctx, table);
    gather<4>(ctx, table);
    gather<8>(ctx, table);
    gather<16>(ctx, table);
    gather<32>(ctx, table);
    gather<64>(ctx, table);
    products(ctx);
    launches(ctx);
  });
}
