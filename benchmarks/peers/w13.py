"""w13: two layers of mean SAGE over every node, width 128, layer by layer.

PyG's own inference loop draws all neighbors with its NeighborLoader, which needs pyg-lib; where that is not installed
the torch rows stand for it: blocks of targets, embedding_bag and one product a block.
"""
import common
import torch
import torch.nn.functional as F

torch.set_num_threads(common.options.threads)
weight = lambda layer, name: torch.from_numpy(common.load(f"w8_w{layer}_{name}"))
some = slice(0, 2_000_000, 1000)
CASES = [("G2M two layers f32", "g2m")] + ([("G10M two layers f32", "g10m")] if common.options.large else [])


def add(who, variant, case, nodes, call, idiomatic=False):
    def compare(path):
        found = common.difference(common.ours(path, "out"), call()[some].numpy())
        return found, 1e-4, f"outputs differ by {found:.1e}"
    common.add(who, variant, case, call, compare=compare, idiomatic=idiomatic, work=lambda: {"nodes_done": nodes},
               warm=0)


dgl = common.optional("dgl")
for case, name in CASES:
    offsets, sources, x = (torch.from_numpy(common.load(n)) for n in (f"{name}_indptr", f"{name}_indices", f"x_{name}"))
    if dgl is None:
        short = offsets.int()
        both = [torch.cat([weight(layer, "self_item"), weight(layer, "co")]) for layer in (1, 2)]

        def blocks(x=x, short=short, sources=sources, size=16384):
            with torch.no_grad():
                for layer in (0, 1):
                    y = torch.empty_like(x)
                    for b in range(0, x.size(0), size):
                        end = min(b + size, x.size(0))
                        first, last = int(short[b]), int(short[end])
                        heard = F.embedding_bag(sources[first:last], x, short[b:end + 1] - first, mode="mean",
                                                include_last_offset=True)
                        torch.mm(torch.cat([x[b:end], heard], 1), both[layer], out=y[b:end])
                        if layer == 0:
                            y[b:end].relu_()
                    x = y
            return x
        add("torch", "blocks of targets, embedding_bag, one product", case, x.size(0), blocks)
    else:
        from dgl.nn import SAGEConv
        graph = dgl.graph(("csc", (offsets.int(), sources, torch.tensor([], dtype=torch.int32))), num_nodes=x.size(0))
        convs = []
        for layer in (1, 2):
            c = SAGEConv(128, 128, "mean")
            c.fc_neigh.weight.data = weight(layer, "co").t().contiguous()
            c.fc_self.weight.data = weight(layer, "self_item").t().contiguous()
            c.fc_self.bias.data.zero_()
            convs.append(c)

        def whole(graph=graph, convs=convs, x=x):
            with torch.no_grad():
                return convs[1](graph, convs[0](graph, x).relu_())
        add("dgl", "SAGEConv on the whole graph, int32", case, x.size(0), whole, idiomatic=True)
common.serve()
