// Everything that works on a CPU, floor by floor.
#pragma once

#include <intarsia/version.hpp>

// 0 core: axes, strong numbers, random numbers, threads, memory
#include <intarsia/core/aligned.hpp>
#include <intarsia/core/arena.hpp>
#include <intarsia/core/axis.hpp>
#include <intarsia/core/because.hpp>
#include <intarsia/core/bf16.hpp>
#include <intarsia/core/config.hpp>
#include <intarsia/core/dual.hpp>
#include <intarsia/core/executor.hpp>
#include <intarsia/core/expects.hpp>
#include <intarsia/core/id.hpp>
#include <intarsia/core/random.hpp>
#include <intarsia/core/thread_pool.hpp>

// 1 schema: which types there are and how they relate
#include <intarsia/schema/node.hpp>
#include <intarsia/schema/relation.hpp>
#include <intarsia/schema/schema.hpp>
#include <intarsia/schema/typed_map.hpp>

// 1 tensor: numbers with typed axes
#include <intarsia/tensor/csr.hpp>
#include <intarsia/tensor/product.hpp>
#include <intarsia/tensor/space.hpp>
#include <intarsia/tensor/tensor.hpp>
#include <intarsia/tensor/view.hpp>

// 2 graph: the edges of each relation, and how they are made
#include <intarsia/graph/adjacency.hpp>
#include <intarsia/graph/co_interaction.hpp>
#include <intarsia/graph/graph.hpp>
#include <intarsia/graph/heaviest.hpp>
#include <intarsia/graph/interactions.hpp>
#include <intarsia/graph/neighbor_lists.hpp>
#include <intarsia/graph/node_numbering.hpp>
#include <intarsia/graph/pairs.hpp>
#include <intarsia/graph/ridge.hpp>
#include <intarsia/graph/ridge_system.hpp>
#include <intarsia/graph/text_neighbors.hpp>

// 3 exec: computing and learning
#include <intarsia/exec/backend.hpp>
#include <intarsia/exec/module.hpp>
#include <intarsia/exec/neighbor_draws.hpp>
#include <intarsia/exec/recorder.hpp>
#include <intarsia/exec/scope.hpp>
#include <intarsia/exec/tape.hpp>

// 4 ops: values and their pullbacks
#include <intarsia/ops/activation.hpp>
#include <intarsia/ops/add.hpp>
#include <intarsia/ops/affine.hpp>
#include <intarsia/ops/concat.hpp>
#include <intarsia/ops/dot.hpp>
#include <intarsia/ops/dropout.hpp>
#include <intarsia/ops/fresh.hpp>
#include <intarsia/ops/gather.hpp>
#include <intarsia/ops/matmul.hpp>
#include <intarsia/ops/normalize.hpp>
#include <intarsia/ops/rows.hpp>
#include <intarsia/ops/sum.hpp>

// 5 sampling: batches of a graph
#include <intarsia/sampling/block.hpp>
#include <intarsia/sampling/buffer.hpp>
#include <intarsia/sampling/neighbor.hpp>
#include <intarsia/sampling/permutation.hpp>
#include <intarsia/sampling/relations.hpp>

// 5 io: files
#include <intarsia/io/checkpoint.hpp>
#include <intarsia/io/cursor.hpp>
#include <intarsia/io/f16.hpp>
#include <intarsia/io/file.hpp>
#include <intarsia/io/id_index.hpp>
#include <intarsia/io/load.hpp>
#include <intarsia/io/npy.hpp>
#include <intarsia/io/npy_header.hpp>
#include <intarsia/io/safetensors.hpp>
#include <intarsia/io/safetensors_header.hpp>
#include <intarsia/io/safetensors_writer.hpp>
#include <intarsia/io/sentence.hpp>
#include <intarsia/io/tsv.hpp>
#include <intarsia/io/tsv_writer.hpp>

// 8 models: everything below, put together
#include <intarsia/models/history.hpp>
#include <intarsia/models/two_tower.hpp>

// The CPU backend
#include <intarsia/cpu/context.hpp>
#include <intarsia/cpu/cpu.hpp>
#include <intarsia/cpu/edge_map.hpp>
#include <intarsia/cpu/gather.hpp>
#include <intarsia/cpu/gemm.hpp>
#include <intarsia/cpu/grain.hpp>
#include <intarsia/cpu/map.hpp>
#include <intarsia/cpu/memory.hpp>
#include <intarsia/cpu/reduce.hpp>
#include <intarsia/cpu/sample.hpp>
#include <intarsia/cpu/segment.hpp>
#include <intarsia/cpu/spmm.hpp>

namespace intarsia::inline v0 {

// Where the work runs unless a program names another backend.
using cpu::context;

}  // namespace intarsia::inline v0
