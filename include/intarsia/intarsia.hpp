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
#include <intarsia/core/f16.hpp>
#include <intarsia/core/id.hpp>
#include <intarsia/core/log.hpp>
#include <intarsia/core/precision.hpp>
#include <intarsia/core/random.hpp>
#include <intarsia/core/stored.hpp>
#include <intarsia/core/thread_pool.hpp>

// 1 schema: which types there are and how they relate
#include <intarsia/schema/node.hpp>
#include <intarsia/schema/relation.hpp>
#include <intarsia/schema/schema.hpp>
#include <intarsia/schema/typed_map.hpp>

// 1 tensor: numbers with typed axes
#include <intarsia/tensor/csr.hpp>
#include <intarsia/tensor/product.hpp>
#include <intarsia/tensor/rounded_rows.hpp>
#include <intarsia/tensor/row_sort.hpp>
#include <intarsia/tensor/space.hpp>
#include <intarsia/tensor/tensor.hpp>
#include <intarsia/tensor/transpose.hpp>
#include <intarsia/tensor/view.hpp>

// 2 graph: the edges of each relation, and how they are made
#include <intarsia/graph/adjacency.hpp>
#include <intarsia/graph/builder.hpp>
#include <intarsia/graph/co_interaction.hpp>
#include <intarsia/graph/count_weighing.hpp>
#include <intarsia/graph/graph.hpp>
#include <intarsia/graph/heaviest.hpp>
#include <intarsia/graph/interactions.hpp>
#include <intarsia/graph/neighbor_lists.hpp>
#include <intarsia/graph/node_numbering.hpp>
#include <intarsia/graph/pairs.hpp>
#include <intarsia/graph/ridge.hpp>
#include <intarsia/graph/ridge_system.hpp>
#include <intarsia/graph/split.hpp>
#include <intarsia/graph/summary.hpp>
#include <intarsia/graph/text_neighbors.hpp>

// 3 exec: computing and learning
#include <intarsia/exec/backend.hpp>
#include <intarsia/exec/csr_in.hpp>
#include <intarsia/exec/entries.hpp>
#include <intarsia/exec/message.hpp>
#include <intarsia/exec/module.hpp>
#include <intarsia/exec/neighbor_draws.hpp>
#include <intarsia/exec/parameter_step.hpp>
#include <intarsia/exec/recorder.hpp>
#include <intarsia/exec/row_draws.hpp>
#include <intarsia/exec/scope.hpp>
#include <intarsia/exec/steps.hpp>
#include <intarsia/exec/tape.hpp>
#include <intarsia/exec/team.hpp>

// 4 ops: values and their pullbacks
#include <intarsia/ops/activation.hpp>
#include <intarsia/ops/add.hpp>
#include <intarsia/ops/affine.hpp>
#include <intarsia/ops/aggregate.hpp>
#include <intarsia/ops/concat.hpp>
#include <intarsia/ops/dot.hpp>
#include <intarsia/ops/dropout.hpp>
#include <intarsia/ops/edge_parts.hpp>
#include <intarsia/ops/edge_scores.hpp>
#include <intarsia/ops/edge_softmax.hpp>
#include <intarsia/ops/edge_sum.hpp>
#include <intarsia/ops/fresh.hpp>
#include <intarsia/ops/gather.hpp>
#include <intarsia/ops/matmul.hpp>
#include <intarsia/ops/normalize.hpp>
#include <intarsia/ops/propagate.hpp>
#include <intarsia/ops/rows.hpp>
#include <intarsia/ops/softmax.hpp>
#include <intarsia/ops/stack.hpp>
#include <intarsia/ops/sum.hpp>
#include <intarsia/ops/weights.hpp>

// 5 nn: layers
#include <intarsia/nn/embedding.hpp>
#include <intarsia/nn/hetero.hpp>
#include <intarsia/nn/init.hpp>
#include <intarsia/nn/linear.hpp>
#include <intarsia/nn/mlp.hpp>
#include <intarsia/nn/sage.hpp>
#include <intarsia/nn/source_rows.hpp>
#include <intarsia/nn/sum_of_products.hpp>

// 5 sampling: batches of a graph
#include <intarsia/sampling/alias.hpp>
#include <intarsia/sampling/balance.hpp>
#include <intarsia/sampling/block.hpp>
#include <intarsia/sampling/block_hops.hpp>
#include <intarsia/sampling/buffer.hpp>
#include <intarsia/sampling/expand.hpp>
#include <intarsia/sampling/hidden_edges.hpp>
#include <intarsia/sampling/link_plan.hpp>
#include <intarsia/sampling/link_sampler.hpp>
#include <intarsia/sampling/links.hpp>
#include <intarsia/sampling/negative.hpp>
#include <intarsia/sampling/neighbor.hpp>
#include <intarsia/sampling/pair_sampler.hpp>
#include <intarsia/sampling/permutation.hpp>
#include <intarsia/sampling/position.hpp>
#include <intarsia/sampling/prefetch.hpp>
#include <intarsia/sampling/relations.hpp>
#include <intarsia/sampling/slot_table.hpp>
#include <intarsia/sampling/thinned.hpp>

