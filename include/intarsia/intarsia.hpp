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
#include <intarsia/tensor/space.hpp>
#include <intarsia/tensor/tensor.hpp>
#include <intarsia/tensor/view.hpp>

// 2 graph: the edges of each relation
#include <intarsia/graph/adjacency.hpp>
#include <intarsia/graph/graph.hpp>

// 3 exec: computing and learning
#include <intarsia/exec/backend.hpp>
#include <intarsia/exec/module.hpp>
#include <intarsia/exec/recorder.hpp>
#include <intarsia/exec/scope.hpp>
#include <intarsia/exec/tape.hpp>

// The CPU backend
#include <intarsia/cpu/context.hpp>

namespace intarsia::inline v0 {

// Where the work runs unless a program names another backend.
using cpu::context;

}  // namespace intarsia::inline v0
