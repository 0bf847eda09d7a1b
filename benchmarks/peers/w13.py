"""w13: two layers of mean SAGE over every node, width 128, layer by layer.

The idiomatic rows are the peers' documented `inference` loops: PyG's SAGEConv over batches of targets with all their
neighbors, and DGL's DataLoader of full-neighbor blocks. PyG's is made quicker than documented: entries are cut from the
CSC instead of drawn by NeighborLoader, and the conv gives the targets' rows alone. To the letter, with NeighborLoader
(torch-sparse) and the conv of all 80,000 nodes of each batch of 4,096, it would take 128 s on the machine where the
loop here takes 16 to 25 (from 30 of its 978 batches), too long to take turns. Beside them the best that was found:
embedding_bag and one product a block in torch, the whole graph at once in DGL. Each also as it ends in a file, as a
user writes it: numpy's save of the embeddings.
"""
import atexit
import os

import common
import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(common.options.threads)
weight = lambda layer, name: torch.from_numpy(common.load(f"w8_w{layer}_{name}"))
some = slice(0, 2_000_000, 1000)
CASES = [("G2M two layers f32", "g2m")] + ([("G10M two layers f32", "g10m")] if common.options.large else [])


def peak():
    with open("/proc/self/status") as status:
        return next(1024.0 * int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def add(who, variant, case, nodes, call, idiomatic=False):
    def compare(path):
        found = common.difference(common.ours(path, "out"), call()[some].numpy())
        return found, 1e-4, f"outputs differ by {found:.1e}"
    work = lambda: {"nodes_done": nodes, "peak_bytes": peak()}
    common.add(who, variant, case, call, compare=compare, idiomatic=idiomatic, warm=0, work=work)

    def to_file():
        found = call()
        np.save(file, found.numpy())
        return found
    file = os.path.join(common.options.data, f"w13_{who}.npy")
    atexit.register(lambda: os.path.exists(file) and os.remove(file))
    common.add(who, variant, case + " to files", to_file, compare=compare, idiomatic=idiomatic, warm=0, work=work)


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
        if common.optional("torch_geometric") is None:
            continue
        from torch_geometric.nn import SAGEConv
        convs = [SAGEConv(128, 128) for _ in (1, 2)]
        for layer, c in enumerate(convs, 1):
            c.lin_l.weight.data = weight(layer, "co").t().contiguous()
            c.lin_l.bias.data.zero_()
            c.lin_r.weight.data = weight(layer, "self_item").t().contiguous()

        def loop(x=x, offsets=offsets, sources=sources, convs=convs, size=4096):
            with torch.no_grad():
                for conv in convs:
                    found = []
                    for b in range(0, x.size(0), size):
                        end = min(b + size, x.size(0))
                        first, last = int(offsets[b]), int(offsets[end])
                        targets = torch.repeat_interleave(torch.arange(end - b), torch.diff(offsets[b:end + 1]))
                        edges = torch.stack([sources[first:last].long(), targets])
                        y = conv((x, x[b:end]), edges)
                        found.append(y.relu_() if conv is convs[0] else y)
                    x = torch.cat(found)
            return x
        add("pyg", "inference loop: SAGEConv, batches of 4096 targets", case, x.size(0), loop, idiomatic=True)
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
        add("dgl", "SAGEConv on the whole graph, int32", case, x.size(0), whole)

        def loop(graph=graph, convs=convs, x=x, size=4096):
            sampler = dgl.dataloading.MultiLayerFullNeighborSampler(1)
            with torch.no_grad():
                for conv in convs:
                    y = torch.empty_like(x)
                    batches = dgl.dataloading.DataLoader(graph, torch.arange(x.size(0), dtype=torch.int32), sampler,
                                                         batch_size=size, shuffle=False, drop_last=False, num_workers=0)
                    b = 0
                    for inputs, outputs, (block,) in batches:
                        h = conv(block, x[inputs.long()])
                        y[b:b + len(outputs)] = h.relu_() if conv is convs[0] else h
                        b += len(outputs)
                    x = y
            return x
        add("dgl", "inference loop: DataLoader of full-neighbor blocks of 4096", case, x.size(0), loop, idiomatic=True)
common.serve()
