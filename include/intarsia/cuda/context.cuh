// Where GPU work runs: a device, a stream, the seed, and scratch memory.
#pragma once

#include <cublasLt.h>
#include <cuda_runtime.h>

#include <cstdint>
#include <intarsia/core/arena.hpp>
#include <intarsia/core/precision.hpp>
#include <intarsia/core/random.hpp>
#include <intarsia/cuda/arena.cuh>
#include <intarsia/cuda/error.cuh>
#include <intarsia/cuda/team.cuh>
#include <intarsia/exec/recorder.hpp>
#include <memory>
#include <optional>

namespace intarsia::inline v0::cuda {

struct context_options {
  int device = 0;
  std::optional<cudaStream_t> stream;  // work of the context follows this stream's order; none: one of its own
  memory_source memory = stream_ordered_pool();  // outlives the context and what was uploaded by it
};

// cuda::context ctx{seed{7}}; then upload what the model reads, and the same layers, losses and optimisers as on the
// CPU do their work on the device. Calls only put work on the stream and return; those that wait for it say so
// (download, wait). One context per thread that records; not copyable. Throws error, with the remedy, where there is no
// device.
class context : public computes<context> {
 public:
  using space = device;
  using team = cuda::team;

  explicit context(seed s = {}, context_options options = {}) : state_{std::make_unique<state>(options)}, seed_{s} {}

  [[nodiscard]] cudaStream_t stream() const { return state_->stream; }
  [[nodiscard]] int device_number() const { return state_->number; }
  // How many blocks of threads the device runs at once at least: its multiprocessors.
  [[nodiscard]] unsigned processors() const { return state_->processors; }
  [[nodiscard]] cublasLtHandle_t blas() const { return state_->blas; }
  [[nodiscard]] seed random_seed() const { return seed_; }

  // Blocks until the work on the stream is done; throws error where some of it failed.
  void wait() const { check(cudaStreamSynchronize(stream()), "waiting for the stream"); }

  // Numbers (scratch, on the device) and pullbacks (notes, on the host) of the computation under way.
  [[nodiscard]] arena& scratch() { return state_->scratch; }
  [[nodiscard]] intarsia::arena& notes() { return state_->notes; }
  // Device memory that is to last longer than a scope.
  [[nodiscard]] block keep(std::size_t bytes) const { return {state_->memory, stream(), bytes}; }

  // Whether the operands of float products are rounded to bf16 or tf32; sums stay float, double products are as they
  // are.
  void products(precision p) { products_ = p; }
  [[nodiscard]] precision products() const { return products_; }

  // As for cpu::context: equal programs take equal streams on both.
  [[nodiscard]] std::uint64_t next_stream() { return streams_++; }
  [[nodiscard]] std::uint64_t streams() const { return streams_; }
  void streams(std::uint64_t taken) { streams_ = taken; }

 private:
  struct state {
    explicit state(context_options const& options) : memory{options.memory}, number{options.device} {
      int count = 0;
      check(cudaGetDeviceCount(&count), "counting the devices");
      if (count == 0) check(cudaErrorNoDevice, "counting the devices");
      check(cudaSetDevice(number), "choosing the device");
      int found = 0;
      check(cudaDeviceGetAttribute(&found, cudaDevAttrMultiProcessorCount, number), "asking about the device");
      processors = static_cast<unsigned>(found);
      if (options.stream) {
        stream = *options.stream;
      } else {
        check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "making a stream");
        owns_stream = true;
      }
      if (cublasLtCreate(&blas) != CUBLAS_STATUS_SUCCESS) {
        release();
        throw error{cudaErrorUnknown, "cuBLASLt did not start: install the cuBLAS that belongs to this CUDA toolkit"};
      }
      scratch = arena{memory, stream};
    }
    state(state const&) = delete;
    state& operator=(state const&) = delete;
    ~state() {
      scratch = arena{memory, stream};
      static_cast<void>(cublasLtDestroy(blas));
      release();
    }
    void release() const {
      if (!owns_stream) return;
      static_cast<void>(cudaStreamSynchronize(stream));
      static_cast<void>(cudaStreamDestroy(stream));
    }

    memory_source memory;
    int number;
    unsigned processors = 1;
    cudaStream_t stream = nullptr;
    bool owns_stream = false;
    cublasLtHandle_t blas = nullptr;
    arena scratch{memory, nullptr};
    intarsia::arena notes;
  };

  std::unique_ptr<state> state_;
  seed seed_;
  precision products_ = precision::full;
  std::uint64_t streams_ = 0;
};

}  // namespace intarsia::inline v0::cuda
