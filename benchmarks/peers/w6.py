"""w6: the mean over all sources of every node of G2M, width 128; forward, and forward and backward to all rows. The
transpose is made beforehand on all sides.

Tried, and slower, and so not run by default: PyG's messages and scatter (needs 20 GB for the messages), torch.sparse.mm
with mean and its backward, scipy's product of sparse and dense (f32 3.4 s forward on one machine).
"""
import common
import torch
import torch.nn.functional as F

torch.set_num_threads(common.options.threads)
offsets, sources, table = (torch.from_numpy(common.load(n)) for n in ("g2m_indptr", "g2m_indices", "x_g2m"))
count = table.size(0)
kept = {}  # what the case under way needs; these tables are large
work = {"edges": sources.numel()}
kinds = {"f32": torch.float32, "bf16": torch.bfloat16}
some = slice(0, 2_000_000, 1000)


def add(who, variant, kind, mean, backward, idiomatic=False):
    case = f"G2M mean forward{' and backward' if backward else ''} {kind}"

    def call():
        if kept.get("case") != case:
            kept.clear()
            kept["case"], kept["x"] = case, table.to(kinds[kind])
        if not backward:
            with torch.no_grad():
                return mean(kept["x"])
        x = kept["x"].detach().requires_grad_()
        return torch.autograd.grad(mean(x), x, kept["x"])[0]  # the rows are also the gradient that arrives

    def compare(path):
        found = common.difference(common.ours(path, "gx" if backward else "out"), call()[some].detach().float().numpy())
        return found, 1e-4 if kind == "f32" else 2e-2, f"{'gradients' if backward else 'outputs'} differ by {found:.1e}"
    common.add(who, variant, case, call, compare=compare, idiomatic=idiomatic, work=lambda: work, warm=0)


dgl = common.optional("dgl")
if dgl is None:
    short, share = offsets.int(), (1.0 / offsets.diff().clamp(min=1))
    turned = {}

    def transpose():
        """The transpose, as three lists; made once."""
        if not turned:
            order, place = torch.sort(sources, stable=True)
            owner = torch.repeat_interleave(torch.arange(count, dtype=torch.int32), offsets.diff())
            turned["rows"] = torch._convert_indices_from_coo_to_csr(order, count, out_int32=True)
            turned["columns"] = owner.index_select(0, place)
        return turned

    class Pull(torch.autograd.Function):
        @staticmethod
        def forward(context, x):
            return F.embedding_bag(sources, x, short, mode="mean", include_last_offset=True)

        @staticmethod
        def backward(context, g):
            t = transpose()
            return F.embedding_bag(t["columns"], g * share.to(g.dtype)[:, None], t["rows"], mode="sum",
                                   include_last_offset=True)

    for kind in kinds:
        add("torch", "embedding_bag, int32", kind,
            lambda x: F.embedding_bag(sources, x, short, mode="mean", include_last_offset=True), False)
        add("torch", "embedding_bag, transposed embedding_bag", kind, Pull.apply, True)
else:
    import dgl.function as fn
    graph = dgl.graph(("csc", (offsets.int(), sources, torch.tensor([], dtype=torch.int32))), num_nodes=count)
    graph = graph.formats(["csc", "csr"])  # no list of pairs: memory is short here
    graph.create_formats_()

    def mean(x):
        with graph.local_scope():
            graph.srcdata["h"] = x
            graph.update_all(fn.copy_u("h", "m"), fn.mean("m", "o"))
            return graph.dstdata["o"]
    for kind in kinds:
        for backward in (False, True):
            add("dgl", "copy_u mean, libxsmm, int32", kind, mean, backward, idiomatic=True)
common.serve()
