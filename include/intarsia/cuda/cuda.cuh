// The CUDA backend: every kernel that exec/backend.hpp lists.
#pragma once

#include <intarsia/cuda/clip.cuh>
#include <intarsia/cuda/context.cuh>
#include <intarsia/cuda/edge_map.cuh>
#include <intarsia/cuda/gather.cuh>
#include <intarsia/cuda/gemm.cuh>
#include <intarsia/cuda/map.cuh>
#include <intarsia/cuda/memory.cuh>
#include <intarsia/cuda/merge_rows.cuh>
#include <intarsia/cuda/pair_softmax.cuh>
#include <intarsia/cuda/reduce.cuh>
#include <intarsia/cuda/replay.cuh>
#include <intarsia/cuda/segment.cuh>
#include <intarsia/cuda/spmm.cuh>
#include <intarsia/cuda/step_parameters.cuh>
#include <intarsia/cuda/upload.cuh>
#include <intarsia/exec/backend.hpp>

namespace intarsia::inline v0 {
static_assert(backend<cuda::context>);
}  // namespace intarsia::inline v0