// 5 io: files
#include <intarsia/io/checkpoint.hpp>
#include <intarsia/io/cursor.hpp>
#include <intarsia/io/file.hpp>
#include <intarsia/io/id_index.hpp>
#include <intarsia/io/load.hpp>
#include <intarsia/io/nameless_file.hpp>
#include <intarsia/io/npy.hpp>
#include <intarsia/io/npy_header.hpp>
#include <intarsia/io/safetensors.hpp>
#include <intarsia/io/safetensors_header.hpp>
#include <intarsia/io/safetensors_writer.hpp>
#include <intarsia/io/sentence.hpp>
#include <intarsia/io/side_writer.hpp>
#include <intarsia/io/tsv.hpp>
#include <intarsia/io/tsv_writer.hpp>

// 6 loss: what training makes small
#include <intarsia/loss/contrast.hpp>
#include <intarsia/loss/contrast_rows.hpp>
#include <intarsia/loss/in_batch_softmax.hpp>
#include <intarsia/loss/info_nce.hpp>
#include <intarsia/loss/link_contrastive.hpp>
#include <intarsia/loss/listwise_softmax.hpp>
#include <intarsia/loss/logistic.hpp>
#include <intarsia/loss/max_margin.hpp>
#include <intarsia/loss/pairwise_difference.hpp>
#include <intarsia/loss/squared_error.hpp>

// 6 optim: how training makes it small
#include <intarsia/optim/adagrad.hpp>
#include <intarsia/optim/adam.hpp>
#include <intarsia/optim/clip.hpp>
#include <intarsia/optim/learned.hpp>
#include <intarsia/optim/optimizer.hpp>
#include <intarsia/optim/row_adagrad.hpp>
#include <intarsia/optim/schedule.hpp>
#include <intarsia/optim/sgd.hpp>

// 7 metrics: how good a ranking is
#include <intarsia/metrics/coverage.hpp>
#include <intarsia/metrics/hits.hpp>
#include <intarsia/metrics/mrr.hpp>
#include <intarsia/metrics/ndcg.hpp>
#include <intarsia/metrics/ranking_report.hpp>
#include <intarsia/metrics/recall.hpp>

// 7 retrieval: the best rows for a query
#include <intarsia/retrieval/index.hpp>
#include <intarsia/retrieval/top_k.hpp>

// 8 models: everything below, put together
#include <intarsia/models/baselines.hpp>
#include <intarsia/models/borrowed.hpp>
#include <intarsia/models/dot_scorer.hpp>
#include <intarsia/models/edge_scorer.hpp>
#include <intarsia/models/evaluation.hpp>
#include <intarsia/models/features.hpp>
#include <intarsia/models/hetero_sage.hpp>
#include <intarsia/models/history.hpp>
#include <intarsia/models/pair_batches.hpp>
#include <intarsia/models/rank_features.hpp>
#include <intarsia/models/rank_head.hpp>
#include <intarsia/models/rank_rows.hpp>
#include <intarsia/models/reranker.hpp>
#include <intarsia/models/ridge_evidence.hpp>
#include <intarsia/models/ridge_selection.hpp>
#include <intarsia/models/scorer.hpp>
#include <intarsia/models/train_towers.hpp>
#include <intarsia/models/training.hpp>
#include <intarsia/models/two_tower.hpp>

// The CPU backend
#include <intarsia/cpu/affine_heard.hpp>
#include <intarsia/cpu/bf16_pairs.hpp>
#include <intarsia/cpu/cholesky.hpp>
#include <intarsia/cpu/context.hpp>
#include <intarsia/cpu/cpu.hpp>
#include <intarsia/cpu/edge_map.hpp>
#include <intarsia/cpu/eigen.hpp>
#include <intarsia/cpu/gather.hpp>
#include <intarsia/cpu/gemm.hpp>
#include <intarsia/cpu/gemm_deep.hpp>
#include <intarsia/cpu/gemv.hpp>
#include <intarsia/cpu/grain.hpp>
#include <intarsia/cpu/inverse.hpp>
#include <intarsia/cpu/lanes.hpp>
#include <intarsia/cpu/lane_draws.hpp>
#include <intarsia/cpu/map.hpp>
#include <intarsia/cpu/memory.hpp>
#include <intarsia/cpu/merge_rows.hpp>
#include <intarsia/cpu/operands.hpp>
#include <intarsia/cpu/pack.hpp>
#include <intarsia/cpu/pair_softmax.hpp>
#include <intarsia/cpu/reaching_counts.hpp>
#include <intarsia/cpu/reduce.hpp>
#include <intarsia/cpu/row_sum.hpp>
#include <intarsia/cpu/row_sum_work.hpp>
#include <intarsia/cpu/sample.hpp>
#include <intarsia/cpu/scan_products.hpp>
#include <intarsia/cpu/scan_rounded.hpp>
#include <intarsia/cpu/scan_tile.hpp>
#include <intarsia/cpu/segment.hpp>
#include <intarsia/cpu/softmax_strip.hpp>
#include <intarsia/cpu/spmm.hpp>
#include <intarsia/cpu/step_parameters.hpp>
#include <intarsia/cpu/stream.hpp>
#include <intarsia/cpu/tile.hpp>
#include <intarsia/cpu/transpose.hpp>
#include <intarsia/cpu/weigh_counts.hpp>

namespace intarsia::inline v0 {

// Where the work runs unless a program names another backend.
using cpu::context;

}  // namespace intarsia::inline v0
