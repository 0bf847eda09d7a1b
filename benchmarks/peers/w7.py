"""w7: mean over one sampled block of G2M, width 128; forward from the table of all nodes, and forward and backward to
the gradient of each of the block's nodes, with every sort, transpose and copy of rows that the peer needs.

Tried, and slower, and so not run by default (figures of one machine, Medges/s forward f32): torch sparse.mm on the
global table 6.1, PyG spmm on copied rows 5.3, messages from the global table and scatter 5.1, segment(ptr) slower than
scatter by 2-4, DGL on copied rows 1.9-3.9; forward and backward: PyG spmm 2-4.3, messages 2.2, torch.compile of it 1.4.
"""
import common
import torch
import torch.nn.functional as F

torch.set_num_threads(common.options.threads)
offsets, local, ids, nodes, table, slope = (torch.from_numpy(common.load(n)) for n in (
    "w7_indptr", "w7_src", "w7_gsrc", "w7_nodes", "x_g2m", "w7_gout"))
short = offsets.int()
targets, edges, sources = offsets.numel() - 1, local.numel(), nodes.numel()
owner = torch.repeat_interleave(torch.arange(targets), offsets.diff())
share = 1.0 / offsets.diff().clamp(min=1)
work = {"edges": edges}
FORWARD, BOTH = "block forward ", "block forward and backward "
kinds = {"f32": torch.float32, "bf16": torch.bfloat16}
tables = {}


def rows(kind):
    if kind not in tables:
        tables[kind] = table.to(kinds[kind]), slope.to(kinds[kind])
    return tables[kind]


def allowed(kind):
    return 1e-4 if kind == "f32" else 2e-2


def add_forward(who, variant, kind, mean, idiomatic=False):
    def call():
        with torch.no_grad():
            return mean(rows(kind)[0])

    def compare(path):
        found = common.difference(common.ours(path, "out"), call().float().numpy())
        return found, allowed(kind), f"outputs differ by {found:.1e}"
    common.add(who, variant, FORWARD + kind, call, compare=compare, idiomatic=idiomatic, work=lambda: work)


def add_both(who, variant, kind, mean, idiomatic=False):
    def call():
        x = rows(kind)[0].index_select(0, nodes).requires_grad_()
        out = mean(x)
        return out, torch.autograd.grad(out, x, rows(kind)[1])[0]
    add_pair(who, variant, kind, call, idiomatic)


def add_pair(who, variant, kind, call, idiomatic=False):
    """call() gives the means and the gradients of the nodes."""
    def compare(path):
        out, gradient = (t.detach().float().numpy() for t in call())
        found = [common.difference(common.ours(path, "out"), out), common.difference(common.ours(path, "gx"), gradient)]
        return max(found), allowed(kind), f"outputs differ by {found[0]:.1e}, gradients by {found[1]:.1e}"
    common.add(who, variant, BOTH + kind, call, compare=compare, idiomatic=idiomatic, work=lambda: work)


class Pull(torch.autograd.Function):
    """embedding_bag forwards; backwards a stable sort by source and embedding_bag again."""

    @staticmethod
    def forward(context, x):
        return F.embedding_bag(local, x, short, mode="mean", include_last_offset=True)

    @staticmethod
    def backward(context, g):
        return pulled(g)


def pulled(g):
    order, place = torch.sort(local, stable=True)
    rows_of = torch._convert_indices_from_coo_to_csr(order, sources, out_int32=True)
    return F.embedding_bag(owner.index_select(0, place).int(), g * share.to(g.dtype)[:, None], rows_of, mode="sum",
                           include_last_offset=True)


def without_copy(kind):
    """Means from the global table and gradients by hand: no rows are copied, and autograd takes no part."""
    with torch.no_grad():
        table, slope = rows(kind)
        return F.embedding_bag(ids, table, short, mode="mean", include_last_offset=True), pulled(slope)


dgl = common.optional("dgl")
if dgl is None:
    from torch_geometric.utils import scatter
    far, near = ids.long(), local.long()
    for kind in kinds:
        add_forward("torch", "embedding_bag on the global table, int32", kind,
                    lambda x: F.embedding_bag(ids, x, short, mode="mean", include_last_offset=True))
        add_forward("torch", "embedding_bag on the global table, int64", kind,
                    lambda x: F.embedding_bag(far, x, offsets, mode="mean", include_last_offset=True))
        add_forward("pyg", "copy, messages, scatter (edge_index)", kind,
                    lambda x: scatter(x.index_select(0, nodes).index_select(0, near), owner, 0, targets, "mean"),
                    idiomatic=True)
        add_pair("torch", "embedding_bag on the global table, stable sort, embedding_bag by hand", kind,
                 lambda kind=kind: without_copy(kind))
        add_both("torch", "embedding_bag, stable sort, embedding_bag", kind, Pull.apply)
        add_both("torch", "embedding_bag and its own backward", kind,
                 lambda x: F.embedding_bag(near, x, offsets, mode="mean", include_last_offset=True))
        add_both("pyg", "messages, scatter (edge_index)", kind,
                 lambda x: scatter(x.index_select(0, near), owner, 0, targets, "mean"), idiomatic=True)
else:
    import dgl.function as fn

    def block(columns, count):
        return dgl.create_block(("csc", (short, columns, torch.tensor([], dtype=torch.int32))), num_src_nodes=count,
                                num_dst_nodes=targets)

    def mean(graph, x):
        with graph.local_scope():
            graph.srcdata["h"] = x
            graph.update_all(fn.copy_u("h", "m"), fn.mean("m", "o"))
            return graph.dstdata["o"]
    whole = block(ids, table.shape[0])
    for kind in kinds:
        add_forward("dgl", "copy_u mean on the global table, libxsmm", kind, lambda x: mean(whole, x))
        add_both("dgl", "copy_u mean on a fresh block, libxsmm", kind, lambda x: mean(block(local, sources), x),
                 idiomatic=True)
common.serve()
