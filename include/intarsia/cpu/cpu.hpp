// The CPU backend: every kernel that exec/backend.hpp lists.
#pragma once

#include <intarsia/cpu/affine_heard.hpp>
#include <intarsia/cpu/cholesky.hpp>
#include <intarsia/cpu/context.hpp>
#include <intarsia/cpu/edge_map.hpp>
#include <intarsia/cpu/eigen.hpp>
#include <intarsia/cpu/gather.hpp>
#include <intarsia/cpu/gemm.hpp>
#include <intarsia/cpu/inverse.hpp>
#include <intarsia/cpu/map.hpp>
#include <intarsia/cpu/memory.hpp>
#include <intarsia/cpu/merge_rows.hpp>
#include <intarsia/cpu/pair_softmax.hpp>
#include <intarsia/cpu/reaching_counts.hpp>
#include <intarsia/cpu/reduce.hpp>
#include <intarsia/cpu/sample.hpp>
#include <intarsia/cpu/scan_products.hpp>
#include <intarsia/cpu/scan_rounded.hpp>
#include <intarsia/cpu/segment.hpp>
#include <intarsia/cpu/spmm.hpp>
#include <intarsia/cpu/step_parameters.hpp>
#include <intarsia/cpu/transpose.hpp>
#include <intarsia/cpu/weigh_counts.hpp>
#include <intarsia/exec/backend.hpp>

namespace intarsia::inline v0 {
static_assert(backend<cpu::context>);
}  // namespace intarsia::inline v0
